# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What members of .NET types ask of the interpreter that runs them."""

from __future__ import annotations

from typing import Protocol

from powershell_subset.objects import ScriptBlock


class Surroundings(Protocol):
    """The interpreter, as far as members know it."""

    groups: frozenset[str]

    def write(self, text: str) -> None:
        """Write raw text to the console's output."""

    def script_block(self, text: str) -> ScriptBlock:
        """``[ScriptBlock]::Create(text)``."""
