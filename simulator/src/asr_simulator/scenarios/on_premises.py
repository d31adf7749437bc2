# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what a scenario says of the own site: fabrics, hosts, and where replicated items are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from asr_simulator.identities import Identities
from asr_simulator.scenarios import model
from asr_simulator.scenarios.errors import ScenarioError
from powershell_subset import Answer

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
USERNAME = "CONTOSO\\failback"
OF_SERVER = ("name", "connected", "heartbeat_age", "reachable", "services")


def account(spec: Mapping[str, str], ids: Identities) -> model.HyperVSpec:
    """The account of the hosts."""
    return model.HyperVSpec(**{"username": USERNAME, "password": ids.of("password", "hosts"), **spec})


def fabric(spec: Mapping[str, Any]) -> model.FabricSpec:
    """A fabric; a VMM server manages one host when it names none."""
    health = {"health": spec["health"]} if "health" in spec else {}
    if spec["type"] == model.HYPERV_SITE:
        return model.FabricSpec(spec["name"], model.HYPERV_SITE, _hosts(spec.get("hosts", ())), **health)
    server = host({**{key: spec[key] for key in OF_SERVER if key in spec}, "switches": []})
    clouds = tuple(cloud["name"] for cloud in spec.get("clouds", ()))
    managed = spec.get("managed_hosts") or ({"name": _node_of(spec["name"])},)
    return model.FabricSpec(spec["name"], model.VMM, (server,), clouds, managed_hosts=_hosts(managed), **health)


def _hosts(specs: Iterable[Mapping[str, Any]]) -> tuple[model.HostSpec, ...]:
    return tuple(host(spec) for spec in specs)


def _node_of(server: str) -> str:
    """The managed host of a VMM server that names none: ``vmm01-node1.contoso.example``."""
    short, dot, domain = server.partition(".")
    return f"{short}-node1{dot}{domain}"


def host(spec: Mapping[str, Any]) -> model.HostSpec:
    """A host; it is reachable unless the scenario says that it is not, or that it is not connected."""
    values = dict(spec)
    values.setdefault("reachable", spec.get("connected", True))
    for key, read in PARTS.items():
        if key in spec:
            values[key] = tuple(read(one) for one in spec[key])
    return model.HostSpec(**values)


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
    "virtual_machines": _machine,
    "commands": _answer,
}


def disks(spec: Mapping[str, Any], machine: str) -> tuple[model.DiskSpec, ...]:
    """The disks of a virtual machine: the first holds the operating system unless said otherwise."""
    found = spec.get("disks") or ({"name": f"{machine}-os", "gb": 40, "os": True},)
    return tuple(model.DiskSpec(**{"os": index == 0, **disk}) for index, disk in enumerate(found))


def item(spec: Mapping[str, Any], fabrics: tuple[model.FabricSpec, ...]) -> model.ItemSpec:
    """A replicated item.

    Raises:
        ScenarioError: no fabric has its host or its cloud.
    """
    values = dict(spec)
    values.setdefault("friendly_name", spec["name"])
    if "in_azure_for" in spec:
        values["in_azure_for"] = float(spec["in_azure_for"][:-1]) * UNITS[spec["in_azure_for"][-1]]
    found, values["host"] = _place(spec, fabrics)
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


def doubts(fabrics: tuple[model.FabricSpec, ...]) -> list[str]:
    """What of the hosts contradicts itself, a sentence each."""
    hosts = [
        one for found in fabrics for one in {spec.name: spec for spec in (*found.hosts, *found.hyperv_hosts)}.values()
    ]
    found = [f"host {name} is named twice" for name in _twice(one.name.lower() for one in hosts)]
    for one in hosts:
        found += [
            f"host {one.name}: volume {path} is named twice" for path in _twice(v.path.lower() for v in one.volumes)
        ]
        found += [
            f"host {one.name}: switch {name} is named twice" for name in _twice(s.name.lower() for s in one.switches)
        ]
        found += [
            f"host {one.name}: switch {switch.name} cannot have embedded teaming, which came with 2016"
            for switch in one.switches
            if switch.embedded_teaming and one.os == "2012 R2"
        ]
        found += [
            f"host {one.name}: volume {volume.path} cannot have {volume.free_gb:g} of {volume.gb:g} GB free"
            for volume in one.volumes
            if volume.free_gb is not None and volume.free_gb > volume.gb
        ]
        found += [
            f"host {one.name}: {command.pattern!r} is not a valid regular expression"
            for command in one.commands
            if not _is_pattern(command.pattern)
        ]
    return found


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _twice(names: Iterable[str]) -> list[str]:
    listed = list(names)
    return sorted({name for name in listed if listed.count(name) > 1})
