# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The truth about the hosts, for the control API and for tests; sizes in bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asr_simulator.hyperv.estate import HyperV
from asr_simulator.hyperv.hosts import Host, Machine


def state_of(hyperv: HyperV) -> list[dict[str, Any]]:
    """Every host with its virtual machines."""
    now = hyperv.clock.now()
    return [_host(host, now) for host in hyperv.hosts.values()]


def _host(host: Host, now: datetime) -> dict[str, Any]:
    return {
        "name": host.name,
        "reachable": host.reachable,
        "alive": host.alive,
        "role_installed": host.role_installed,
        "clock_offset": host.clock_offset,
        "services": {service.name: service.state for service in host.services.values()},
        "volumes": [{"path": one.path, "size": one.size, "free": one.free(now)} for one in host.volumes],
        "switches": [{"name": one.name, "type": one.type} for one in host.switches],
        "cluster": host.cluster.name if host.cluster else None,
        "vms": [_machine(machine, now) for machine in host.machines],
    }


def _machine(machine: Machine, now: datetime) -> dict[str, Any]:
    return {
        "id": machine.identifier,
        "name": machine.name,
        "state": machine.state,
        "listed": machine.is_listed,
        "automatic_start_action": machine.automatic_start_action,
        "heartbeat": machine.heartbeat(now),
        "generation": machine.generation,
        "disks": [{"path": disk.path, "size": disk.size, "file_size": disk.file_size(now)} for disk in machine.disks],
        "consistent": machine.is_consistent,
        "turned_off": machine.turned_off,
        "switches": [adapter.switch for adapter in machine.adapters],
        "addresses": [found for adapter in machine.adapters for found in machine.addresses(adapter, now)],
        "checkpoints": [checkpoint.name for checkpoint in machine.checkpoints],
        "replication": machine.shown_replication.state,
    }
