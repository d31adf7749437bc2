# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the long tests do a thing, by SEED and WALKS, and what they did: counted in the file that SOAK_COUNTS
names, a JSON object a line."""

from __future__ import annotations

import json
import os

SEED = int(os.environ.get("SEED", "1"))
WALKS = int(os.environ.get("WALKS", "12"))
WALKS_OF_A_SEED = 6


def seeds(times: int, of_a_seed: int) -> range:
    """The seeds that it takes to do something so often, so many times with each. Those of another SEED are others."""
    number = -(-times // of_a_seed)
    return range((SEED - 1) * number + 1, SEED * number + 1)


WALKING_SEEDS = seeds(WALKS, WALKS_OF_A_SEED)


def count(**numbers: int) -> None:
    """Add numbers, such as `kills=3`, to the counts; without SOAK_COUNTS nobody asks."""
    path = os.environ.get("SOAK_COUNTS")
    if path:
        # A short line is appended whole, whichever process writes it.
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(numbers) + "\n")
