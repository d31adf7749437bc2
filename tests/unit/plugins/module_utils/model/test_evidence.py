# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a record of a validation proves, and what proves nothing."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.model.evidence import (
    Check,
    CutOver,
    Evidence,
    VmEvidence,
    objection_to,
    parse_evidence,
)

VAULT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/vault"
ITEM = f"{VAULT}/replicationFabrics/site/replicationProtectionContainers/c/replicationProtectedItems/web01"
CUT_OVER = datetime(2026, 1, 31, 9, 12, 7, 102356, tzinfo=timezone.utc)
PASSED_AT = CUT_OVER + timedelta(minutes=2)
NOW = CUT_OVER + timedelta(minutes=5)
MACHINE = CutOver(ITEM, "web01", CUT_OVER)

TEXTS = st.text(max_size=8)
CENTURY = timedelta(days=36500)
TIMES = st.none() | st.timedeltas(-CENTURY, CENTURY).map(CUT_OVER.__add__)
STATUSES = st.sampled_from(["pass", "fail", "not_checked", "PASS", ""])
KINDS = st.sampled_from(["heartbeat", "addresses", "expected_addresses", "attested", "tcp", "ssh"])
CHECKS = st.builds(Check, TEXTS, KINDS, STATUSES, TEXTS, TEXTS, TEXTS, TIMES, st.integers(0, 99))
VMS = st.builds(VmEvidence, st.just(ITEM) | TEXTS, TEXTS, TIMES, st.lists(CHECKS, max_size=4).map(tuple))
RECORDS = st.builds(Evidence, st.just(VAULT) | TEXTS, st.lists(VMS, max_size=3).map(tuple))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
# What looks like a record from afar.
LIKE_A_RECORD = st.fixed_dictionaries(
    {},
    optional={
        "schema_version": JSON,
        "vault": st.just(VAULT) | JSON,
        "verdict": st.just("passed") | JSON,
        "validated_at": st.just("9999-99-99T99:99:99Z") | JSON,
        "vms": st.lists(
            st.fixed_dictionaries({"id": st.just(ITEM), "checks": st.lists(JSON, max_size=2)}) | JSON, max_size=2
        )
        | JSON,
    },
)


def check(status: str = "pass", kind: str = "heartbeat", at: datetime | None = PASSED_AT) -> Check:
    return Check(kind, kind, status, "what was seen", at=at, attempts=1)


def record(*checks: Check, vault: str = VAULT, item: str = ITEM) -> dict[str, Any]:
    vm = VmEvidence(item, item.rsplit("/", 1)[-1], CUT_OVER, checks or (check(),))
    return Evidence(vault, (vm,)).as_result()


def objection(validation: object, machine: CutOver = MACHINE, now: datetime = NOW) -> str:
    return objection_to(validation, VAULT, machine, now)


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ([check(), check(kind="addresses")], "passed"),
        ([check("not_checked"), check("not_checked", "addresses")], "not_proven"),
        ([check("not_checked"), check(kind="tcp")], "passed"),
        ([check("not_checked"), check(kind="attested")], "passed"),
        ([check(), check("not_checked", "ssh")], "not_proven"),
        ([check(), check("not_checked", "expected_addresses")], "not_proven"),
        ([check(), check("fail", "tcp")], "failed"),
        ([check("not_checked"), check("fail", "tcp")], "failed"),
        ([check(), check("passed")], "failed"),
        ([], "not_proven"),
    ],
)
def test_a_verdict_is_no_better_than_the_checks(checks: list[Check], verdict: str) -> None:
    vm = VmEvidence(ITEM, "web01", CUT_OVER, tuple(checks))
    assert vm.verdict == verdict
    good = VmEvidence("other", "other", CUT_OVER, (check(),))
    assert Evidence(VAULT, (good, vm)).verdict == verdict


def test_no_machine_proves_nothing() -> None:
    assert Evidence(VAULT, ()).verdict == "not_proven"


