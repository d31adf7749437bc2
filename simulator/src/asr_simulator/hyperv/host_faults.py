# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of the on-premises site: hosts that cannot be reached or lack something, virtual machines that misbehave.

``OF_HOSTS`` and ``OF_MACHINES`` have each fault by the keys of its JSON object, besides ``host`` or ``vm``. What it
does, and which value reverts it, is in the table of ``docs/rehearsal.md``, which a test holds against these two. A
fault of a virtual machine may name its ``host`` as well, if several hosts have one of its name.

A fault takes effect at once. Taking it out of the list of faults reverts nothing; only the opposite fault does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from asr_simulator.fault_values import kind_of, listed, number, one_of, text, whole
from asr_simulator.hyperv.cmdlets import enums
from asr_simulator.hyperv.estate import HyperV
from asr_simulator.hyperv.hosts import Host, Machine
from asr_simulator.hyperv.machine_states import (
    COMPONENT_FAILS,
    COMPONENT_LOCKED,
    COMPONENT_MISSING,
    COMPONENT_WORKS,
    LISTED,
    START_ALWAYS,
    START_IF_RUNNING,
    START_NOTHING,
    UNLISTED,
    Replication,
)
from asr_simulator.hyperv.storage import EXCLUDED, GIB, PASS_THROUGH, SHARED, ForeignDisk
from asr_simulator.hyperv.switches import EXTERNAL, Switch
from asr_simulator.hyperv.windows import CLUSTER_SERVICE, SERVICE_RUNNING, SERVICE_STOPPED, START_MODES
from asr_simulator.hyperv.winrm import CUT, LOST, TOLD, Quota

Change = Callable[[], None]
OTHER_PASSWORD = "changed since"
LONGEST_SHUTDOWN = 86400


def concerns(fault: dict[str, Any]) -> bool:
    """Whether a service fault is one of the own site."""
    return bool({"host", "vm"} & set(fault))


def change_of(hyperv: HyperV, fault: dict[str, Any]) -> Change:
    """Understand a fault, and return what does what it says.

    Raises:
        ValueError: it is not understood, or names what is not there.
    """
    kinds = OF_MACHINES if "vm" in fault else OF_HOSTS
    said = frozenset(fault) - {"host", "vm", "added"}
    make = kind_of(kinds, said, OPTIONAL)
    if make is None:
        whose = "virtual machine" if "vm" in fault else "host"
        raise ValueError(f"a fault of a {whose} has one of: {listed(kinds)}")
    target = _machine(hyperv, fault) if "vm" in fault else _host(hyperv, fault["host"])
    return make(hyperv, target, fault)


def _host(hyperv: HyperV, name: Any) -> Host:
    try:
        return hyperv.host(str(name))
    except LookupError:
        known = ", ".join(sorted(host.name for host in hyperv.hosts.values()))
        raise ValueError(f"no host is named {name}; known are {known}") from None


