# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interpreter with everything that it runs."""

from __future__ import annotations

import re

from powershell_subset import cmdlets as _cmdlets  # noqa: F401 - they register themselves
from powershell_subset.checks import check
from powershell_subset.errors import Returned
from powershell_subset.interface import Answer
from powershell_subset.objects import PSEnum, PSObject, ScriptBlock
from powershell_subset.running import statements as _statements  # noqa: F401 - the same
from powershell_subset.running.engine import Emit, Engine
from powershell_subset.running.scopes import Frame
from powershell_subset.syntax import parse
from powershell_subset.values.types import AUTOMATION

FULL_LANGUAGE = PSEnum("FullLanguage", 0, f"{AUTOMATION}PSLanguageMode")
CONSTRAINED_LANGUAGE = PSEnum("ConstrainedLanguage", 3, f"{AUTOMATION}PSLanguageMode")


class Interpreter(Engine):
    """Runs scripts."""

    def run_script(self, text: str, lines: list[str], emit: Emit) -> None:
        """Run a whole script; what it leaves goes to `emit`. `lines` are those of the standard input.

        Raises:
            Terminating: nothing caught an error.
            Exited: it said ``exit``.
            NotModeled: it needs what is not there.
        """
        body = parse(text)
        self.globals.set("PSVersionTable", _version_table(self.machine.version))
        self.globals.set("ExecutionContext", _execution_context(self.machine.constrained))
        self.globals.set("input", lines)
        check(self, text)
        self.frame = Frame(self.globals, body.source)
        try:
            self.run_block(body.block, emit)
        except Returned:
            return

    def script_block(self, text: str) -> ScriptBlock:
        """``[ScriptBlock]::Create(text)``."""
        answer = answer_to(text, self.machine.answers)
        if answer is not None:
            return ScriptBlock(answer, text)
        body = parse(text)
        check(self, text)
        return ScriptBlock(body, text)


def answer_to(command: str, answers: tuple[Answer, ...]) -> Answer | None:
    """The first answer whose pattern the whole command fits."""
    return next((each for each in answers if re.fullmatch(each.pattern, command.strip())), None)


def _version_table(text: str) -> PSObject:
    """$PSVersionTable, which has more than this; `text` is the version of this Windows PowerShell."""
    names = ("Major", "Minor", "Build", "Revision")
    parts = dict(zip(names, (int(part) for part in text.split(".")), strict=False))
    version = PSObject("System.Version", parts, text=text)
    return PSObject(f"{AUTOMATION}PSVersionHashTable", {"PSVersion": version})


def _execution_context(constrained: bool) -> PSObject:
    """$ExecutionContext, as far as it tells the language mode."""
    mode = CONSTRAINED_LANGUAGE if constrained else FULL_LANGUAGE
    state = PSObject(f"{AUTOMATION}SessionState", {"LanguageMode": mode})
    return PSObject(f"{AUTOMATION}EngineIntrinsics", {"SessionState": state})
