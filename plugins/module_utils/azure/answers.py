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

from ..failback.arm_ids import is_resource_id
from ..failback.documents import field, items, text
from .sdk import DecodeError, HttpResponse


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
    return body


def expect_resource(answer: Any) -> None:
    """Response hook of an SDK call that reads one resource."""
    response = answer.http_response
    if response.status_code < 300:
        _require_id(response, one_object(response))


def expect_resources(answer: Any) -> None:
    """Response hook of an SDK call that lists resources; called for each of its pages."""
    response = answer.http_response
    if response.status_code < 300:
        for member in items(page_of_objects(response), "value"):
            _require_id(response, member)


def _require_id(response: HttpResponse, resource: Mapping[str, Any]) -> None:
    if not is_resource_id(text(resource, "id")):
        raise _misunderstood(response, "a resource was expected, this has no id")


def _kind(value: Any) -> str:
    return "null" if value is None else f"a {type(value).__name__}"


def _misunderstood(response: HttpResponse, why: str) -> DecodeError:
    return DecodeError(f"it could not be understood: {why}", response=response)
