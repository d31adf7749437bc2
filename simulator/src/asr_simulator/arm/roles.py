# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role definitions: which actions a role gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@lru_cache(maxsize=4096)
def _pattern(wildcard: str) -> re.Pattern[str]:
    return re.compile("^" + ".*".join(re.escape(part) for part in wildcard.split("*")) + "$", re.IGNORECASE)


def matches(wildcard: str, action: str) -> bool:
    """Whether an action fits a role's entry; `*` stands for any characters, slashes too, and case does not count."""
    return _pattern(wildcard).match(action) is not None


@dataclass(frozen=True)
class RoleDefinition:
    """A role: what it allows, less what it takes away."""

    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    guid: str = ""
    description: str = ""
    custom: bool = False

    def allows(self, action: str) -> bool:
        """Whether this role alone gives the action."""
        return any(matches(entry, action) for entry in self.actions) and not any(
            matches(entry, action) for entry in self.not_actions
        )
