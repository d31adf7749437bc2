# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of PowerShell as values, and what leaves a statement before its end."""

from __future__ import annotations

from typing import Any

from powershell_subset.interface import CommandError
from powershell_subset.objects import NetException
from powershell_subset.source import Source, Span
from powershell_subset.values.text import to_text
from powershell_subset.values.types import short_name, type_of

RUNTIME = "System.Management.Automation.RuntimeException"
BINDING = "System.Management.Automation.ParameterBindingException"


class ErrorRecord:
    """What ``$_`` is in a catch block."""

    type_name = "System.Management.Automation.ErrorRecord"

    def __init__(
        self, exception: NetException, error_id: str, category: str = "NotSpecified", target: Any = None
    ) -> None:
        self.exception = exception
        self.error_id = error_id
        self.category = category
        self.target = target
        self.activity = ""
        # What stands before the message when the error is shown: a command's name, as it was called.
        self.prefix = ""
        self.has_position = True
        self.located = False
        self.is_parse_error = False
        self.source: Source | None = None
        self.span: Span | None = None

    @property
    def message(self) -> str:
        """What went wrong."""
        return self.exception.message

    @property
    def text(self) -> str:
        """ToString()."""
        return self.message

    @property
    def reason(self) -> str:
        """The exception's short name."""
        return self.exception.short_name

    def category_text(self) -> str:
        """CategoryInfo as text: ``ObjectNotFound: (x:String) [Get-VM], VirtualizationException``."""
        target = "" if self.target is None else _shortened(to_text(self.target))
        kind = "" if self.target is None else short_name(type_of(self.target))
        return f"{self.category}: ({target}:{kind}) [{self.activity}], {self.reason}"

    def at(self, source: Source | None, span: Span | None, activity: str = "") -> ErrorRecord:
        """The record, which now knows where it happened, unless it did before."""
        if self.source is None:
            self.source, self.span = source, self.span or span
        if not self.located:
            self.activity = self.activity or activity
            self.prefix = self.prefix or activity
        self.located = True
        return self


def _shortened(text: str) -> str:
    """PowerShell shows the beginning and the end of long targets."""
    return text if len(text) <= 40 else f"{text[:18]}...{text[-19:]}"


class Terminating(Exception):
    """An error that ends a statement; `thrown` ends the script too unless something catches it."""

    def __init__(self, record: ErrorRecord, *, thrown: bool = False) -> None:
        super().__init__(record.message)
        self.record = record
        self.thrown = thrown


class Jumped(Exception):
    """``break`` and ``continue`` on their way to their loop."""

    def __init__(self, keyword: str, label: str = "") -> None:
        super().__init__(keyword)
        self.keyword = keyword
        self.label = label


class Returned(Exception):
    """``return``; what it returns was already emitted."""


class Exited(Exception):
    """``exit``."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Satisfied(Exception):
    """A command that needs no more objects stops those before it."""

    def __init__(self, stage: object) -> None:
        super().__init__()
        self.stage = stage


def runtime_error(
    message: str, error_id: str, category: str = "InvalidOperation", target: Any = None, kind: str = RUNTIME
) -> Terminating:
    """A terminating error of the language itself."""
    return Terminating(ErrorRecord(NetException(message, kind), error_id, category, target))


def record_of(error: CommandError, name: str, class_name: str) -> ErrorRecord:
    """The record of what a cmdlet reports."""
    inner = NetException(error.message, error.exception)
    error_id = error.error_id or error.exception
    qualified = error_id if "," in error_id or not class_name else f"{error_id},{class_name}"
    record = ErrorRecord(inner, qualified, error.category or "NotSpecified", error.target)
    record.activity = record.prefix = name
    return record
