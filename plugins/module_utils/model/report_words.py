# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a report for what a record has in a key or a code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .drills import level_of
from .evidence import FAILED, NOT_PROVEN, PASSED
from .json_path import time_or_none
from .verdict import PASSED_WITH_FINDINGS

VERDICT_WORDS = {
    FAILED: "Failed",
    NOT_PROVEN: "Not proven",
    PASSED_WITH_FINDINGS: "Passed with findings",
    PASSED: "Passed",
}
# Of the applications of a scorecard, the worst first.
STATUS_WORDS = {
    **{status: VERDICT_WORDS[status] for status in (FAILED, NOT_PROVEN)},
    "never_drilled": "Never drilled",
    "overdue": "Overdue",
    "partly_drilled": "Partly drilled",
    **{status: VERDICT_WORDS[status] for status in (PASSED_WITH_FINDINGS, PASSED)},
}
_KINDS = {
    "failback": "Failback",
    "fleet": "Failback of a fleet",
    "alternate_host": "Failback to an alternate host",
    "undo_failback": "Return to Azure before the commit",
    "prerequisites": "Prerequisites of a failback",
    "merged": "Failback, several runs",
}


def title_of(record: Mapping[str, Any]) -> str:
    """Return what a run was."""
    level = level_of(record)
    kind = record["run"].get("kind")
    return f"Failback drill: {level}" if level else _KINDS.get(str(kind), "Failback")


def moment(stamp: str | None) -> str:
    """Return a time for a person, in UTC; empty where there is none."""
    time = time_or_none(stamp)
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else ""
