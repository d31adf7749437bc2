# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure's own resources around an item: machine, locks, permissions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.model.azure_resources import (
    Lock,
    Permission,
    parse_lock,
    parse_permission,
    parse_vm,
)

READ_ITEM = "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers/read"
ACTIONS = st.lists(st.from_regex(r"[A-Za-z.]{1,9}", fullmatch=True), min_size=2, max_size=6).map("/".join)


def vm(statuses: list[str], **disks: Any) -> dict[str, Any]:
    properties = {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "instanceView": {"statuses": [{"code": code} for code in statuses]},
        "networkProfile": {"networkInterfaces": [{"id": "/nic-1"}, {"id": None}]},
        "storageProfile": disks,
    }
    return {"id": "/vm", "name": "web01", "properties": properties}


@pytest.mark.parametrize(
    ("statuses", "power", "running"),
    [
        (["ProvisioningState/succeeded", "PowerState/running"], "running", True),
        (["PowerState/starting"], "starting", True),
        (["PowerState/stopped"], "stopped", False),
        (["PowerState/deallocating"], "deallocating", False),
        (["PowerState/deallocated"], "deallocated", False),
        (["ProvisioningState/succeeded"], "unknown", False),
        ([], "unknown", False),
    ],
)
def test_the_power_state_is_read(statuses: list[str], power: str, running: bool) -> None:
    machine = parse_vm(vm(statuses))
    assert (machine.power, machine.is_running) == (power, running)


def test_managed_and_unmanaged_disks_are_told_apart() -> None:
    machine = parse_vm(
        vm([], osDisk={"managedDisk": {"id": "/disk-1"}}, dataDisks=[{"vhd": {"uri": "https://blob/1"}}, {"name": "x"}])
    )
    assert machine.disk_ids == ("/disk-1",)
    assert machine.blob_uris == ("https://blob/1",)
    assert machine.nic_ids == ("/nic-1",)


def test_a_lock_is_read() -> None:
    body = {"id": "/lock", "name": "keep", "properties": {"level": "CanNotDelete", "notes": None}}
    assert parse_lock(body) == Lock("/lock", "keep", "CanNotDelete")


GROUP = "/subscriptions/s/resourceGroups/rg"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/web01"


@pytest.mark.parametrize(
    ("scope", "concerns"),
    [
        (VM, True),
        (VM.upper(), True),
        (f"{VM}/extensions/monitor", True),
        (GROUP, True),
        ("/subscriptions/s", True),
        (f"{VM}2", False),
        (f"{GROUP}/providers/Microsoft.Compute/disks/web01", False),
        ("/subscriptions/s/resourceGroups/rg2", False),
        # Nobody knows where these were set.
        ("", True),
        ("/subscriptions//resourceGroups/rg2", True),
        ("web02", True),
    ],
)
def test_a_lock_concerns_what_it_was_set_at_above_or_below(scope: str, concerns: bool) -> None:
    lock = Lock(f"{scope}/providers/Microsoft.Authorization/locks/keep", "keep", "CanNotDelete")
    assert lock.may_concern(VM) is concerns


@pytest.mark.parametrize("lock_id", ["", "keep", f"{GROUP}/providers/Microsoft.Compute/disks/web01"])
def test_a_lock_that_does_not_tell_where_it_was_set_may_concern_all(lock_id: str) -> None:
    assert Lock(lock_id, "keep", "CanNotDelete").may_concern(VM)


@pytest.mark.parametrize(
    ("actions", "not_actions", "allowed"),
    [
        (["*"], [], True),
        (["*/read"], [], True),
        ([READ_ITEM.upper()], [], True),
        (["Microsoft.RecoveryServices/vaults/replicationFabrics/*"], [], True),
        (["Microsoft.RecoveryServices/*/read"], [], True),
        (["Microsoft.RecoveryServices/vaults/read"], [], False),
        (["Microsoft.RecoveryServices/vaults/*/write"], [], False),
        (["MicrosoftXRecoveryServices/vaults/replicationFabrics/*"], [], False),
        (["*"], ["*/read"], False),
        (["*"], ["*/write"], True),
        ([], [], False),
    ],
)
def test_a_permission_is_actions_less_not_actions(actions: list[str], not_actions: list[str], allowed: bool) -> None:
    entry = parse_permission({"actions": actions, "notActions": not_actions})
    assert entry.allows(READ_ITEM) is allowed


@given(ACTIONS, st.data())
def test_a_wildcard_stands_for_any_part_of_an_action(action: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(action)))
    last = data.draw(st.integers(first, len(action)))
    pattern = f"{action[:first]}*{action[last:]}"
    assert Permission((pattern,), ()).allows(action.swapcase())
    assert not Permission(("*",), (pattern,)).allows(action)


@given(ACTIONS, ACTIONS)
def test_without_a_wildcard_only_the_action_itself_is_granted(granted: str, asked: str) -> None:
    assert Permission((granted,), ()).allows(asked) is (granted.lower() == asked.lower())
