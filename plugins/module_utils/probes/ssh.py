# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a command in the guest says what it should, over SSH, by the OpenSSH client of this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from ..hyperv.lockout_guard import Refusals
from ..model.child_environment import for_other_programs
from ..model.evidence import FAIL, Outcome
from ..model.programs import Program, RunProgram, no_programs
from .commands import judge_command
from .probe import Probe, short

_PROGRAM = "ssh"
# What ssh itself ends with when there was no connection or no sign-in.
_NOT_RUN = 255


@dataclass(frozen=True, kw_only=True)
class SshProbe(Probe):
    """Runs a command. Nobody is asked for anything: a key or an agent signs in, and the host's key must be known.

    C(command) is one text, which the guest's own shell reads.
    """

    kind = "ssh"
    runs_command = True

    command: str
    port: int | None = None
    user: str = ""
    private_key: str = ""
    known_hosts: str = ""
    exit_code: int = 0
    contains: str = ""
    run_program: RunProgram = no_programs

    def equipped(self, run_program: RunProgram, _refusals: Refusals) -> SshProbe:
        """Return the probe with what runs the client."""
        return replace(self, run_program=run_program)

    def attempt(self, address: str, timeout: float) -> Outcome:
        """Run the command once."""
        try:
            ran = self.run_program(Program(self._arguments(address, timeout), for_other_programs(os.environ), timeout))
        except FileNotFoundError:
            cause = f"The machine that runs this task has no program {_PROGRAM}."
            return Outcome(FAIL, "not run", cause, "Install the OpenSSH client there.", is_final=True)
        except TimeoutError:
            cause = f"{address} gave no answer, or the command did not end, in {timeout:.0f} seconds."
            return Outcome(FAIL, "no end", cause, "Look at the VM, or give the probe a longer timeout.")
        if ran.exit_code == _NOT_RUN != self.exit_code:
            remedy = "See that sshd runs in the VM, that its host key is known here, and that the key may sign in."
            return Outcome(FAIL, "not run", short(ran.errors) or f"ssh could not sign in at {address}.", remedy)
        return judge_command(ran, self.exit_code, self.contains)

    def _arguments(self, address: str, timeout: float) -> list[str]:
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": str(max(int(timeout), 1)),
            "ClearAllForwardings": "yes",
        }
        if self.known_hosts:
            options["UserKnownHostsFile"] = _as_path(self.known_hosts)
        if self.private_key:
            options |= {"IdentitiesOnly": "yes", "IdentityFile": _as_path(self.private_key)}
        given = [("-p", str(self.port or "")), ("-l", self.user)]
        return [
            _PROGRAM,
            "-T",
            *(part for name, value in options.items() for part in ("-o", f"{name}={value}")),
            *(part for flag, value in given if value for part in (flag, value)),
            "--",
            address,
            self.command,
        ]


def _as_path(path: str) -> str:
    """Return a path as an option of ssh takes it: quoted, as it splits at spaces, and without its percent tokens."""
    escaped = path.replace("%", "%%")
    return f'"{escaped}"'
