# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be the groups of a recovery plan, whoever makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def objection(groups: Sequence[Sequence[str]], fabric_of: Mapping[str, str]) -> str:
    """Why these names of items cannot be the groups of a plan, by the fabrics of all items; empty where they can."""
    members = [name for group in groups for name in group]
    unknown = sorted(set(members) - set(fabric_of))
    if unknown:
        return f"no item is named {', '.join(unknown)}; known are {', '.join(sorted(fabric_of))}"
    if not members or len(set(members)) < len(members):
        return "groups name at least one item, and none twice"
    return "" if len({fabric_of[name] for name in members}) == 1 else "the items of a plan are of one fabric"
