# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request and a WinRM session cost a simulator of a large site, in its own processor time.

SITE_VMS=200 SITE_HOSTS=10 make bench asks for another site. The processor time hardly depends on what else the machine
does; the requests a second do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from support.load import Spent, spent_on_reads, spent_on_sessions
from support.scenarios import large_site

from asr_simulator.server import Simulator
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.world import World

VMS, HYPERV_HOSTS = int(os.environ.get("SITE_VMS", "1000")), int(os.environ.get("SITE_HOSTS", "50"))
SYNCHRONIZING = max(1, VMS // 50)
ASKED = max(1, VMS // 100)
RUNNING = quote("( JobStatus eq 'InProgress' or JobStatus eq 'Suspended' )")
SITE_RECOVERY, COMPUTE, LOCKS = "api-version=2025-08-01", "api-version=2024-07-01", "api-version=2020-05-01"
PAGE = "page of replicated items"


def targets_of(world: World) -> dict[str, list[str]]:
    """The targets of each kind of read, of VMs from all over the site."""
    vault, chosen = world.vault, world.vault.items[:: len(world.vault.items) // ASKED]
    jobs = [item.job or item.last_job for item in chosen]
    return {
        "replicated item": [f"{item.path}?{SITE_RECOVERY}" for item in chosen],
        "job": [f"{vault.job_path(job)}?{SITE_RECOVERY}" for job in jobs if job],
        "Azure VM with instance view": [f"{item.azure_vm_path}?{COMPUTE}&$expand=instanceView" for item in chosen],
        "jobs that run": [f"{vault.place.path}/replicationJobs?{SITE_RECOVERY}&$filter={RUNNING}"],
        "locks of an Azure VM": [
            f"{item.azure_vm_path}/providers/Microsoft.Authorization/locks?{LOCKS}" for item in chosen
        ],
        PAGE: [_page(chosen[0])],
    }


def _page(item: Item) -> str:
    return f"{item.container.path}/replicationProtectedItems?{SITE_RECOVERY}"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    scenario = large_site(VMS, HYPERV_HOSTS, synchronizing=SYNCHRONIZING)
    with Simulator.start(scenario, tmp_path_factory.mktemp("simulator"), speed=0) as running:
        yield running


def show(what: str, spent: Spent, told: str) -> None:
    print(
        f"{what:32}{spent.processor_ms:8.3f} ms of processor, {spent.rate_of_a_core:6.0f} a second and core, "
        f"{spent.rate:6.0f} a second here, {told}"
    )


def test_reads_are_cheap_on_a_large_site(simulator: Simulator) -> None:
    print(f"\n{VMS} VMs on {HYPERV_HOSTS} hosts")
    targets = simulator.locked(targets_of)
    before = simulator.journal.count
    asked = 0
    for what, wanted in targets.items():
        rounds = max(1, (20 if what == PAGE else 1000) // len(wanted))
        spent, size = spent_on_reads(simulator.connection, wanted, rounds)
        show(what, spent, f"{size} bytes")
        asked += spent.count
        assert spent.processor_ms < 1000
    assert simulator.journal.count - before >= asked


def test_a_winrm_session_is_cheap(simulator: Simulator) -> None:
    first = simulator.locked(lambda world: {host.name: host.machines[0].name for host in world.hosts.values()})
    chosen = dict(list(first.items())[:10])
    print()
    for what, wanted in (("host", dict.fromkeys(chosen)), ("VM of a host", chosen)):
        spent, vms = spent_on_sessions(simulator.connection, wanted, rounds=5)
        show(f"facts of a {what} over WinRM", spent, f"{vms} VMs")
        assert spent.processor_ms < 1000
