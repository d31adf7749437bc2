# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is documented is what is: options, attributes, groups, the role's defaults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.documented import documentation
from support.module_contracts import CONTRACTS
from support.playbook_documents import FACTS, VARIABLES

from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Stage
from ansible_collections.asr.failback.plugins.module_utils.runner.contract import Contract
from ansible_collections.asr.failback.plugins.plugin_utils.role_options import OF_ROLE, OTHERS
from asr_simulator.hyperv.host_faults import OF_HOSTS, OF_MACHINES
from asr_simulator.scenarios import load
from asr_simulator.world import World, build_world

ROOT = Path(__file__).resolve().parents[2]
REHEARSAL = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
GROUP, VERBS, HOSTS, OF_ROLES = "failback", "verbs", "hosts", "role_connection"
SECRETS = {"secret", "password", "winrm_password"}
ATTRIBUTES = {"check_mode", "diff_mode", "idempotent", "action_group"}
CASES = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
ROLES = pytest.mark.parametrize("role", sorted(path.name for path in (ROOT / "roles").iterdir()))


def doc(contract: Contract) -> dict[str, Any]:
    return dict(documentation()[contract.name]["doc"])


def option(entry: dict[str, Any]) -> dict[str, Any]:
    """What an argument spec and the documentation of an option have in common, defaults of both written out."""
    return {
        "type": entry.get("type", "str"),
        "required": bool(entry.get("required", False)),
        "default": entry.get("default"),
        "choices": list(entry["choices"]) if entry.get("choices") else None,
        "aliases": sorted(entry.get("aliases") or ()),
        "elements": entry.get("elements"),
    }


@CASES
def test_the_documented_options_are_the_options(contract: Contract) -> None:
    documented = {name: option(entry) for name, entry in doc(contract)["options"].items()}
    assert documented == {name: option(entry) for name, entry in contract.argument_spec.items()}


@CASES
def test_the_documented_suboptions_are_the_suboptions(contract: Contract) -> None:
    for name, entry in contract.argument_spec.items():
        documented = doc(contract)["options"][name].get("suboptions") or {}
        suboptions = entry.get("options") or {}
        assert {key: option(value) for key, value in documented.items()} == {
            key: option(value) for key, value in suboptions.items()
        }
        assert {key for key, value in suboptions.items() if value.get("no_log")} == SECRETS & set(suboptions)


@CASES
def test_secrets_are_not_logged(contract: Contract) -> None:
    hidden = {name for name, entry in contract.argument_spec.items() if entry.get("no_log")}
    assert hidden == SECRETS & set(contract.argument_spec)


@CASES
def test_rules_between_options_name_options(contract: Contract) -> None:
    rules = dict(contract.rules)
    needed = rules.pop("required_by", {})
    conditions = [(option, *others) for option, _value, others in rules.pop("required_if", ())]
    named = {name for pairs in (conditions, *rules.values()) for pair in pairs for name in pair}
    assert {*named, *needed, *needed.values()} <= set(contract.argument_spec)


@CASES
def test_every_module_tells_how_it_behaves(contract: Contract) -> None:
    attributes = doc(contract)["attributes"]
    assert attributes["check_mode"]["support"] == "full"
    sides = ((GROUP, contract.asks_azure), (HOSTS, contract.asks_hosts and not contract.asks_azure))
    groups = [name for name, fits in (*sides, (VERBS, contract.waits)) if fits]
    assert set(attributes) >= (ATTRIBUTES if groups else ATTRIBUTES - {"action_group"})
    told = attributes.get("action_group", {"membership": []})["membership"]
    assert told == [f"asr.failback.{group}" for group in groups]
    assert all(entry["support"] == "full" or entry.get("details") for entry in attributes.values())


@CASES
def test_every_module_is_described_by_whole_sentences(contract: Contract) -> None:
    shown = doc(contract)
    assert not shown["short_description"].endswith(".")
    for entry in (shown, *shown["options"].values()):
        lines = entry["description"] if isinstance(entry["description"], list) else [entry["description"]]
        assert all(line.rstrip().endswith((".", ")")) for line in lines), lines


