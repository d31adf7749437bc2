# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads through the SDK up to its models: it tells where to ask, and what comes back is taken as it is on the wire.

Which names a model has, on which level, is another matter in each version (azure-mgmt-compute below 38 lifts what is
below C(properties) up and renames it), and what a reader does not find where it looks would be taken for absent. And to
make one takes longer than everything else that is done with an answer: about a millisecond for each resource, so a
second for a list of a thousand virtual machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .answers import one_resource, page_of_resources, successful
from .sdk import HttpRequest, HttpResponse

_VERSION = "api-version"
Send = Callable[[HttpRequest], HttpResponse]


class _Answered(Exception):
    """Ends a call of the SDK once it has its answer. What is no success it is left to judge."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.response: HttpResponse = answer.http_response


def resource_body(read: Callable[..., Any]) -> Any:
    """Return the body of the resource that an SDK call reads."""
    return one_resource(_answer_to(read))


def pages_of_bodies(read: Callable[..., Any], send: Send) -> Iterator[list[Any]]:
    """Yield the bodies of the resources that an SDK call lists, page by page; C(send) sends a request as that does.

    Each page is asked for when it is wanted.
    """
    first = _answer_to(lambda **hook: next(iter(read(**hook)), None))
    version = dict(parse_qsl(urlsplit(first.request.url).query)).get(_VERSION, "")
    resources, following = page_of_resources(first)
    yield resources
    while following:
        request = HttpRequest("GET", _with_version(following, version), headers={"Accept": "application/json"})
        resources, following = page_of_resources(successful(send(request)))
        yield resources


def _answer_to(call: Callable[..., Any]) -> HttpResponse:
    def hook(answer: Any) -> None:
        if answer.http_response.status_code < 300:
            raise _Answered(answer)

    try:
        call(raw_response_hook=hook)
    except _Answered as told:
        return told.response
    raise AssertionError("the SDK has taken something else than a success for one")


def _with_version(link: str, version: str) -> str:
    """Return the link to a next page with the version that was asked for, as the SDK does, and as it is otherwise."""
    parts = urlsplit(link)
    others = [one for one in parts.query.split("&") if one and not one.lower().startswith(f"{_VERSION}=")]
    return parts._replace(query="&".join([*others, f"{_VERSION}={version}"])).geturl()
