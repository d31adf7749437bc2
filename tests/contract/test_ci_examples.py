# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of pipelines: valid by the schema of their makers, and what they run exists."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.drills import DRILL, ROOT
from support.surveys import known_variables

EXAMPLES = ROOT / "docs" / "examples" / "ci"
GITLAB, GITHUB, CANARY = (EXAMPLES / name for name in ("gitlab-ci.yml", "github-workflow.yml", "canary.yml"))
LEVELS = {"readiness", "rehearsal", "canary", "wave"}
needs_schemas = pytest.mark.skipif(
    importlib.util.find_spec("check_jsonschema") is None, reason="check-jsonschema, which has the schemas, is missing"
)


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def gitlab_jobs() -> dict[str, Any]:
    """The jobs of the pipeline, each with what it extends."""
    found = load(GITLAB)
    jobs = {name: one for name, one in found.items() if isinstance(one, dict) and "script" in one}
    return {name: {**found[one["extends"]], **one} for name, one in jobs.items()}


def github_jobs() -> dict[str, Any]:
    return dict(load(GITHUB)["jobs"])


def commands() -> Iterator[tuple[str, list[str]]]:
    """The commands of each level that start a playbook, in words."""
    for name, job in gitlab_jobs().items():
        yield from ((name, shlex.split(line)) for line in job["script"])
    for name, job in github_jobs().items():
        lines = [step["run"] for step in job["steps"] if "ansible-playbook" in step.get("run", "")]
        assert len(lines) == 1
        yield name, shlex.split(lines[0])


def variables_in(words: list[str]) -> dict[str, str]:
    """The extra variables of a command."""
    given = [value for option, value in pairwise(words) if option == "-e"]
    found: dict[str, str] = {}
    for one in given:
        found.update(load(EXAMPLES / one[1:]) if one.startswith("@") else dict([one.split("=", 1)]))
    return found


@needs_schemas
@pytest.mark.parametrize(("schema", "path"), [("gitlab-ci", GITLAB), ("github-workflows", GITHUB)])
def test_an_example_is_valid_by_the_schema_of_its_maker(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_both_drill_the_same_levels_with_the_same_commands() -> None:
    ran = list(commands())
    assert sorted(name for name, _words in ran) == 2 * ["canary"] + 2 * ["readiness"] + 2 * ["rehearsal"]
    for name, words in ran:
        assert words[:4] == ["ansible-playbook", DRILL, "-i", "inventory"]
        variables = variables_in(words)
        assert (variables["failback_drill_level"], set(variables) - known_variables()) == (name, set())
        assert "failback_drill_folder" in variables
        assert name in LEVELS


def test_only_a_person_starts_a_canary() -> None:
    assert [rule["when"] for rule in gitlab_jobs()["canary"]["rules"]] == ["manual"]
    assert github_jobs()["canary"]["if"] == "github.event_name == 'workflow_dispatch'"
    for jobs in (gitlab_jobs(), github_jobs()):
        environment = jobs["canary"]["environment"]
        assert (environment if isinstance(environment, str) else environment["name"]) == "failback-canary"


def test_what_a_drill_leaves_is_kept_even_if_it_fails() -> None:
    for job in gitlab_jobs().values():
        assert job["artifacts"]["when"] == "always"
        assert job["artifacts"]["reports"] == {"junit": "drills/*/junit.xml"}
        assert job["artifacts"]["paths"] == ["drills/"]
    for job in github_jobs().values():
        (kept,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/upload-artifact")]
        assert (kept["if"], kept["with"]["path"]) == ("always()", "drills")


def test_no_two_drills_run_at_once() -> None:
    assert {job["resource_group"] for job in gitlab_jobs().values()} == {"failback"}
    assert load(GITHUB)["concurrency"] == {"group": "failback", "cancel-in-progress": False}


def test_no_secret_is_stored_and_nothing_that_was_typed_in_is_part_of_a_command() -> None:
    for path in (GITLAB, GITHUB, CANARY):
        assert [word for word in ("SECRET", "secrets.", "PASSWORD") if word in path.read_text()] == []
    for job in github_jobs().values():
        assert [step for step in job["steps"] if "${{" in step.get("run", "")] == []


def test_what_was_typed_in_is_one_value_and_no_template(tmp_path: Path) -> None:
    typed = {
        "HOSTS": "web01 failback_drill_level=wave",
        "CHANGE": "{{ 6 * 7 }}",
        "APPROVER": "",
        "DRILLS": str(tmp_path),
    }
    said = "{{ [failback_drill_level, failback_hosts, failback_drill_change, failback_drill_folder] | to_json }}"
    command = ["ansible", "localhost", "-m", "ansible.builtin.debug", "-e", f"@{CANARY}", "-a", f"msg='{said}'"]
    done = subprocess.run(command, env={**os.environ, **typed}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    message = json.loads(done.stdout.partition("=>")[2])["msg"]
    found = json.loads(message) if isinstance(message, str) else message
    assert found == ["canary", typed["HOSTS"], typed["CHANGE"], typed["DRILLS"]]
