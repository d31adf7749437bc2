# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs a script, and of which groups that account's token is: System.Security.Principal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from powershell_subset.members.texts import NetFault
from powershell_subset.objects import NotModelled
from powershell_subset.values.text import to_text

ADMINISTRATORS = "S-1-5-32-544"
_NAMESPACE = "System.Security.Principal"
_SID = re.compile(r"S-1-\d+(-\d+)+", re.IGNORECASE)


@dataclass(frozen=True)
class SecurityIdentifier:
    """A SID."""

    value: str
    type_name: str = f"{_NAMESPACE}.SecurityIdentifier"


@dataclass(frozen=True)
class WindowsIdentity:
    """An account that has signed in."""

    groups: frozenset[str]
    type_name: str = f"{_NAMESPACE}.WindowsIdentity"


@dataclass(frozen=True)
class WindowsPrincipal:
    """What an account may do."""

    groups: frozenset[str]
    type_name: str = f"{_NAMESPACE}.WindowsPrincipal"
    methods: dict[str, Callable[..., Any]] = field(default_factory=lambda: {"isinrole": _is_in_role}, compare=False)


def make_sid(text: Any) -> SecurityIdentifier:
    """``New-Object System.Security.Principal.SecurityIdentifier``.

    Raises:
        NetFault: the text is no SID.
    """
    if not _SID.fullmatch(to_text(text)):
        raise NetFault("Value was invalid.\r\nParameter name: sddlForm", "ArgumentException")
    return SecurityIdentifier(to_text(text).upper())


def make_principal(identity: Any) -> WindowsPrincipal:
    """``New-Object System.Security.Principal.WindowsPrincipal``.

    Raises:
        NotModelled: it is not made of an identity.
    """
    if not isinstance(identity, WindowsIdentity):
        raise NotModelled("a WindowsPrincipal of anything but a WindowsIdentity")
    return WindowsPrincipal(identity.groups)


def _is_in_role(principal: WindowsPrincipal, role: Any) -> bool:
    if not isinstance(role, SecurityIdentifier):
        raise NotModelled("IsInRole() of anything but a SecurityIdentifier")
    return role.value in principal.groups
