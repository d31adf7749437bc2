# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of types: what scripts call them, and what .NET does."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import lru_cache

from powershell_subset.objects import (
    ArrayList,
    Hashtable,
    NetException,
    NotModeled,
    PSEnum,
    PSObject,
    ScriptBlock,
    Switch,
)
from powershell_subset.values.numbers import is_long

AUTOMATION = "System.Management.Automation."
HASHTABLE, ORDERED = "System.Collections.Hashtable", "System.Collections.Specialized.OrderedDictionary"
ACCELERATORS = {
    "array": "System.Array",
    "bool": "System.Boolean",
    "double": "System.Double",
    "guid": "System.Guid",
    "hashtable": HASHTABLE,
    "int": "System.Int32",
    "long": "System.Int64",
    "object": "System.Object",
    "ordered": ORDERED,
    "pscustomobject": f"{AUTOMATION}PSObject",
    "scriptblock": f"{AUTOMATION}ScriptBlock",
    "string": "System.String",
    "switch": f"{AUTOMATION}SwitchParameter",
    "void": "System.Void",
}
# Types that are created, or have static members, but no accelerator.
OTHERS = (
    "System.Collections.ArrayList",
    "System.Console",
    "System.Convert",
    "System.Security.Principal.SecurityIdentifier",
    "System.Security.Principal.WindowsIdentity",
    "System.Security.Principal.WindowsPrincipal",
    "System.Text.Encoding",
)
_FULL = {full.lower(): full for full in (*ACCELERATORS.values(), *OTHERS)}
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "System.Boolean"),
    (str, "System.String"),
    (float, "System.Double"),
    (bytes, "System.Byte[]"),
    (datetime, "System.DateTime"),
    (timedelta, "System.TimeSpan"),
    (uuid.UUID, "System.Guid"),
    (Switch, f"{AUTOMATION}SwitchParameter"),
    (ScriptBlock, f"{AUTOMATION}ScriptBlock"),
    (ArrayList, "System.Collections.ArrayList"),
    (list, "System.Object[]"),
)


@lru_cache(maxsize=256)
def full_name(name: str) -> str:
    """The .NET name of a type that a script names.

    Raises:
        NotModeled: the subset does not have it.
    """
    wanted = name.lower()
    if wanted.endswith("[]"):
        return full_name(name[:-2]) + "[]"
    found = ACCELERATORS.get(wanted) or _FULL.get(wanted) or _FULL.get(f"system.{wanted}")
    if found is None:
        raise NotModeled(f"the type [{name}]")
    return found


def type_of(value: object) -> str:
    """The full .NET name of a value's type."""
    if isinstance(value, int) and not isinstance(value, bool):
        return "System.Int64" if is_long(value) else "System.Int32"
    if isinstance(value, Hashtable):
        return ORDERED if value.ordered else HASHTABLE
    if isinstance(value, (PSObject, PSEnum, NetException)):
        return value.type_name
    return next((name for kind, name in _TYPES if isinstance(value, kind)), type(value).__name__)
