# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token that confirms commits: the same for the same deletions, another one for any others."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.bodies import AZURE_GROUP, CONTAINER, VAULT

from ansible_collections.asr.failback.plugins.module_utils.model.confirmation import (
    CommitDeletion,
    confirmation_token,
    confirms,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import Refused

COMPUTE = f"{AZURE_GROUP}/providers/Microsoft.Compute"
Deletions = Mapping[str, tuple[str, ...]]


def item(name: str) -> str:
    return f"{CONTAINER}/replicationProtectedItems/{name}"


def vm(name: str, *disks: str) -> tuple[str, ...]:
    return (f"{COMPUTE}/virtualMachines/{name}", *(f"{COMPUTE}/disks/{disk}" for disk in disks))


def token(deletions: Deletions, vault: str = VAULT) -> str:
    return confirmation_token(vault, [CommitDeletion(item_id, ids) for item_id, ids in deletions.items()])


WEB = {item("web01"): vm("web01", "web01-os", "web01-data")}
TWO = {**WEB, item("db01"): vm("db01", "db01-os")}


def test_a_token_is_short_and_stays_the_same_from_release_to_release() -> None:
    assert token(TWO) == "IN3TJOOFFC"
    assert re.fullmatch("[A-Z2-7]{10}", token(WEB))


@pytest.mark.parametrize(
    ("other", "vault"),
    [
        (WEB, VAULT),
        ({**TWO, item("app01"): vm("app01", "app01-os")}, VAULT),
        ({**TWO, item("web01"): vm("web01", "web01-os")}, VAULT),
        ({**TWO, item("web01"): vm("web01", "web01-os", "web01-data", "web01-logs")}, VAULT),
        # The same resources, of other VMs.
        ({item("web01"): vm("db01", "db01-os"), item("db01"): vm("web01", "web01-os", "web01-data")}, VAULT),
        (
            {item("web01"): vm("web01", "web01-os"), item("db01"): (*vm("db01", "db01-os"), *vm("x", "web01-data"))},
            VAULT,
        ),
        (TWO, VAULT.replace("vault-recovery", "vault-other")),
    ],
    ids=["a VM less", "a VM more", "a disk less", "a disk more", "swapped", "moved", "vault"],
)
def test_other_deletions_have_another_token(other: Deletions, vault: str) -> None:
    assert token(other, vault) != token(TWO)


NAMES = st.text("abcXYZ019-/.|, \"'", min_size=1, max_size=6)
IDS = st.one_of(NAMES.map(lambda name: f"{COMPUTE}/disks/{name}x"), NAMES.map(lambda name: f"https://s.blob/{name}x"))
DELETIONS = st.dictionaries(
    NAMES.map(lambda name: item(f"{name}x")), st.lists(IDS, min_size=1, max_size=4).map(tuple), min_size=1, max_size=4
)


@given(DELETIONS, st.randoms(use_true_random=False))
def test_order_repetition_and_case_do_not_matter(deletions: Deletions, chance: object) -> None:
    given_twice = [(item_id, ids[::-1]) for item_id, ids in deletions.items()] * 2
    chance.shuffle(given_twice)  # type: ignore[attr-defined]
    shuffled = [
        CommitDeletion(item_id.upper(), tuple(one.upper() if one.startswith("/") else one for one in ids))
        for item_id, ids in given_twice
    ]
    assert confirmation_token(f"{VAULT.lower()}/", shuffled) == token(deletions)


def normal(deletions: Deletions) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for item_id, ids in deletions.items():
        names = frozenset(one.lower().rstrip("/") if one.startswith("/") else one for one in ids)
        found[item_id.lower()] = found.get(item_id.lower(), frozenset()) | names
    return found


@given(DELETIONS, DELETIONS)
def test_different_deletions_have_different_tokens(one: Deletions, other: Deletions) -> None:
    assume(normal(one) != normal(other))
    assert token(one) != token(other)


@pytest.mark.parametrize(
    ("deletions", "words"),
    [
        ([], "There is no commit to confirm."),
        ([CommitDeletion(item("web01"), None)], "web01 would delete is not known"),
        ([CommitDeletion(item("web01"), ())], "web01 would delete is not known"),
        ([CommitDeletion(item("web01"), (*vm("web01"), ""))], "web01 would delete is not known"),
        ([CommitDeletion(item("db01"), vm("db01")), CommitDeletion("", vm("x"))], "a VM without an id"),
    ],
    ids=["nothing", "not read", "empty", "a disk without a name", "no id"],
)
def test_what_is_not_known_cannot_be_confirmed(deletions: list[CommitDeletion], words: str) -> None:
    with pytest.raises(Refused, match=words):
        confirmation_token(VAULT, deletions)


@pytest.mark.parametrize("given", ["IN3TJOOFFC", "in3tjooffc", " IN3TJ-OOFFC\n", "in3t joof fc", "1N3TJ0OFFC"])
def test_a_person_may_write_it_in_groups(given: str) -> None:
    assert confirms(given, "IN3TJOOFFC")


@pytest.mark.parametrize("given", ["", "IN3TJOOFF", "IN3TJOOFFCA", "IN3TJOOFFD", "-"])
def test_anything_else_confirms_nothing(given: str) -> None:
    assert not confirms(given, "IN3TJOOFFC")
