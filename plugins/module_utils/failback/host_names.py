# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When two names mean one host: Site Recovery may know a host by its whole name, and a user by its short one."""

from __future__ import annotations

from collections.abc import Iterable


def is_same_host(one: str, other: str) -> bool:
    """Whether two names mean one host: in any case, and one of them may lack its domain."""
    first, second = one.lower(), other.lower()
    short, whole = sorted((first, second), key=len)
    return first == second or ("." not in short and whole.startswith(f"{short}."))


def find_host(wanted: str, names: Iterable[str]) -> str | None:
    """Return the one of the names that means the wanted host: the same name, else the only one that may be it."""
    near = [name for name in names if is_same_host(name, wanted)]
    same = [name for name in near if name.lower() == wanted.lower()]
    # Two whole names that differ in their domain are two hosts: which of them a short one means, nobody can tell.
    found = same[:1] or near
    return found[0] if len(found) == 1 else None