def _machine(hyperv: HyperV, fault: dict[str, Any]) -> Machine:
    name = str(fault["vm"])
    there = _host(hyperv, fault["host"]).machines if "host" in fault else hyperv.machines()
    found = [machine for machine in there if machine.name.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{name} is on several hosts: {', '.join(machine.host.name for machine in found)}; name one")
    raise ValueError(f"no virtual machine is named {name}")


def _sets(attribute: str, key: str, values: Mapping[Any, object]) -> Callable[[HyperV, Any, dict[str, Any]], Change]:
    """A fault that sets an attribute of a host or machine: to what, by what the fault says."""

    def understood(_hyperv: HyperV, of: Any, fault: dict[str, Any]) -> Change:
        value = values[one_of(fault, key, *values)]
        return lambda: setattr(of, attribute, value)

    return understood


def _same(*values: Any) -> dict[Any, Any]:
    return {value: value for value in values}


def _dead(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    dead = one_of(fault, "dead", True, False)
    return lambda: hyperv.set_alive(host, not dead)


def _password(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    right = one_of(fault, "password", "wrong", "right") == "right"
    password = hyperv.password if right else f"{hyperv.password} {OTHER_PASSWORD}"
    return lambda: host.accounts.update({hyperv.username: password})


def _service(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    state = one_of(fault, "state", SERVICE_RUNNING, SERVICE_STOPPED)
    service = host.service(text(fault, "service"))
    if service is None:
        raise ValueError(f"{host.name} has no service {fault['service']}; it has {', '.join(host.services)}")
    if service.name == CLUSTER_SERVICE and host.cluster is None and state == SERVICE_RUNNING:
        raise ValueError(f"{host.name} is in no cluster, so its service {CLUSTER_SERVICE} cannot run")
    is_late = "after" in fault and one_of(fault, "after", "change") == "change"
    start_mode = one_of(fault, "start_mode", *START_MODES) if "start_mode" in fault else service.start_mode

    def change() -> None:
        service.start_mode = start_mode
        if is_late:
            service.state_after_change = state
        else:
            hyperv.set_service(host, service, state)

    return change


def _volume(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    volume, free = host.volume(text(fault, "volume")), int(number(fault, "free_gb") * GIB)
    if volume is None:
        known = ", ".join(one.path for one in host.volumes)
        raise ValueError(f"{host.name} has no volume {fault['volume']}; it has {known}")
    most = volume.balance(hyperv.clock.now()) + volume.own
    if not 0 <= free <= most:
        raise ValueError(f"{volume.path} of {host.name} can have 0 to {most / GIB:.1f} GB free, not {fault['free_gb']}")
    return lambda: volume.leave_free(free, hyperv.clock.now())


def _switch(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    name, found = text(fault, "switch"), host.switch(text(fault, "switch"))
    if one_of(fault, "missing", True, False) is False:
        used = {card for switch in host.switches for card in switch.cards}
        card = next((one for one in host.shown_cards if one not in used), None)
        if found is not None or not host.role_installed or card is None:
            raise ValueError(f"{host.name} has that switch, or no network card for it")
        return lambda: host.switches.append(Switch(hyperv.new_id(), name, EXTERNAL, [card]))
    if found is None:
        raise ValueError(f"{host.name} has no switch {name}")
    return lambda: hyperv.remove_switch(host, found)


def _adapter(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    name, missing = text(fault, "adapter"), one_of(fault, "missing", True, False)
    found = [card for card in host.cards if card.name.lower() == name.lower()]
    if not found:
        raise ValueError(f"{host.name} has no network adapter {name}")
    return lambda: setattr(found[0], "present", not missing)


def _role(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    installed = one_of(fault, "role", "missing", "installed") == "installed"
    if host.manages is not None:
        raise ValueError(f"{host.name} is a VMM server: it has no role Hyper-V")
    return lambda: hyperv.set_role(host, installed)


def _clock_offset(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    offset = number(fault, "clock_offset")
    return lambda: setattr(host, "clock_offset", offset)


def _image(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    image = _host(hyperv, fault["image"])
    return lambda: setattr(host, "image", image.name)


def _quota(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    operation = one_of(fault, "on", "Create", "Command", "Send", "Receive")
    is_wrapped = "wmi_error" in fault and one_of(fault, "wmi_error", True, False)
    after = whole(fault, "after") if "after" in fault else 0
    quota = Quota(operation, whole(fault, "quota", 0, MOST_CODES), whole(fault, "times"), is_wrapped, after)
    return lambda: host.remoting.quotas.append(quota)


def _shell(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    denied = one_of(fault, "shell", "denied", "allowed") == "denied"
    return lambda: setattr(host.remoting, "shell_denied", denied)


def _powershell(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    error = BLOCKED[one_of(fault, "powershell", *BLOCKED)]
    return lambda: setattr(host.remoting, "blocked", error)


def _pipe(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    ends = one_of(fault, "pipe", "ends", "stays") == "ends"
    return lambda: setattr(host.remoting, "pipe_ends", ends)


def _send(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    late = one_of(fault, "send", "times_out", "answers") == "times_out"
    return lambda: setattr(host.remoting, "send_times_out", late)


def _input(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    lost = one_of(fault, "input", "lost", "arrives") == "lost"
    return lambda: setattr(host.remoting, "input_lost", lost)


def _console(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    console = CONSOLES[one_of(fault, "console", *CONSOLES)]
    return lambda: setattr(host.remoting, "console", console)


def _answers(hyperv: HyperV, host: Host, fault: dict[str, Any]) -> Change:
    answers = one_of(fault, "answers", LOST, CUT, TOLD)
    if "of" not in fault and answers != TOLD:
        raise ValueError(f"answers that are {answers} are of all commands, or of changes: say which by of")
    of_changes_alone = "of" in fault and one_of(fault, "of", "all", "changes") == "changes"

    def change() -> None:
        host.remoting.answers, host.remoting.of_changes_alone = answers, of_changes_alone

    return change


def _power(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    if one_of(fault, "power", "running", "off") == "off":
        return machine.turn_off
    return lambda: machine.run(hyperv.clock.now())


def _checkpoint(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    name = text(fault, "checkpoint")
    kind = one_of({"type": "Standard", **fault}, "type", *enums.SNAPSHOT_TYPE.names)
    if not one_of({"missing": False, **fault}, "missing", True, False):
        return lambda: hyperv.checkpoint(machine, name, kind)
    found = [one for one in machine.checkpoints if one.name == name]
    if not found:
        raise ValueError(f"{machine.name} has no checkpoint {name}")
    return lambda: machine.checkpoints.remove(found[-1])


def _operation(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    operation = one_of(fault, "operation", *enums.OPERATIONAL_STATUS.names)
    return lambda: setattr(machine, "operation", "" if operation == "Ok" else operation)


def _security(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    kind = one_of(fault, "security", "shielded", "vtpm", "none")

    def change() -> None:
        machine.has_tpm, machine.is_shielded = kind != "none", kind == "shielded"

    return change


def _vlan(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    vlan = whole(fault, "vlan", 0, MOST_VLANS)

    def change() -> None:
        for adapter in machine.adapters:
            adapter.vlan = vlan

    return change


def _cluster_owner(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    _of_cluster(machine)
    owner = "" if fault["cluster_owner"] == "ok" else _host(hyperv, fault["cluster_owner"]).name
    return lambda: setattr(machine, "cluster_owner", owner)


def _shutdown_seconds(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    seconds = number(fault, "shutdown_seconds", 0, LONGEST_SHUTDOWN)
    return lambda: setattr(machine, "shutdown_seconds", seconds)


def _disks(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    present = one_of(fault, "disks", "missing", "present") == "present"

    def change() -> None:
        for disk in machine.disks:
            disk.present = present

    return change


def _storage(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    folder = text(fault, "storage")
    if folder != "local" and not SHARE.fullmatch(folder):
        raise ValueError(f"storage is local or a folder of a share, \\\\SERVER\\SHARE, not {folder!r}")
    return lambda: hyperv.store(machine, "" if folder == "local" else folder)


def _differencing(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    mark = hyperv.new_id().upper() if one_of(fault, "differencing", "left", "merged") == "left" else ""
    return lambda: setattr(machine, "left_chain", mark)


def _foreign_disk(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    kind = one_of(fault, "foreign_disk", PASS_THROUGH, SHARED, EXCLUDED, "none")
    if kind == "none":
        return machine.foreign_disks.clear
    path = "Disk 3 100.00 GB Bus 0 Lun 0 Target 0" if kind == PASS_THROUGH else f"D:\\{kind}.vhdx"
    return lambda: machine.foreign_disks.append(ForeignDisk(kind, path, hyperv.new_id()))


def _owner(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    node, cluster = _host(hyperv, fault["owner"]), machine.host.cluster
    if cluster is None or node.cluster is not cluster or not machine.is_of_cluster:
        raise ValueError(f"{node.name} is no node of a cluster of {machine.host.name}, which has {machine.name}")
    return lambda: hyperv.move(machine, node)


def _configuration(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    state = one_of(fault, "configuration", LISTED, *UNLISTED)
    _of_cluster(machine)
    return lambda: machine.configure(state)


def _cluster_id(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    readable = one_of(fault, "cluster_id", "unreadable", "readable") == "readable"
    _of_cluster(machine)
    return lambda: setattr(machine, "tells_cluster_id", readable)


def _cluster_group(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    name = text(fault, "cluster_group")
    _of_cluster(machine)
    return lambda: setattr(machine, "cluster_group", "" if name == "ok" else name)


def _cluster_role(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    role = one_of(fault, "cluster_role", "ok", "denied", "missing")
    _of_cluster(machine)

    def change() -> None:
        machine.has_role, machine.denies_role = role != "missing", role == "denied"

    return change


def _of_cluster(machine: Machine) -> None:
    if machine.host.cluster is None:
        raise ValueError(f"{machine.name} is on {machine.host.name}, which is no node of a cluster")


def _vmm_record(hyperv: HyperV, machine: Machine, fault: dict[str, Any]) -> Change:
    state = one_of(fault, "vmm_record", "ok", *enums.VMM_RECORD, *enums.VMM_POWER, enums.VMM_NEW)
    if not any(host.manages and machine.host in host.manages.hosts for host in hyperv.hosts.values()):
        raise ValueError(f"{machine.name} is on {machine.host.name}, which VMM does not manage")
    return lambda: setattr(machine, "record", "" if state == "ok" else state)


COMPONENTS = (COMPONENT_WORKS, COMPONENT_MISSING, COMPONENT_FAILS, COMPONENT_LOCKED)
SHARE = re.compile(r"\\\\[\w.-]+(\\[^\\/:*?\"<>|]+)+")
MOST_VLANS = 4094
MOST_CODES = 2**32 - 1
OPTIONAL = frozenset({"missing", "wmi_error", "type", "after", "start_mode", "of"})
REPLICATIONS = {
    **{state: Replication(state, "Normal", "Primary") for state in enums.REPLICATION_STATE.names},
    "Suspended": Replication("Suspended", "Warning", "Primary"),
    "Critical": Replication("Error", "Critical", "Primary"),
    "ok": None,
}
# The HRESULTs of errors 4551 (an App Control policy) and 1260 (AppLocker, a software restriction policy).
BLOCKED = {"blocked": 2147946951, "by_policy": 2147943660, "allowed": 0}
# What a banner, a module and a security agent may say: lines, what looks like an answer, no end of a line.
CONSOLES = {
    "noisy": (
        'Authorized use only.\r\n{"result": null}\r\neyJyZXN1bHQiOiBudWxsfQ==\r\n<a></a><> Loading... 100 %',
        "WARNING: session is recorded\r\nBye",
    ),
    "quiet": ("", ""),
}
OF_HOSTS: dict[frozenset[str], Callable[[HyperV, Any, dict[str, Any]], Change]] = {
    frozenset({"reachable"}): _sets("winrm", "reachable", _same(True, False)),
    frozenset({"silent"}): _sets("silent", "silent", _same(True, False)),
    frozenset({"dead"}): _dead,
    frozenset({"password"}): _password,
    frozenset({"service", "state", "after", "start_mode"}): _service,
    frozenset({"volume", "free_gb"}): _volume,
    frozenset({"switch", "missing"}): _switch,
    frozenset({"adapter", "missing"}): _adapter,
    frozenset({"role"}): _role,
    frozenset({"installation"}): _sets("installation", "installation", _same("Server Core", "Server")),
    frozenset({"clock_offset"}): _clock_offset,
    frozenset({"rights"}): _sets("administered", "rights", {"none": False, "full": True}),
    frozenset({"cim"}): _sets("shows_cim", "cim", {"denied": False, "allowed": True}),
    frozenset({"image"}): _image,
    frozenset({"second_hop"}): _sets("second_hop", "second_hop", {"allowed": True, "refused": False}),
    frozenset({"powercli"}): _sets("has_powercli", "powercli", {"installed": True, "missing": False}),
    frozenset({"quota", "on", "times", "wmi_error", "after"}): _quota,
    frozenset({"language_mode"}): _sets("constrained", "language_mode", {"constrained": True, "full": False}),
    frozenset({"powershell"}): _powershell,
    frozenset({"shell"}): _shell,
    frozenset({"pipe"}): _pipe,
    frozenset({"send"}): _send,
    frozenset({"input"}): _input,
    frozenset({"console"}): _console,
    frozenset({"answers", "of"}): _answers,
}
OF_MACHINES: dict[frozenset[str], Callable[[HyperV, Any, dict[str, Any]], Change]] = {
    frozenset({"power"}): _power,
    frozenset({"checkpoint", "missing", "type"}): _checkpoint,
    frozenset({"operation"}): _operation,
    frozenset({"security"}): _security,
    frozenset({"vlan"}): _vlan,
    frozenset({"automatic_stop"}): _sets("automatic_stop_action", "automatic_stop", _same(*enums.STOP_ACTION.names)),
    frozenset({"cluster_resource"}): _sets(
        "resource_trouble", "cluster_resource", {**_same(*enums.RESOURCE_STATE.names), "ok": ""}
    ),
    frozenset({"cluster_owner"}): _cluster_owner,
    frozenset({"cluster_role"}): _cluster_role,
    frozenset({"cluster_group"}): _cluster_group,
    frozenset({"heartbeat"}): _sets("heartbeat_works", "heartbeat", {"none": False, "ok": True}),
    frozenset({"shutdown_seconds"}): _shutdown_seconds,
    frozenset({"shutdown_component"}): _sets("shutdown_component", "shutdown_component", _same(*COMPONENTS)),
    frozenset({"unsaved_data"}): _sets("unsaved_data", "unsaved_data", _same(True, False)),
    frozenset({"does_not_start"}): _sets("may_start", "does_not_start", {True: False, False: True}),
    frozenset({"broken"}): _sets("readable", "broken", {True: False, False: True}),
    frozenset({"disks"}): _disks,
    frozenset({"storage"}): _storage,
    frozenset({"differencing"}): _differencing,
    frozenset({"foreign_disk"}): _foreign_disk,
    frozenset({"automatic_start"}): _sets(
        "automatic_start_action", "automatic_start", _same(START_NOTHING, START_IF_RUNNING, START_ALWAYS)
    ),
    frozenset({"replication"}): _sets("replication_trouble", "replication", REPLICATIONS),
    frozenset({"owner"}): _owner,
    frozenset({"configuration"}): _configuration,
    frozenset({"cluster_id"}): _cluster_id,
    frozenset({"vmm_record"}): _vmm_record,
}
