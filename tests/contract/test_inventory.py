# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin is what its documentation says: options, examples, variables."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from support.bodies import VAULT, item
from support.playbook_runner import COLLECTIONS

from ansible_collections.asr.failback.plugins.module_utils.model.fabrics import parse_fabric, parse_provider
from ansible_collections.asr.failback.plugins.module_utils.model.inventory_facts import (
    Surroundings,
    default_groups,
    host_facts,
    vm_facts,
)
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Side, Stage
from ansible_collections.asr.failback.plugins.module_utils.model.listed_stage import ListedStage
from ansible_collections.asr.failback.plugins.module_utils.verbs.info import provider_entry
from ansible_collections.asr.failback.plugins.module_utils.verbs.inventory import INVENTORY

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "inventory.md").read_text(encoding="utf-8")
NAME = "asr.failback.site_recovery"
NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
SITE = parse_fabric({"id": f"{VAULT}/replicationFabrics/site1", "name": "site1", "properties": {}})
PROVIDER = parse_provider({"id": f"{SITE.id}/replicationRecoveryServicesProviders/p", "name": "p", "properties": {}})
KNOWN = ListedStage((Stage.FAILED_OVER,), Side.AZURE, "told")
VM = vm_facts(parse_item(item("Failback")), Surroundings(SITE, PROVIDER), KNOWN, NOW)
HOST = host_facts(provider_entry(PROVIDER, NOW), SITE)


@cache
def documentation() -> dict[str, Any]:
    shown = subprocess.run(
        ["ansible-doc", "--json", "--type", "inventory", NAME],
        env={"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), **os.environ},
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    return dict(json.loads(shown.stdout)[NAME])


def options() -> dict[str, Any]:
    return dict(documentation()["doc"]["options"])


def test_the_options_of_what_is_read_are_documented() -> None:
    for name, spec in INVENTORY.argument_spec.items():
        documented = options()[name]
        assert documented["type"] == spec["type"], name
        assert documented.get("choices") == spec.get("choices"), name
        assert bool(documented.get("required")) == bool(spec.get("required")), name
        assert documented.get("default") == spec.get("default"), name


def test_it_is_told_as_whole_sentences() -> None:
    for entry in (documentation()["doc"], *(options()[name] for name in INVENTORY.argument_spec)):
        lines = entry["description"] if isinstance(entry["description"], list) else [entry["description"]]
        assert all(line.rstrip().endswith((".", ")")) for line in lines), lines


def sources() -> list[dict[str, Any]]:
    """The sources that the documentation shows."""
    return [source for source in yaml.safe_load_all(documentation()["examples"]) if source]


def test_the_examples_have_options_that_exist() -> None:
    required = {name for name, option in options().items() if option.get("required")}
    assert len(sources()) > 1
    for source in sources():
        assert required <= set(source) <= set(options())


def section(title: str) -> str:
    """A section of the guide."""
    return GUIDE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_guide_has_each_variable_of_a_vm() -> None:
    rows = [line.split(" | ")[0] for line in section("Variables of a VM").splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(VM)


def test_the_guide_has_each_variable_of_a_host() -> None:
    assert set(re.findall(r"`(asr_\w+)`", section("Hyper-V hosts"))) == set(HOST)


def test_the_guide_has_each_kind_of_group() -> None:
    told = {f"asr_{kind}_" for kind, _name in default_groups({**VM, "asr_host": "hv01"}, ["shop"])}
    assert told == set(re.findall(r"^\| `(asr_[a-z]+_)[A-Z]+` \|", section("Groups"), re.MULTILINE))


def test_the_sources_in_the_guide_have_options_that_exist() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    of_sources = [block for block in blocks if not block.startswith(("# group_vars/", "# plans.yml"))]
    assert of_sources
    for block in of_sources:
        assert set(yaml.safe_load(block)) <= set(options()), block
