# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the document of the script host_facts. What is missing or null is empty, 0, False or None."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from .hyperv_hosts import (
    Checkpoint,
    Cluster,
    ClusterGroup,
    HostDisk,
    HostFacts,
    HostNic,
    HostProblem,
    HostVm,
    Service,
    Switch,
    Vlan,
    Vmm,
    VmmHost,
    VmmVm,
    VmSecurity,
    Volume,
)
from .json_path import Document, field, items, text, time_at

_Part = TypeVar("_Part")


def parse_host(
    document: Document, asked_between: tuple[datetime, datetime] | None = None, transports: Sequence[str] = ()
) -> HostFacts:
    """Read a host's answer. C(asked_between) is another clock's time before and after it was asked, C(transports) are
    the ways to sign in that were open."""
    return _read(
        HostFacts,
        document,
        document=document,
        asked_between=asked_between,
        transports=tuple(transports),
        os_caption=text(document, "os", "caption"),
        os_version=text(document, "os", "version"),
        os_installation=text(document, "os", "installation"),
        hyper_v_installed=field(document, "hyper_v", "installed") is True,
        has_hyper_v_module=field(document, "hyper_v", "module") is True,
        hyper_v_version=text(document, "hyper_v", "version"),
        virtual_machine_path=text(document, "hyper_v", "virtual_machine_path"),
        virtual_hard_disk_path=text(document, "hyper_v", "virtual_hard_disk_path"),
        services=_each(Service, document, "services"),
        volumes=_each(Volume, document, "volumes"),
        switches=_each(Switch, document, "switches"),
        vms=tuple(_parse_vm(vm) for vm in items(document, "vms")),
        cluster=_parse_cluster(field(document, "cluster")),
        vmm=_parse_vmm(field(document, "vmm")),
        problems=_each(HostProblem, document, "problems"),
    )


def _parse_vm(document: Document) -> HostVm:
    return _read(
        HostVm,
        document,
        replication_mode=text(document, "replication", "mode"),
        replication_state=text(document, "replication", "state"),
        replication_health=text(document, "replication", "health"),
        checkpoints=_each(Checkpoint, document, "checkpoints"),
        disks=_each(HostDisk, document, "disks"),
        nics=tuple(_read(HostNic, nic, vlan=_parse_part(Vlan, nic, "vlan")) for nic in items(document, "nics")),
        security=_parse_part(VmSecurity, document, "security"),
    )


def _parse_part(kind: Callable[..., _Part], document: Document, name: str) -> _Part | None:
    """Read a part that may not have been told."""
    part = field(document, name)
    return _read(kind, part) if part else None


def _parse_cluster(document: Document | None) -> Cluster | None:
    if not document:
        return None
    nodes = tuple((text(node, "name"), text(node, "state")) for node in items(document, "nodes"))
    return _read(
        Cluster,
        document,
        nodes=nodes,
        groups=_each(ClusterGroup, document, "groups"),
        configurations=_each(ClusterGroup, document, "configurations"),
    )


def _parse_vmm(document: Document | None) -> Vmm | None:
    if not document:
        return None
    return _read(
        Vmm,
        document,
        hosts=_each(VmmHost, document, "hosts"),
        clouds=tuple(text(cloud, "name") for cloud in items(document, "clouds")),
        vms=_each(VmmVm, document, "vms"),
    )


def _each(kind: Callable[..., _Part], document: Document, name: str) -> tuple[_Part, ...]:
    return tuple(_read(kind, part) for part in items(document, name))


def _read(kind: Callable[..., _Part], source: Document, /, **known: Any) -> _Part:
    """Make a dataclass of a document whose names are those of its fields; C(known) are those that are not."""
    fields: Any = dataclasses.fields(kind)  # type: ignore[arg-type]
    read = {part.name: _READERS[part.type](source, part.name) for part in fields if part.name not in known}
    return kind(**read, **known)


def _number(document: Document, name: str) -> int:
    value = field(document, name)
    return int(value) if isinstance(value, (int, float)) else 0


# By the annotation of a field.
_READERS: dict[str, Callable[[Document, str], Any]] = {
    "str": text,
    "int": _number,
    "bool": lambda document, name: field(document, name) is True,
    "datetime | None": time_at,
    "tuple[str, ...]": lambda document, name: tuple(str(value) for value in items(document, name)),
}
