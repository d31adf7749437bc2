# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what is known and what is guessed."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from asr_simulator.scenarios.model import Variants

TABLE = yaml.safe_load((Path(__file__).parents[2] / "simulator" / "fidelity.yml").read_text(encoding="utf-8"))
WHERE = {"recorded", "definition", "documented", "observed", "inferred"}


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry["id"])
def test_given_an_entry_when_read_then_it_says_where_it_is_known_from(entry):
    assert set(entry) == {"id", "where", "source", "note"}
    assert entry["where"] in WHERE


def test_given_the_table_when_read_then_no_id_twice():
    ids = [entry["id"] for entry in TABLE]
    assert sorted(set(ids)) == sorted(ids)


def test_given_the_variants_when_looked_up_then_each_is_explained():
    notes = " ".join(entry["note"] for entry in TABLE)
    names = {
        "failback_pending" if field.name.startswith("failback_pending") else field.name for field in fields(Variants)
    }
    assert {name for name in names if name not in notes} == set()
