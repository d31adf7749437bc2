# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of an Azure VM since the cut-over, by the time of its last operation."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.azure_resources import parse_vm
from ansible_collections.asr.failback.plugins.module_utils.model.azure_use import judge_use

CUT_OVER = datetime(2026, 1, 31, 9, 12, 7, tzinfo=timezone.utc)


def vm(power: str = "deallocated", code: str = "succeeded", after: float | None = -60) -> Any:
    """A VM whose last operation ended so many seconds after the cut-over."""
    time = {} if after is None else {"time": (CUT_OVER + timedelta(seconds=after)).isoformat()}
    powers = [{"code": f"PowerState/{power}"}] if power else []
    statuses = [{"code": f"ProvisioningState/{code}", **time}, *powers]
    return parse_vm({"id": "/vm", "name": "vm", "properties": {"instanceView": {"statuses": statuses}}})


@pytest.mark.parametrize(
    ("machine", "verdict"),
    [
        # Not at its id: it may have been moved, and used there.
        (None, "not_checked"),
        (vm(), "unused"),
        (vm(after=60), "unused"),
        (vm(after=61), "operated"),
        (vm("stopped", after=3600), "operated"),
        (vm(code="failed/AllocationFailed", after=3600), "operated"),
        (vm(code="updating", after=None), "operated"),
        # No power state, which is not the same as off.
        (vm(power=""), "not_checked"),
        (vm("running"), "runs"),
        (vm("starting", "updating", None), "runs"),
        (vm(after=None), "not_checked"),
    ],
)
def test_the_last_operation_tells_whether_it_was_used(machine: Any, verdict: str) -> None:
    use = judge_use(machine, CUT_OVER)
    assert use.verdict == verdict
    assert bool(use.doubt) is (verdict in ("runs", "operated"))
    assert bool(use.reason) is (verdict != "unused")
    # What was seen, without what not to do about it.
    assert use.reason.startswith(use.seen)
    assert "do not commit" not in use.seen


def test_without_the_time_of_the_cut_over_nothing_is_claimed() -> None:
    assert judge_use(vm(after=3600), None).verdict == "not_checked"
    assert judge_use(vm("running"), None).verdict == "runs"


def test_a_view_without_provisioning_state_is_no_operation_under_way() -> None:
    bare = parse_vm({"properties": {"instanceView": {"statuses": [{"code": "PowerState/deallocated"}]}}})
    assert (bare.is_changing, bare.operated_at) == (False, None)
