# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what is known and what is guessed."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from asr_simulator.scenarios.model import Variants

TABLE = yaml.safe_load((Path(__file__).parents[2] / "simulator" / "fidelity.yml").read_text(encoding="utf-8"))
WHERE = {"recorded", "definition", "documented", "observed", "inferred", "unconfirmed"}
OF_SCRIPTS = "powershell.script."
SCRIPTS = {entry["id"].removeprefix(OF_SCRIPTS): entry for entry in TABLE if entry["id"].startswith(OF_SCRIPTS)}
FOLDER = Path(__file__).parents[2] / "plugins" / "module_utils" / "hyperv" / "scripts"
PACKAGE = "ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts"


def texts() -> dict[str, str]:
    """The scripts for hosts as they are sent, by the names of their files."""
    modules = {file.stem: importlib.import_module(f"{PACKAGE}.{file.stem}") for file in FOLDER.glob("*.py")}
    return {name: module.SCRIPT for name, module in modules.items() if hasattr(module, "SCRIPT")}


def state_of(text: str, recorded: str) -> str:
    """What may be said of a script of which PowerShell ran a text with the hash `recorded`."""
    return "observed" if hashlib.sha256(text.encode()).hexdigest() == recorded else "unconfirmed"


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry["id"])
def test_given_an_entry_when_read_then_it_says_where_it_is_known_from(entry):
    of_script = {"sha256"} if entry["id"].startswith(OF_SCRIPTS) else set()
    # What a recording is asked for that nobody has.
    wanted = {"wanted", "priority"} & set(entry)
    assert wanted != {"priority"}
    assert set(entry) == {"id", "where", "source", "note"} | of_script | wanted
    assert entry["where"] == "inferred" or not wanted
    assert entry["where"] != "unconfirmed" or of_script
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


def test_given_the_scripts_when_looked_up_then_each_is_observed_unless_it_has_changed_since():
    assert {name: SCRIPTS[name]["where"] for name in SCRIPTS} == {
        name: state_of(text, SCRIPTS[name]["sha256"]) for name, text in texts().items()
    }


def test_given_a_script_that_has_changed_then_it_is_unconfirmed():
    recorded = hashlib.sha256(b"exit 0").hexdigest()
    assert (state_of("exit 0", recorded), state_of("exit 1", recorded)) == ("observed", "unconfirmed")
