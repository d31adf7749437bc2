# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task for many virtual machines must not say of all of them at once: what vouches for one, or gives up its
data. Somebody has looked at one VM; the others would be committed, deleted or started on that word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .azure_disks import loose_words
from .failures import ConfigurationError

_ENTRY = "the entry of each VM that it is meant for"


def _is_about_one(name: str, _value: Any) -> str:
    return f"{name} is set for every VM of replicated_items, and is about one."


def _names_loose_disks(name: str, words: Any) -> str:
    loose = loose_words(words)
    told = f"{name} names {', '.join(loose)} without a VM: the disk of that name of every VM of replicated_items."
    return told if loose else ""


def _are_of_one(_name: str, probes: Any) -> str:
    own = [str(probe["name"]) for probe in probes if any(probe.get(option) for option in ("vm", "host", "url"))]
    told = f"Probes of every VM of replicated_items: {', '.join(own)} is for one (vm, host or url), and proves nothing "
    return f"{told}about the others." if own else ""


# By option: what says why a value cannot be for all; empty where it can.
_OBJECTIONS: Mapping[str, Callable[[str, Any], str]] = {
    "accept_unseen": _is_about_one,
    "attested": _is_about_one,
    "attested_off": _is_about_one,
    "discard_azure_changes": _is_about_one,
    "discard_disks": _names_loose_disks,
    "expected_addresses": _is_about_one,
    "failed_task": _is_about_one,
    "probes": _are_of_one,
    "proof": _is_about_one,
    "state": _is_about_one,
}
_REMEDIES = {
    "discard_disks": f"Write VM/DISK, or the resource id or address of the disk; or set it in {_ENTRY}.",
    "probes": f"Set it in {_ENTRY}; one without vm, host and url runs for every VM.",
}


def refuse_said_of_all(options: Mapping[str, Any]) -> None:
    """Refuse options of a task for many VMs that only an entry may have. Raises ConfigurationError."""
    for name, objection in _OBJECTIONS.items():
        told = objection(name, options[name]) if options.get(name) else ""
        if told:
            raise ConfigurationError(
                told, f"Nothing was read or written. {_REMEDIES.get(name, f'Set it in {_ENTRY}.')}"
            )
