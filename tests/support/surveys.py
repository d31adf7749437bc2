# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a survey of an automation controller may ask, and what the playbooks would know of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from support.drills import ROOT

# The types of questions, and those that let one choose.
TYPES = {"text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"}
CHOOSING = {"multiplechoice", "multiselect"}
PARTS = {"question_name", "question_description", "variable", "type", "required"}


def assert_well_formed(survey: Mapping[str, Any]) -> None:
    """See that a controller takes the survey."""
    assert set(survey) == {"name", "description", "spec"}
    variables = [question["variable"] for question in survey["spec"]]
    assert len(set(variables)) == len(variables)
    for question in survey["spec"]:
        assert set(question) >= PARTS, question
        assert question["type"] in TYPES
        assert ("choices" in question) is (question["type"] in CHOOSING)
        if "default" in question and "choices" in question:
            assert question["default"] in question["choices"]
        if known := choices_of_roles().get(question["variable"]):
            assert set(question.get("choices", ())) <= known, question


def variables_of(survey: Mapping[str, Any]) -> set[str]:
    """The variables that a survey sets."""
    return {question["variable"] for question in survey["spec"]}


def choices_of_roles() -> dict[str, set[str]]:
    """The values that an option of a role takes, for those that take only some."""
    return {name: set(option["choices"]) for name, option in _options() if "choices" in option}


def known_variables() -> set[str]:
    """The variables that roles and playbooks know: those of argument specs, and those of the playbooks' reference."""
    known = set(yaml.safe_load((ROOT / "meta" / "reference.yml").read_text())["variables"])
    return known | {name for name, _option in _options()}


def _options() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in (ROOT / "roles").glob("*/meta/argument_specs.yml"):
        yield from yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"].items()
