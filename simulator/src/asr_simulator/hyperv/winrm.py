# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong in a host's WinRM."""

from __future__ import annotations

from dataclasses import dataclass, field

TOLD, LOST, CUT = "told", "lost", "cut"


@dataclass
class Quota:
    """So many operations of a kind that WinRM refuses with a quota's number: as a WSManFault, or an MSFT_WmiError.

    ``after`` so many that it still takes.
    """

    operation: str
    code: int
    times: int
    in_wmi_error: bool = False
    after: int = 0


@dataclass
class Remoting:
    """What goes wrong in a host's WinRM.

    ``blocked`` is the number with which App Control keeps PowerShell from starting (0: it does not), ``shell_denied``
    that accounts may sign in and open no shell, ``pipe_ends`` that a command ends before it has read its input,
    ``send_times_out`` that Send is carried out and no answer comes in time. ``input_lost``: a command's standard input
    ends before anything of it has come, ``console`` is what comes before and behind all that a command shows, and
    ``answers`` what becomes of that, of every command or of those that have changed something.
    """

    quotas: list[Quota] = field(default_factory=list)
    blocked: int = 0
    shell_denied: bool = False
    pipe_ends: bool = False
    send_times_out: bool = False
    input_lost: bool = False
    console: tuple[str, str] = ("", "")
    answers: str = TOLD
    of_changes_alone: bool = False

    def shown(self, text: str, *, changed: bool) -> tuple[str, bool]:
        """What comes of all that a command shows, and whether that is all."""
        before, behind = self.console
        text = f"{before}{text}{behind}"
        if self.answers == TOLD or (self.of_changes_alone and not changed):
            return text, True
        return "" if self.answers == LOST else text[: len(text) // 2], False

    def quota_for(self, operation: str) -> Quota | None:
        """The quota that an operation meets, which counts."""
        found = next((quota for quota in self.quotas if quota.operation == operation and quota.times > 0), None)
        if found is None:
            return None
        if found.after > 0:
            found.after -= 1
            return None
        found.times -= 1
        return found
