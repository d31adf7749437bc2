# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what a scenario says of the own site: fabrics, hosts, and where replicated items are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from asr_simulator.identities import Identities
from asr_simulator.scenarios import model
from asr_simulator.scenarios.errors import ScenarioError
from asr_simulator.scenarios.twice import twice
from powershell_subset import Answer

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
USERNAME = "CONTOSO\\failback"
OF_SERVER = ("name", "connected", "heartbeat_age", "reachable", "services")
# What only a fabric of the one type has, and only one of the other.
OF_TYPE = {
    model.HYPERV_SITE: {"hosts"},
    model.VMM: {"clouds", "managed_hosts", *OF_SERVER} - {"name"},
}
# What says something of a connection to the vault, which a host below VMM does not have.
OF_PROVIDER = {"connected", "heartbeat_age"}
LONGEST_DAYS = 3650


def account(spec: Mapping[str, str], ids: Identities) -> model.HyperVSpec:
    """The account of the hosts."""
    return model.HyperVSpec(**{"username": USERNAME, "password": ids.of("password", "hosts"), **spec})


def fabric(spec: Mapping[str, Any]) -> model.FabricSpec:
    """A fabric; a VMM server manages one host when it names none.

    Raises:
        ScenarioError: it has what only a fabric of the other type has, or its hosts have what it has itself.
    """
    others = set().union(*OF_TYPE.values()) - OF_TYPE[spec["type"]]
    misplaced = sorted(others & set(spec))
    if misplaced:
        raise ScenarioError(f"fabric {spec['name']}: a fabric of type {spec['type']} has no {', '.join(misplaced)}")
    health = {"health": spec["health"]} if "health" in spec else {}
    if spec["type"] == model.HYPERV_SITE:
        return model.FabricSpec(spec["name"], model.HYPERV_SITE, _hosts(spec.get("hosts", ())), **health)
    server = host({**{key: spec[key] for key in OF_SERVER if key in spec}, "switches": []})
    clouds = tuple(cloud["name"] for cloud in spec.get("clouds", ()))
    managed = spec.get("managed_hosts") or ({"name": _node_of(spec["name"])},)
    for node in managed:
        misplaced = sorted(OF_PROVIDER & set(node))
        if misplaced:
            raise ScenarioError(f"host {node['name']} has no provider, VMM has it: no {', '.join(misplaced)}")
    return model.FabricSpec(spec["name"], model.VMM, (server,), clouds, managed_hosts=_hosts(managed), **health)


def _hosts(specs: Iterable[Mapping[str, Any]]) -> tuple[model.HostSpec, ...]:
    return tuple(host(spec) for spec in specs)


def _node_of(server: str) -> str:
    """The managed host of a VMM server that names none: ``vmm01-node1.contoso.example``."""
    short, dot, domain = server.partition(".")
    return f"{short}-node1{dot}{domain}"


def host(spec: Mapping[str, Any]) -> model.HostSpec:
    """A host; it is reachable unless the scenario says that it is not, or that it is not connected."""
    values = {key: value for key, value in spec.items() if key != "virtual_machines"}
    values.setdefault("reachable", spec.get("connected", True))
    for key, read in PARTS.items():
        if key in spec:
            values[key] = tuple(read(one) for one in spec[key])
    values["services"] = {name: _service(service) for name, service in spec.get("services", {}).items()}
    made = model.HostSpec(**values)
    machines = (_machine({"switch": made.first_switch, **one}) for one in spec.get("virtual_machines", ()))
    return replace(made, virtual_machines=tuple(machines))


def _service(spec: str | Mapping[str, str]) -> model.ServiceSpec:
    return model.ServiceSpec(spec) if isinstance(spec, str) else model.ServiceSpec(**spec)


def _switch(spec: str | Mapping[str, Any]) -> model.SwitchSpec:
    return model.SwitchSpec(spec) if isinstance(spec, str) else model.SwitchSpec(**spec)


def _adapter(spec: str | Mapping[str, str]) -> model.AdapterSpec:
    return model.AdapterSpec(spec) if isinstance(spec, str) else model.AdapterSpec(**spec)


def _volume(spec: Mapping[str, Any]) -> model.VolumeSpec:
    return model.VolumeSpec(**spec)


def _machine(spec: Mapping[str, Any]) -> model.MachineSpec:
    values = {**spec, "disks": disks(spec, spec["name"]), "checkpoints": tuple(spec.get("checkpoints", ()))}
    return model.MachineSpec(**values)


def _answer(spec: Mapping[str, Any]) -> Answer:
    return Answer(**spec)


PARTS: dict[str, Callable[[Any], Any]] = {
    "adapters": _adapter,
    "switches": _switch,
    "volumes": _volume,
    "commands": _answer,
}


