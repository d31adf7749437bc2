# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible patterns: what the specification of patterns asks for, and that galaxy-importer takes them."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from support.drills import ROOT
from support.surveys import assert_well_formed, known_variables, variables_of

PATTERNS = sorted((ROOT / "extensions" / "patterns").iterdir())
IDS = [path.name for path in PATTERNS]
TEXT = {"type": "string", "minLength": 1}
NAME = {"type": "string", "minLength": 1, "maxLength": 200}


def thing(required: dict[str, Any], **others: Any) -> dict[str, Any]:
    """The schema of an object that has all of the first, may have the others, and nothing else."""
    properties = {**required, **others}
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


# Version 1.0 of the schema of patterns, as far as these use it. What is unknown is refused, which that one does not.
LABELS = {"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True}
TEMPLATE = thing(
    {"name": NAME, "description": TEXT, "playbook": TEXT},
    execution_environment=TEXT,
    primary={"type": "boolean"},
    ask_credential_on_launch={"type": "boolean"},
    ask_inventory_on_launch={"type": "boolean"},
    ask_verbosity_on_launch={"type": "boolean"},
    labels=LABELS,
    survey={"type": "object"},
)
RESOURCES = thing(
    {
        "controller_project": thing({"name": NAME, "description": TEXT}),
        "controller_job_templates": {"type": "array", "minItems": 1, "items": TEMPLATE},
    },
    controller_execution_environment=thing(
        {"name": NAME, "description": TEXT, "image_name": {"type": "string", "pattern": "^[^/]+/[^/]+$"}},
        pull={"enum": ["always", "missing", "never"]},
    ),
    controller_labels=LABELS,
)
PATTERN = thing(
    {
        "schema_version": {"const": "1.0"},
        "name": {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
        "title": {"type": "string", "minLength": 1, "maxLength": 64},
        "description": TEXT,
        "short_description": {"type": "string", "pattern": r"[^.]$"},
        "aap_resources": RESOURCES,
    },
    tags={"type": "array", "items": TEXT, "uniqueItems": True},
)


def definition(pattern: Path) -> Any:
    return json.loads((pattern / "meta" / "pattern.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("pattern", PATTERNS, ids=IDS)
def test_a_pattern_is_what_the_specification_asks_for(pattern: Path) -> None:
    found = definition(pattern)
    assert [error.message for error in Draft202012Validator(PATTERN).iter_errors(found)] == []
    assert found["name"] == pattern.name
    resources = found["aap_resources"]
    environment = resources["controller_execution_environment"]["name"]
    labels = set(resources["controller_labels"])
    for template in resources["controller_job_templates"]:
        assert (pattern / "playbooks" / template["playbook"]).is_file()
        assert template["execution_environment"] == environment
        assert set(template["labels"]) <= labels
        assert_well_formed(template["survey"])
        # A controller takes a default for a question only as text.
        assert {type(one.get("default", "")) for one in template["survey"]["spec"]} == {str}
    assert sum(template.get("primary", False) for template in resources["controller_job_templates"]) == 1


@pytest.mark.parametrize("pattern", PATTERNS, ids=IDS)
def test_its_survey_asks_what_its_playbook_takes_and_the_playbooks_know(pattern: Path) -> None:
    for template in definition(pattern)["aap_resources"]["controller_job_templates"]:
        playbook = pattern / "playbooks" / template["playbook"]
        (spec,) = yaml.safe_load(playbook.with_suffix(".meta.yml").read_text())["argument_specs"].values()
        questions = {one["variable"]: one for one in template["survey"]["spec"]}
        assert set(spec["options"]) == set(questions) == variables_of(template["survey"])
        assert set(questions) <= known_variables()
        for name, option in spec["options"].items():
            assert option.get("choices") == questions[name].get("choices"), name
            assert option.get("required", "default" in option) is questions[name]["required"], name


def test_galaxy_importer_takes_them(caplog: pytest.LogCaptureFixture) -> None:
    finder = pytest.importorskip("galaxy_importer.finder")
    from galaxy_importer.constants import ContentType
    from galaxy_importer.file_parser import PatternsParser
    from galaxy_importer.loaders import get_loader_cls
    from galaxy_importer.utils.lint_version import is_lint_patterns_supported

    assert is_lint_patterns_supported(), "with an older ansible-lint, galaxy-importer does not look at patterns"
    with caplog.at_level(logging.WARNING):
        search = finder.ContentFinder()
        found = [one for one in search.find_contents(str(ROOT)) if one.content_type is ContentType.PATTERNS]
    assert (caplog.messages, search.omit_patterns) == ([], False)
    loaded = [get_loader_cls(one.content_type)(one.content_type, one.path, str(ROOT), None).load() for one in found]
    assert PatternsParser(str(ROOT), loaded).get_meta_patterns() == [definition(pattern) for pattern in PATTERNS]
