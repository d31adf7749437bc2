# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of errors and exceptions, and the view that ``.PSObject`` gives of an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.errors import ErrorRecord
from powershell_subset.objects import GenericList, NotModelled, PSEnum, PSObject
from powershell_subset.values.text import to_text
from powershell_subset.values.types import short_name, type_of

CATEGORIES = (
    *("NotSpecified", "OpenError", "CloseError", "DeviceError", "DeadlockDetected", "InvalidArgument", "InvalidData"),
    *("InvalidOperation", "InvalidResult", "InvalidType", "MetadataError", "NotImplemented", "NotInstalled"),
    *("ObjectNotFound", "OperationStopped", "OperationTimeout", "SyntaxError", "ParserError", "PermissionDenied"),
    *("ResourceBusy", "ResourceExists", "ResourceUnavailable", "ReadError", "WriteError", "FromStdErr"),
    *("SecurityError", "ProtocolError", "ConnectionError", "AuthenticationError", "LimitsExceeded"),
    *("QuotaExceeded", "NotEnabled"),
)
_ERROR = "System.Management.Automation."


def _refused(name: str) -> Callable[[Any], Any]:
    def refuse(value: Any) -> Any:
        raise NotModelled(f"the property {name} of {type_of(value)}")

    return refuse


def category(name: str) -> PSEnum:
    """A value of [ErrorCategory]."""
    return PSEnum(name, CATEGORIES.index(name), _ERROR + "ErrorCategory")


def _category_info(record: ErrorRecord) -> PSObject:
    target = record.target
    values = {
        "Category": category(record.category),
        "Activity": record.activity,
        "Reason": record.reason,
        "TargetName": to_text(target),
        "TargetType": "" if target is None else short_name(type_of(target)),
    }
    return PSObject(_ERROR + "ErrorCategoryInfo", values, text=record.category_text())


def _invocation(record: ErrorRecord) -> PSObject:
    source, span = record.source, record.span
    if source is None or span is None:
        return PSObject(_ERROR + "InvocationInfo", {"Line": "", "ScriptLineNumber": 0, "OffsetInLine": 0})
    line, column = source.line_and_column(span.start)
    whole = source.line(line)
    ending = "\n" if len(source.text.split("\n")) > line else ""
    name = PSObject(_ERROR + "CommandInfo", {"Name": record.activity}, text=record.activity)
    values = {
        "Line": whole + ending,
        "ScriptLineNumber": line,
        "OffsetInLine": column,
        "MyCommand": name if record.activity else None,
        "InvocationName": record.activity,
    }
    return PSObject(_ERROR + "InvocationInfo", values)


RECORD_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "categoryinfo": _category_info,
    "errordetails": lambda record: None,
    "exception": lambda record: record.exception,
    "fullyqualifiederrorid": lambda record: record.error_id,
    "invocationinfo": _invocation,
    "pipelineiterationinfo": _refused("PipelineIterationInfo"),
    "scriptstacktrace": _refused("ScriptStackTrace"),
    "targetobject": lambda record: record.target,
}
EXCEPTION_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "data": _refused("Data"),
    "errorrecord": _refused("ErrorRecord"),
    "helplink": lambda exception: None,
    "hresult": _refused("HResult"),
    "innerexception": lambda exception: exception.inner,
    "message": lambda exception: exception.message,
    "source": _refused("Source"),
    "stacktrace": _refused("StackTrace"),
    "targetsite": _refused("TargetSite"),
}


class PropertyList(GenericList):
    """``.PSObject.Properties``: an index is a name."""

    def named(self, name: Any) -> PSObject | None:
        """The property of a name."""
        wanted = to_text(name).lower()
        return next((each for each in self if to_text(each["Name"]).lower() == wanted), None)


def member_view(value: Any) -> PSObject:
    """``.PSObject``."""
    if not isinstance(value, PSObject):
        raise NotModelled(f".PSObject of {type_of(value)}")
    member = "NoteProperty" if value.is_custom else "Property"
    properties = PropertyList(
        [
            PSObject(_ERROR + "PSNoteProperty", {"Name": name, "Value": item, "MemberType": member})
            for name, item in value.items()
        ],
        _ERROR + "PSMemberInfoIntegratingCollection",
    )
    kinds = [value.type_name, "System.Object"]
    return PSObject(_ERROR + "PSObject", {"Properties": properties, "TypeNames": kinds, "BaseObject": value})
