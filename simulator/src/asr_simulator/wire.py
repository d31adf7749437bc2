# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What travels over the wire, and how a path finds its handler. Knows no rules of Azure but the shape of an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson


class Principal(Protocol):
    """The authenticated caller."""

    @property
    def client_id(self) -> str:
        """The application's id."""

    @property
    def object_id(self) -> str:
        """The service principal's id."""


class Rendered(dict[str, Any]):
    """A part of a body that is kept together with its JSON. Who wants it otherwise changes a copy."""

    __slots__ = ("text",)

    def __init__(self, part: Mapping[str, Any]) -> None:
        super().__init__(part)
        self.text = to_json(part)


def to_json(body: object) -> bytes:
    """A body as JSON in UTF-8, without blanks."""
    try:
        return orjson.dumps(body, default=_rendered, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:
        # It may quote what a client sent: half a character, a number of more than 64 bits.
        return json.dumps(body, separators=(",", ":")).encode()


def _rendered(part: object) -> orjson.Fragment:
    if isinstance(part, Rendered):
        return orjson.Fragment(part.text)
    raise TypeError(f"{type(part).__name__} has no JSON")


class Headers(Mapping[str, str]):
    """Header names compared without case; the spelling of the first writer is kept."""

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        pairs = items.items() if isinstance(items, Mapping) else items
        self._items = {name.lower(): (name, value) for name, value in pairs}

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _unused in self._items.values())

    def __len__(self) -> int:
        return len(self._items)


@dataclass
class Request:
    """One request. ``query`` has lower-case keys; ``body`` is the parsed JSON, None when there was none."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=Headers)
    body: Any = None
    form: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    base_url: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    principal: Principal | None = None


@dataclass
class Reply:
    """One answer. ``raw`` replaces the JSON of ``body``; ``delay`` is real seconds to hold the answer back.

    A header without a value is not sent.

    ``cut``: after how many bytes of the body the connection ends, though the headers promise the whole.
    """

    status: int = 200
    body: object | None = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    delay: float = 0.0
    cut: int | None = None


class Hangup(Exception):
    """The connection ends without an answer, after ``delay`` real seconds; ``reset``: not even in order.

    ``away``: for so many real seconds every connection is broken and none is taken.
    """

    def __init__(self, reset: bool = False, delay: float = 0.0, away: float = 0.0) -> None:
        super().__init__("reset" if reset else "closed")
        self.reset = reset
        self.delay = delay
        self.away = away


class ArmError(Exception):
    """An answer in the error form of Azure Resource Manager: ``{"error": {"code", "message", "details"?}}``."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})
        self.target = target

    def reply(self) -> Reply:
        """The same, as an answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        if self.details is not None:
            error["details"] = self.details
        return Reply(self.status, {"error": error}, dict(self.headers))


# What a handler is given besides the request is the world; each part of the simulator types what it needs of it.
Handler = Callable[[Any, Request], Reply]


@dataclass(frozen=True)
class Route:
    """One operation.

    ``template`` is a path with ``{name}`` segments, matched without case. ``action`` is the Azure RBAC action that
    the caller needs at the path's scope (None: none). ``api_versions`` None accepts any version, but not none at all
    when ``authenticated``. ``is_list``: a caller without the action at the scope of the list is shown what it may see.
    """

    method: str
    template: str
    handler: Handler
    action: str | None = None
    api_versions: frozenset[str] | None = None
    authenticated: bool = True
    is_list: bool = False


def _pattern(template: str) -> re.Pattern[str]:
    parts = (
        f"(?P<{segment[1:-1]}>[^/]+)" if segment.startswith("{") else re.escape(segment)
        for segment in template.strip("/").split("/")
    )
    return re.compile("^/" + "/".join(parts) + "/?$", re.IGNORECASE)


class RouteTable:
    """Finds the route of a method and a path. The first registered match wins."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_length: dict[int, list[tuple[re.Pattern[str], Route]]] = {}
        for route in routes:
            length = route.template.strip("/").count("/")
            self._by_length.setdefault(length, []).append((_pattern(route.template), route))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and the values of its path parameters (as the caller spelled them); None: no such operation."""
        for pattern, route in self._by_length.get(path.strip("/").count("/"), ()):
            if route.method == method:
                found = pattern.match(path)
                if found:
                    return route, found.groupdict()
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that the path knows."""
        candidates = self._by_length.get(path.strip("/").count("/"), ())
        return [route.method for pattern, route in candidates if pattern.match(path)]
