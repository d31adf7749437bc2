# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of verbs and stages in the documentation is the one that the code follows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.bodies import item

from ansible_collections.asr.failback.plugins.module_utils.model.decisions import Verb, decide
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Observation, Stage

CONCEPTS = Path(__file__).resolve().parents[2] / "docs" / "concepts.md"
COLUMNS = (
    Verb.FAIL_BACK,
    Verb.COMPLETE,
    Verb.COMMIT_FAILBACK,
    Verb.REVERSE_REPLICATE,
    Verb.COMMIT_FAILOVER,
    Verb.FAIL_OVER,
    Verb.UNDO_FAILBACK,
)
ROW = re.compile(r"^\| `(\w+)` \|(.*)\|$", re.MULTILINE)


def documented() -> list[tuple[Stage, Verb, str]]:
    """Each cell of the table: the word that it begins with."""
    rows = [(name, cells.split("|")) for name, cells in ROW.findall(CONCEPTS.read_text())]
    return [
        (Stage(name), verb, cell.strip(" *").split(":")[0].strip("* "))
        for name, cells in rows
        if len(cells) == len(COLUMNS)
        for verb, cell in zip(COLUMNS, cells, strict=True)
    ]


def test_every_stage_has_a_row() -> None:
    assert {stage for stage, _verb, _word in documented()} == set(Stage)


@pytest.mark.parametrize(("stage", "verb", "word"), documented())
def test_the_documented_step_is_the_one_taken(stage: Stage, verb: Verb, word: str) -> None:
    seen = Observation(parse_item(item()), stage, None, "documented")
    assert decide(verb, seen).step.value == word
