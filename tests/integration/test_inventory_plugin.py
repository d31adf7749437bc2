# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin as users run it: ansible-inventory and ansible-playbook, on the simulator.

What is told of a VM is in test_inventory.py. Starting Ansible takes seconds, so each run has many checks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.leaks import Hunt
from support.playbook_runner import PlaybookRunner
from support.scenarios import SITE, item_of, large_site, scenario_of

from asr_simulator.server import Simulator

ALLOWED_REQUESTS = 30
SECRET = "Canary-secret é\"'&+=%/"
# Others choose the names of VMs.
TEMPLATE = "{{ lookup('ansible.builtin.pipe', 'touch taken') }}"
SCENARIO = scenario_of(
    item_of("web01"),
    item_of("db-a", friendly_name="db"),
    item_of("db-b", friendly_name="DB", host="hv02"),
    item_of("odd-1", "protected", friendly_name="SQL Server [prod]"),
    item_of("odd-2", "protected", friendly_name=TEMPLATE, test_failover="waiting"),
    item_of("odd-3", "protected", friendly_name="localhost"),
    item_of("hv-vm", "protected", friendly_name="HV01"),
    item_of("grp-1", "protected", friendly_name="asr_vms"),
    item_of("grp-2", "protected", friendly_name="asr_plan_shop"),
    item_of("erp", "synchronizing", cloud="cloud1"),
    item_of("other", "protected", provider="InMageRcm"),
    recovery_plans=[
        {"name": "shop", "groups": [["web01"], ["db-a"]]},
        {"name": "web-1", "groups": [["web01"]]},
        {"name": "web_1", "groups": [["db-b"]]},
    ],
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaybookRunner]:
    """A vault in which time stands still, and a folder with sources."""
    folder = tmp_path_factory.mktemp("inventory")
    with Simulator.start(SCENARIO, folder / "simulator", speed=0) as simulator:
        yield PlaybookRunner(simulator, folder)


def listed(ground: PlaybookRunner, path: Path, *arguments: str) -> tuple[dict[str, set[str]], dict[str, Any], str]:
    """The groups with their hosts, the variables of each host, and the warnings."""
    done = ground.list_inventory("-i", str(path), "--list", *arguments)
    assert done.returncode == 0, done.stderr
    # How Ansible marks a text that is no template.
    found = json.loads(done.stdout, object_hook=lambda entry: entry.get("__ansible_unsafe", entry))
    variables = found.pop("_meta")["hostvars"]
    return {name: set(group.get("hosts", ())) for name, group in found.items()}, variables, done.stderr


def squeezed(text: str) -> str:
    """A text without blanks: before ansible-core 2.19, lines of warnings are broken anywhere."""
    return "".join(text.split())


def test_the_vault_is_an_inventory(ground: PlaybookRunner) -> None:
    groups, variables, warnings = listed(ground, ground.source("default"))
    template = "___lookup__ansible.builtin.pipe____touch_taken_____"
    odd = {"SQL_Server__prod_", template, "localhost_odd-3", "HV01_hv-vm", "asr_vms_grp-1", "asr_plan_shop_grp-2"}
    # One name of two VMs is that of neither, nor is that of a Hyper-V host, of the controller, or of a group.
    assert groups["asr_vms"] == {"web01", "db_db-a", "DB_db-b", "erp", *odd}
    assert groups["hyperv_hosts"] == {"hv01", "hv02", "vmm01"}
    assert groups["asr_stage_failed_over"] == {"web01", "db_db-a", "DB_db-b"}
    assert (groups["asr_stage_protected"], groups["asr_stage_busy"]) == (odd - {template}, {template})
    assert groups["asr_stage_unknown"] == {"erp"}
    assert groups["asr_site_site1"] == {"web01", "db_db-a", "DB_db-b", *odd}
    assert groups["asr_site_vmm01"] == groups["asr_host_vmm01"] == {"erp"}
    assert groups["asr_host_hv02"] == {"DB_db-b"}
    assert groups["asr_plan_shop"] == {"web01", "db_db-a"}
    assert groups["asr_plan_web_1"] == {"web01", "DB_db-b"}
    assert squeezed("The group asr_plan_web_1 has the VMs of both web-1 and web_1.") in squeezed(warnings)

    vm, host = variables["db_db-a"], variables["hv01"]
    assert vm["failback_replicated_item"] == vm["asr_id"]
    assert vm["asr_id"].endswith("/replicationProtectedItems/db-a")
    connection = ground.simulator.connection
    assert vm["failback_resource_group"] == connection["resource_group"]
    assert vm["failback_vault_name"] == connection["vault_name"]
    assert all(name.startswith(("asr_", "failback_")) for name in vm)
    assert (host["asr_connection_status"], host["asr_fabric"]) == ("Connected", "site1")
    assert not any(name.startswith("failback_") for name in host)
    assert "whether it copies or completes" in variables["erp"]["asr_stage_reason"]
    # No template, whatever it looks like.
    assert variables[template]["asr_friendly_name"] == TEMPLATE
    assert not (ground.folder / "taken").exists()


