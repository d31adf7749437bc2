# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts in an inventory: each is that of one virtual machine, and means nothing else to Ansible.

Several machines of a vault, or of several vaults, may have the same name. Which of them a pattern would mean must not
be left to chance, and two of them must not become one host.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from .arm_ids import is_resource_id, same_resource
from .failures import ConfigurationError

# What separates the parts of a host pattern, or stands for others in one, and what is a part of a path.
_NOT_IN_A_NAME = re.compile(r"[^\w.-]")
# They mean the controller, or every host.
_RESERVED = frozenset({"localhost", "127.0.0.1", "::1", "all", "ungrouped"})
# Of hosts that cannot be told apart.
_SHOWN = 5
# The variables by which the roles know what to fail back.
_ITEM, _PLAN, _GROUP, _VAULT = (
    f"failback_{name}" for name in ("replicated_item", "recovery_plan", "resource_group", "vault_name")
)

# Returns what the numbered preference makes of the virtual machine with an id; None where it makes nothing.
Preference = Callable[[str, int], "str | None"]


def safe_name(text: str) -> str:
    """Return a text as the name of a host: letters, digits, C(_), C(.) and C(-), which does not come first.

    Empty where Ansible takes the name for something else.
    """
    name = _NOT_IN_A_NAME.sub("_", text.strip())
    name = f"_{name[1:]}" if name.startswith("-") else name
    return "" if name.lower() in _RESERVED or not name.strip("_.") else name


def choose_names(ids: Sequence[str], preference: Preference, count: int, taken: Iterable[str]) -> dict[str, str]:
    """Return a name for each of C(ids). C(count) is the number of preferences, C(taken) are names of other hosts and of
    groups.

    A name that several would have, in any case, is that of none of them: they get what their next preference makes.
    Raises ConfigurationError where the preferences do not tell them apart, or make no name.
    """
    others = {name.lower() for name in taken}
    names: dict[str, str] = {}
    number = dict.fromkeys(ids, -1)
    waiting = list(ids)
    while waiting:
        for one in waiting:
            number[one], names[one] = _next(one, preference, number[one] + 1, count)
        clashes = _clashes(names, others)
        waiting = [one for same in clashes.values() for one in same]
        for same in clashes.values():
            if any(number[one] + 1 >= count for one in same):
                raise _refusal(names[same[0]], same)
    return names


def _next(one: str, preference: Preference, start: int, count: int) -> tuple[int, str]:
    for number in range(start, count):
        name = safe_name(preference(one, number) or "")
        if name:
            return number, name
    raise _refusal("", [one])


def _clashes(names: Mapping[str, str], others: set[str]) -> dict[str, list[str]]:
    """Return those that have a name which is not theirs alone, by that name."""
    same: defaultdict[str, list[str]] = defaultdict(list)
    for one, name in names.items():
        same[name.lower()].append(one)
    return {name: ids for name, ids in same.items() if len(ids) > 1 or name in others}


def _refusal(name: str, ids: Sequence[str]) -> ConfigurationError:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    listed = ", ".join(ids[:_SHOWN]) + more
    happened = f"hostnames makes the same name '{name}' of several hosts: {listed}."
    if len(ids) == 1:
        made = (
            f"only '{name}', which is the name of another host or of a group," if name else "no name that can be used"
        )
        happened = f"hostnames makes {made} of {listed}."
    return ConfigurationError(happened, "Add an expression to hostnames that tells them apart, such as id.")


def own_variables(vm_id: str, resource_group: str, vault_name: str) -> dict[str, str]:
    """Return the variables by which the roles know a virtual machine, by the id of its replicated item."""
    return {_ITEM: vm_id, _GROUP: resource_group, _VAULT: vault_name}


def is_failed_back(variables: Mapping[str, Any]) -> bool:
    """Whether a host with these variables is one that the roles fail back."""
    return bool(variables.get(_ITEM) or variables.get(_PLAN))


def require_own_hosts(
    names: Mapping[str, str],
    own: Mapping[str, Mapping[str, str]],
    words: Mapping[str, Collection[str]],
    variables_of: Callable[[str], Mapping[str, Any]],
) -> None:
    """Refuse names that hosts of other sources have which are not the same virtual machine.

    By the id of a virtual machine: C(names) that were chosen, its C(own) variables, and the other C(words) for its
    replicated item. C(variables_of) returns those that other sources have set for the host of a name, in any case.
    Raises ConfigurationError.
    """
    others = [
        f"host {name} is {_shown(variables)} by another source, and would be {vm}"
        for vm, name in names.items()
        if is_failed_back(variables := variables_of(name)) and not _is_same_vm(variables, own[vm], words[vm])
    ]
    if others:
        more = f"; and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise ConfigurationError(
            f"Different VMs would become one host: {'; '.join(others[:_SHOWN])}{more}.",
            "Nothing of this source was added. Let hostnames give its VMs names of their own, such as "
            "friendly_name ~ '.' ~ fabric, or use a run for each vault.",
        )


def _is_same_vm(variables: Mapping[str, Any], own: Mapping[str, str], words: Collection[str]) -> bool:
    if variables.get(_PLAN):
        return False
    item = str(variables[_ITEM])
    if is_resource_id(item):
        # The vault is in it.
        return same_resource(item, own[_ITEM])
    of_this_vault = all(str(variables.get(name) or own[name]).lower() == own[name].lower() for name in (_GROUP, _VAULT))
    return of_this_vault and item.lower() in {word.lower() for word in words}


def _shown(variables: Mapping[str, Any]) -> str:
    """Return what a host fails back."""
    what = variables.get(_ITEM) or f"recovery plan {variables[_PLAN]}"
    vault = variables.get(_VAULT)
    return str(what) if is_resource_id(str(what)) or not vault else f"{what} of vault {vault}"


def refuse_names_of_groups(names: Iterable[str], groups: Collection[str]) -> None:
    """Refuse names of hosts that expressions have given to groups as well. Raises ConfigurationError."""
    both = sorted(set(names) & set(groups))
    if both:
        raise ConfigurationError(
            f"A host and a group would have the same name: {', '.join(both[:_SHOWN])}.",
            "Nothing of this source was added. Change keyed_groups, such as its prefix, or hostnames.",
        )
