# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Management locks: where they are and what they forbid."""

from __future__ import annotations

from dataclasses import dataclass

from asr_simulator.arm.scopes import canonical, contains
from asr_simulator.wire import ArmError

CAN_NOT_DELETE = "CanNotDelete"
READ_ONLY = "ReadOnly"


@dataclass(frozen=True)
class Lock:
    """A lock of `level` CanNotDelete or ReadOnly on `scope` and on everything below it."""

    scope: str
    name: str
    level: str = CAN_NOT_DELETE
    notes: str | None = None

    @property
    def id(self) -> str:
        """The ARM id."""
        return f"{self.scope.rstrip('/')}/providers/Microsoft.Authorization/locks/{self.name}"


class ScopeLocked(ArmError):
    """409: a lock forbids the operation."""

    def __init__(self, resource_id: str, operation: str, locks: list[Lock]) -> None:
        scopes = "', '".join(lock.scope for lock in locks)
        super().__init__(
            409,
            "ScopeLocked",
            f"The scope '{resource_id}' cannot perform {operation} operation because following scope(s) are locked: "
            f"'{scopes}'. Please remove the lock and try again.",
        )


class Locks:
    """Every lock of the subscription."""

    def __init__(self) -> None:
        self._locks: dict[str, Lock] = {}

    def add(self, scope: str, name: str, level: str = CAN_NOT_DELETE, notes: str | None = None) -> Lock:
        """Puts a lock on a subscription, a resource group or a resource; one of the same name there is replaced."""
        lock = Lock(scope, name, level, notes)
        self._locks[canonical(lock.id)] = lock
        return lock

    def remove(self, scope: str, name: str) -> bool:
        """Takes a lock away; False when there was none."""
        return self._locks.pop(canonical(Lock(scope, name).id), None) is not None

    def at_or_above(self, scope: str) -> list[Lock]:
        """The locks that bind the scope."""
        return [lock for lock in self._locks.values() if contains(lock.scope, scope)]

    def around(self, scope: str) -> list[Lock]:
        """The locks at, above and below the scope: what a list without `atScope()` gives."""
        return [lock for lock in self._locks.values() if contains(lock.scope, scope) or contains(scope, lock.scope)]

    def refuse_delete(self, resource_id: str) -> None:
        """Raises `ScopeLocked` when a lock forbids deleting the resource: both levels do, at it or above it."""
        binding = self.at_or_above(resource_id)
        if binding:
            raise ScopeLocked(resource_id, "delete", binding)

    def refuse_write(self, resource_id: str) -> None:
        """Raises `ScopeLocked` when a ReadOnly lock forbids changing the resource."""
        binding = [lock for lock in self.at_or_above(resource_id) if lock.level == READ_ONLY]
        if binding:
            raise ScopeLocked(resource_id, "write", binding)
