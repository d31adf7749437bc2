# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A subset of Windows PowerShell 5.1: it runs scripts with cmdlets that are given to it.

What it does not model it refuses (:class:`NotModeled`), where possible before anything of a script runs; it never
guesses.
"""

from __future__ import annotations

from powershell_subset.console import reads_input, run_command_line
from powershell_subset.interface import Answer, Call, Command, CommandError, Completed
from powershell_subset.members.principals import ADMINISTRATORS
from powershell_subset.objects import Hashtable, NotModeled, PSEnum, PSObject
from powershell_subset.running.engine import Machine

__all__ = [
    "ADMINISTRATORS",
    "Answer",
    "Call",
    "Command",
    "CommandError",
    "Completed",
    "Hashtable",
    "Machine",
    "NotModeled",
    "PSEnum",
    "PSObject",
    "reads_input",
    "run_command_line",
]
