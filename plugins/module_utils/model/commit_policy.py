# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a commit of a failback may be sent: it deletes the other copy of the machine, so the user may hold it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from .failures import ConfigurationError
from .local_times import parse_moment, shown

NOW, AFTER_VALIDATION, HOLD, NOT_BEFORE = "now", "after_validation", "hold", "not_before"
CHOICES = (NOW, AFTER_VALIDATION, HOLD, NOT_BEFORE)


@dataclass(frozen=True)
class CommitPolicy:
    """C(choice) is one of the choices above, C(not_before) the time of that one."""

    choice: str = AFTER_VALIDATION
    not_before: datetime | None = None

    @property
    def requires_evidence(self) -> bool:
        """Whether a commit is refused without evidence that the machine works on-premises."""
        return self.choice in (AFTER_VALIDATION, NOT_BEFORE)

    def reason_to_hold(self, now: datetime) -> str:
        """Say why nothing is committed now, and how it goes on; empty where it may be committed.

        C(now) is Azure's time.
        """
        if self.choice == HOLD:
            return (
                "The failback awaits its commit, and the policy is to hold it. To commit it, run again with another "
                "policy"
            )
        if self.not_before is not None and now < self.not_before:
            return (
                f"The failback awaits its commit, which is allowed from {_shown(self.not_before)}; Azure's time is "
                f"{_shown(now)}. Run again then"
            )
        return ""


def parse_policy(choice: str, not_before: str) -> CommitPolicy:
    """Return the policy that a user gives; an empty C(not_before) was not given. Raises ConfigurationError."""
    if (choice == NOT_BEFORE) is not bool(not_before):
        raise ConfigurationError(
            f"policy is {choice}, and not_before {'is ' + not_before if not_before else 'is not given'}.",
            "Nothing was read or written. Give both policy: not_before and its time not_before, or neither.",
        )
    return CommitPolicy(choice, parse_moment(not_before, "not_before") if not_before else None)


def _shown(moment: datetime) -> str:
    return shown(moment, timezone.utc)
