# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How cmdlets are given to the interpreter, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class CommandError(Exception):
    """An error that a cmdlet reports, in the words of the real one.

    `error_id` is the FullyQualifiedErrorId up to the comma and `category` the name of an ErrorCategory. `exception` is
    the .NET type behind the error, `target` what it is about; `terminating` stops the statement whatever ErrorAction
    says, as a cmdlet's ThrowTerminatingError does.
    """

    def __init__(
        self,
        message: str,
        error_id: str = "",
        category: str = "",
        *,
        exception: str = "System.Exception",
        target: object = None,
        terminating: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_id = error_id
        self.category = category
        self.exception = exception
        self.target = target
        self.terminating = terminating


@dataclass
class Call:
    """One run of a cmdlet.

    `parameters` has the bound ones under their lower-case names, positional ones too; switches are True or False.
    `input` are the objects of the pipeline.
    """

    name: str
    parameters: dict[str, Any]
    input: list[Any]
    now: Callable[[], datetime]
    write_error: Callable[[CommandError], None]
    write_warning: Callable[[str], None] = field(default=lambda text: None)


@dataclass(frozen=True)
class Command:
    """A cmdlet: `run` is called once, what it gives goes down the pipeline one by one.

    `parameters` are the names it takes, in PowerShell's own spelling; `positional` those that need no name, in their
    order; `switches` those that need no value (they may be left out of `parameters`). The objects of the pipeline are
    bound to `pipeline`, and are `Call.input` in any case; behind a ``|`` that passes nothing it does not run.
    `module` is what ``Get-Command`` shows and ``Import-Module`` finds.

    `foresee` is called before anything of a script runs, with the parameters whose values stand in its text and the
    names of those that are given others; it raises NotModeled for what `run` would.
    """

    name: str
    run: Callable[[Call], Iterable[Any]]
    parameters: tuple[str, ...] = ()
    positional: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    pipeline: str | None = None
    module: str = ""
    class_name: str = ""
    mandatory: tuple[str, ...] = ()
    foresee: Callable[[Call, frozenset[str]], None] | None = None


@dataclass(frozen=True)
class Answer:
    """What a user's command answers, where that is told; the whole command fits the regular expression `pattern`."""

    pattern: str
    output: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class Completed:
    """How a command line ended."""

    stdout: str
    stderr: str
    exit_code: int
