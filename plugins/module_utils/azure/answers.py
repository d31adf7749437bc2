# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of an answer: one JSON object, or a page of them. Whatever else comes with status 200 is no answer.

A proxy or a gateway may say anything. An empty list read out of it would say that there are no locks; a resource
without the id that each one has (Azure Resource Manager's common types), that it is of another kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..model.arm_ids import is_resource_id
from ..model.json_path import field, items, text
from .sdk import (
    ARMErrorFormat,
    ClientAuthenticationError,
    DecodeError,
    HttpResponse,
    HttpResponseError,
    map_error,
)


def successful(response: HttpResponse) -> HttpResponse:
    """Return an answer that no SDK call has looked at. Raises HttpResponseError where it is a refusal."""
    if response.status_code >= 400:
        map_error(response.status_code, response, {401: ClientAuthenticationError})
        raise HttpResponseError(response=response, error_format=ARMErrorFormat)
    return response


def one_object(response: HttpResponse) -> Any:
    """Return the body of a successful answer. Raises DecodeError where it is no JSON object."""
    body = response.json()
    if not isinstance(body, Mapping):
        raise _misunderstood(response, f"an object was expected, not {_kind(body)}")
    return body


def page_of_objects(response: HttpResponse) -> Any:
    """Return the body of a successful answer to a list. Raises DecodeError where its value is no list of objects."""
    body = one_object(response)
    value = field(body, "value")
    if not isinstance(value, list):
        raise _misunderstood(response, f"a list was expected, not {_kind(value)}")
    for member in value:
        if not isinstance(member, Mapping):
            raise _misunderstood(response, f"a list of objects was expected, it holds {_kind(member)}")
    following = field(body, "nextLink")
    if following is not None and not isinstance(following, str):
        raise _misunderstood(response, f"its nextLink should be an address, not {_kind(following)}")
    if following and not _same_origin(following, response.request.url):
        raise _misunderstood(response, "its nextLink leads away from the server that gave it")
    return body


def _same_origin(link: str, url: str) -> bool:
    """Whether a list goes on where it began: the token goes along, and what another server says is no answer."""
    try:
        there, here = urlsplit(link), urlsplit(url)
        return (there.scheme, there.hostname, _port(there)) == (here.scheme, here.hostname, _port(here))
    except ValueError:
        return False


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def one_resource(response: HttpResponse) -> Any:
    """Return the resource of a successful answer. Raises DecodeError where it is none."""
    return _with_id(response, one_object(response))


def page_of_resources(response: HttpResponse) -> tuple[list[Any], str]:
    """Return the resources of one page of a list, and where the next one is. Raises DecodeError where one of them is
    none."""
    page = page_of_objects(response)
    return [_with_id(response, member) for member in items(page, "value")], text(page, "nextLink")


def _with_id(response: HttpResponse, resource: Mapping[str, Any]) -> Mapping[str, Any]:
    if not is_resource_id(text(resource, "id")):
        raise _misunderstood(response, "a resource was expected, this has no id")
    properties = field(resource, "properties")
    if properties is not None and not isinstance(properties, Mapping):
        raise _misunderstood(response, f"its properties should be an object, not {_kind(properties)}")
    return resource


def _kind(value: Any) -> str:
    kinds = {type(None): "null", bool: "a boolean", str: "a string", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")


def _misunderstood(response: HttpResponse, why: str) -> DecodeError:
    return DecodeError(f"it could not be understood: {why}", response=response)