@CASES
def test_every_module_has_examples_and_return_values(contract: Contract) -> None:
    entry = documentation()[contract.name]
    tasks = yaml.safe_load(entry["examples"])
    assert any(f"asr.failback.{contract.name}" in task for task in tasks)
    assert all(task["name"][0].isupper() for task in tasks)
    for name, value in entry["return"].items():
        assert {"description", "returned", "type"} <= set(value), name
        assert value["type"] != "list" or value["elements"], name


def runtime() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text()))


def test_every_module_is_in_its_action_groups() -> None:
    groups = dict(runtime()["action_groups"])
    # What the roles set must reach every module that they run.
    assert groups.pop(OF_ROLES) == [{"metadata": {"extend_group": [GROUP]}}]
    assert {name: sorted(members) for name, members in groups.items()} == {
        # Defaults of a group go to all of it, and hosts know no vault.
        GROUP: sorted(name for name, contract in CONTRACTS.items() if contract.asks_azure),
        HOSTS: sorted(name for name, contract in CONTRACTS.items() if contract.asks_hosts and not contract.asks_azure),
        VERBS: sorted(name for name, contract in CONTRACTS.items() if contract.waits),
    }


@pytest.mark.parametrize("kind", ["modules", "action"])
def test_every_contract_has_a_module_and_an_action_plugin(kind: str) -> None:
    files = {path.stem for path in (ROOT / "plugins" / kind).glob("*.py")}
    assert files == set(CONTRACTS)


def test_redirects_lead_to_plugins_that_exist() -> None:
    for kind, plugins in runtime().get("plugin_routing", {}).items():
        for name, entry in plugins.items():
            target = entry["redirect"].removeprefix("asr.failback.")
            assert (ROOT / "plugins" / kind / f"{target}.py").is_file(), name


def role_options(role: str) -> dict[str, Any]:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return dict(specs["main"]["options"])


@ROLES
def test_the_defaults_of_a_role_are_those_of_its_argument_spec(role: str) -> None:
    defaults = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text())
    options = role_options(role)
    documented = {name: entry["default"] for name, entry in options.items() if "default" in entry}
    # Templates stand for what the argument spec can only tell in words.
    plain = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    assert plain == documented
    assert set(defaults) <= set(options)
    assert not [name for name, entry in options.items() if entry.get("required") and "default" in entry]


@ROLES
def test_every_option_of_a_role_bears_its_name_and_is_described(role: str) -> None:
    options = role_options(role)
    assert all(name.startswith(f"{role}_") for name in options)
    assert all(entry["description"] and entry["type"] for entry in options.values())


# The variables and facts of the playbooks, beyond those of the roles.
OF_PLAYBOOKS = {*VARIABLES, *FACTS}


@ROLES
def test_the_readme_of_a_role_names_only_options_that_exist(role: str) -> None:
    readme = (ROOT / "roles" / role / "README.md").read_text()
    # Not the names of files, such as a link to the reference.
    named = set(re.findall(rf"(?<![/\w]){role}_[a-z_]+\b(?!\.md)", readme))
    assert named - set(role_options(role)) - OF_PLAYBOOKS == set()
    assert {name for name, entry in role_options(role).items() if entry.get("required")} <= named


def read_by(role: str) -> list[tuple[str, str]]:
    """The variables with a role's prefix in its tasks, each with what follows it in its line."""
    stages = {stage.value for stage in Stage}
    files = [path for folder in ("tasks", "vars") for path in (ROOT / "roles" / role / folder).glob("*.yml")]
    # Not the names of modules and filters.
    found = [match for path in files for match in re.findall(rf"(?<![\w.])({role}_\w+)(?=(.*))", path.read_text())]
    return [(name, rest) for name, rest in found if name not in stages]


