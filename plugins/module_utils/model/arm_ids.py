# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names inside Azure resource ids. Ids are compared without regard to case: the service itself writes both
C(/subscriptions/) and C(/Subscriptions/) (recorded)."""

from __future__ import annotations

import re

from .failures import UnknownState

# What a URL, or a template of one, gives a meaning to, and what cannot be seen.
_NOT_IN_A_NAME = re.compile(r"[{}/\\?#%\x00-\x1f\x7f-\x9f]")


def last_segment(resource_id: str) -> str:
    """Return the resource's own name."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def segment(resource_id: str, collection: str) -> str:
    """Return the name that follows collection in resource_id (C(replicationFabrics) for one), or an empty string."""
    parts = resource_id.strip("/").split("/")
    wanted = collection.lower()
    for index, part in enumerate(parts[:-1]):
        if part.lower() == wanted:
            return parts[index + 1]
    return ""


def folded(resource_id: str) -> str:
    """Return a resource id in a form in which two of the same resource are equal."""
    return resource_id.strip("/").lower()


def same_resource(left: str, right: str) -> bool:
    """Say whether two resource ids name the same resource."""
    return folded(left) == folded(right)


def lies_in(resource_id: str, scope: str) -> bool:
    """Say whether a resource is a scope, or below it."""
    inner, outer = (f"/{one.strip('/').lower()}/" for one in (resource_id, scope))
    return inner.startswith(outer)


def is_name(value: str) -> bool:
    """Say whether a value can be one name inside an id. C(..) would lead to what is above."""
    return bool(value.strip(". ")) and not _NOT_IN_A_NAME.search(value)


def names_below(resource_id: str, parent: str, *collections: str) -> tuple[str, ...]:
    """Return the names in an id that is parent's with a name for each of these collections below, and nothing else.

    No names for any other id: one that goes on names something else, whatever its parts are called.
    """
    parts, above = resource_id.strip("/").split("/"), parent.strip("/").split("/")
    below = parts[len(above) :]
    is_below = same_resource("/".join(parts[: len(above)]), parent)
    if not is_below or [part.lower() for part in below[::2]] != [name.lower() for name in collections]:
        return ()
    names = tuple(below[1::2])
    return names if len(names) == len(collections) and all(map(is_name, names)) else ()


def names_of(field: str, resource_id: str, *collections: str) -> tuple[str, ...]:
    """Return the names of an id below these collections; C(field) is where the id was read.

    Raises UnknownState where it lacks one: nothing is asked for under an empty name.
    """
    names = tuple(segment(resource_id, collection) for collection in collections)
    if not all(map(is_name, names)):
        raise UnknownState(field, resource_id)
    return names


def is_resource_id(value: str) -> bool:
    """Say whether a value is a whole resource id, not a name."""
    return value.lower().startswith("/subscriptions/")


def vault_of(resource_id: str) -> str:
    """Return the part of a Site Recovery resource id that names its vault."""
    parts = resource_id.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if "vaults" not in lowered[:-1]:
        return ""
    return "/" + "/".join(parts[: lowered.index("vaults") + 2])


def names_a_group(resource_id: str) -> bool:
    """Say whether an id is that of a resource group, or of something in one."""
    return is_resource_id(resource_id) and all(
        is_name(segment(resource_id, part)) for part in ("subscriptions", "resourceGroups")
    )


def is_whole(resource_id: str) -> bool:
    """Say whether a value is a resource id that lacks no part."""
    return is_resource_id(resource_id) and "" not in resource_id[1:].split("/")


def require_whole(field: str, resource_id: str) -> str:
    """Return an id that can be asked for. Raises UnknownState for a value that is none, or that lacks a part."""
    if not is_whole(resource_id):
        raise UnknownState(field, resource_id)
    return resource_id


def subscription_of(resource_id: str) -> str:
    """Return the id of the subscription that a resource is in."""
    return f"/subscriptions/{segment(resource_id, 'subscriptions')}"


def group_of(resource_id: str) -> str:
    """Return the id of the resource group that a resource is in."""
    subscription, group = (segment(resource_id, part) for part in ("subscriptions", "resourceGroups"))
    return f"/subscriptions/{subscription}/resourceGroups/{group}"
