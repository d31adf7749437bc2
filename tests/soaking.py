# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts what a long run of the tests did, in the file that SOAK_COUNTS names: a JSON object a line."""

from __future__ import annotations

import json
import os


def count(**numbers: int) -> None:
    """Add numbers, such as `kills=3`, to the counts; without SOAK_COUNTS nobody asks."""
    path = os.environ.get("SOAK_COUNTS")
    if path:
        # A short line is appended whole, whichever process writes it.
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(numbers) + "\n")
