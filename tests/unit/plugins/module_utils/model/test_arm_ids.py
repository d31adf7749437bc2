# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resource ids, which the service spells in any case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import CONTAINER, VAULT

from ansible_collections.asr.failback.plugins.module_utils.model import arm_ids

ITEM = f"{CONTAINER}/replicationProtectedItems/item-1"
SEGMENTS = st.lists(st.from_regex(r"[A-Za-z0-9._-]{1,8}", fullmatch=True), min_size=2, max_size=8)


@pytest.mark.parametrize(
    ("collection", "name"),
    [
        ("replicationFabrics", "site1"),
        ("REPLICATIONPROTECTIONCONTAINERS", "cloud_1"),
        ("resourcegroups", "rg-recovery"),
        ("replicationProtectedItems", "item-1"),
        ("replicationJobs", ""),
        ("item-1", ""),
    ],
)
def test_a_segment_is_found_by_its_collection_in_any_case(collection: str, name: str) -> None:
    assert arm_ids.segment(ITEM, collection) == name


@given(SEGMENTS)
def test_the_last_segment_is_the_own_name(parts: list[str]) -> None:
    path = "/".join(parts)
    assert arm_ids.last_segment(f"/{path}") == arm_ids.last_segment(f"/{path}/") == parts[-1]


@given(SEGMENTS)
def test_an_id_is_the_same_in_any_case_and_with_any_slashes(parts: list[str]) -> None:
    path = "/".join(parts)
    assert arm_ids.same_resource(f"/{path}", f"{path.upper()}/")
    assert not arm_ids.same_resource(f"/{path}", f"/{path}/more")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(ITEM, True), ("/subscriptions/1", True), ("web01", False), ("subscriptions/1", False), ("", False)],
)
def test_an_id_is_told_from_a_name(value: str, expected: bool) -> None:
    assert arm_ids.is_resource_id(value) is expected


@pytest.mark.parametrize(("value", "vault"), [(ITEM, VAULT), (VAULT, VAULT), ("/subscriptions/1/vaults", ""), ("", "")])
def test_the_vault_of_an_id(value: str, vault: str) -> None:
    assert arm_ids.vault_of(value) == vault
