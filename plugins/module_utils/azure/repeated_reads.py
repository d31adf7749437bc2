# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads that are made again and again: first through the SDK, then as the same request without the SDK's models.

Nobody here uses these models (answers.py says why), and they take longer to make than everything else that is done with
an answer: about a millisecond for each resource, so a second for a list of a thousand virtual machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .answers import one_resource, page_of_resources, pages_of_bodies, resource_body, successful
from .sdk import HttpRequest, HttpResponse

_VERSION = "api-version"
_Key = tuple[str, tuple[str, ...], str]


class RepeatedReads:
    """The reads of one client of the SDK. C(send) sends a request through that client, with all that goes with it."""

    def __init__(self, send: Callable[[HttpRequest], HttpResponse]) -> None:
        self._send = send
        # Where the SDK has read what it was asked for.
        self._urls: dict[_Key, str] = {}

    def resource(self, read: Callable[..., Any], *names: str) -> Any:
        """Return the body of the resource that a method of the SDK reads."""
        key = _key(read, names)
        if key in self._urls:
            return one_resource(self._get(self._urls[key]))
        return resource_body(self._noted(key, read, *names))

    def pages(self, read: Callable[..., Any], *names: str, query: str | None = None) -> Iterator[list[Any]]:
        """Yield the bodies that a method of the SDK lists, page by page. C(query) is its filter."""
        key = _key(read, names, query or "")
        if key not in self._urls:
            more = {"filter": query} if query else {}
            yield from pages_of_bodies(self._noted(key, read, *names, **more))
            return
        url = self._urls[key]
        version = dict(parse_qsl(urlsplit(url).query)).get(_VERSION, "")
        while url:
            resources, following = page_of_resources(self._get(url))
            yield resources
            url = _with_version(following, version) if following else ""

    def _noted(self, key: _Key, read: Callable[..., Any], *names: str, **query: Any) -> Callable[..., Any]:
        """Return a method of the SDK with what it is asked for, which notes where it asks first."""

        def reading(*, raw_response_hook: Callable[[Any], None]) -> Any:
            def hook(answer: Any) -> None:
                # After the answer was understood: what is no answer is read in the SDK's way again.
                raw_response_hook(answer)
                self._urls.setdefault(key, answer.http_request.url)

            return read(*names, **query, raw_response_hook=hook)

        return reading

    def _get(self, url: str) -> HttpResponse:
        return successful(self._send(HttpRequest("GET", url, headers={"Accept": "application/json"})))


def _key(read: Callable[..., Any], names: tuple[str, ...], query: str = "") -> _Key:
    return read.__qualname__, names, query


def _with_version(link: str, version: str) -> str:
    """Return the link to a next page with the version that was asked for, as the SDK does, and as it is otherwise."""
    parts = urlsplit(link)
    others = [one for one in parts.query.split("&") if one and not one.lower().startswith(f"{_VERSION}=")]
    return parts._replace(query="&".join([*others, f"{_VERSION}={version}"])).geturl()
