# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which locks are in the way of which step."""

from __future__ import annotations

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.azure_locks import (
    COMMIT,
    CUT_OVER,
    WRITE,
    ItemLocks,
    obstacles,
)
from ansible_collections.asr.failback.plugins.module_utils.model.azure_resources import Lock

SUBSCRIPTION = "/subscriptions/s"
VM = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web01"
LOCKS = "/providers/Microsoft.Authorization/locks"
KEEP, STILL = Lock(f"{VM}{LOCKS}/keep", "keep", "CanNotDelete"), Lock(f"{VM}{LOCKS}/still", "still", "readonly")


@pytest.mark.parametrize(
    ("locks", "writes", "cut_over", "commit"),
    [
        (ItemLocks(), 0, 0, 0),
        (ItemLocks(vault=(KEEP,)), 0, 0, 0),
        (ItemLocks(vault=(STILL,)), 1, 1, 1),
        (ItemLocks(vm=(KEEP,)), 0, 0, 1),
        (ItemLocks(vm=(STILL,)), 0, 1, 1),
        (ItemLocks(disks=(KEEP, STILL)), 0, 0, 2),
        # That of a resource group is found at everything in it.
        (ItemLocks((STILL,), (STILL,), (STILL, STILL)), 1, 1, 1),
    ],
)
def test_each_step_has_locks_of_its_own(locks: ItemLocks, writes: int, cut_over: int, commit: int) -> None:
    found = [obstacles([("web01", locks)], step) for step in (WRITE, CUT_OVER, COMMIT)]
    assert [len(one.ids) for one in found] == [writes, cut_over, commit]
    assert [bool(one.sentence) for one in found] == [bool(number) for number in (writes, cut_over, commit)]


def test_each_lock_is_named_with_the_machine_that_it_concerns() -> None:
    found = obstacles([("web01", ItemLocks(vm=(KEEP,))), ("db01", ItemLocks()), ("app", ItemLocks((STILL,)))], COMMIT)
    assert f"A delete lock protects the Azure VM, which a commit deletes: web01: {KEEP.id}" in found.sentence
    assert f"blocks every Site Recovery operation: app: {STILL.id}" in found.sentence
    assert "db01" not in found.sentence


@pytest.mark.parametrize(
    ("scope", "binds"),
    [
        (VM, True),
        (VM.upper(), True),
        (f"{SUBSCRIPTION}/resourceGroups/RG", True),
        (SUBSCRIPTION, True),
        (f"{SUBSCRIPTION}/resourceGroups/r", False),
        (f"{VM}/extensions/agent", False),
        (f"{VM}2", False),
    ],
)
def test_a_lock_binds_what_it_was_set_at_and_what_is_below(scope: str, binds: bool) -> None:
    assert Lock(f"{scope}{LOCKS}/any", "any", "ReadOnly").binds(VM) is binds
