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
from powershell_subset.values.types import AUTOMATION, type_of

RUNTIME = f"{AUTOMATION}RuntimeException"
INVOCATION = f"{AUTOMATION}MethodInvocationException"


class ErrorRecord:
    """What ``$_`` is in a catch block; `source` and `span` say where it happened."""

    type_name = f"{AUTOMATION}ErrorRecord"

    def __init__(self, exception: NetException, error_id: str, category: str, target: Any = None) -> None:
        self.exception = exception
        self.error_id = error_id
        self.category = category
        self.target = target
        self.activity = ""
        # What stands before the message when the error is shown: a command's name, as it was called.
        self.prefix = ""
        self.source: Source | None = None
        self.span: Span | None = None

    @property
    def text(self) -> str:
        """ToString()."""
        return self.exception.message

    def category_text(self) -> str:
        """CategoryInfo as text: ``ObjectNotFound: (x:String) [Get-VM], VirtualizationException``."""
        target = "" if self.target is None else _shortened(to_text(self.target))
        kind = "" if self.target is None else type_of(self.target).rpartition(".")[2]
        return f"{self.category}: ({target}:{kind}) [{self.activity}], {self.exception.short_name}"

    def at(self, source: Source, span: Span) -> None:
        """Note where it happened, unless that is known."""
        if self.source is None:
            self.source, self.span = source, span

    def line(self) -> str:
        """The line of the script where it happened, with its end."""
        if self.source is None or self.span is None:
            return ""
        number, _column = self.source.line_and_column(self.span.start)
        return self.source.line(number) + ("\n" if self.source.text.count("\n") >= number else "")


def _shortened(text: str) -> str:
    """5.1 shows the beginning and the end of long targets, as in (System.Manageme....RemoteRunspace:RemoteRunspace)."""
    return text if len(text) <= 40 else f"{text[:15]}...{text[-15:]}"


class Terminating(Exception):
    """An error that ends a statement; `thrown` ends the script too unless something catches it."""

    def __init__(self, record: ErrorRecord, *, thrown: bool = False) -> None:
        super().__init__(record.text)
        self.record = record
        self.thrown = thrown


class Jumped(Exception):
    """``break`` and ``continue`` on their way to their loop."""

    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


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


def invocation_error(name: str, count: int, message: str, kind: str) -> Terminating:
    """What becomes of an exception of .NET's that a method threw; `kind` is its type without the namespace."""
    text = f'Exception calling "{name}" with "{count}" argument(s): "{message}"'
    return runtime_error(text, kind, "NotSpecified", kind=INVOCATION)


def record_of(error: CommandError, name: str, class_name: str) -> ErrorRecord:
    """The record of what a cmdlet reports."""
    error_id = error.error_id or error.exception
    qualified = f"{error_id},{class_name}" if class_name else error_id
    record = ErrorRecord(
        NetException(error.message, error.exception), qualified, error.category or "NotSpecified", error.target
    )
    record.activity = record.prefix = name
    return record
