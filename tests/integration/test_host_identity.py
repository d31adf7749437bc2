# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host under two names is one host, and one that answers under another's name is not that other one."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import CLOUD, STARTER, item_of, scenario_of

HV01, HV02 = "hv01.c.example", "hv02.c.example"
SITE = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": HV01}, {"name": HV02}]}


def site(driver: Any, stage: str = "failed_over", **host: Any) -> Any:
    fabric = {**SITE, "hosts": [{**one, **host} for one in SITE["hosts"]]}
    return driver(scenario_of(item_of("vm1", stage, host=HV01), fabrics=[fabric, CLOUD])).knows_hosts()


def finding(vault: Any, identifier: str) -> dict[str, Any]:
    found = vault.run("failback_prereq", replicated_item="vm1")["findings"]
    return next(one for one in found if one["id"] == identifier)


def forget_provider(vault: Any) -> None:
    """The vault no longer has the provider of the VM's host, so that every named host is asked."""

    def forget(world: Any) -> None:
        (fabric,) = (one for one in world.vault.fabrics if one.is_site)
        fabric.providers[:] = [one for one in fabric.providers if one.friendly_name != HV01]

    vault.simulator.locked(forget)


@pytest.mark.parametrize("alias", ["hv01-management", "192.0.2.5", "HV01.other.example"])
@pytest.mark.parametrize("cim", ["denied", "allowed"])
def test_a_copy_of_a_host_with_two_names_counts_once(driver: Any, alias: str, cim: str) -> None:
    vault = site(driver, "failback_commit_pending")
    vault.inventory[alias] = dict(vault.inventory[HV01])
    for host in (HV01, HV02):
        vault.trouble(host=host, cim=cim)
    forget_provider(vault)
    result = vault.run(
        "commit", replicated_item="vm1", policy="now", accept_unseen=[{"vm": "vm1", "sides": ["on_premises"]}]
    )
    states = [one["state"] for one in result["split_brain_check"]["before"][0]["on_premises"] if one["host"]]
    assert states.count("Running") == 1


def test_two_hosts_without_rights_to_cim_are_still_two(driver: Any) -> None:
    vault = site(driver)
    vault.run("planned_failover", replicated_item="vm1", target_host=HV02, data_sync="during_failover")
    for host in (HV01, HV02):
        vault.trouble(host=host, cim="denied")
    vault.trouble(host=HV01, vm="vm1", power="running")
    assert "two copies run there" in vault.fail("commit", replicated_item="vm1", policy="now")["msg"]


def test_two_hosts_made_of_one_disk_are_still_two(driver: Any) -> None:
    vault = site(driver)
    vault.trouble(host=HV02, image=HV01)
    vault.run("planned_failover", replicated_item="vm1", target_host=HV02, data_sync="during_failover")
    vault.trouble(host=HV01, vm="vm1", power="running")
    assert "two copies run there" in vault.fail("commit", replicated_item="vm1", policy="now")["msg"]


def test_a_name_that_leads_to_another_host_proves_nothing_of_its_own(driver: Any) -> None:
    vault = driver(scenario_of(item_of("vm1", host=HV02), fabrics=[SITE, CLOUD])).knows_hosts()
    vault.inventory[HV02] = dict(vault.inventory[HV01])
    told = f"the host at the address of {HV02} says that it is {HV01}"
    assert finding(vault, "host_identity")["status"] == "warn"
    assert told in finding(vault, "host_identity")["seen"]
    assert finding(vault, "on_premises_vm_off")["status"] == "not_checked"
    assert finding(vault, "on_premises_vm")["status"] == "not_checked"


def test_a_site_s_host_that_is_asked_under_another_s_address_was_not_asked(driver: Any) -> None:
    vault = site(driver)
    vault.inventory[HV02] = dict(vault.inventory[HV01])
    vault.simulator.locked(
        lambda world: world.hyperv.remove(next(one for one in world.hyperv.machines() if one.name == "vm1"))
    )
    off = finding(vault, "on_premises_vm_off")
    assert (off["status"], f"the host at the address of {HV02} is {HV01}" in off["cause"]) == ("not_checked", True)
    assert f"which was asked as {HV01} too" in finding(vault, "host_identity")["seen"]


def test_a_host_tells_its_name_without_rights_to_cim(driver: Any) -> None:
    vault = site(driver, cluster="clu")
    vault.trouble(host=HV01, cim="denied")
    host = vault.run("hyperv_host_info", host=HV01)["host"]
    assert (host["computer"], host["fqdn"], len(host["machine_guid"])) == ("HV01", HV01, 36)
    assert finding(vault, "host_identity")["seen"] == HV01


@pytest.mark.parametrize("step", ["undo_failback", "commit"])
def test_a_vm_that_was_found_under_the_name_of_another_host_proves_nothing_of_that(driver: Any, step: str) -> None:
    """It was failed back to another host, whose name leads to the old one, where the old copy is."""
    scenario = scenario_of(item_of("vm1", host=HV01), fabrics=[SITE, CLOUD], principals=[STARTER])
    vault = driver(scenario).knows_hosts()
    for module, options in (("planned_failover", {"target_host": HV02}), ("complete_failover", {})):
        vault.run(module, replicated_item="vm1", **options)
    if step == "commit":
        vault.trouble(host=HV02, vm="vm1", power="off")
        vault.trouble(host=HV01, vm="vm1", power="running")
    vault.inventory[HV02] = dict(vault.inventory[HV01])
    since = vault.requests()
    failed = vault.fail(step, replicated_item="vm1", **({"policy": "now"} if step == "commit" else {}))
    assert vault.writes(since) == []
    assert "the host at the address of hv02.c.example says that it is hv01" in failed["msg"].lower()
