# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small scenarios for the simulator, made where a test needs them."""

from __future__ import annotations

from typing import Any

SITE = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}, {"name": "hv02"}]}
CLOUD = {"name": "vmm01", "type": "VMM", "clouds": [{"name": "cloud1"}]}
# A host with machines beside those that come home, and what may be the matter there: nothing may come of it.
BESIDE = [{"name": "sick01"}, {"name": "busy01", "state": "Running"}]
SICK_SITE = {
    "name": "site1",
    "type": "HyperVSite",
    "hosts": [{"name": "hv01", "virtual_machines": BESIDE}, {"name": "hv02"}],
}
SICK: tuple[dict[str, Any], ...] = (
    {"host": "hv01", "console": "noisy"},
    {"vm": "sick01", "broken": True},
    {"vm": "busy01", "operation": "MergingDisks"},
)
CALLER = {"name": "operator", "roles": ["Site Recovery Contributor", "Reader"]}
# Who may start VMs in Azure, too.
STARTER = {"name": "operator", "roles": ["Site Recovery Contributor", "Reader", "Virtual Machine Contributor"]}


def item_of(name: str, stage: str = "failed_over", **parts: Any) -> dict[str, Any]:
    """An item on host hv01 (`cloud`: of a VMM cloud instead) that has run in Azure for two days."""
    place = {} if "cloud" in parts else {"host": "hv01"}
    return {"name": name, "stage": stage, "in_azure_for": "2d", **place, **parts}


DISKS = [{"name": "os", "gb": 40, "os": True}, {"name": "data", "gb": 80}]
NO_LIMIT = {"bucket": 1e9, "refill": 1e9}


def large_site(vms: int, hosts: int, *, synchronizing: int = 0, **parts: Any) -> dict[str, Any]:
    """One vault with a Hyper-V site of so many hosts that share so many VMs as evenly as they can.

    The VMs, `vm0001` and so on, run in Azure; the failback of the first so many of them is synchronizing their disks.
    No number of reads is too much for Azure. `parts` replace parts of the scenario.
    """
    names = [f"hv{number:03}.contoso.example" for number in range(1, hosts + 1)]
    site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": name, "memory_gb": 1024} for name in names]}
    items = [
        item_of(
            f"vm{number + 1:04}",
            "synchronizing" if number < synchronizing else "failed_over",
            host=names[number * hosts // vms],
            disks=DISKS,
        )
        for number in range(vms)
    ]
    whole = {"name": "large", "seed": 1, "fabrics": [site], "principals": [CALLER], "items": items}
    return {**whole, "throttle": {"reads": NO_LIMIT}, **parts}


def scenario_of(*items: dict[str, Any] | str, **parts: Any) -> dict[str, Any]:
    """A vault with these items; a name alone stands for `item_of(name)`. `parts` replace parts of the scenario."""
    every = [item_of(item) if isinstance(item, str) else item for item in items]
    return {"name": "small", "fabrics": [SITE, CLOUD], "principals": [CALLER], "items": every, **parts}
