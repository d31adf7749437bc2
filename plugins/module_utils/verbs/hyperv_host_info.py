# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Hyper-V host or VMM server is and holds. Nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.failures import asked
from ..model.hyperv_hosts import HostFacts, HostVm
from ..model.json_path import as_result
from ..runner.contract import Contract
from ..runner.services import Services
from ..watch import Watch

_ID = re.compile(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$", re.IGNORECASE)
_GIGABYTE = 2**30


@dataclass(frozen=True, kw_only=True)
class HostInfoRequest:
    """C(host) is one of the inventory, or an address. C(vms) are names or ids of those to return; None returns all."""

    host: str
    vms: Sequence[str] | None = None


def request_of(parameters: Mapping[str, Any], _check_mode: bool) -> HostInfoRequest:
    """Return what a task's options ask for."""
    return HostInfoRequest(host=parameters["host"] or "", vms=parameters["vms"])


async def run(request: HostInfoRequest, services: Services, _watch: Watch) -> dict[str, Any]:
    """Return what the host says, whole, and a line for a person of each thing that matters."""
    with asked(f"Information of host {request.host}"):
        session = services.hosts.named(request.host)
        facts = services.hosts.look(session, _wanted(request.vms))
    settings = session.settings
    host = {"name": request.host, "address": settings.address, "port": settings.port, **as_result(facts.document)}
    lines = list(_lines(request, facts))
    return {"changed": False, "msg": lines[0], "host": host, "summary": lines}


def _wanted(vms: Sequence[str] | None) -> list[tuple[str, str]] | None:
    if vms is None:
        return None
    return [(word.strip("{}"), word) if _ID.match(word) else ("", word) for word in vms]


def _lines(request: HostInfoRequest, facts: HostFacts) -> Iterator[str]:
    system = f"{facts.os_caption} {facts.os_version}".strip() or "Windows"
    role = f"Hyper-V {facts.hyper_v_version}".strip() if facts.hyper_v_installed else "no Hyper-V role"
    yield f"{request.host}: {system}, {role}, {len(facts.vms)} of its VMs read"
    yield from (f"service {service.name} is {service.state}" for service in facts.services)
    for volume in facts.volumes:
        free, size = volume.free / _GIGABYTE, volume.size / _GIGABYTE
        yield f"volume {volume.path}: {free:.1f} of {size:.1f} GB free"
    yield from (f"switch {switch.name}: {switch.type}" for switch in facts.switches)
    yield from (_vm_line(facts, vm) for vm in facts.vms)
    yield from (f"not read: {problem.part}: {problem.message}" for problem in facts.problems)


def _vm_line(facts: HostFacts, vm: HostVm) -> str:
    owner = facts.owner_of(vm.id, vm.name)
    parts = [vm.state]
    if vm.is_running:
        parts.append(f"heartbeat {vm.heartbeat}")
    if vm.checkpoints:
        parts.append(f"{len(vm.checkpoints)} checkpoints")
    if owner:
        parts.append(f"owned by {owner}")
    return f"VM {vm.name}: {', '.join(parts)}"


CONTRACT = Contract(
    "hyperv_host_info",
    {"host": {"type": "str"}, "vms": {"type": "list", "elements": "str"}},
    run,
    request_of,
    takes_target=False,
    waits=False,
    asks_azure=False,
    asks_hosts=True,
)
