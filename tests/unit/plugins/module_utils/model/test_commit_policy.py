# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which commit is held, and which needs evidence."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.commit_policy import (
    AFTER_VALIDATION,
    CHOICES,
    HOLD,
    NOT_BEFORE,
    NOW,
    CommitPolicy,
    parse_policy,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError

MONDAY = datetime(2026, 2, 2, 7, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("policy", "now", "requires", "words"),
    [
        (CommitPolicy(), MONDAY, True, ""),
        (CommitPolicy(AFTER_VALIDATION), MONDAY, True, ""),
        (CommitPolicy(NOW), MONDAY, False, ""),
        (CommitPolicy(HOLD), MONDAY, False, "run again with another policy"),
        (CommitPolicy(NOT_BEFORE, MONDAY), MONDAY - SECOND, True, "is allowed from 2026-02-02T07:00:00+00:00"),
        (CommitPolicy(NOT_BEFORE, MONDAY), MONDAY - SECOND, True, "Azure's time is 2026-02-02T06:59:59+00:00"),
        (CommitPolicy(NOT_BEFORE, MONDAY), MONDAY, True, ""),
    ],
)
def test_what_a_policy_holds_and_requires(policy: CommitPolicy, now: datetime, requires: bool, words: str) -> None:
    reason = policy.reason_to_hold(now)
    assert (policy.requires_evidence, bool(reason)) == (requires, bool(words))
    assert words in reason
    assert not reason or reason.startswith("The failback awaits its commit")


def test_a_time_is_read() -> None:
    assert parse_policy(NOT_BEFORE, "2026-02-02T08:00+01:00") == CommitPolicy(NOT_BEFORE, MONDAY)
    assert parse_policy(NOT_BEFORE, "2026-02-02 07:00") == CommitPolicy(NOT_BEFORE, MONDAY)
    assert [parse_policy(choice, "").not_before for choice in (NOW, AFTER_VALIDATION, HOLD)] == [None] * 3


@pytest.mark.parametrize("choice", CHOICES)
def test_a_time_and_the_policy_that_takes_it_come_together(choice: str) -> None:
    time = "" if choice == NOT_BEFORE else "2026-02-02T08:00+01:00"
    with pytest.raises(ConfigurationError, match=f"policy is {choice}, and not_before is"):
        parse_policy(choice, time)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not_before: 'monday' is not a date-time"):
        parse_policy(NOT_BEFORE, "monday")
