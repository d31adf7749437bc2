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
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from .answers import one_resource, page_of_resources, pages_of_bodies, resource_body, successful
from .sdk import HttpRequest, HttpResponse

_VERSION = "api-version"
# A method of the SDK, and what it is asked beside names.
_Question = tuple[str, tuple[tuple[str, str], ...]]


class Address:
    """Where the SDK has asked for what has these names, and so where it asks for what has others."""

    def __init__(self, url: str, names: tuple[str, ...]) -> None:
        self._names = names
        parts = urlsplit(url)
        self._before = f"{parts.scheme}://{parts.netloc}"
        self._after = f"?{parts.query}" if parts.query else ""
        self._segments = parts.path.split("/")
        self._places = [[place for place, part in enumerate(self._segments) if unquote(part) == name] for name in names]

    def of(self, names: tuple[str, ...]) -> str:
        """Return the address for other names; empty where it cannot be told."""
        segments = [*self._segments]
        for own, wanted, places in zip(self._names, names, self._places, strict=True):
            if wanted == own:
                continue
            # One that is there twice, or is that of a collection, may be meant by any of them.
            if len(places) != 1:
                return ""
            segments[places[0]] = quote(wanted, safe="")
        return f"{self._before}{'/'.join(segments)}{self._after}"


class RepeatedReads:
    """The reads of one client of the SDK. C(send) sends a request through that client, with all that goes with it."""

    def __init__(self, send: Callable[[HttpRequest], HttpResponse]) -> None:
        self._send = send
        # Where the SDK has read what it was asked for last.
        self._addresses: dict[_Question, Address] = {}

    def resource(self, read: Callable[..., Any], *names: str, **query: str) -> Any:
        """Return the body of the resource that a method of the SDK reads. C(query) is what else it is asked."""
        url = self._url(read, names, query)
        return one_resource(self._get(url)) if url else resource_body(self._noted(read, names, query))

    def pages(self, read: Callable[..., Any], *names: str, **query: str) -> Iterator[list[Any]]:
        """Yield the bodies that a method of the SDK lists, page by page."""
        url = self._url(read, names, query)
        if not url:
            yield from pages_of_bodies(self._noted(read, names, query))
            return
        version = dict(parse_qsl(urlsplit(url).query)).get(_VERSION, "")
        while url:
            resources, following = page_of_resources(self._get(url))
            yield resources
            url = _with_version(following, version) if following else ""

    def _url(self, read: Callable[..., Any], names: tuple[str, ...], query: dict[str, str]) -> str:
        known = self._addresses.get(_question(read, query))
        return known.of(names) if known else ""

    def _noted(self, read: Callable[..., Any], names: tuple[str, ...], query: dict[str, str]) -> Callable[..., Any]:
        """Return a method of the SDK with what it is asked for, which notes where it asks first."""

        def reading(*, raw_response_hook: Callable[[Any], None]) -> Any:
            noted = False

            def hook(answer: Any) -> None:
                nonlocal noted
                # After the answer was understood: what is no answer is read in the SDK's way again.
                raw_response_hook(answer)
                if not noted:
                    self._addresses[_question(read, query)] = Address(answer.http_request.url, names)
                    noted = True

            return read(*names, **query, raw_response_hook=hook)

        return reading

    def _get(self, url: str) -> HttpResponse:
        return successful(self._send(HttpRequest("GET", url, headers={"Accept": "application/json"})))


def _question(read: Callable[..., Any], query: dict[str, str]) -> _Question:
    return read.__qualname__, tuple(sorted(query.items()))


def _with_version(link: str, version: str) -> str:
    """Return the link to a next page with the version that was asked for, as the SDK does, and as it is otherwise."""
    parts = urlsplit(link)
    others = [one for one in parts.query.split("&") if one and not one.lower().startswith(f"{_VERSION}=")]
    return parts._replace(query="&".join([*others, f"{_VERSION}={version}"])).geturl()