def test_options_choose_and_name_and_group_and_what_was_read_is_kept(
    ground: PlaybookRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ground.source(
        "options",
        resource_group="{{ lookup('ansible.builtin.env', 'GROUP_OF_VAULT') }}",
        vault_name="{{ name_of_vault }}",
        secret="{{ lookup('ansible.builtin.file', 'secret.txt') }}",
        disable_instance_discovery="{{ true }}",
        include_host_filters=["asr_stage == 'failed_over'", "asr_stage == 'unknown'"],
        exclude_host_filters=["asr_host == 'hv02'", "asr_friendly_name is match('nothing')"],
        hostnames=["missing_variable", "(friendly_name ~ '.' ~ fabric) | upper"],
        hyperv_hosts=False,
        default_groups=False,
        compose={"size": "asr_disks | length", "broken": "no_such_variable"},
        groups={"in_plan": "asr_recovery_plans | length > 0", "nobody": "asr_recovery_plans is undefined"},
        keyed_groups=[{"key": "asr_fabric_type", "prefix": "kind"}],
        cache=True,
        cache_plugin="ansible.builtin.jsonfile",
        cache_connection=str(ground.folder / "cache"),
    )
    connection = ground.simulator.connection
    (ground.folder / "secret.txt").write_text(connection["client_secret"])
    environment = {"GROUP_OF_VAULT": connection["resource_group"], "AZURE_SECRET": ""}
    monkeypatch.setattr(ground, "environment", environment)
    arguments = ("-e", f"name_of_vault={connection['vault_name']}", "--playbook-dir", str(ground.folder))
    first = listed(ground, source, *arguments)
    groups, variables, _warnings = first
    assert groups["asr_vms"] == {"WEB01.SITE1", "DB.SITE1", "ERP.VMM01"}
    assert groups["in_plan"] == {"WEB01.SITE1", "DB.SITE1"}
    assert (groups["kind_HyperVSite"], groups["kind_VMM"]) == ({"WEB01.SITE1", "DB.SITE1"}, {"ERP.VMM01"})
    assert not [name for name in groups if name.startswith(("asr_stage", "asr_plan", "hyperv", "nobody"))]
    # Before ansible-core 2.19, what an expression makes is a text.
    assert int(variables["WEB01.SITE1"]["size"]) == 1
    assert "broken" not in variables["WEB01.SITE1"]
    assert variables["WEB01.SITE1"]["failback_vault_name"] == connection["vault_name"]

    before = ground.simulator.journal.count
    assert listed(ground, source, *arguments) == first
    assert ground.simulator.journal.count == before
    kept = list((ground.folder / "cache").iterdir())
    assert len(kept) == 1
    assert Hunt({"secret": connection["client_secret"]}).found_below([ground.folder / "cache"]) == []

    # What was kept of one vault is no answer about another.
    other = ground.list_inventory("-i", str(source), "--list", "-e", "name_of_vault=other", *arguments[2:])
    assert "web01" not in other.stdout.lower()
    assert squeezed("Inventory of vault other:") in squeezed(other.stderr)


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "typo": ({"exclude_host_filter": ["true"]}, "exclude_host_filter (did you mean exclude_host_filters?)"),
    "filter": ({"exclude_host_filters": ["asr_no_such_thing > 1"]}, "The filter 'asr_no_such_thing > 1' failed for"),
    "names": ({"hostnames": ["'same'"]}, "hostnames makes the same name 'same' of several hosts: /Subscriptions/"),
    "strict": ({"hostnames": ["asr_no_such_thing"], "strict": True}, "The expression 'asr_no_such_thing' in hostnames"),
    "empty": ({"vault_name": ""}, "vault_name is empty"),
    "type": ({"job_pages": "many"}, "job_pages"),
    "number": ({"job_pages": -1}, "job_pages is -1, less than 0"),
    "template": ({"tenant": "{{ no_such_variable }}"}, "The option tenant cannot be rendered"),
    "vault": ({"vault_name": "nowhere"}, "Inventory of vault nowhere:"),
    "secret": ({"secret": SECRET}, "Invalid client secret provided"),
    "source": ({"auth_source": "nothing"}, "auth_source"),
    # Neither a text nor a list, nor empty: only some of the VMs have such a value, and the first ones do not.
    "key": ({"keyed_groups": [{"key": "asr_test_failover_open", "prefix": "test"}]}, "Invalid group name format"),
    "compose": ({"compose": {"size": "{'web01': 1}[asr_friendly_name]"}, "strict": True}, "Could not set size for"),
    "group": (
        {"keyed_groups": [{"key": "asr_friendly_name", "prefix": "", "separator": ""}]},
        "A host and a group would have the same name: ",
    ),
    "plans": (
        {"recovery_plans": False, "exclude_host_filters": ["'shop' in asr_recovery_plans"]},
        "The filter ''shop' in asr_recovery_plans' failed for",
    ),
}


