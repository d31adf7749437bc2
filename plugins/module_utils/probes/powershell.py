# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a command in a Windows guest says what it should, over WinRM."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any

from ..hyperv.errors import AccessDenied
from ..hyperv.lockout_guard import Refusals
from ..hyperv.session import HostSession
from ..hyperv.settings import HostSettings, resolve_settings
from ..model.evidence import FAIL, Outcome
from ..model.failures import FailbackError, FateUnknown, HostAuthenticationError
from ..model.guest_checks import is_hopeless
from ..model.programs import RunProgram, no_programs
from ..watch import Watch
from .commands import judge_command
from .probe import WRONG_PASSWORD, Probe, short


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
    refusals: Refusals | None = None

    def equipped(self, run_program: RunProgram, refusals: Refusals) -> WinrmProbe:
        """Return the probe with what makes a Kerberos ticket, and keeps its account from being locked."""
        return replace(self, run_program=run_program, refusals=refusals)

    def attempt(self, address: str, timeout: float) -> Outcome:
        """Run the command once."""
        watch = Watch(timeout)
        refusals = (self.refusals or Refusals.of_one(watch)).within(watch)
        try:
            session = HostSession(self._settings(address), watch, refusals=refusals, run_program=self.run_program)
            ended = session.run(self.command)
        except FailbackError as problem:
            return self._failed(problem)
        return judge_command(ended, self.exit_code, self.contains, (self.password,))

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
        seen, words, remedy = "not run", problem.happened, problem.remedy
        if isinstance(problem, FateUnknown):
            seen, words = _unknown(problem)
            remedy = (
                "Look in the VM at what the command does. It is run again until the probe passes or its time is over."
            )
        elif isinstance(problem, HostAuthenticationError) and not isinstance(problem, AccessDenied):
            remedy = f"{WRONG_PASSWORD} See that the VM offers this way to sign in (transport)."
        elif problem.details.get("error_id"):
            seen, remedy = "the command ended with an error", "Check in the VM what the command checks."
        return Outcome(FAIL, seen, short(words, (self.password,)), remedy, is_final=is_hopeless(problem))


def _unknown(problem: FateUnknown) -> tuple[str, str]:
    """Return what was seen of a command of which nobody knows how it ended, and the words for why."""
    seen, ended = "not known whether it completed", problem.details.get("exit_code")
    if ended is None:
        return seen, problem.happened
    return f"{seen} (exit code {ended})", str(problem.details["message"] or problem.happened)
