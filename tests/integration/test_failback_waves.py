# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of waves from what the modules return of a vault and of its hosts, and the filter in a play."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from support.playbook_runner import HERE
from support.scenarios import item_of, scenario_of

from ansible_collections.asr.failback.plugins.filter.failback_waves import EXAMPLES, FilterModule

failback_waves = FilterModule().filters()["failback_waves"]
NODES = [f"hv0{number}.contoso.example" for number in (1, 2)]
DISKS = [{"name": "os", "gb": 4, "os": True}, {"name": "data", "gb": 8}]
GB = 2**30


def vault_of(**memory: int) -> dict[str, Any]:
    """A plan of three VMs in two groups, and a cluster of two nodes with so many GB of memory each."""
    hosts = [{"name": node, "cluster": "clu", **memory} for node in NODES]
    items = [item_of(name, disks=DISKS, host=NODES[number % 2]) for number, name in enumerate(("db", "app", "web"))]
    plans = [{"name": "shop", "groups": [["db"], ["app", "web"]]}]
    site = {"name": "site1", "type": "HyperVSite", "hosts": hosts}
    group = {"resource_group": "rg-recovery", "name": "vault-recovery"}
    return scenario_of(*items, fabrics=[site], recovery_plans=plans, vault=group)


def read(vault: Any) -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
    """The VMs, the recovery plan and the hosts, as the modules return them."""
    vault.knows_hosts()
    items = vault.run("replicated_item_info", full=True)["replicated_items"]
    (plan,) = vault.run("recovery_plan_info", name="shop", full=True)["recovery_plans"]
    return items, plan, [vault.run("hyperv_host_info", host=node)["host"] for node in NODES]


def test_what_the_modules_return_is_all_that_a_plan_needs(driver: Any) -> None:
    items, plan, hosts = read(driver(vault_of(memory_gb=64)))
    planned = failback_waves(items, recovery_plan=plan, hosts=hosts, per_host=1, per_site=2, per_cluster=2)
    named = [[one["name"] for one in wave["vms"]] for wave in planned["waves"]]
    assert named == [["db"], ["app", "web"]]
    db = planned["waves"][0]["vms"][0]
    assert (db["host"], db["cluster"], db["site"], db["group"]) == (NODES[0], "clu", "site1", 1)
    assert db["vault"].endswith("/vaults/vault-recovery")
    assert db["disk_bytes"] == 12 * GB
    assert db["memory_bytes"] == next(vm["memory_bytes"] for vm in hosts[0]["vms"] if vm["name"] == "db")
    assert planned["memory"]["status"] == "pass"
    assert [one["status"] for one in planned["memory"]["clusters"]] == ["pass"]
    # From where a VM has run in Azure how long, nothing of this tells.
    assert db["data_sync"]["option"] is None
    assert planned["totals"]["cut_over"]["seconds"] is None


def test_too_little_memory_is_refused_by_name(driver: Any) -> None:
    items, _plan, hosts = read(driver(vault_of(memory_gb=64)))
    for host in hosts:
        host["free_memory_bytes"] = GB
    with pytest.raises(
        AnsibleFilterError, match=r"asr\.failback\.failback_waves: These VMs cannot .* GB short"
    ) as failed:
        failback_waves([{**item, "memory_bytes": 3 * GB} for item in items], hosts=hosts)
    assert "cluster clu does not survive the loss of" in str(failed.value)
    assert "app needs 3.0 GB of memory and does not fit host hv02.contoso.example" in str(failed.value)


@pytest.mark.parametrize("options", [{"per_hosts": 1}, {"n_plus_1": "perhaps"}, {"per_host": 0}], ids=str)
def test_options_that_are_none_fail_without_a_traceback(options: dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match=next(iter(options)) if "n_plus_1" not in options else "perhaps"):
        failback_waves([{"name": "a"}], **options)


def test_the_filter_plans_in_a_play(stage: Any, tmp_path: Any) -> None:
    vault = stage(vault_of(memory_gb=64)).knows_hosts()
    tasks = yaml.safe_load(EXAMPLES)
    tasks.append({"name": "Show the plan", "ansible.builtin.debug": {"msg": "{{ plan.totals.waves }} waves in all"}})
    playbook = tmp_path / "waves.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "here", "gather_facts": False, "tasks": tasks}]))
    played = vault.play(str(playbook), {"here": HERE})
    assert played.status == 0, played.output
    assert "wave 2: web01: tier 2; depends on db01, which is in wave 1" in played.output
    assert "2 waves in all" in played.output
    assert vault.writes() == []
