# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines of a plan of waves: what the user says of them, and what their hosts do.

What neither says is not known, and stays None. Everything that is wrong is collected, so that a user reads it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise
from math import isfinite
from typing import Any

from .arm_ids import segment, vault_of
from .data_sync import AUTO, BEFORE_FAILOVER, DURING_FAILOVER, DataSync, data_sync_by_age
from .hyperv_hosts import HostVm
from .items import ReplicatedItem, parse_item
from .json_path import as_document, field
from .wave_hosts import WaveHosts, full_name

_DATA_SYNCS = (AUTO, BEFORE_FAILOVER, DURING_FAILOVER)
# Mistyped, these would leave out an order without a word.
_ORDERING_KEYS = ("depends_on", "tier")
_RESEMBLES = 0.8
_NO_ITEM = parse_item({})


@dataclass(frozen=True)
class WaveVm:
    """A virtual machine that is to be cut over. C(host) is where it comes back, empty where that is not known;
    C(cluster) is empty where it is in none. C(depends_on) are names as the user wrote them. Sizes are bytes.
    C(copies_all): not only what changed is copied. C(runs_on): the host that it runs on already.
    """

    name: str
    friendly_name: str
    id: str
    host: str
    cluster: str | None
    site: str
    vault: str
    tier: int | None
    group: int | None
    depends_on: tuple[str, ...]
    memory_bytes: int | None
    disk_bytes: int | None
    changed_bytes: int | None
    data_sync: DataSync | None
    copies_all: bool
    runs_on: str = ""

    @property
    def names(self) -> set[str]:
        """What it may be called, in lower case."""
        return {one.lower() for one in (self.name, self.friendly_name, self.id) if one}

    @property
    def sort_key(self) -> tuple[str, str]:
        """Orders VMs by name, the same in every run."""
        return self.name.lower(), self.name


class _Entry:
    """Reads the keys of one VM. C(problems) are those of all."""

    def __init__(self, document: Mapping[str, Any], problems: list[str]) -> None:
        self._document = document
        self._problems = problems
        self.name = str(document.get("name") or "")

    def refuse(self, words: str) -> None:
        """Add a problem of this VM."""
        self._problems.append(f"{self.name}: {words}")

    def text(self, key: str) -> str:
        """Return a text; empty where it is missing."""
        value = self._document.get(key)
        if isinstance(value, (Mapping, list, tuple)):
            self.refuse(f"{key} is not text")
            return ""
        return "" if value is None else str(value).strip()

    def number(self, key: str, *, least: int = 1) -> int | None:
        """Return a whole number; None where it is missing."""
        value = self._document.get(key)
        number = as_whole(value)
        if value not in (None, "") and (number is None or number < least):
            self.refuse(f"{key} is '{value}', not a whole number of at least {least}")
            return None
        return number

    def days(self, key: str) -> timedelta | None:
        """Return a number of days; None where it is missing."""
        value = self._document.get(key)
        if value in (None, ""):
            return None
        try:
            days = float(value) if not isinstance(value, bool) else -1
        except (TypeError, ValueError):
            days = -1
        if not (isfinite(days) and 0 <= days < timedelta.max.days):
            self.refuse(f"{key} is '{value}', not a number of days")
            return None
        return timedelta(days=days)

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of names; a text is a list of one."""
        value = self._document.get(key)
        listed = [value] if isinstance(value, str) else value or []
        if not isinstance(listed, (list, tuple)) or not all(isinstance(one, str) and one.strip() for one in listed):
            self.refuse(f"{key} is not a list of names")
            return ()
        return tuple(dict.fromkeys(one.strip() for one in listed))

    def is_set(self, key: str) -> bool:
        """Whether a switch is on."""
        return str(self._document.get(key)).lower() in ("true", "yes", "1")

    def has(self, key: str) -> bool:
        """Whether the user says something of it, null too."""
        return key in self._document

    def disks(self) -> int | None:
        """Return the size of all disks: the one that was given, else the sum of those of each."""
        listed = self._document.get("disks")
        each = listed if isinstance(listed, (list, tuple)) else ()
        return self.number("disk_bytes") or _sum(as_whole(field(disk, "size")) for disk in each)

    def item(self) -> ReplicatedItem:
        """Return the replicated item, as far as replicated_item_info returned it: with full, all of it."""
        document = self._document.get("replicated_item")
        return parse_item(as_document(document)) if isinstance(document, Mapping) else _NO_ITEM

    def data_sync(self) -> str:
        """Return what was asked for, as an option or as failback_prereq returns the choice."""
        value = self._document.get("data_sync")
        asked = str((field(value, "option") if isinstance(value, Mapping) else value) or AUTO)
        if asked not in _DATA_SYNCS:
            self.refuse(f"data_sync is '{asked}', not one of {', '.join(_DATA_SYNCS)}")
            return AUTO
        return asked

    def refuse_mistyped(self) -> None:
        """Refuse a key that resembles one of those that order VMs."""
        for key in self._document:
            meant = _meant(str(key))
            if meant:
                self.refuse(f"{key} is not known; did you mean {meant}?")


@lru_cache(maxsize=1000)
def _meant(key: str) -> str:
    """Return the key that orders VMs and that another one resembles; empty where it resembles none, or is one."""
    resembled = get_close_matches(key.lower(), _ORDERING_KEYS, n=1, cutoff=_RESEMBLES)
    return resembled[0] if resembled and key not in _ORDERING_KEYS else ""


def as_whole(value: object) -> int | None:
    """Return a whole number, which templates may have made a text; None for anything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def parse_vms(documents: object, hosts: WaveHosts, problems: list[str]) -> list[WaveVm]:
    """Read the VMs, in the order of their names, with what their hosts tell of them."""
    if not isinstance(documents, (list, tuple)):
        problems.append("the VMs are not a list")
        return []
    named = [one for one in documents if isinstance(one, Mapping) and str(one.get("name") or "").strip()]
    if len(named) < len(documents):
        problems.append(f"{len(documents) - len(named)} of the VMs have no name")
    vms = sorted((_parse(_Entry(one, problems), hosts) for one in named), key=lambda vm: vm.sort_key)
    for one, other in pairwise(vms):
        if one.name.lower() == other.name.lower():
            problems.append(f"{one.name} is listed twice")
    names = {vm.host for vm in vms if vm.host}
    full = {name: full_name(name, hosts, names) for name in names}
    return [_of_host(replace(vm, host=full.get(vm.host, "")), hosts) for vm in vms]


