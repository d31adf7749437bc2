# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs whose host has died, taken to another one by the role alternate_host."""

from __future__ import annotations

from typing import Any

import pytest
from support.host_control import host_of, machines_of
from support.playbook_runner import WHOLE, PlaybookRunner
from support.scenarios import scenario_of

OLD, NEW = "hv01", "hv02"
SITE = {
    "name": "site1",
    "type": "HyperVSite",
    "hosts": [
        {"name": OLD, "switches": ["Production", {"name": "Backup", "type": "Internal"}]},
        {"name": NEW, "switches": [{"name": "Lab", "type": "Private"}]},
    ],
}
TARGET = {"alternate_host_target": NEW}
PREPARED = {**TARGET, "alternate_host_prepare": True}


@pytest.fixture
def site(stage: Any) -> PlaybookRunner:
    """A site with a host that has died, and one that takes its VMs but lacks their switches."""
    vault: PlaybookRunner = stage(scenario_of("vm1", "vm2", "vm3", "vm4", fabrics=[SITE]))
    vault.trouble(host=OLD, dead=True)
    return vault


def switches(vault: PlaybookRunner) -> dict[str, str]:
    return {switch["name"]: switch["type"] for switch in host_of(vault.simulator, NEW)["switches"]}


def test_a_host_that_lacks_a_switch_is_prepared_and_takes_the_vms(site: PlaybookRunner) -> None:
    site.knows_hosts()
    hosts: dict[str, Any] = {"vm1": {}, "vm2": {}}
    cards = {"alternate_host_net_adapter": "Ethernet"}
    check = site.play("alternate_host", hosts, "--check", **PREPARED, **cards)
    assert check.status == 0, check.output
    assert {result["stage"] for result in check.results.values()} == {"protected"}
    assert (site.writes(), "Production" in switches(site)) == ([], False)
    run = site.play("alternate_host", hosts, **PREPARED, **cards)
    assert run.status == 0, run.output
    assert [switch["name"] for switch in host_of(site.simulator, NEW)["switches"]] == ["Lab", "Production"]
    assert switches(site)["Production"] == "External"
    for name in hosts:
        assert run.results[name]["outcome"] == "protected"
        (machine,) = (one for one in machines_of(site.simulator, name) if one["host"] == NEW)
        assert machine["state"] == "Running"
        assert machine["addresses"], "it has a network"
    sent = site.writes()
    assert sorted(sent) == sorted(WHOLE * 2), "the VMs run in Azure while their data is copied"
    again = site.play("alternate_host", hosts, **PREPARED, **cards)
    assert (again.status, site.writes()) == (0, sent)
    assert "changed=0" in again.output.split("PLAY RECAP")[1]


def test_a_switch_that_lost_its_network_adapter_gets_another(stage: Any) -> None:
    host = {"name": NEW, "adapters": ["Ethernet", "Spare"], "switches": [{"name": "Production"}]}
    site = stage(scenario_of("vm1", fabrics=[{**SITE, "hosts": [SITE["hosts"][0], host]}])).knows_hosts()
    site.trouble(host=NEW, adapter="Ethernet", missing=True)
    run = site.play("alternate_host", {"vm1": {}}, **PREPARED, alternate_host_net_adapter="Spare")
    assert (run.status, run.results["vm1"]["outcome"]) == (0, "protected"), run.output
    (switch,) = site.simulator.locked(lambda world: world.hyperv.host(NEW).switches)
    assert (switch.name, [card.name for card in switch.cards]) == ("Production", ["Spare"])


def test_what_cannot_be_prepared_is_said_and_nothing_is_written(site: PlaybookRunner) -> None:
    unknown = site.play("alternate_host", {"vm1": {}}, **PREPARED)
    assert "hv02 cannot be prepared: host hv02 is neither in the inventory" in unknown.results["vm1"]["reason"]
    # Extra variables would win over what the role says.
    other = ("-e", '{"failback_target_host": "hv01", "failback_create_vm_if_missing": false}')
    refused = site.play("alternate_host", {"vm1": {"failback_target_host": "hv01"}}, *other, **TARGET)
    assert "failback_target_host, failback_create_vm_if_missing" in refused.results["vm1"]["reason"], refused.output
    assert site.writes() == []
    hosts = {
        "vm1": TARGET,
        "vm2": PREPARED,
        "vm3": {**PREPARED, "alternate_host_target": "hv99"},
        "vm4": {**PREPARED, "alternate_host_net_adapter": "Ethernet 9"},
    }
    run = site.knows_hosts().play("alternate_host", hosts)
    assert (run.status, {result["outcome"] for result in run.results.values()}) == (2, {"failed"})
    assert f"{NEW} lacks the virtual switch that vm1 was connected to" in run.results["vm1"]["reason"]
    assert "missing: Production" in str(run.results["vm1"]["findings"])
    assert "(Production). Set alternate_host_net_adapter" in run.results["vm2"]["reason"]
    assert "is called 'hv99'" in run.results["vm3"]["reason"]
    assert "adapter Ethernet 9; the host has: Ethernet" in run.results["vm4"]["reason"]
    assert (site.writes(), list(switches(site))) == ([], ["Lab"])
