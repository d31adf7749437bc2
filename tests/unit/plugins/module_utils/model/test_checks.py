# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prerequisites: each check in each of its statuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from support.bodies import AZURE_GROUP, failback, item, scenario

from ansible_collections.asr.failback.plugins.module_utils.model.azure_disks import UncarriedDisk
from ansible_collections.asr.failback.plugins.module_utils.model.azure_locks import ItemLocks
from ansible_collections.asr.failback.plugins.module_utils.model.azure_resources import (
    AzureDisk,
    AzureVm,
    Lock,
    Permission,
)
from ansible_collections.asr.failback.plugins.module_utils.model.checks import (
    HEARTBEAT_LIMIT,
    ITEM_ACTIONS,
    LOOKS_AT_LOCKS,
    PLAN_ACTIONS,
    SEES_A_DISK,
    check_item,
)
from ansible_collections.asr.failback.plugins.module_utils.model.fabrics import parse_fabric, parse_provider
from ansible_collections.asr.failback.plugins.module_utils.model.findings import (
    Finding,
    ItemFacts,
    Need,
    NotRead,
    is_ready,
)
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import parse_job
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Observation, Stage
from ansible_collections.asr.failback.plugins.module_utils.model.plan_checks import check_plan

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
HIDDEN = NotRead("you may not look")
HEALTH = [{"errorMessage": "The disk is full.", "recommendedAction": "Make room."}]


def seen(stage: Stage = Stage.FAILED_OVER, body: Any = None, job: Any = None) -> Observation:
    shown = parse_item(body or item("Failback", state="PlannedFailoverStatesBegin"))
    return Observation(shown, stage, parse_job(job) if job else None, "what was seen")


def details(**values: Any) -> Observation:
    return seen(body=item("Failback", state="PlannedFailoverStatesBegin", details=values))


def provider(status: str = "Connected", age: timedelta | None = timedelta(seconds=20)) -> Any:
    beat = (NOW - age).isoformat() if age is not None else None
    told = {"friendlyName": "hv04", "connectionStatus": status, "lastHeartBeat": beat}
    return parse_provider({"properties": told})


def version(state: str, expires: str | None) -> Any:
    told = {"friendlyName": "hv04", "providerVersionState": state, "providerVersionExpiryDate": expires}
    return parse_provider({"properties": told})


def fabric(health: str = "Normal", errors: list[Any] | None = None) -> Any:
    return parse_fabric({"properties": {"friendlyName": "site1", "health": health, "healthErrorDetails": errors}})


def vm(power: str = "running") -> AzureVm:
    return AzureVm(f"{AZURE_GROUP}/vm", "web01", power, (), (), ())


def needs(*roles: Permission, hidden: NotRead | None = None, actions: tuple[str, ...] = ITEM_ACTIONS) -> list[Need]:
    return [Need("/vault", actions, hidden or roles, is_of_a_step=True)]