def _parse(entry: _Entry, hosts: WaveHosts) -> WaveVm:
    entry.refuse_mistyped()
    name, item = entry.text("name"), entry.item()
    resource_id = entry.text("id") or item.id
    friendly_name = entry.text("friendly_name") or item.friendly_name or name
    another_host = entry.text("target_host")
    holder, seen = hosts.holder_of(item.hypervisor_vm_id, friendly_name) or (None, None)
    may_be_missing = entry.is_set("create_vm_if_missing") and seen is None
    asked, age = entry.data_sync(), entry.days("days_in_azure")
    is_open = asked == AUTO and age is None and not (another_host or may_be_missing)
    sync = data_sync_by_age(asked, [(name, age)], vm_may_be_missing=may_be_missing, another_host=another_host)
    return WaveVm(
        name=name,
        friendly_name=friendly_name,
        id=resource_id,
        host=another_host or entry.text("host") or (holder.name if holder else ""),
        cluster=entry.text("cluster") if entry.has("cluster") else None,
        site=entry.text("site") or segment(resource_id, "replicationFabrics"),
        vault=entry.text("vault") or vault_of(resource_id),
        tier=entry.number("tier", least=0),
        group=entry.number("group", least=0),
        depends_on=entry.names("depends_on"),
        memory_bytes=entry.number("memory_bytes") or (seen.memory_bytes if seen else 0) or None,
        disk_bytes=entry.disks() or _sum(disk.size for disk in item.disks) or _sum(_sizes_on(seen)),
        changed_bytes=entry.number("changed_bytes", least=0),
        data_sync=None if is_open else sync,
        copies_all=bool(another_host) or may_be_missing or sync.option == DURING_FAILOVER,
        runs_on=holder.name if holder and seen and seen.is_running else "",
    )


def _sizes_on(vm: HostVm | None) -> list[int]:
    return [disk.size for disk in vm.disks] if vm else []


def _sum(sizes: Iterable[int | None]) -> int | None:
    """Return the sum of sizes; None where there are none, or one is not known."""
    known = list(sizes)
    return sum(size or 0 for size in known) if known and all(known) else None


def _of_host(vm: WaveVm, hosts: WaveHosts) -> WaveVm:
    """Return a VM with the cluster of its host, unless the user tells it."""
    host = hosts.named(vm.host)
    return vm if vm.cluster is not None or host is None else replace(vm, cluster=host.cluster)