@ROLES
def test_a_role_reads_all_of_its_options_and_nothing_else(role: str) -> None:
    read = {name for name, _rest in read_by(role)}
    assert read - set(role_options(role)) - OF_PLAYBOOKS == set()
    # The action plugin of the module of the same name reads those that are options of the module.
    module = {f"failback_{name}" for name in CONTRACTS["failback"].argument_spec} if role == "failback" else set()
    own = OF_ROLE if role == "failback" else set()
    assert set(role_options(role)) - read - module - own == set()


@ROLES
def test_an_option_of_a_role_that_may_be_missing_is_not_read_without_saying_so(role: str) -> None:
    defaults = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text())
    loose = {name for name, entry in role_options(role).items() if not entry.get("required") and name not in defaults}
    assert [
        one for one in read_by(role) if one[0] in loose and not re.match(r" (\| default\(|is defined)", one[1])
    ] == []


def test_the_role_knows_the_variables_that_are_not_its_options() -> None:
    assert {name for name in OF_PLAYBOOKS if name.startswith("failback_")} == OTHERS


def test_the_options_that_a_role_hands_on_have_the_module_s_choices() -> None:
    options, modules = role_options("failback"), CONTRACTS["planned_failover"].argument_spec
    for name in ("data_sync", "create_vm_if_missing"):
        assert option(options[f"failback_{name}"]) == option(modules[name])


@pytest.mark.parametrize(
    ("thing", "faults"), [("host", OF_HOSTS), ("vm", OF_MACHINES)], ids=["faults of hosts", "faults of VMs"]
)
def test_every_fault_of_the_hosts_is_described(thing: str, faults: Mapping[frozenset[str], Any]) -> None:
    rows = re.findall(rf'^\| `{{"{thing}": \w+, "(\w+)"', REHEARSAL, re.MULTILINE)
    assert [sorted(keys) for keys in faults if not keys & set(rows)] == []


def scenario_of_the_page() -> dict[str, Any]:
    """The scenario that the page shows, as somebody would copy it."""
    (text,) = re.findall(r"```yaml\n(# mine.yml\n.*?)```", REHEARSAL, re.DOTALL)
    return dict(yaml.safe_load(text))


def test_the_scenario_of_the_page_is_one() -> None:
    world = build_world(load(scenario_of_the_page()))
    assert {item["name"]: item["stage"] for item in world.state()["items"]} == {
        item["name"]: item["stage"] for item in scenario_of_the_page()["items"]
    }


def faults_of_the_page() -> Iterator[str]:
    """What is written there for a service fault: the rows of its tables, and what curl is to send."""
    yield from re.findall(r"`({\"(?:operation|item|jobs|plan|azure_vm|tokens|principal|host|vm)\": .*?})`", REHEARSAL)
    yield from re.findall(r"""curl --json '{"service": ({.*?})}' "\$control/faults""", REHEARSAL)


# What the rows call H, H2, V and P: of a cluster below VMM, and of a site.
NAMES: tuple[dict[str, str], ...] = (
    {"H": "hv03.example.com", "H2": "hv04.example.com", "V": "erp01", "P": "shop"},
    {"H": "hv01.example.com", "H2": "hv02.example.com", "V": "web01", "P": "shop"},
)


def is_understood(world: World, text: str, names: Mapping[str, str]) -> bool:
    """Whether a fault is one where its letters stand for these names."""
    try:
        world.check_fault(json.loads(re.sub(r": (H2?|V|P)(?=[,}])", lambda found: f': "{names[found[1]]}"', text)))
    except ValueError:
        return False
    return True


def test_every_fault_of_the_page_is_understood() -> None:
    mine, one_vm = build_world(load(scenario_of_the_page())), build_world(load("one_vm"))
    places = [(mine, names) for names in NAMES] + [(one_vm, NAMES[0])]
    texts = list(faults_of_the_page())
    assert len(texts) > 65
    assert [text for text in texts if not any(is_understood(world, text, names) for world, names in places)] == []
