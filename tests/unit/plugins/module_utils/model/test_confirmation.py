# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token that confirms commits: the same for the same deletions, another one for any others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.bodies import AZURE_GROUP, CONTAINER, VAULT

from ansible_collections.asr.failback.plugins.module_utils.model.confirmation import (
    CommitDeletion,
    Confirmation,
    confirmation_token,
    confirms,
    parse_confirmation,
    refuse_unconfirmed,
    require_confirmed,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError, Refused

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


UNTIL = datetime(2026, 11, 30, 6, tzinfo=timezone.utc)
WEB_VM = {"vm": "web01", "kind": "vm", "name": "web01", "id": f"{COMPUTE}/virtualMachines/web01"}
WEB_DISK = {"vm": "web01", "kind": "disk", "name": "logs", "id": f"{COMPUTE}/disks/logs"}


def test_a_person_may_say_who_confirms_and_until_when() -> None:
    assert parse_confirmation("abc") == Confirmation("abc")
    given = parse_confirmation({"token": "abc", "by": "ops", "until": "2026-11-30T06:00:00Z"})
    assert given == Confirmation("abc", "ops", UNTIL)
    require_confirmed(Confirmation(token(WEB).lower(), None, UNTIL), token(WEB), UNTIL)
    with pytest.raises(Refused, match="counted until"):
        require_confirmed(Confirmation(token(WEB), None, UNTIL), token(WEB), UNTIL + timedelta(seconds=1))
    with pytest.raises(Refused, match="not the token") as refusal:
        require_confirmed(Confirmation(token(WEB)), token(TWO), UNTIL)
    assert token(TWO) not in refusal.value.message()


@pytest.mark.parametrize(
    "given",
    [
        *(True, 5, "", " ", None, [], {}, {"token": None}),
        *({"token": "abc", **more} for more in ({"from": "ops"}, {"until": "tomorrow"}, {"until": "2026-11-30T06:00"})),
        {"by": "ops"},
    ],
)
def test_what_confirms_nothing_is_refused(given: object) -> None:
    with pytest.raises(ConfigurationError):
        parse_confirmation(given)


def test_only_what_was_confirmed_is_deleted() -> None:
    refuse_unconfirmed([], [WEB_VM], [WEB_VM["id"].upper()])
    for unknown, would, confirmed, said in (
        ([], [WEB_VM, WEB_DISK], [WEB_VM["id"]], "Not confirmed: disk logs of web01."),
        ([], [WEB_VM], [], "Not confirmed: vm web01 of web01."),
        (["web01"], [], [WEB_VM["id"]], "what the commit of web01 deletes is not known"),
        # Another one of its name.
        (["web01"], [WEB_VM], [WEB_VM["id"]], "what the commit of web01 deletes is not known"),
    ):
        with pytest.raises(Refused, match=said):
            refuse_unconfirmed(unknown, would, confirmed)
