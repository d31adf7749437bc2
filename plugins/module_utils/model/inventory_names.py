# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts in an inventory: each is that of one virtual machine, and means nothing else to Ansible.

Several machines of a vault may have the same name. Which of them a pattern would mean must not be left to chance.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from .failures import ConfigurationError

# What separates the parts of a host pattern, or stands for others in one, and what is a part of a path.
_NOT_IN_A_NAME = re.compile(r"[^\w.-]")
# They mean the controller, or every host.
_RESERVED = frozenset({"localhost", "127.0.0.1", "::1", "all", "ungrouped"})
# Of hosts that cannot be told apart.
_SHOWN = 5

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
    """Return a name for each of C(ids). C(count) is the number of preferences, C(taken) are names of other hosts.

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
        made = f"only '{name}', which is the name of another host," if name else "no name that can be used"
        happened = f"hostnames makes {made} of {listed}."
    return ConfigurationError(happened, "Add an expression to hostnames that tells them apart, such as id.")
