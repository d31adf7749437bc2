# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation has every state of a replication and every operational status, with what is made of it."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.asr.failback.plugins.module_utils.model.operational_status import (
    HARMLESS,
    LOST_STORAGE,
    OPERATIONS,
    TROUBLES,
)
from ansible_collections.asr.failback.plugins.module_utils.model.replication_states import REPLICATION_STATES

PAGE = Path(__file__).resolve().parents[5] / "docs" / "hyperv-hosts.md"


def rows_below(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, line by line."""
    section = PAGE.read_text(encoding="utf-8").partition(f"### {heading}\n")[2].partition("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_state_of_a_replication_is_documented() -> None:
    wanted = [
        [f"`{name}`", state.words, "warns" if state.remedy else "passes"] for name, state in REPLICATION_STATES.items()
    ]
    assert rows_below("States of a replication") == wanted


def test_every_operational_status_is_documented() -> None:
    rows = [set(re.findall("`([^`]*)`", words)) for _outcome, words in rows_below("Operational status")]
    assert rows == [set(OPERATIONS), set(LOST_STORAGE), set(TROUBLES), set(HARMLESS)]
