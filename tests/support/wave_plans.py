# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMs and hosts of plans of waves, as users give them to the filter, and the plans and refusals that come of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.waves import WaveOptions, plan_waves

GB = 2**30
Entry = dict[str, Any]


def vm(name: str, *needs: str, **more: Any) -> Entry:
    """A VM that depends on others."""
    return {"name": name, **({"depends_on": list(needs)} if needs else {}), **more}


def host(name: str, free: int | None, cluster: str | None = "", vms: Any = (), nodes: Any = (), **more: Any) -> Entry:
    """A host with so many GB of memory free. `cluster` None: not known. `nodes` of it are Up, or as a dict says."""
    document: Entry = {"name": name, "computer": name.upper(), "vms": list(vms), **more}
    if free is not None:
        document["free_memory_bytes"] = free * GB
    if cluster is not None:
        states = nodes if isinstance(nodes, dict) else dict.fromkeys(nodes or (name,), "Up")
        listed = [{"name": node.upper(), "state": state} for node, state in states.items()]
        document["cluster"] = {"name": cluster, "nodes": listed, "groups": []} if cluster else None
    return document


def cluster(*free: int | None, name: str = "cl1", **vms: Any) -> list[Entry]:
    """The nodes of a cluster, hv1, hv2 and so on, each with so many GB free."""
    nodes = [f"hv{number}" for number in range(1, len(free) + 1)]
    return [host(node, size, name, vms=vms.get(node, ()), nodes=nodes) for node, size in zip(nodes, free, strict=True)]


def running(name: str, memory: int, state: str = "Running", **more: Any) -> Entry:
    """A VM that a host lists, with so many GB of startup memory."""
    return {
        "id": f"id-of-{name}",
        "name": name,
        "state": state,
        "memory_bytes": memory * GB,
        "is_clustered": True,
        **more,
    }


def plan(*vms: Entry, **options: Any) -> Entry:
    """The plan of these VMs."""
    return plan_waves(list(vms), WaveOptions(**options))


def waves(*vms: Entry, **options: Any) -> list[list[str]]:
    """The names of the VMs of each wave."""
    return names_of(plan(*vms, **options))


def names_of(planned: Entry) -> list[list[str]]:
    return [[one["name"] for one in wave["vms"]] for wave in planned["waves"]]


def entry_of(planned: Entry, name: str) -> Entry:
    """What a plan says of one VM."""
    (found,) = [one for wave in planned["waves"] for one in wave["vms"] if one["name"] == name]
    return dict(found)


def reasons(*vms: Any, **options: Any) -> list[str]:
    """Why there is no plan of these VMs."""
    with pytest.raises(ConfigurationError) as refused:
        plan_waves(list(vms), WaveOptions(**options))
    assert all(reason in str(refused.value) for reason in refused.value.details["reasons"])
    return list(refused.value.details["reasons"])
