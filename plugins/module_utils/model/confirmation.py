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
from collections.abc import Iterable
from dataclasses import dataclass

from .arm_ids import is_resource_id
from .failures import Refused

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


def _normal(name: str) -> str:
    """Return an id as it is compared; addresses of blobs are told apart by case."""
    return f"/{name.strip('/').lower()}" if is_resource_id(name) else name
