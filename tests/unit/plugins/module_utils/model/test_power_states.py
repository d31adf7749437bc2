# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table of states, what it says of each, and that the documentation has it whole."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model import power_states
from ansible_collections.asr.failback.plugins.module_utils.model.power_states import STATES, Power, Side, state_of

ROOT = Path(__file__).resolve().parents[5]
PAGE = ROOT / "docs" / "hyperv-hosts.md"
# Of VMM's record or its last task: hyperv.md's sources.
RECORD = (
    "UnsupportedCluster",
    "UpdateFailed",
    "MigrationFailed",
    "CheckpointFailed",
    "CreationFailed",
    "IncompleteVMConfig",
    "DbOnly",
    "MissingSharedStorage",
    "HostNotResponding",
    "Missing",
    "UnderMigration",
)


@pytest.mark.parametrize("word", RECORD)
def test_a_state_of_vmms_record_says_nothing_of_power(word: str) -> None:
    assert state_of(word).power is Power.SAYS_NOTHING


@pytest.mark.parametrize("word", ["", "Hibernated", "not_checked", "Foo", "Off ", "Other"])
def test_what_the_table_does_not_have_says_nothing(word: str) -> None:
    assert state_of(word).power is Power.SAYS_NOTHING


@pytest.mark.parametrize(
    ("word", "power", "keeps_memory", "goes_off", "is_critical"),
    [
        ("Running", Power.ON, False, False, False),
        ("running", Power.ON, False, False, False),
        ("RunningCritical", Power.ON, False, False, True),
        ("OffCritical", Power.OFF, False, False, True),
        ("PowerOff", Power.OFF, False, False, False),
        ("deallocated", Power.OFF, False, False, False),
        ("Saved", Power.IN_BETWEEN, True, False, False),
        ("FastSavedCritical", Power.IN_BETWEEN, True, False, True),
        ("Paused", Power.IN_BETWEEN, False, False, False),
        ("Stopping", Power.IN_BETWEEN, False, True, False),
        ("PoweringOff", Power.IN_BETWEEN, False, True, False),
    ],
)
def test_what_a_state_says(word: str, power: Power, keeps_memory: bool, goes_off: bool, is_critical: bool) -> None:
    state = state_of(word)
    assert (state.power, state.keeps_memory, state.goes_off, state.is_critical) == (
        power,
        keeps_memory,
        goes_off,
        is_critical,
    )


def test_a_word_means_the_same_whoever_says_it() -> None:
    said = defaultdict(set)
    for state in STATES:
        said[state.word.lower()].add((state.power, state.keeps_memory, state.goes_off))
    assert {word: meanings for word, meanings in said.items() if len(meanings) > 1} == {}


def test_every_critical_state_is_its_state_with_its_storage_away() -> None:
    critical = [state for state in STATES if state.is_critical]
    assert len(critical) == 12
    for state in critical:
        plain = state_of(state.word.removesuffix("Critical"))
        assert (state.power, state.keeps_memory) == (plain.power, plain.keeps_memory), state.word


def test_the_documentation_has_the_whole_table() -> None:
    rows = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] in {side.value for side in Side}:
            rows[cells[0]] = [re.findall(r"`([^`]*)`", cell) for cell in cells[1:]]
    wanted = {
        side.value: [[one.word for one in STATES if one.side is side and one.power is power] for power in Power]
        for side in Side
    }
    assert rows == wanted


def test_no_other_file_judges_a_state_by_its_word() -> None:
    """Words that are states of power and nothing else stand in the table alone."""
    words = {state.word for state in STATES if state.side in (Side.HYPER_V, Side.VMM)}
    # These are words for other things as well: of services, jobs and clusters.
    words -= {"Running", "Stopped", "Paused", "Starting", "Stopping", "Missing", "Reset", "Other", "Deleting"}
    files = sorted((ROOT / "plugins" / "module_utils").rglob("*.py"))
    found = [
        f"{path.name}:{node.lineno}: {node.value}"
        for path in files
        if path.name != Path(power_states.__file__).name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in words
    ]
    assert found == []
