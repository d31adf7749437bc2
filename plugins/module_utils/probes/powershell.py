# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a command in a Windows guest says what it should, over WinRM."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any

from ..failback.evidence import FAIL, PASS, Outcome
from ..failback.failures import FailbackError, HostError
from ..failback.guest_checks import is_hopeless
from ..failback.programs import Ended, RunProgram, no_programs
from ..hyperv.scripts.guest_command import SCRIPT
from ..hyperv.session import HostSession
from ..hyperv.settings import HostSettings, resolve_settings
from ..watch import Watch
from .commands import judge_command
from .probe import Probe, short

# PowerShell ends with these by itself, whatever became of the command.
_OWN_CODES = frozenset({0, 1})


@dataclass(frozen=True, kw_only=True)
class WinrmProbe(Probe):
    """Runs PowerShell. C(transport) are ways to sign in, in the order of trying; empty for the usual one."""

    kind = "winrm"
    runs_command = True

    command: str
    user: str
    password: str = field(repr=False)
    scheme: str = "https"
    port: int | None = None
    transport: tuple[str, ...] = ()
    validate_certs: bool = True
    ca_path: str = ""
    exit_code: int = 0
    contains: str = ""
    run_program: RunProgram = no_programs

    def equipped(self, run_program: RunProgram) -> WinrmProbe:
        """Return the probe with what makes a Kerberos ticket."""
        return replace(self, run_program=run_program)

    def attempt(self, address: str, timeout: float) -> Outcome:
        """Run the command once."""
        try:
            session = HostSession(self._settings(address), Watch(timeout), run_program=self.run_program)
            answer = session.ask(SCRIPT, {"command": self.command})
        except FailbackError as problem:
            return self._failed(problem)
        return self._judge(int(answer.get("exit_code") or 0), str(answer.get("output") or ""), "")

    def _settings(self, address: str) -> HostSettings:
        options: dict[str, Any] = {
            "winrm_user": self.user,
            "winrm_password": self.password,
            "winrm_scheme": self.scheme,
            "winrm_port": self.port,
            "winrm_transport": list(self.transport),
            "winrm_ca_trust_path": self.ca_path,
            "winrm_server_cert_validation": "validate" if self.validate_certs else "ignore",
        }
        return resolve_settings(address, options, {}, os.environ)

    def _failed(self, problem: FailbackError) -> Outcome:
        ended = problem.details.get("exit_code") if isinstance(problem, HostError) else None
        if isinstance(ended, int):
            return self._without_answer(ended, str(problem.details.get("message") or ""))
        ran = bool(problem.details.get("error_id"))
        seen = "the command ended with an error" if ran else "not run"
        remedy = "Look in the VM at what the command looks at." if ran else problem.remedy
        return Outcome(FAIL, seen, short(problem.happened, (self.password,)), remedy, is_final=is_hopeless(problem))

    def _without_answer(self, exit_code: int, words: str) -> Outcome:
        """Judge an end without an answer: a command that says exit ends PowerShell before it can answer."""
        judged = self._judge(exit_code, "", words)
        if judged.status != PASS or exit_code not in _OWN_CODES:
            return judged
        cause = f"PowerShell ended without an answer: the command has said exit {exit_code}, or it never ran."
        return Outcome(FAIL, judged.seen, cause, "Let the command end without exit, or with another code.")

    def _judge(self, exit_code: int, output: str, errors: str) -> Outcome:
        return judge_command(Ended(exit_code, output, errors), self.exit_code, self.contains, (self.password,))
