# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchanges with Azure, out of the forms in which they are recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

LINE_KEYS = frozenset({"method", "path", "status", "response_body"})
# Rings of the service have namespaces of their own.
NAMESPACE = re.compile(r"/Microsoft\.RecoveryServices\w*(?=/)", re.IGNORECASE)
METHODS = re.compile(r"[A-Z]+")


class Unreadable(ValueError):
    """A file holds no recording; the text says why."""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    ``place`` is where it stands: the file, and the line where there are several. ``headers`` have names in lower case;
    ``has_headers``: the recorder kept those that matter, so that one that is missing was not sent. ``path`` is empty
    where the recording does not say what was asked for. ``when`` is the service's time; None where it is not told.
    """

    place: str
    method: str
    path: str
    query: Mapping[str, str]
    sent: Any
    status: int
    headers: Mapping[str, str]
    body: Any
    has_headers: bool
    when: datetime | None = None

    @property
    def version(self) -> str:
        """The api-version; empty where it was not recorded."""
        return self.query.get("api-version", "")


def exchanges_of(name: str, content: str) -> list[Exchange]:
    """The exchanges in a file of that name.

    A line for each (the traffic file of the simulator, a recording of the collection), or one document or a list of
    them with ``request`` and ``response`` (public recordings).

    Raises:
        Unreadable: it is neither, or a part of it is not.
    """
    try:
        document = json.loads(content)
    except ValueError:
        return list(_lines(name, content))
    entries = document if isinstance(document, list) else [document]
    if not entries:
        raise Unreadable(f"{name} holds no exchange.")
    single = len(entries) == 1
    return [_entry(name if single else f"{name}, entry {n}", entry) for n, entry in enumerate(entries, start=1)]


def _lines(name: str, content: str) -> Iterator[Exchange]:
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            place = f"{name}:{number}"
            try:
                entry = json.loads(line)
            except ValueError as problem:
                raise Unreadable(f"{place} is no JSON: {problem}.") from problem
            yield _entry(place, entry)


def _entry(place: str, entry: Any) -> Exchange:
    if isinstance(entry, dict) and entry.keys() >= LINE_KEYS:
        return _of_line(place, entry)
    response = entry.get("response") if isinstance(entry, dict) else None
    if isinstance(response, dict) and "status" in response:
        return _of_public(place, entry.get("request") or {}, response)
    raise Unreadable(
        f"{place} is no exchange: it has neither request and response, nor {', '.join(sorted(LINE_KEYS))}."
    )


def _of_line(place: str, entry: dict[str, Any]) -> Exchange:
    headers = _headers(entry.get("response_headers"))
    return Exchange(
        place,
        _method(place, entry["method"]),
        str(entry["path"]),
        {str(key).lower(): str(value) for key, value in (entry.get("query") or {}).items()},
        entry.get("request_body"),
        _status(place, entry["status"]),
        headers,
        entry["response_body"],
        has_headers=True,
        when=_date(headers),
    )


def _of_public(place: str, request: dict[str, Any], response: dict[str, Any]) -> Exchange:
    body = response.get("body")
    # Of some only the answer was published; the id of what it shows is then what was asked for.
    own = body.get("id") if isinstance(body, dict) else None
    url = urlsplit(str(request.get("url") or own or ""))
    path = NAMESPACE.sub("/Microsoft.RecoveryServices", unquote(url.path))
    if isinstance(own, str) and path.rsplit("/", 1)[-1].lower() == own.rsplit("/", 2)[-2:][0].lower():
        # One of a list was published.
        path = NAMESPACE.sub("/Microsoft.RecoveryServices", own)
    headers = _headers(response.get("headers"))
    return Exchange(
        place,
        _method(place, request.get("method") or "GET"),
        path,
        {key.lower(): value for key, value in parse_qsl(url.query)},
        request.get("body"),
        _status(place, response["status"]),
        headers,
        body,
        has_headers=False,
        when=_date(headers),
    )


def _method(place: str, value: Any) -> str:
    if not isinstance(value, str) or not METHODS.fullmatch(value):
        raise Unreadable(f"{place} has no method, but {value!r}.")
    return value


def _status(place: str, value: Any) -> int:
    if not isinstance(value, int):
        raise Unreadable(f"{place} has no status, but {value!r}.")
    return value


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        found = parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _headers(headers: Any) -> dict[str, str]:
    """Headers by their names in lower case; some recorders keep a list of values for each."""
    found = headers.items() if isinstance(headers, dict) else ()
    return {str(key).lower(): str(value[0] if isinstance(value, list) and value else value) for key, value in found}
