# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs a script, and of which groups that account's token is: System.Security.Principal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from powershell_subset.objects import NotModeled

ADMINISTRATORS = "S-1-5-32-544"
_SID = re.compile(r"S-1-\d+(-\d+)+", re.IGNORECASE)


@dataclass(frozen=True)
class SecurityIdentifier:
    """A SID."""

    value: str


@dataclass(frozen=True)
class WindowsIdentity:
    """An account that has signed in."""

    groups: frozenset[str]


@dataclass(frozen=True)
class WindowsPrincipal:
    """What an account may do."""

    groups: frozenset[str]


def make_sid(text: Any) -> SecurityIdentifier:
    """``New-Object Security.Principal.SecurityIdentifier``."""
    if not isinstance(text, str) or not _SID.fullmatch(text):
        raise NotModeled(f"a SecurityIdentifier of '{text}'")
    return SecurityIdentifier(text.upper())


def make_principal(identity: Any) -> WindowsPrincipal:
    """``New-Object Security.Principal.WindowsPrincipal``."""
    if not isinstance(identity, WindowsIdentity):
        raise NotModeled("a WindowsPrincipal of anything but a WindowsIdentity")
    return WindowsPrincipal(identity.groups)


def is_in_role(principal: WindowsPrincipal, role: Any) -> bool:
    """IsInRole()."""
    if not isinstance(role, SecurityIdentifier):
        raise NotModeled("IsInRole() of anything but a SecurityIdentifier")
    return role.value in principal.groups
