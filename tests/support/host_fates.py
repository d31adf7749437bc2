# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result of the collection says of the changes that it made on hosts, in the words of the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support.oracle import MADE, NOT_MADE, POWER, START, SWITCH, UNKNOWN

# What the steps of an undo change on a host.
OF_STEPS = {"shut_down": POWER, "turn_off": POWER, "keep_off": START}


def of_switch(host: str, result: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """What hyperv_switch says, failed or not."""
    failure = result.get("error")
    if failure is None:
        return {(host, SWITCH): MADE if result["changed"] else NOT_MADE}
    if not result["changed"]:
        return {(host, SWITCH): NOT_MADE}
    # Where an error ended the change, it is of what the host had begun.
    is_open = failure["kind"] == "fate_unknown" or "error_id" in failure
    return {(host, SWITCH): UNKNOWN if is_open else MADE}


def of_undo(result: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """What undo_failback says: of steps that concern the same thing, the ones that nobody has seen the end of count."""
    steps = result["steps"] if "steps" in result else result["error"].get("steps", [])
    told: dict[tuple[str, str], str] = {}
    for step in (step for step in steps if step["what"] in OF_STEPS):
        key = step["where"], OF_STEPS[step["what"]]
        made = MADE if step["after"] != step["before"] else NOT_MADE
        fate = UNKNOWN if step["after"] is None else made
        told[key] = UNKNOWN if UNKNOWN in (fate, told.get(key)) else MADE if MADE in (fate, told.get(key)) else fate
    return told