SEES = Permission(("*/read",), ())
FAILS_BACK = Permission(("Microsoft.RecoveryServices/*",), ())
LOOKS = Need("/group/vm", LOOKS_AT_LOCKS, [FAILS_BACK])
READY = ItemFacts(
    seen=seen(),
    provider=provider(),
    fabric=fabric(),
    azure_vm=vm(),
    locks=ItemLocks(),
    uncarried=(),
    given_up=(),
    needs=[*needs(FAILS_BACK), replace(LOOKS, granted=[SEES])],
    now=NOW,
)
TESTED = item(testFailoverState="WaitingForCompletion", currentScenario=scenario("TestFailover"))
LOCK = Lock("/group/lock", "keep", "CanNotDelete")
UNSIZED = UncarriedDisk(AzureDisk("data"), "size_not_known", 100)
LOST = UncarriedDisk(AzureDisk("logs", size_gb=64), "attached")
READ_ONLY = Lock("/vault/lock", "audit", "ReadOnly")
# Check, status, and what of a VM that is ready is otherwise.
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("provider_type", "fail", {"seen": details(instanceType="InMageRcm")}),
    ("active_in_azure", "fail", {"seen": seen(Stage.PROTECTED, item(active="Primary"))}),
    ("failover_committed", "fail", {"seen": seen(Stage.FAILOVER_COMMIT_PENDING, item("Commit", state="Pending"))}),
    ("on_premises_disks", "warn", {"seen": seen(Stage.INTERRUPTED)}),
    ("no_operation", "fail", {"seen": seen(Stage.SYNCHRONIZING, job=failback("InProgress"))}),
    ("no_operation", "fail", {"seen": seen(Stage.BUSY, item(currentScenario=scenario("RotateKeys")))}),
    ("no_operation", "pass", {"seen": seen(Stage.BUSY, TESTED)}),
    ("no_operation", "pass", {"seen": seen(Stage.INTERRUPTED, job=failback("Failed"))}),
    ("on_premises_disks", "not_checked", {"seen": replace(seen(), gap="no job is listed")}),
    ("no_test_failover", "fail", {"seen": seen(body=item(testFailoverState="WaitingForCompletion"))}),
    ("no_test_failover", "pass", {"seen": seen(body=item(testFailoverState=None))}),
    ("provider_connected", "fail", {"provider": provider("NotConnected")}),
    ("provider_connected", "not_checked", {"provider": HIDDEN}),
    ("provider_heartbeat", "pass", {"provider": provider(age=HEARTBEAT_LIMIT)}),
    ("provider_heartbeat", "pass", {"provider": provider(age=timedelta(seconds=-5))}),
    ("provider_heartbeat", "fail", {"provider": provider(age=HEARTBEAT_LIMIT + timedelta(seconds=1))}),
    ("provider_heartbeat", "not_checked", {"provider": provider(age=None)}),
    ("provider_heartbeat", "not_checked", {"provider": HIDDEN}),
    ("provider_version", "pass", {"provider": version("Latest", "2026-06-01T00:00:00Z")}),
    ("provider_version", "pass", {"provider": version("Latest", "0001-01-01T00:00:00Z")}),
    ("provider_version", "warn", {"provider": version("Latest", "2026-03-20T00:00:00Z")}),
    ("provider_version", "warn", {"provider": version("Latest", "2026-02-20T00:00:00Z")}),
    ("provider_version", "warn", {"provider": version("SecurityUpdateRequired", None)}),
    ("provider_version", "not_checked", {"provider": HIDDEN}),
    ("provider_health", "warn", {"provider": parse_provider({"properties": {"healthErrorDetails": HEALTH}})}),
    ("provider_health", "not_checked", {"provider": HIDDEN}),
    ("fabric_health", "warn", {"fabric": fabric("Error", HEALTH)}),
    ("fabric_health", "warn", {"fabric": fabric("")}),
    ("fabric_health", "not_checked", {"fabric": HIDDEN}),
    ("replication_health", "warn", {"seen": seen(body=item(replicationHealth="Critical", healthErrors=HEALTH))}),
    ("replication_health", "pass", {"seen": seen(body=item(replicationHealth="Normal"))}),
    ("data_encryption", "fail", {"seen": details(encryption="Enabled")}),
    ("data_encryption", "pass", {"seen": details(encryption="Disabled")}),
    ("managed_disks", "warn", {"seen": details(useManagedDisks="true")}),
    ("azure_vm", "fail", {"azure_vm": None}),
    ("azure_vm", "pass", {"azure_vm": None, "seen": seen(Stage.PROTECTED, item(active="Primary"))}),
    ("azure_vm", "warn", {"azure_vm": vm("deallocated")}),
    ("azure_vm", "not_checked", {"azure_vm": HIDDEN}),
    ("azure_vm", "not_checked", {"azure_vm": vm("unknown")}),
    ("azure_vm", "not_checked", {"azure_vm": vm("unknown"), "seen": seen(Stage.PROTECTED, item(active="Primary"))}),
    ("delete_lock", "fail", {"locks": ItemLocks(vm=(LOCK,))}),
    ("delete_lock", "fail", {"locks": ItemLocks(disks=(LOCK,), unread_in_azure=("hidden",))}),
    ("delete_lock", "pass", {"locks": ItemLocks(vault=(READ_ONLY,), unread_at_vault=("hidden",))}),
    ("delete_lock", "not_checked", {"locks": ItemLocks(unread_in_azure=("hidden",))}),
    ("azure_disks", "not_checked", {"uncarried": HIDDEN}),
    ("azure_disks", "fail", {"uncarried": (LOST,)}),
    ("azure_disks", "fail", {"uncarried": (LOST,), "given_up": ("log",)}),
    ("azure_disks", "pass", {"uncarried": (LOST,), "given_up": ("LOGS",)}),
    ("azure_disks", "not_checked", {"uncarried": (UNSIZED,)}),
    ("azure_disks", "not_checked", {"uncarried": (UNSIZED, LOST), "given_up": ("logs",)}),
    ("azure_disks", "fail", {"uncarried": (UNSIZED, LOST)}),
    ("azure_disks", "pass", {"uncarried": (UNSIZED,), "given_up": ("data",)}),
    ("read_only_lock", "pass", {"locks": ItemLocks((LOCK,), (LOCK,), (READ_ONLY,))}),
    ("read_only_lock", "fail", {"locks": ItemLocks(vault=(READ_ONLY,))}),
    ("read_only_lock", "fail", {"locks": ItemLocks(vm=(READ_ONLY,))}),
    ("read_only_lock", "not_checked", {"locks": ItemLocks(unread_at_vault=("hidden",))}),
    ("read_only_lock", "not_checked", {"locks": ItemLocks(unread_in_azure=("hidden",))}),
    ("permissions", "fail", {"needs": needs(SEES)}),
    ("permissions", "fail", {"needs": needs()}),
    ("permissions", "fail", {"needs": [*needs(), LOOKS]}),
    ("permissions", "not_checked", {"needs": needs(hidden=HIDDEN)}),
    ("permissions", "not_checked", {"needs": [*needs(FAILS_BACK), replace(LOOKS, granted=HIDDEN)]}),
    ("permissions", "warn", {"needs": [*needs(FAILS_BACK), LOOKS]}),
]


