# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which management locks stand in the way of which step.

C(ReadOnly) forbids every request that is no read: an operation of the vault, turning a VM off, its deletion.
C(CanNotDelete) forbids the deletion alone. What Azure would refuse half-way is refused before the step is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .azure_resources import Lock


@dataclass(frozen=True)
class ItemLocks:
    """The locks that apply to what a machine's failback needs, each list with those of the scopes above.

    C(unread_at_vault) and C(unread_in_azure), of the VM and its disks, are reasons why some could not be read: that
    none is known there shows nothing.
    """

    vault: tuple[Lock, ...] = ()
    vm: tuple[Lock, ...] = ()
    disks: tuple[Lock, ...] = ()
    unread_at_vault: tuple[str, ...] = ()
    unread_in_azure: tuple[str, ...] = ()

    @property
    def against_writes(self) -> tuple[Lock, ...]:
        """Those that keep Site Recovery from being asked for anything."""
        return _once(lock for lock in self.vault if lock.forbids_changes)

    @property
    def against_power_off(self) -> tuple[Lock, ...]:
        """Those that keep the Azure VM from being turned off, as a cut-over does."""
        return _once(lock for lock in self.vm if lock.forbids_changes)

    @property
    def against_deletion(self) -> tuple[Lock, ...]:
        """Those that keep the Azure VM or a disk of it from being deleted, as a commit does. Both levels do."""
        return _once((*self.vm, *self.disks))


def _once(locks: Iterable[Lock]) -> tuple[Lock, ...]:
    """Return each lock once: that of a resource group applies to all that is in it."""
    return tuple({lock.id.lower(): lock for lock in locks}.values())


# The names of VMs, each with its locks.
Locked = Sequence[tuple[str, ItemLocks]]
# What a step needs: of Site Recovery, of the Azure VM.
WRITE, CUT_OVER, COMMIT = "write", "cut_over", "commit"
_Reason = tuple[str, Callable[[ItemLocks], tuple[Lock, ...]]]
_WRITES: _Reason = (
    "A ReadOnly lock at or above the vault blocks every Site Recovery operation",
    lambda locks: locks.against_writes,
)
_POWER_OFF: _Reason = (
    "A ReadOnly lock keeps its Azure VM from being turned off, which a cut-over does",
    lambda locks: locks.against_power_off,
)
_DELETION: _Reason = (
    "A delete lock protects the Azure VM, which a commit deletes",
    lambda locks: locks.against_deletion,
)
_REASONS = {WRITE: (_WRITES,), CUT_OVER: (_WRITES, _POWER_OFF), COMMIT: (_WRITES, _DELETION)}


@dataclass(frozen=True)
class Obstacles:
    """The locks in the way of a step: their C(ids), and a C(sentence) for each thing that they forbid."""

    ids: tuple[str, ...]
    sentence: str


def obstacles(found: Locked, step: str) -> Obstacles:
    """Return what is in the way of a step for these machines."""
    reasons = _REASONS[step]
    every = _once(lock for _words, of in reasons for _name, locks in found for lock in of(locks))
    return Obstacles(tuple(lock.id for lock in every), ". ".join(filter(None, (_told(found, *one) for one in reasons))))


def _told(found: Locked, words: str, of: Callable[[ItemLocks], tuple[Lock, ...]]) -> str:
    lines = [f"{name}: {', '.join(lock.id for lock in of(locks))}" for name, locks in found if of(locks)]
    return f"{words}: {'; '.join(lines)}" if lines else ""