def disks(spec: Mapping[str, Any], machine: str) -> tuple[model.DiskSpec, ...]:
    """The disks of a virtual machine: the first holds the operating system unless said otherwise."""
    found = spec.get("disks") or ({"name": f"{machine}-os", "gb": 40, "os": True},)
    return tuple(model.DiskSpec(**{"os": index == 0, **disk}) for index, disk in enumerate(found))


def item(spec: Mapping[str, Any], fabrics: tuple[model.FabricSpec, ...]) -> model.ItemSpec:
    """A replicated item.

    Raises:
        ScenarioError: no fabric has its host or its cloud, or it was in Azure before there was an Azure.
    """
    values = dict(spec)
    values.setdefault("friendly_name", spec["name"])
    if "in_azure_for" in spec:
        values["in_azure_for"] = float(spec["in_azure_for"][:-1]) * UNITS[spec["in_azure_for"][-1]]
        if values["in_azure_for"] > LONGEST_DAYS * UNITS["d"]:
            raise ScenarioError(f"item {spec['name']}: in_azure_for is at most {LONGEST_DAYS}d")
    found, values["host"] = _place(spec, fabrics)
    values.setdefault("switch", _host_of(found, values["host"]).first_switch)
    values.update(fabric=found.name, server=found.hosts[0].name if "cloud" in spec else values["host"])
    values["disks"] = disks(spec, values["friendly_name"])
    for key in ("locks", "checkpoints"):
        values[key] = tuple(spec.get(key, ()))
    return model.ItemSpec(**values)


def _place(spec: Mapping[str, Any], fabrics: tuple[model.FabricSpec, ...]) -> tuple[model.FabricSpec, str]:
    """The item's fabric and the name of its Hyper-V host; in a VMM cloud the first managed one unless it is named."""
    where = "cloud" if "cloud" in spec else "host"
    for candidate in fabrics:
        sites = _names(candidate) if candidate.type == model.HYPERV_SITE else []
        if spec[where] in (candidate.clouds if where == "cloud" else sites):
            break
    else:
        raise ScenarioError(f"item {spec['name']}: no fabric has the {where} {spec[where]!r}")
    chosen = spec.get("host", candidate.hyperv_hosts[0].name if candidate.hyperv_hosts else "")
    if chosen not in _names(candidate):
        raise ScenarioError(f"item {spec['name']}: {candidate.name} manages no host {chosen!r}")
    return candidate, chosen


def _names(candidate: model.FabricSpec) -> list[str]:
    return [one.name for one in candidate.hyperv_hosts]


def _host_of(fabric: model.FabricSpec, name: str) -> model.HostSpec:
    return next(one for one in fabric.hyperv_hosts if one.name == name)


def doubts(fabrics: tuple[model.FabricSpec, ...], items: tuple[model.ItemSpec, ...]) -> Iterator[str]:
    """What of the own site contradicts itself, a sentence each."""
    hosts = [
        one for found in fabrics for one in {spec.name: spec for spec in (*found.hosts, *found.hyperv_hosts)}.values()
    ]
    yield from twice("fabric", (found.name for found in fabrics))
    yield from twice("cloud", (cloud for found in fabrics for cloud in found.clouds))
    yield from twice("host", (one.name for one in hosts))
    for one in hosts:
        yield from (f"host {one.name}: {doubt}" for doubt in _doubts_about(one))
    for found in fabrics:
        for item in (item for item in items if item.fabric == found.name):
            yield from (f"item {item.name}: {doubt}" for doubt in _machine_doubts(item, _host_of(found, item.host)))


def _doubts_about(one: model.HostSpec) -> Iterator[str]:
    yield from twice("volume", (volume.path for volume in one.volumes))
    yield from twice("switch", (switch.name for switch in one.switches))
    yield from twice("network adapter", (adapter.name for adapter in one.adapters))
    for switch in one.switches:
        if switch.embedded_teaming and one.os == "2012 R2":
            yield f"switch {switch.name} cannot have embedded teaming, which came with 2016"
    for volume in one.volumes:
        if volume.free_gb is not None and volume.free_gb > volume.gb:
            yield f"volume {volume.path} cannot have {volume.free_gb:g} of {volume.gb:g} GB free"
    for command in one.commands:
        if not _is_pattern(command.pattern):
            yield f"{command.pattern!r} is not a valid regular expression"
    for machine in one.virtual_machines:
        yield from (f"virtual machine {machine.name}: {doubt}" for doubt in _machine_doubts(machine, one))


def _machine_doubts(machine: model.MachineSpec | model.ItemSpec, there: model.HostSpec) -> Iterator[str]:
    yield from twice("disk", (disk.name for disk in machine.disks))
    if machine.switch is not None and not there.has_switch(machine.switch):
        known = ", ".join(switch.name for switch in there.switches) or "none"
        yield f"{there.name} has no switch {machine.switch}; it has {known}"


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True