def finding(identifier: str, **otherwise: Any) -> Finding:
    return next(found for found in check_item(replace(READY, **otherwise)) if found.id == identifier)


def test_a_vm_that_is_ready_passes_every_check() -> None:
    findings = check_item(READY)
    assert {found.status for found in findings} == {"pass"}
    assert all(found.seen and not found.cause and not found.remedy for found in findings)
    assert len({found.id for found in findings}) == len(findings)
    assert is_ready(findings)


@pytest.mark.parametrize(("identifier", "status", "otherwise"), CASES, ids=lambda value: str(value)[:24])
def test_a_check_has_its_status_and_says_why(identifier: str, status: str, otherwise: dict[str, Any]) -> None:
    found = finding(identifier, **otherwise)
    assert found.status == status
    assert found.seen
    assert (status == "pass") is (not found.cause and not found.remedy)


@pytest.mark.parametrize("stage", Stage)
def test_disks_that_a_failback_wrote_to_are_never_to_be_started_where_azure_has_no_vm(stage: Stage) -> None:
    remedy = finding("azure_vm", azure_vm=None, seen=seen(stage)).remedy
    untouched = stage in (Stage.FAILOVER_COMMIT_PENDING, Stage.FAILED_OVER)
    assert ("as old as the failover" in remedy) is untouched
    assert "for good" not in remedy
    assert ("Never start the on-premises copy" in remedy) is not untouched


def test_every_check_is_tried_in_a_status_that_is_not_pass() -> None:
    assert {found.id for found in check_item(READY)} == {name for name, status, _facts in CASES if status != "pass"}


@pytest.mark.parametrize(
    ("identifier", "otherwise", "words"),
    [
        ("no_operation", {"seen": seen(Stage.SYNCHRONIZING, job=failback("InProgress"))}, "job-1 (Planned failover)"),
        ("provider_connected", {"provider": provider("NotConnected")}, "hv04"),
        ("provider_heartbeat", {"provider": provider(age=timedelta(hours=2))}, "7200 seconds ago"),
        ("fabric_health", {"fabric": fabric("Error", HEALTH)}, "The disk is full."),
        ("replication_health", {"seen": seen(body=item(replicationHealth="Bad", healthErrors=HEALTH))}, "Make room."),
        ("azure_vm", {"azure_vm": None}, "web01 is not at the id"),
        ("delete_lock", {"locks": ItemLocks(vm=(LOCK,))}, "/group/lock"),
        ("read_only_lock", {"locks": ItemLocks(vault=(READ_ONLY,))}, "/vault/lock"),
        ("permissions", {"needs": needs(SEES)}, "replicationJobs/resume/action"),
        ("permissions", {"needs": needs(hidden=HIDDEN)}, "you may not look"),
        ("permissions", {"needs": [*needs(FAILS_BACK), LOOKS]}, "locks/read at /group/vm"),
    ],
)
def test_a_finding_names_what_it_is_about(identifier: str, otherwise: dict[str, Any], words: str) -> None:
    found = finding(identifier, **otherwise)
    assert words in " ".join((found.seen, found.cause, found.remedy))


def test_permissions_may_come_from_several_roles() -> None:
    roles = [Permission((action,), ()) for action in ITEM_ACTIONS]
    assert finding("permissions", needs=needs(*roles)).status == "pass"
    assert finding("permissions", needs=needs(*roles, actions=PLAN_ACTIONS)).status == "fail"


def test_a_role_is_advised_where_what_it_gives_is_missing() -> None:
    lacking = [*needs(SEES), *(Need(f"/{scope}", SEES_A_DISK, [FAILS_BACK], is_of_a_step=True) for scope in "ab")]
    found = finding("permissions", needs=lacking)
    operator, *readers = found.remedy.split(" Assign ")
    assert operator.startswith("Assign Site Recovery Operator at /vault, or a custom role with Microsoft.Rec")
    assert "Microsoft.Compute" not in operator
    assert readers == [f"Reader at /{scope}, or a custom role with Microsoft.Compute/disks/read." for scope in "ab"]
    assert "Microsoft.Compute/disks/read at /a; Microsoft.Compute/disks/read at /b" in found.seen


@pytest.mark.parametrize(("status", "ready"), [("pass", True), ("warn", True), ("not_checked", True), ("fail", False)])
def test_only_a_failed_check_stands_in_the_way(status: str, ready: bool) -> None:
    assert is_ready([Finding("one", "pass", "x"), Finding("two", status, "x")]) is ready


def statuses(*members: Observation) -> dict[str, str]:
    return {found.id: found.status for found in check_plan(members)}


def test_the_members_of_a_plan_agree_on_the_direction() -> None:
    in_azure, at_home = seen(), seen(Stage.PROTECTED, item(active="Primary"))
    assert statuses(in_azure, in_azure) == {"plan_direction": "pass"}
    assert statuses(in_azure, at_home) == {"plan_direction": "fail"}


def test_a_finding_is_a_result_with_all_its_parts() -> None:
    assert Finding("id", "warn", "seen", "cause", "remedy").as_result() == {
        "id": "id",
        "status": "warn",
        "seen": "seen",
        "cause": "cause",
        "remedy": "remedy",
    }
