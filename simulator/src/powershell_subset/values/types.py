# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of types: what PowerShell calls them, what .NET calls them, and what is what."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from powershell_subset.objects import (
    Char,
    DotNetType,
    GenericList,
    Hashtable,
    NetException,
    NotModelled,
    PSEnum,
    PSObject,
    ScriptBlock,
    Switch,
    TypedArray,
    Version,
)
from powershell_subset.values.numbers import is_number, kind_of

ACCELERATORS = {
    "array": "System.Array",
    "arraylist": "System.Collections.ArrayList",
    "bool": "System.Boolean",
    "byte": "System.Byte",
    "char": "System.Char",
    "datetime": "System.DateTime",
    "decimal": "System.Decimal",
    "double": "System.Double",
    "float": "System.Single",
    "guid": "System.Guid",
    "hashtable": "System.Collections.Hashtable",
    "int": "System.Int32",
    "int16": "System.Int16",
    "int32": "System.Int32",
    "int64": "System.Int64",
    "long": "System.Int64",
    "math": "System.Math",
    "object": "System.Object",
    "ordered": "System.Collections.Specialized.OrderedDictionary",
    "pscustomobject": "System.Management.Automation.PSObject",
    "psobject": "System.Management.Automation.PSObject",
    "regex": "System.Text.RegularExpressions.Regex",
    "scriptblock": "System.Management.Automation.ScriptBlock",
    "short": "System.Int16",
    "single": "System.Single",
    "string": "System.String",
    "switch": "System.Management.Automation.SwitchParameter",
    "timespan": "System.TimeSpan",
    "type": "System.Type",
    "uint16": "System.UInt16",
    "uint32": "System.UInt32",
    "uint64": "System.UInt64",
    "version": "System.Version",
    "void": "System.Void",
}
# Types that have members or are cast to, but no accelerator.
KNOWN = (
    "System.Collections.IDictionary",
    "System.Collections.IEnumerable",
    "System.Collections.IList",
    "System.Console",
    "System.Convert",
    "System.DateTimeKind",
    "System.Environment",
    "System.Exception",
    "System.Globalization.CultureInfo",
    "System.IO.Path",
    "System.Management.Automation.ErrorRecord",
    "System.Management.Automation.PSCustomObject",
    "System.Security.Principal.SecurityIdentifier",
    "System.Security.Principal.WindowsIdentity",
    "System.Security.Principal.WindowsPrincipal",
    "System.StringComparison",
    "System.StringSplitOptions",
    "System.Text.Encoding",
    "System.Text.UTF8Encoding",
    "System.Text.UnicodeEncoding",
    "System.ValueType",
    "System.Enum",
)
_AUTOMATION = "system.management.automation."
EXCEPTIONS = {
    "system.exception": "",
    "system.systemexception": "system.exception",
    "system.argumentexception": "system.systemexception",
    "system.argumentnullexception": "system.argumentexception",
    "system.argumentoutofrangeexception": "system.argumentexception",
    "system.dividebyzeroexception": "system.systemexception",
    "system.formatexception": "system.systemexception",
    "system.invalidoperationexception": "system.systemexception",
    "system.invalidcastexception": "system.systemexception",
    "system.indexoutofrangeexception": "system.systemexception",
    "system.notsupportedexception": "system.systemexception",
    "system.unauthorizedaccessexception": "system.systemexception",
    "system.management.automation.runtimeexception": "system.systemexception",
    "system.management.automation.commandnotfoundexception": "system.management.automation.runtimeexception",
    "system.management.automation.itemnotfoundexception": "system.management.automation.sessionstateexception",
    "system.management.automation.drivenotfoundexception": "system.management.automation.sessionstateexception",
    "system.management.automation.sessionstateexception": "system.management.automation.runtimeexception",
    "system.management.automation.methodinvocationexception": "system.management.automation.methodexception",
    "system.management.automation.methodexception": "system.management.automation.extendedtypesystemexception",
    "system.management.automation.extendedtypesystemexception": "system.management.automation.runtimeexception",
    "system.management.automation.psinvalidcastexception": "system.invalidcastexception",
    "system.management.automation.parameterbindingexception": "system.management.automation.runtimeexception",
    "system.management.automation.parseexception": "system.management.automation.runtimeexception",
    "system.management.automation.psnotsupportedexception": "system.notsupportedexception",
    "system.management.automation.propertynotfoundexception": _AUTOMATION + "extendedtypesystemexception",
    "microsoft.powershell.commands.writeerrorexception": "system.systemexception",
    "microsoft.management.infrastructure.cimexception": "system.exception",
    "microsoft.hyperv.powershell.virtualizationexception": "system.exception",
}
_FULL = {full.lower(): full for full in (*ACCELERATORS.values(), *KNOWN)}


