# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's word that a commit may go on although a copy of a VM was not seen: VM by VM and side by side, so that no
word that was given for one VM counts for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .failures import ConfigurationError
from .items import ReplicatedItem

AZURE, ON_PREMISES = "azure", "on_premises"
SIDES = (AZURE, ON_PREMISES)
_EXAMPLE = "accept_unseen: {vm: web01, sides: [on_premises]}"


@dataclass(frozen=True)
class Acceptance:
    """The sides of one VM that were not seen and are accepted. C(vm) is its name, as the user gave it."""

    vm: str
    sides: frozenset[str]


def parse_acceptances(given: object) -> tuple[Acceptance, ...]:
    """Return what the option accept_unseen says: one entry or a list of them; None is none.

    Raises ConfigurationError for what is no such entry.
    """
    if given is None:
        return ()
    entries = given if isinstance(given, list) else [given]
    if not entries:
        raise _refused("accept_unseen is empty.")
    return tuple(_parse(entry) for entry in entries)


def refuse_other_vms(said: Sequence[Acceptance], items: Sequence[ReplicatedItem]) -> None:
    """Refuse a word for a VM that is not one of the target's, or for several of them. Raises ConfigurationError."""
    names = ", ".join(item.friendly_name for item in items)
    for one in said:
        meant = [item for item in items if item.answers_to(one.vm)]
        if not meant:
            raise ConfigurationError(
                f"accept_unseen names {one.vm}, but this is about {names or 'no VM'}.",
                "Nothing was written. Give it for one VM, by its name, when you have looked at that VM yourself.",
            )
        if len(meant) > 1:
            raise ConfigurationError(
                f"accept_unseen names {one.vm}, which is the name of several VMs.",
                "Nothing was written. Give it for the one that you have looked at yourself, by the id of its "
                f"replicated item: {', '.join(item.id for item in meant)}.",
            )


def accepts(said: Sequence[Acceptance], item: ReplicatedItem, side: str) -> bool:
    """Say whether it was accepted that a side of a VM was not seen."""
    return any(item.answers_to(one.vm) and side in one.sides for one in said)


def _parse(entry: Any) -> Acceptance:
    if not isinstance(entry, Mapping):
        raise _refused(f"accept_unseen holds {entry!r}, which is not a dictionary.")
    others = sorted(str(key) for key in entry if key not in ("vm", "sides"))
    if others:
        raise _refused(f"accept_unseen has unknown keys: {', '.join(others)}.")
    vm, sides = entry.get("vm"), entry.get("sides")
    if not isinstance(vm, str) or not vm.strip():
        raise _refused("accept_unseen names no VM: vm is missing or empty.")
    if not isinstance(sides, list) or not sides or any(side not in SIDES for side in sides):
        raise _refused(f"accept_unseen: sides of {vm} is {sides!r}, not a list of {' and '.join(SIDES)}.")
    return Acceptance(vm.strip(), frozenset(sides))


def _refused(happened: str) -> ConfigurationError:
    return ConfigurationError(happened, f"Nothing was read or written. Write it as {_EXAMPLE}.")
