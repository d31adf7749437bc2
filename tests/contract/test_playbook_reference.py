# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a playbook names the variables that the playbook reads, with the defaults that it reads them with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.playbook_documents import FACTS, PLAYBOOKS, VARIABLES

from ansible_collections.asr.failback.plugins.filter.fleet_plan import _VARIABLES as OF_FLEET_PLAN
from ansible_collections.asr.failback.plugins.module_utils.model.drills import MARK
from ansible_collections.asr.failback.plugins.plugin_utils.run_about import _APPLICATION, _OBJECTIVES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "playbooks"
EACH = pytest.mark.parametrize("playbook", sorted(PLAYBOOKS))
INCLUDED = re.compile(r"(?:import_tasks|include_tasks|file): (tasks/\w+\.yml)")
# Not the names of modules, filters and files, nor what is private to the collection.
NAME = re.compile(r"(?<![\w./])(?:undo_failback|alternate_host|failback)_[a-z_]+\b")
DEFAULT = r"\b{name} \| default\(('[^']*'|[^()]*)\)"


def code_of(path: Path) -> str:
    """A file without its comments."""
    return re.sub(r"^ *#.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def texts_of(playbook: str) -> Iterator[str]:
    """What a playbook runs itself: its plays, and the files of tasks of the playbooks that they name."""
    text = code_of(SOURCES / f"{playbook}.yml")
    files = set(INCLUDED.findall(text))
    nested = {
        f"tasks/{name}" for file in files for name in re.findall(r"import_tasks: (\w+\.yml)", code_of(SOURCES / file))
    }
    yield text
    yield from (code_of(SOURCES / file) for file in files | nested)


def texts_of_roles(playbook: str) -> Iterator[str]:
    for role in PLAYBOOKS[playbook]["roles"]:
        yield from (code_of(path) for path in (ROOT / "roles" / role / "tasks").glob("*.yml"))


def options_of_roles(playbook: str) -> set[str]:
    """The variables that a playbook takes because its roles do."""
    taken: set[str] = set()
    for role, wanted in PLAYBOOKS[playbook]["roles"].items():
        spec = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
        taken |= set(spec["argument_specs"]["main"]["options"] if wanted == "all" else wanted)
    return taken


def on_its_page(playbook: str) -> set[str]:
    page = ROOT / "docs" / "reference" / f"{playbook}_playbook.md"
    return set(re.findall(r"^\| `(\w+)`", page.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_playbook_is_described() -> None:
    assert set(PLAYBOOKS) == {path.stem for path in SOURCES.glob("*.yml")}


@EACH
def test_what_a_playbook_reads_is_on_its_page(playbook: str) -> None:
    # Not the text that stands in for a name that the playbook does not give.
    texts = (re.sub(r"default\('\w+'\)", "", text) for text in texts_of(playbook))
    read = {name for text in texts for name in NAME.findall(text)}
    assert sorted(read - on_its_page(playbook) - options_of_roles(playbook)) == []


@EACH
def test_what_is_on_its_page_is_read(playbook: str) -> None:
    text = "".join((*texts_of(playbook), *texts_of_roles(playbook)))
    named = set(NAME.findall(text)) | {f"failback_{name}" for name in OF_FLEET_PLAN} | {_APPLICATION, _OBJECTIVES, MARK}
    assert sorted(on_its_page(playbook) - named) == []


@EACH
def test_the_defaults_are_those_that_it_is_read_with(playbook: str) -> None:
    text = "".join((*texts_of(playbook), *texts_of_roles(playbook)))
    own: dict[str, Any] = PLAYBOOKS[playbook]["variables"]
    told = {name: {**VARIABLES[name], **particular}.get("default") for name, particular in own.items()}
    read = {name: [yaml.safe_load(one) for one in re.findall(DEFAULT.format(name=name), text)] for name in told}
    assert {name: value for name, value in told.items() if value is not None and value not in read[name]} == {}


def test_no_variable_is_described_in_vain() -> None:
    assert {name for doc in PLAYBOOKS.values() for name in doc["variables"]} == set(VARIABLES)
    assert {name for doc in PLAYBOOKS.values() for name in doc["facts"]} == set(FACTS)


def test_the_variables_that_are_checked_first_are_described() -> None:
    checked = set(NAME.findall(code_of(SOURCES / "plays" / "check_variables.yml")))
    assert sorted(checked - set(VARIABLES)) == []