def test_mistakes_are_said_in_a_sentence_without_secret_and_traceback(ground: PlaybookRunner) -> None:
    sources = [
        part for name, (options, _said) in MISTAKES.items() for part in ("-i", str(ground.source(name, **options)))
    ]
    done = ground.list_inventory(*sources, "--list", "-vvvv")
    said = squeezed(done.stderr)
    assert [name for name, (_options, words) in MISTAKES.items() if squeezed(words) not in said] == []
    assert "Traceback" not in done.stderr + done.stdout
    assert Hunt({"secret": SECRET, "own": ground.simulator.connection["client_secret"]}).found_in(done.stderr) == []
    # Not a part of the hosts of any of them either.
    shown = json.loads(done.stdout[done.stdout.index("\n{") :])
    assert shown["all"] == {"children": ["ungrouped"]}
    assert "failback_replicated_item" not in done.stdout


def test_vms_of_one_name_in_several_sources_do_not_become_one_host(
    ground: PlaybookRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = [{"name": name} for name in ("own01", "foreign01", "erp", "WEB01")]
    items = [item_of(name, host="own01") for name in ("web01", "solo")]
    second = scenario_of(*items, fabrics=[{**SITE, "name": "site2", "hosts": hosts}], vault={"name": "vault-b"})
    with Simulator.start(second, tmp_path / "simulator", speed=0) as other:
        trusted = "".join(Path(one.connection["ca_bundle"]).read_text() for one in (ground.simulator, other))
        (tmp_path / "both.pem").write_text(trusted)
        monkeypatch.setattr(ground, "environment", {"REQUESTS_CA_BUNDLE": str(tmp_path / "both.pem")})
        reached = {
            "cloud_environment": other.connection["resource_manager"],
            "vault_name": "vault-b",
            **{name: other.connection[name] for name in ("resource_group", "subscription_id", "client_id")},
            "tenant": other.connection["tenant_id"],
            "secret": other.connection["client_secret"],
        }
        static = tmp_path / "static.yml"
        static.write_text(
            yaml.safe_dump(
                {
                    "all": {
                        "hosts": {"db_db-a": {"mine": 1}, "erp_erp": {"failback_replicated_item": "ERP"}},
                        "children": {
                            "erp": {"hosts": {"elsewhere": {}}},
                            "hyperv_hosts": {"hosts": {"localhost_odd-3": {}}},
                        },
                    }
                }
            )
        )
        first = ("-i", str(static), "-i", str(ground.source("first")), "-i")
        clash = ground.list_inventory(*first, str(ground.source("clash", **reached)), "--list")
        options = {
            "hostnames": ["friendly_name ~ '.' ~ fabric"],
            "hyperv_host_filters": ["not asr_friendly_name.startswith('foreign')"],
        }
        apart = ground.source("apart", **reached, **options)
        groups, variables, warnings = listed(ground, static, *first[2:], str(apart))
    found = json.loads(clash.stdout, object_hook=lambda entry: entry.get("__ansible_unsafe", entry))
    mine = found["_meta"]["hostvars"]["web01"]
    assert mine["failback_vault_name"] == ground.simulator.connection["vault_name"]
    assert "solo" not in found["_meta"]["hostvars"]
    said = squeezed("Different VMs would become one host: host web01 is ")
    assert said in squeezed(clash.stderr)
    assert {"web01", "web01.site2", "solo.site2"} <= groups["asr_vms"]
    assert variables["web01.site2"]["failback_vault_name"] == "vault-b"
    # What other sources hold of a VM stays, and no name of theirs comes to mean something else.
    assert (variables["db_db-a"]["mine"], variables["db_db-a"]["asr_friendly_name"]) == (1, "db")
    assert variables["erp_erp"]["failback_replicated_item"] == variables["erp_erp"]["asr_id"]
    assert "failback_replicated_item" not in variables.get("elsewhere", {})
    assert groups["erp"] == {"elsewhere"}
    assert groups["hyperv_hosts"] == {"localhost_odd-3", "hv01", "hv02", "vmm01", "own01"}
    assert "localhost_odd-3" not in groups["asr_vms"]
    for name in ("erp", "WEB01"):
        assert squeezed(f"The Hyper-V host {name} is left out") in squeezed(warnings)


def test_other_files_are_left_alone(ground: PlaybookRunner) -> None:
    source = ground.source("left")
    other = source.rename(ground.folder / "vault.yml")
    done = ground.list_inventory("-i", str(other), "--list")
    assert squeezed("could not be verified") in squeezed(done.stderr)


def test_a_thousand_vms_are_shown_with_few_requests(tmp_path: Path) -> None:
    with Simulator.start(large_site(1000, 50), tmp_path / "simulator", speed=0) as simulator:
        ground = PlaybookRunner(simulator, tmp_path)
        done = ground.list_inventory("-i", str(ground.source("vault")), "--graph", "asr_stage_failed_over")
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("--vm") == 1000
        assert simulator.journal.count <= ALLOWED_REQUESTS


def test_the_playbook_brings_back_what_the_vault_holds(stage: Any) -> None:
    vault: PlaybookRunner = stage(scenario_of("web01", item_of("Old DB 2"), item_of("app01", "protected")))
    vault.variables = {name: vault.variables[name] for name in ("failback_poll_interval", "failback_wait_timeout")}
    vault.knows_hosts().reads_vault()
    run = vault.play("failback", {}, "-e", "failback_hosts=asr_stage_failed_over")
    assert run.status == 0, run.output
    assert {host: result["outcome"] for host, result in run.results.items()} == {
        "web01": "protected",
        "Old_DB_2": "protected",
    }
    assert set(vault.stages().values()) == {"protected"}
    assert vault.token_requests() == 1
