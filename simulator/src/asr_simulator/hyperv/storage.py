# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes of hosts, and the disks of virtual machines on them; sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

CSV_ROOT = "C:\\ClusterStorage\\"
GIB = 1024**3
MIB = 1024**2
FRESH_FILE = 4 * MIB  # a dynamically expanding VHDX that holds nothing
PASS_THROUGH, SHARED, EXCLUDED = "pass_through", "shared", "excluded"


@dataclass(eq=False)
class Volume:
    """A volume; ``own`` are the bytes that no virtual disk takes. Nodes of a cluster share the same object.

    ``free_at_start`` is what is to be free when the scenario begins; None: whatever is.
    """

    path: str
    label: str
    size: int
    own: int
    identifier: str
    cluster: str | None = None
    free_at_start: int | None = None
    disks: list[VirtualDisk] = field(default_factory=list, repr=False)

    @property
    def file_system(self) -> str:
        """How it is formatted."""
        return "CSVFS" if self.cluster else "NTFS"

    @property
    def root(self) -> str:
        """Its path with the backslash at its end."""
        return self.path.rstrip("\\") + "\\"

    def balance(self, now: datetime) -> int:
        """Free bytes, below zero when more was written than fits."""
        return self.size - self.own - sum(disk.file_size(now) for disk in self.disks)

    def free(self, now: datetime) -> int:
        """Free bytes now."""
        return max(0, self.balance(now))

    def unclaimed(self) -> int:
        """Free bytes when everything that grows has grown."""
        return max(0, self.size - self.own - sum(disk.final_size for disk in self.disks))

    def leave_free(self, free: int, now: datetime) -> None:
        """Other files take what leaves so much free now."""
        self.own = self.size - sum(disk.file_size(now) for disk in self.disks) - free


@dataclass(eq=False)
class VirtualDisk:
    """A dynamically expanding VHDX file; sizes in bytes. It may be growing."""

    path: str
    size: int
    volume: Volume = field(repr=False)
    identifier: str
    holds: int = FRESH_FILE
    present: bool = True
    _grows: tuple[datetime, float, int] | None = None

    def file_size(self, now: datetime) -> int:
        """What the file takes of its volume now."""
        if not self.present:
            return 0
        if self._grows is None:
            return self.holds
        since, seconds, target = self._grows
        share = 1.0 if seconds <= 0 else min(1.0, (now - since).total_seconds() / seconds)
        return self.holds + int((target - self.holds) * share)

    @property
    def final_size(self) -> int:
        """What it takes when it has grown."""
        if not self.present:
            return 0
        return self.holds if self._grows is None else self._grows[2]

    def grow(self, by: int, seconds: float, now: datetime) -> None:
        """Grow by so many bytes in so many seconds, never beyond the size of the disk."""
        self.rest(now)
        self._grows = (now, seconds, max(self.holds, min(self.size, self.holds + by)))

    def finish(self) -> None:
        """What was to be written is."""
        self.holds, self._grows = self.final_size, None

    def rest(self, now: datetime) -> None:
        """Grow no more."""
        self.holds, self._grows = self.file_size(now), None


@dataclass(frozen=True)
class ForeignDisk:
    """A disk that is no part of the replication: passed through, shared with others, or excluded from it."""

    kind: str
    path: str
    identifier: str
    size: int = 100 * GIB


@dataclass
class Checkpoint:
    """A checkpoint; ``type`` is Hyper-V's word for it, Recovery for one that a backup has made."""

    identifier: str
    name: str
    created: datetime
    type: str = "Standard"
