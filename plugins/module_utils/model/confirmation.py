# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short token for what some commits delete, by which a person confirms exactly that.

A check prints it, and a run commits only under the same one: with one VM or one disk more than was looked at, the token
is another one. It keeps no secret and proves nobody's identity; it tells whether two people mean the same deletions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .arm_ids import is_resource_id
from .failures import ConfigurationError, Refused
from .name_lists import some_of

# 50 bits: as many letters as a person reads aloud, and far from two sets of deletions by chance having the same.
LENGTH = 10
# Part of what is hashed: a later way to write the same down must not yield a token of this one.
_FORM = "asr.failback commits 1"
_SEPARATORS = re.compile(r"[\s-]+")
# Digits that no token has, read for letters that they resemble.
_MISREAD = str.maketrans("018", "OIB")


@dataclass(frozen=True)
class CommitDeletion:
    """What the commit of one VM deletes. C(item_id) is the resource id of its replicated item, C(resource_ids) are
    those of its VM and disks in Azure, of unmanaged disks their addresses; None while they are not known."""

    item_id: str
    resource_ids: tuple[str, ...] | None


def confirmation_token(vault_id: str, deletions: Iterable[CommitDeletion]) -> str:
    """Return the token of the commits of some VMs of a vault: letters A to Z and digits 2 to 7.

    Neither order nor repetition matters, nor does the case of resource ids, which Azure writes in several ways.
    Raises Refused where there is nothing to delete, or where it is not known what is deleted.
    """
    deleted: dict[str, set[str]] = {}
    for one in deletions:
        resources = [_normal(resource_id) for resource_id in one.resource_ids or ()]
        if not resources or not all(resources) or not one.item_id.strip("/"):
            raise Refused(
                f"What a commit of {one.item_id or 'a VM without an id'} would delete is not known.",
                "Nothing can be confirmed. See why its Azure VM could not be read, then run the check again.",
            )
        deleted.setdefault(_normal(one.item_id), set()).update(resources)
    if not deleted:
        raise Refused("There is no commit to confirm.", "Name the VMs to commit.")
    content = json.dumps([_FORM, _normal(vault_id), sorted((item, sorted(ids)) for item, ids in deleted.items())])
    digest = hashlib.sha256(content.encode()).digest()
    return base64.b32encode(digest).decode()[:LENGTH]


def confirms(given: str, token: str) -> bool:
    """Whether what a person gave is this token: in any case, with blanks or hyphens between its letters, and digits
    that it cannot have for letters."""
    return _SEPARATORS.sub("", given).upper().translate(_MISREAD) == token


@dataclass(frozen=True)
class Confirmation:
    """What a person has confirmed: the token, by whom, and until when; None where they did not say."""

    token: str
    by: str | None = None
    until: datetime | None = None


def parse_confirmation(given: object) -> Confirmation:
    """Return a confirmation that was given as a token, or as a mapping with C(token), C(by) and C(until).

    Raises ConfigurationError, also where it is empty: an approval that yielded nothing approved of nothing.
    """
    if given is None or given == "" or given == {}:
        raise ConfigurationError(
            "failback_confirm is empty: nobody has confirmed anything.",
            "Nothing was written. Give the token that --check prints.",
        )
    parts = given if isinstance(given, Mapping) else {"token": given}
    unknown = [str(key) for key in parts if key not in ("token", "by", "until")]
    token = parts.get("token")
    if unknown or not isinstance(token, str) or not token.strip():
        raise ConfigurationError(
            f"failback_confirm is no token, nor a mapping with token, by and until{_named(unknown)}.",
            "Nothing was written. Give the token that --check prints.",
        )
    return Confirmation(token, str(parts["by"]) if parts.get("by") else None, _until(parts.get("until")))


def _named(unknown: Sequence[str]) -> str:
    return f" ({', '.join(unknown)})" if unknown else ""


def _until(given: object) -> datetime | None:
    if given in (None, ""):
        return None
    try:
        until = given if isinstance(given, datetime) else datetime.fromisoformat(str(given).replace("Z", "+00:00"))
    except ValueError:
        until = None
    if until is None or until.tzinfo is None:
        raise ConfigurationError(
            f"until of failback_confirm is '{given}', not a time with its offset from UTC.",
            "Nothing was written. Write it as 2026-11-30T06:00:00+01:00.",
        )
    return until


def require_confirmed(given: Confirmation, token: str, now: datetime) -> None:
    """Raise Refused where what a person has confirmed is not what would be deleted, or no longer counts.

    The right token is not told: it is printed beside what it stands for.
    """
    if given.until is not None and now > given.until:
        raise Refused(
            f"failback_confirm counted until {given.until.isoformat()}.",
            "Nothing was written. Run with --check, and confirm anew.",
        )
    if not confirms(given.token, token):
        raise Refused(
            "failback_confirm is not the token of what the commits of this run would delete.",
            "Nothing was written. Run with --check, see what would be deleted, and give the token that it prints. "
            "What an interrupted run has committed is no part of it any more.",
        )


def refuse_unconfirmed(
    unknown: Sequence[str], would_be_deleted: Sequence[Mapping[str, Any]], confirmed: Collection[str]
) -> None:
    """Raise Refused where a commit would delete what nobody has confirmed, or where it is not known what it deletes of
    some VMs, by name."""
    known = {_normal(one) for one in confirmed}
    others = [one for one in would_be_deleted if _normal(str(one["id"])) not in known]
    if not (others or unknown):
        return
    told = [f"{one['kind']} {one['name']} of {one['vm']}" for one in others]
    told += [f"what the commit of {name} deletes is not known" for name in unknown]
    raise Refused(
        f"Not confirmed: {some_of(told)}.",
        "Nothing was written. Run with --check, see what would be deleted, and confirm anew.",
        would_be_deleted=list(would_be_deleted),
    )


def _normal(name: str) -> str:
    """Return an id as it is compared; addresses of blobs are told apart by case."""
    return f"/{name.strip('/').lower()}" if is_resource_id(name) else name