def full_name(name: str) -> str:
    """The .NET name of a type that a script names.

    Raises:
        NotModelled: nothing is known of it.
    """
    wanted = name.lower()
    if wanted.endswith("[]"):
        return full_name(name[:-2]) + "[]"
    if "[" in wanted:
        outer, _bracket, inner = name.partition("[")
        if outer.lower().removeprefix("system.") == "collections.generic.list":
            return f"System.Collections.Generic.List`1[[{full_name(inner[:-1])}]]"
        raise NotModelled(f"the type [{name}]")
    if wanted in ACCELERATORS:
        return ACCELERATORS[wanted]
    for candidate in (wanted, "system." + wanted):
        if candidate in _FULL:
            return _FULL[candidate]
        if candidate in EXCEPTIONS:
            return name if candidate == wanted else "System." + name
    raise NotModelled(f"the type [{name}]")


_TYPES: tuple[tuple[type | tuple[type, ...], str | Callable[[object], str]], ...] = (
    (bool, "System.Boolean"),
    (Char, "System.Char"),
    (str, "System.String"),
    (float, "System.Double"),
    (Decimal, "System.Decimal"),
    (bytes, "System.Byte[]"),
    (datetime, "System.DateTime"),
    (timedelta, "System.TimeSpan"),
    (uuid.UUID, "System.Guid"),
    (Version, "System.Version"),
    (Switch, "System.Management.Automation.SwitchParameter"),
    (ScriptBlock, "System.Management.Automation.ScriptBlock"),
    (DotNetType, "System.RuntimeType"),
    (TypedArray, lambda value: getattr(value, "element", "") + "[]"),
    ((PSObject, PSEnum, GenericList, NetException), lambda value: getattr(value, "type_name", "")),
    ((list, tuple), "System.Object[]"),
)


def type_of(value: object) -> str:
    """The full .NET name of a value's type."""
    if is_number(value) and isinstance(value, int):
        return "System." + kind_of(value)
    if isinstance(value, Hashtable):
        return ACCELERATORS["ordered"] if value.ordered else ACCELERATORS["hashtable"]
    for kinds, name in _TYPES:
        if isinstance(value, kinds):
            return name(value) if callable(name) else name
    own = getattr(value, "type_name", None)
    if isinstance(own, str):
        return own
    raise NotModelled(f"the type of {type(value).__name__}")


def short_name(full: str) -> str:
    """GetType().Name."""
    if full.startswith("System.Collections.Generic.List`1"):
        return "List`1"
    return full.rpartition(".")[2]


def is_a(value: object, name: str) -> bool:
    """``-is``: whether a value is of a type or of one derived from it."""
    if value is None:
        return False
    wanted, actual = full_name(name).lower(), type_of(value).lower()
    if wanted == "system.object" or wanted == actual:
        return True
    if isinstance(value, NetException):
        return is_exception(actual, wanted)
    if wanted == "system.management.automation.psobject":
        return isinstance(value, PSObject)
    return wanted in _interfaces(value, actual)


def _interfaces(value: object, actual: str) -> set[str]:
    found: set[str] = set()
    if actual.endswith("[]"):
        found |= {"system.array", "system.collections.ilist", "system.collections.ienumerable"}
    if isinstance(value, GenericList):
        found |= {"system.collections.ilist", "system.collections.ienumerable"}
    if isinstance(value, Hashtable):
        found |= {"system.collections.idictionary", "system.collections.ienumerable"}
    if isinstance(value, str) and not isinstance(value, Char):
        found.add("system.collections.ienumerable")
    if isinstance(value, PSEnum):
        found.add("system.enum")
    if is_number(value) or isinstance(value, (bool, Char, PSEnum, datetime, timedelta, uuid.UUID)):
        found.add("system.valuetype")
    return found


def is_exception(actual: str, wanted: str) -> bool:
    """Whether an exception type is `wanted` or derived from it; names in lower case."""
    while actual:
        if actual == wanted:
            return True
        actual = EXCEPTIONS.get(actual, "system.exception" if actual != "system.exception" else "")
    return False
