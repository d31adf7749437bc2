# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects for an automation controller: what they name exists, and the modules that make them take them.

The latter needs the collection awx.awx, which `make aap` installs; no controller is asked.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from dateutil.rrule import rrulestr
from support.drills import ROOT
from support.surveys import assert_well_formed, known_variables, variables_of

AAP = ROOT / "extensions" / "aap"
PROJECT = AAP / "project"
FILES = [AAP / "settings.yml", AAP / "controller.yml"]
# Types of credentials that each controller has.
BUILT_IN = {"Microsoft Azure Resource Manager"}
# What its input is called, and what the collection finds in the environment then.
AZURE_INPUTS = {"subscription", "tenant", "client", "secret"}


class _Loader(yaml.SafeLoader):
    """Reads Ansible's !unsafe as the text that it marks."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


OBJECTS = load(AAP / "controller.yml")
TEMPLATES = {one["name"]: one for one in OBJECTS["controller_templates"]}
WORKFLOWS = {one["name"]: one for one in OBJECTS["controller_workflows"]}


def names(variable: str) -> set[str]:
    return {one["name"] for one in OBJECTS[f"controller_{variable}"]}


def with_awx() -> str | None:
    """A Python that has awx.awx: this one, or the one of `make aap`."""
    other = ROOT / "build" / "on" / "aap" / "bin" / "python"
    has = importlib.util.find_spec("ansible_collections.awx")
    return sys.executable if has else str(other) if other.exists() else None


needs_awx = pytest.mark.skipif(with_awx() is None, reason="the collection awx.awx is missing: make aap installs it")


def check(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [str(with_awx()), str(ROOT / "tools" / "aap_check.py"), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_awx
def test_the_modules_that_make_the_objects_take_them() -> None:
    done = check(*FILES)
    count = sum(len(value) for name, value in OBJECTS.items() if name.startswith("controller_"))
    assert (done.returncode, done.stdout) == (0, f"{count} objects, 0 complaints\n"), done.stderr
    assert "WARNING" not in done.stderr


@needs_awx
def test_what_they_would_not_take_is_named(tmp_path: Path) -> None:
    changes: dict[str, dict[str, Any]] = {
        "controller_templates": {"playbok": "drill.yml"},
        "controller_schedules": {"verbosity": 7},
        "controller_credentials": {"credential_type": None},
        "controller_projects": {"scm_update_cache_timeout": "soon"},
        "controller_workflows": {"simplified_workflow_nodes": [{"identifier": "idle"}]},
    }
    wrong = {}
    for variable, changed in changes.items():
        one = {**OBJECTS[variable][0], **changed}
        wrong[variable] = [{key: value for key, value in one.items() if value is not None}]
    (tmp_path / "wrong.yml").write_text(yaml.safe_dump({**wrong, "controller_teams_of_mine": []}))
    done = check(AAP / "settings.yml", tmp_path / "wrong.yml")
    assert done.returncode == 1, done.stdout + done.stderr
    *complaints, total = done.stdout.splitlines()
    assert total == "5 objects, 6 complaints"
    for said in (
        "playbok",
        "verbosity",
        "credential_type",
        "scm_update_cache_timeout",
        "idle",
        "controller_teams_of_mine",
    ):
        assert [one for one in complaints if said in one], said


def test_what_an_object_names_exists() -> None:
    credentials = names("credentials")
    wanted: dict[str, set[str]] = {"credentials": set(), "projects": set(), "inventories": set(), "environments": set()}
    for one in TEMPLATES.values():
        wanted["credentials"] |= set(one["credentials"])
        wanted["projects"].add(one["project"])
        wanted["inventories"].add(one["inventory"])
        wanted["environments"].add(one["execution_environment"])
    for one in OBJECTS["controller_inventory_sources"]:
        wanted["credentials"].add(one["credential"])
        wanted["projects"].add(one["source_project"])
        wanted["inventories"].add(one["inventory"])
    assert wanted["credentials"] <= credentials
    assert wanted["projects"] <= names("projects")
    assert wanted["inventories"] | {one["inventory"] for one in WORKFLOWS.values()} <= names("inventories")
    assert wanted["environments"] <= names("execution_environments")
    types = {one["credential_type"] for one in OBJECTS["controller_credentials"]}
    assert types <= BUILT_IN | names("credential_types")
    runnable = set(TEMPLATES) | set(WORKFLOWS)
    assert {one["unified_job_template"] for one in OBJECTS["controller_schedules"]} <= runnable


def test_the_project_has_what_the_objects_look_for_in_it() -> None:
    playbooks = {one["playbook"] for one in TEMPLATES.values()}
    sources = {one["source_path"] for one in OBJECTS["controller_inventory_sources"]}
    assert [name for name in playbooks | sources if not (PROJECT / name).is_file()] == []
    assert {path.name for path in PROJECT.glob("*.yml")} == playbooks | sources


def imported() -> Iterator[str]:
    for path in PROJECT.glob("*.yml"):
        yield from re.findall(r"import_playbook: asr\.failback\.(\w+)", path.read_text())


def test_the_project_imports_playbooks_that_exist() -> None:
    there = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert set(imported()) <= there


def test_the_project_imports_a_drill_that_exists() -> None:
    assert "drill" in set(imported())


def surveys() -> Iterator[dict[str, Any]]:
    for one in chain(TEMPLATES.values(), WORKFLOWS.values()):
        assert bool(one.get("survey_enabled")) is ("survey_spec" in one)
        if "survey_spec" in one:
            yield one["survey_spec"]


def test_the_surveys_are_well_formed() -> None:
    for survey in surveys():
        assert_well_formed(survey)


def test_the_variables_of_templates_and_surveys_are_known_to_the_playbooks() -> None:
    known = known_variables()
    assert {"failback_hosts", "failback_confirm", "failback_commit_policy", "undo_failback_reason"} <= known
    asked = set(chain.from_iterable(map(variables_of, surveys())))
    given = set(chain.from_iterable(one.get("extra_vars", {}) for one in TEMPLATES.values()))
    assert (asked | given) - known == set()


def test_a_workflow_goes_from_its_start_to_templates_that_exist() -> None:
    for workflow in WORKFLOWS.values():
        nodes = {one["identifier"]: one for one in workflow["simplified_workflow_nodes"]}
        assert len(nodes) == len(workflow["simplified_workflow_nodes"])
        ways = ("success_nodes", "failure_nodes", "always_nodes")
        reached = {to for one in nodes.values() for way in ways for to in one.get(way, ())}
        assert (reached - set(nodes), set(nodes) - reached) == (set(), {"check"})
        assert {one["unified_job_template"] for one in nodes.values() if "approval_node" not in one} <= set(TEMPLATES)
        # What the workflow asks is handed to the jobs that ask for the same.
        for one in nodes.values():
            template = TEMPLATES.get(one.get("unified_job_template", ""), {})
            assert template.get("survey_spec", workflow["survey_spec"]) == workflow["survey_spec"]


def test_no_job_of_a_workflow_changes_anything_without_an_approval_right_before_it() -> None:
    """Each job that writes comes after an approval; the commit, after one of its own."""
    for workflow in WORKFLOWS.values():
        nodes = {one["identifier"]: one for one in workflow["simplified_workflow_nodes"]}
        before = {to: name for name, one in nodes.items() for to in one.get("success_nodes", ())}
        for name, one in nodes.items():
            template = TEMPLATES.get(one.get("unified_job_template", ""))
            if template and template["job_type"] == "run" and template["playbook"] != "status.yml":
                assert "approval_node" in nodes[before[name]], name


def test_schedules_only_start_what_changes_nothing_in_azure() -> None:
    for one in OBJECTS["controller_schedules"]:
        template = TEMPLATES[one["unified_job_template"]]
        assert template["extra_vars"]["failback_drill_level"] in ("readiness", "rehearsal")
        assert "survey_spec" not in template, "nobody is there to answer"
        start, rule = one["rrule"].split(" ")
        assert re.fullmatch(r"DTSTART:\d{8}T\d{6}Z", start)
        # The controller refuses a rule without an interval.
        assert "INTERVAL=" in rule
        first, second = list(rrulestr(f"{start}\n{rule}")[:2])
        assert first < second


def test_credentials_hold_no_secret_and_have_the_inputs_of_their_type() -> None:
    by_name = {one["name"]: one for one in OBJECTS["controller_credentials"]}
    azure = by_name["Failback - Azure"]["inputs"]
    assert set(azure) == AZURE_INPUTS
    (own,) = OBJECTS["controller_credential_types"]
    assert set(by_name[own["name"]]["inputs"]) == {one["id"] for one in own["inputs"]["fields"]}
    settings = load(AAP / "settings.yml")
    for one in by_name.values():
        for value in one["inputs"].values():
            assert re.fullmatch(r"\{\{ failback_aap_\w+ \}\}", value)
    assert [name for name in settings if "secret" in name or "password" in name] == []
    assert [one["id"] for one in own["inputs"]["fields"] if one.get("secret")] == ["password"]


def test_the_account_of_the_hosts_is_what_the_credential_hands_in() -> None:
    (own,) = OBJECTS["controller_credential_types"]
    hosts = load(PROJECT / "group_vars" / "hyperv_hosts.yml")
    used = {hosts[name].strip("{} ") for name in ("ansible_user", "ansible_password")}
    assert used == set(own["injectors"]["extra_vars"])


def test_the_rulebook_starts_a_template_that_exists() -> None:
    (rules,) = yaml.safe_load((ROOT / "extensions/eda/rulebooks/drill_on_queued_alert.yml").read_text())
    actions = [action for rule in rules["rules"] for action in rule["actions"]]
    (started,) = [one["run_job_template"]["name"] for one in actions if "run_job_template" in one]
    assert started in TEMPLATES