@given(RECORDS)
def test_a_record_survives_its_way_through_json(evidence: Evidence) -> None:
    assert parse_evidence(json.loads(json.dumps(evidence.as_result()))) == evidence


@given(JSON | LIKE_A_RECORD)
def test_anything_else_is_no_evidence(document: object) -> None:
    assert objection(document) != ""


@given(st.sampled_from(["schema_version", "vault", "verdict", "validated_at", "vms"]), JSON)
@example("verdict", "not_proven")
def test_a_record_with_another_word_in_it_is_no_evidence(name: str, value: object) -> None:
    assume(value != record()[name])
    assert objection({**record(), name: value}) != ""


@given(st.sampled_from(["status", "at", "more"]), JSON)
@example("status", "not_checked")
@example("at", None)
def test_a_check_with_another_word_in_it_is_no_evidence(name: str, value: object) -> None:
    changed = copy.deepcopy(record())
    only = changed["vms"][0]["checks"][0]
    assume(value != only.get(name, "nothing"))
    only[name] = value
    assert objection(changed) != ""


def test_evidence_of_this_machine_since_its_cut_over_is_accepted() -> None:
    assert objection(record()) == ""
    spelled = replace(MACHINE, id=ITEM.upper())
    assert objection_to(record(), VAULT.upper(), spelled, NOW) == ""


@pytest.mark.parametrize(
    ("validation", "machine", "words"),
    [
        (None, MACHINE, "there is no evidence"),
        ({}, MACHINE, "not the record"),
        ("passed", MACHINE, "not the record"),
        ({**record(), "schema_version": 2}, MACHINE, "not the record"),
        ({**record(), "more": 1}, MACHINE, "not the record"),
        ({**record(check("fail")), "verdict": "passed"}, MACHINE, "not the record"),
        (record(vault=f"{VAULT}2"), MACHINE, "of another vault"),
        (record(item=f"{ITEM}2"), MACHINE, "of another VM (web012)"),
        (Evidence(VAULT, ()).as_result(), MACHINE, "of another VM (none)"),
        (record(check("fail", "tcp")), MACHINE, "has not passed: tcp (what was seen)"),
        (record(check("not_checked")), MACHINE, "has not passed: heartbeat"),
        (record(check(at=None)), MACHINE, "does not say when"),
        (record(), replace(MACHINE, at=None), "cut-over is not known"),
        (record(), replace(MACHINE, at=PASSED_AT + timedelta(hours=1)), "not newer than the cut-over"),
        (record(), replace(MACHINE, at=PASSED_AT), "not newer than the cut-over"),
        (record(check(at=CUT_OVER - timedelta(days=1)), check(kind="addresses")), MACHINE, "not newer"),
        (record(check(at=NOW + timedelta(hours=1))), MACHINE, "from the future"),
    ],
)
def test_other_evidence_is_refused_with_the_reason(validation: object, machine: CutOver, words: str) -> None:
    assert words in objection(validation, machine)


def test_clocks_of_azure_may_differ_a_little() -> None:
    assert objection(record(check(at=NOW + timedelta(seconds=30)))) == ""


def test_two_entries_of_one_machine_must_both_have_passed() -> None:
    vms = [VmEvidence(ITEM, "web01", CUT_OVER, (check(status),)) for status in ("pass", "fail")]
    for order in (vms, vms[::-1]):
        assert "has not passed" in objection(Evidence(VAULT, tuple(order)).as_result())


@given(RECORDS, TIMES, TIMES.filter(bool))
def test_what_is_accepted_has_passed_since_the_cut_over(
    evidence: Evidence, cut_over: datetime | None, now: datetime
) -> None:
    if objection(evidence.as_result(), replace(MACHINE, at=cut_over), now) == "":
        mine = [vm for vm in evidence.vms if vm.id == ITEM]
        assert mine
        assert cut_over is not None
        for vm in mine:
            assert {one.status for one in vm.checks} <= {"pass", "not_checked"}
            times = [one.at for one in vm.checks if one.status == "pass"]
            assert times
            assert all(time is not None and time > cut_over for time in times)
