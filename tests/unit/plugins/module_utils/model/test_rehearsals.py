# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is rehearsed: by where the VMs of the hosts are, and with nothing that reaches anything real."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.rehearsals import inventory_for, playbook_for

SCENARIO = {
    "items": [
        {"name": "item-1", "friendly_name": "web01", "stage": "protected"},
        {"name": "item-2", "friendly_name": "db01", "stage": "failed_over"},
    ]
}


@pytest.mark.parametrize(
    ("hosts", "playbook"),
    [
        ({"web01": {}}, "drill"),
        ({"WEB01": {}}, "drill"),
        ({"any": {"failback_replicated_item": "item-1"}}, "drill"),
        ({"any": {"failback_replicated_item": "/subscriptions/s/replicationProtectedItems/item-1"}}, "drill"),
        ({"db01": {}}, "fleet"),
        ({"web01": {}, "db01": {}}, "fleet"),
        ({"shop": {"failback_recovery_plan": "shop"}}, "fleet"),
        ({"web01": {}, "shop": {"failback_recovery_plan": "shop"}}, "fleet"),
    ],
)
def test_vms_that_are_at_home_have_to_leave_it_first(hosts: dict[str, Any], playbook: str) -> None:
    assert playbook_for(SCENARIO, hosts) == playbook


@pytest.mark.parametrize("scenario", [SCENARIO, {}, {"items": []}])
def test_a_vault_without_any_of_the_vms_is_refused(scenario: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="protects none"):
        playbook_for(scenario, {"mail01": {}})


def test_every_host_is_marked_there_and_nothing_is_committed_without_a_validation() -> None:
    inventory = inventory_for({"web01": {"failback_tier": 1}}, {"failback_max_failed": 1}, speed=600)["all"]
    assert inventory["hosts"] == {"web01": {"failback_tier": 1, "failback_drill": True}}
    assert (inventory["vars"]["failback_commit_policy"], inventory["vars"]["failback_max_failed"]) == (
        "after_validation",
        1,
    )
