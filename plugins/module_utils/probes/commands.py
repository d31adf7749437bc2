# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command that ran in a guest amounts to."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.evidence import FAIL, PASS, Outcome
from ..model.programs import Ended
from .probe import short


def judge_command(ended: Ended, exit_code: int, contains: str, secrets: Iterable[str] = ()) -> Outcome:
    """Judge by the exit code that is expected, and a text that must be in the output, where one is given."""
    hidden = tuple(secrets)
    said = short(ended.output if ended.output.strip() else ended.errors, hidden)
    seen = f"exit code {ended.exit_code}" + (f": {said}" if said else "")
    if ended.exit_code != exit_code:
        words = short(ended.errors, hidden)
        cause = f"The command ended with {ended.exit_code}, not {exit_code}" + (f": {words}" if words else ".")
        return Outcome(FAIL, seen, cause, "Check in the VM what the command checks.")
    if contains not in ended.output:
        cause = f"The text '{short(contains, hidden)}' is not in the command's output."
        return Outcome(FAIL, seen, cause, "Check in the VM what the command checks.")
    return Outcome(PASS, seen)
