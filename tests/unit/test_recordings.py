# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every recorded body of a kind that the collection reads, through the SDK and the parsers, without loss.

The bodies are served on loopback, so that they take the way of the service's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient
from support.bodies import leaves
from support.signing_in import signed_in_policies
from support.web import Answer, Web

from ansible_collections.asr.failback.plugins.module_utils.azure.pipeline import WatchedTransport
from ansible_collections.asr.failback.plugins.module_utils.azure.settings import AzureSettings
from ansible_collections.asr.failback.plugins.module_utils.azure.site_recovery import SiteRecovery
from ansible_collections.asr.failback.plugins.module_utils.model.failures import NotFound
from ansible_collections.asr.failback.plugins.module_utils.model.jobs import Job, Operation, parse_operation
from ansible_collections.asr.failback.plugins.module_utils.model.json_path import as_result
from ansible_collections.asr.failback.plugins.module_utils.model.lifecycle import Stage, observe
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "recordings"
NOW = datetime(2026, 3, 1, 8, tzinfo=timezone.utc)
pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the folder of recordings is not here")


@dataclass(frozen=True)
class Kind:
    """How the collection reads a kind of body, and which of its fields must equal which property."""

    get: Callable[[SiteRecovery, str], Any]
    get_all: Callable[[SiteRecovery], list[Any]]
    fields: dict[str, str]


FRIENDLY = {"friendly_name": "friendlyName"}
KINDS = {
    "replicationprotecteditems": Kind(
        lambda service, path: service.item(path),
        lambda service: service.items("fabric", "container"),
        {
            **FRIENDLY,
            "instance_type": "providerSpecificDetails.instanceType",
            "protection_state": "protectionState",
            "protection_state_description": "protectionStateDescription",
            "active_location": "activeLocation",
            "allowed_operations": "allowedOperations",
            "test_failover_state": "testFailoverState",
            "replication_health": "replicationHealth",
            "failover_health": "failoverHealth",
            "provider_id": "recoveryServicesProviderId",
            "last_failover": "lastSuccessfulFailoverTime",
            "os_type": "providerSpecificDetails.osDetails.osType",
            "encryption": "providerSpecificDetails.encryption",
            "storage_account_id": "providerSpecificDetails.recoveryAzureStorageAccount",
            "azure_vm_name": "providerSpecificDetails.recoveryAzureVmName",
            "azure_resource_group_id": "providerSpecificDetails.recoveryAzureResourceGroupId",
        },
    ),
    "replicationjobs": Kind(
        lambda service, path: service.job(path.rsplit("/", 1)[1]),
        lambda service: service.jobs(None, NOW),
        {
            **FRIENDLY,
            "scenario": "scenarioName",
            "state": "state",
            "state_description": "stateDescription",
            "allowed_actions": "allowedActions",
            "errors": "errors",
            "started": "startTime",
            "ended": "endTime",
            "target_id": "targetObjectId",
            "target_name": "targetObjectName",
            "target_type": "targetInstanceType",
        },
    ),
    "replicationrecoveryplans": Kind(
        lambda service, path: service.plan(path.rsplit("/", 1)[1]),
        lambda service: service.plans(),
        {
            **FRIENDLY,
            "providers": "replicationProviders",
            "allowed_operations": "allowedOperations",
            "scenario": "currentScenario.scenarioName",
            "scenario_job_id": "currentScenario.jobId",
        },
    ),
    "replicationfabrics": Kind(
        lambda service, path: service.fabric(path.rsplit("/", 1)[1]),
        lambda service: service.fabrics(),
        {**FRIENDLY, "type": "customDetails.instanceType", "health": "health", "health_errors": "healthErrorDetails"},
    ),
    "replicationrecoveryservicesproviders": Kind(
        lambda service, path: service.provider(path),
        lambda service: service.providers("fabric"),
        {
            **FRIENDLY,
            "fabric_type": "fabricType",
            "connection_status": "connectionStatus",
            "last_heartbeat": "lastHeartBeat",
            "version": "providerVersion",
            "version_state": "providerVersionState",
        },
    ),
    "replicationprotectioncontainers": Kind(
        lambda _service, _path: pytest.skip("containers are read as lists"),
        lambda service: service.containers("fabric"),
        FRIENDLY,
    ),
}


def recordings() -> Iterator[tuple[str, Any]]:
    for path in sorted(RECORDINGS.glob("*.recorded.json")):
        body = json.loads(path.read_text()).get("response", {}).get("body")
        if isinstance(body, dict):
            yield path.name.removesuffix(".recorded.json"), body


def kind_of(body: Any) -> str:
    # By the id: jobs of the first api-version have no type.
    names = str(body.get("id") or "").lower().split("/")
    return names[-2] if len(names) > 1 and names[-2] in KINDS else ""


SINGLE = {name: body for name, body in recordings() if kind_of(body)}
LISTS = {
    name: body
    for name, body in recordings()
    if isinstance(body.get("value"), list) and body["value"] and all(kind_of(entry) for entry in body["value"])
}


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Any, Callable[[SiteRecovery], Any]], Any]]:
    """Asks the collection's Site Recovery client, whose service answers with a body: `ask(body, read)`."""
    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("trust") / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with Web(authority, [Answer()]) as web:
        transport = WatchedTransport(lambda: Watch(60), AzureSettings("cli", "s", ca_bundle=str(bundle)))
        options = {"policies": signed_in_policies(), "transport": transport, "credential_scopes": ["s"]}
        # The policies have a credential of their own.
        client = SiteRecoveryManagementClient(object(), "s", base_url=web.url, **options)
        service = SiteRecovery(client, "group", "vault")

        def answered(body: Any, read: Callable[[SiteRecovery], Any]) -> Any:
            web.answer(body if isinstance(body, Answer) else Answer(200, body))
            return read(service)

        yield answered


def at(body: Any, path: str) -> Any:
    """The value of a property; names match in any case, as the api-versions spell them differently."""
    value = body["properties"]
    for name in path.split("."):
        lowered = {key.lower(): member for key, member in value.items()} if isinstance(value, dict) else {}
        value = lowered.get(name.lower())
    return value


def expected(value: Any, field: Any) -> Any:
    """The value of the body as the type of the field has it."""
    if isinstance(field, frozenset):
        return frozenset(value or ())
    if isinstance(field, tuple):
        return tuple(value or ())
    if field is None:
        assert value is None or value.startswith(("0001", "1753")), value
        return None
    if hasattr(field, "astimezone"):
        assert field.tzinfo == timezone.utc
        assert f"{field:%Y-%m-%dT%H:%M:%S}" == value[:19]
        return field
    return "" if value is None else value


def assert_nothing_lost(record: Any, body: Any) -> None:
    assert (record.id, record.name) == (body["id"], body["name"])
    wrong = {
        name: (getattr(record, name), at(body, path))
        for name, path in KINDS[kind_of(body)].fields.items()
        if getattr(record, name) != expected(at(body, path), getattr(record, name))
    }
    assert wrong == {}
    assert record.document == body
    assert list(leaves(as_result(record.document))) == list(leaves(body))


@pytest.mark.parametrize("name", SINGLE)
def test_a_body_is_read_without_loss(name: str, ask: Any) -> None:
    body = SINGLE[name]
    assert_nothing_lost(ask(body, lambda service: KINDS[kind_of(body)].get(service, body["id"])), body)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_without_loss(name: str, ask: Any) -> None:
    entries = LISTS[name]["value"]
    records = ask(LISTS[name], KINDS[kind_of(entries[0])].get_all)
    assert len(records) == len(entries)
    for record, entry in zip(records, entries, strict=True):
        assert_nothing_lost(record, entry)


def task_bodies(tasks: Any) -> Iterator[Any]:
    for entry in tasks or ():
        yield entry
        for details in ("groupTaskCustomDetails", "customDetails"):
            yield from task_bodies((entry.get(details) or {}).get("childTasks"))


@pytest.mark.parametrize("name", [name for name, body in SINGLE.items() if kind_of(body) == "replicationjobs"])
def test_every_task_of_a_job_is_read(name: str, ask: Any) -> None:
    body = SINGLE[name]
    job: Job = ask(body, lambda service: service.job("x"))
    tasks, bodies = list(job.all_tasks()), list(task_bodies(body["properties"]["tasks"]))
    shown = [(task.friendly_name, task.state, task.state_description, len(task.errors)) for task in tasks]
    assert shown == [
        (entry["friendlyName"] or "", entry["state"], entry["stateDescription"], len(entry.get("errors") or ()))
        for entry in bodies
    ]


@dataclass(frozen=True)
class MeantItem:
    """What a recorded item is: its stage, and how Hyper-V's id of its machine begins ("" where nothing tells)."""

    stage: Stage
    hypervisor: str
    why: str


# The reasons come from the recordings' own order and from what was asked next and how that went, not from the code.
ITEMS = {
    "b2a2017_cleanup_1_item_before": MeantItem(Stage.BUSY, "", "its test failover waits; only the clean-up is allowed"),
    "b2a2017_cleanup_4_item_83min_later": MeantItem(Stage.PROTECTED, "", "83 minutes after the clean-up succeeded"),
    "b2a2017_marked_2_item": MeantItem(Stage.PROTECTED, "", "the planned failover asked for next succeeded"),
    "e2a2017_marked_1_item": MeantItem(Stage.PROTECTED, "", "the planned failover asked for next was accepted"),
    "b2a2021_after_test_failover_2_item_Protected_MarkedForDeletion_47s_after_cleanup": MeantItem(
        Stage.PROTECTED, "b07c9911", "the planned failover asked for next succeeded"
    ),
    "b2a2021_cycle_1_item_UnplannedFailoverCommitted_Recovery": MeantItem(
        Stage.FAILED_OVER, "e06c319f", "the failback asked for next succeeded"
    ),
    "b2a2021_cycle_4_item_FinalizeRestorePending_COMMIT_PENDING": MeantItem(
        Stage.FAILBACK_COMMIT_PENDING, "e06c319f", "the failback has succeeded, the commit followed"
    ),
    "b2a2021_cycle_5_item_RestoreFinalized": MeantItem(Stage.FAILED_BACK, "e06c319f", "the commit has succeeded"),
    "b2a2021_cycle_6_item_InitialReplicationInProgress_after_reProtect": MeantItem(
        Stage.REVERSE_REPLICATING, "e06c319f", "the reverse replication has been started"
    ),
    "e2a2021_reprotect_1_item_RestoreFinalized_vmId_is_not_HyperVs": MeantItem(
        Stage.FAILED_BACK, "ac234aed", "the reverse replication asked for next sent this id and succeeded"
    ),
    "b2a2023_03_protecteditem_Protected": MeantItem(
        Stage.PROTECTED, "4468b400", "the failover asked for next succeeded"
    ),
    "e2a2023_06_protecteditem_Protected": MeantItem(Stage.BUSY, "fc335dd7", "its enabling had not ended yet"),
    "e2a2023_05_protecteditem_InitialReplicationInProgress": MeantItem(
        Stage.REVERSE_REPLICATING, "fc335dd7", "its protection was enabled a minute before"
    ),
    "rpi2017_pfo_1_item_Protected": MeantItem(Stage.PROTECTED, "", "the planned failover asked for next succeeded"),
    "ps2017_e2a_item_PlannedFailoverCommitRequired": MeantItem(
        Stage.FAILOVER_COMMIT_PENDING, "", "a reverse replication asked for next failed as a commit was pending"
    ),
    "rpi2017_reprotect_2_item_RestoreFinalized": MeantItem(
        Stage.FAILED_BACK, "", "the reverse replication asked for next succeeded"
    ),
}


@pytest.mark.parametrize(("name", "meant"), ITEMS.items())
def test_an_item_is_what_the_recording_shows(name: str, meant: MeantItem, ask: Any) -> None:
    item = ask(SINGLE[name], lambda service: service.item(SINGLE[name]["id"]))
    assert observe(item).stage is meant.stage, meant.why
    assert item.is_hyper_v_to_azure
    assert item.vm_id
    assert item.hypervisor_vm_id[:8] == meant.hypervisor


def test_items_of_a_list_are_what_the_recording_shows(ask: Any) -> None:
    marked, untouched = ask(LISTS["b2a2017_marked_1_items_list"], lambda service: service.items("fabric", "container"))
    assert (marked.test_failover_state, untouched.test_failover_state) == ("MarkedForDeletion", "None")
    assert [observe(item).stage for item in (marked, untouched)] == [Stage.PROTECTED, Stage.PROTECTED]


RUNS, DONE, FAILED = "runs", "succeeded", "failed"
# Recording, operation, how it stands; of failbacks, whether the data synchronization began, and whether it ended.
JOBS = [
    ("e2a2015_job_failback_PlannedFailover_Succeeded_vm2", Operation.FAILBACK, DONE, True, True),
    ("rp2017_failback_2_job_InProgress_first", Operation.FAILBACK, RUNS, False, False),
    ("rp2017_failback_3_job_InProgress_later", Operation.FAILBACK, RUNS, True, False),
    ("rp2017_failback_4_job_Succeeded", Operation.FAILBACK, DONE, True, True),
    ("rp2017_pfo_2_job_InProgress", Operation.FAILOVER, RUNS, False, False),
    ("rp2017_pfo_3_job_Succeeded", Operation.FAILOVER, DONE, False, False),
    ("rpi2017_pfo_3_job_InProgress", Operation.FAILOVER, RUNS, False, False),
    ("rpi2017_pfo_4_job_Succeeded", Operation.FAILOVER, DONE, False, False),
    ("b2a2017_marked_4_job_Succeeded", Operation.FAILOVER, DONE, False, False),
    ("b2a2021_after_test_failover_3_PlannedFailover_job_Succeeded", Operation.FAILOVER, DONE, False, False),
    ("ps2017_b2a_pfo_job_Succeeded", Operation.FAILOVER, DONE, False, False),
    ("ps2017_job_Failed_532_other_operation_in_progress", Operation.FAILOVER, FAILED, False, False),
    ("e2a2015_job_PlannedFailover_to_Azure_Succeeded", Operation.FAILOVER, DONE, False, False),
    ("e2a2015_job_PlannedFailover_Failed_25017", Operation.FAILOVER, FAILED, False, False),
    ("e2a2015_job_PlannedFailover_Failed_VmFailover", Operation.FAILOVER, FAILED, False, False),
    ("e2a2015_job_UnplannedFailover_Succeeded", Operation.FAILOVER, DONE, False, False),
    ("e2a2015_job_FinalizeFailback_Succeeded", Operation.COMMIT, DONE, False, False),
    ("ps2017_FinalizeFailback_Failed_25037", Operation.COMMIT, FAILED, False, False),
    ("e2a2015_job_CommitFailover_Succeeded", Operation.COMMIT, DONE, False, False),
    ("rp2017_commit_2_job_Succeeded", Operation.COMMIT, DONE, False, False),
    ("rpi2017_commit_2_job", Operation.COMMIT, DONE, False, False),
    ("e2a2015_job_ReprotectReplicationGroup_Succeeded", Operation.REVERSE_REPLICATE, DONE, False, False),
    ("rp2017_reprotect_2_job_InProgress", Operation.REVERSE_REPLICATE, RUNS, False, False),
    ("rp2017_reprotect_3_job_Succeeded", Operation.REVERSE_REPLICATE, DONE, False, False),
    ("rpi2017_reprotect_4_job_InProgress", Operation.REVERSE_REPLICATE, RUNS, False, False),
    ("rpi2017_reprotect_5_job_Succeeded", Operation.REVERSE_REPLICATE, DONE, False, False),
    ("ps2017_e2a_reprotect_job_Failed_25038", Operation.REVERSE_REPLICATE, FAILED, False, False),
    ("e2a2021_reprotect_4_reProtect_job_Succeeded", Operation.REVERSE_REPLICATE, DONE, False, False),
    ("e2a2015_job_IrCompletion_Succeeded", Operation.REVERSE_REPLICATE, DONE, False, False),
    ("e2a2015_job_RestoreCompletion_Succeeded", Operation.RESTORE_COMPLETION, DONE, False, False),
    ("b2a2017_cleanup_3_job_Succeeded", Operation.TEST_FAILOVER, DONE, False, False),
    ("b2a2021_after_test_failover_1_TestFailoverCleanup_job_Succeeded", Operation.TEST_FAILOVER, DONE, False, False),
    ("e2a2015_job_AssociateProtectionProfile_Failed_532", Operation.OTHER, FAILED, False, False),
    ("job2017_inline_workflow", Operation.OTHER, RUNS, False, False),
    ("ps2017_job_NotStarted", Operation.OTHER, RUNS, False, False),
]


@pytest.mark.parametrize(("name", "operation", "standing", "began", "finished"), JOBS)
def test_a_job_is_what_the_recording_shows(
    name: str, operation: Operation, standing: str, began: bool, finished: bool, ask: Any
) -> None:
    job: Job = ask(SINGLE[name], lambda service: service.job("x"))
    assert job.operation is operation
    assert {RUNS: job.is_running, DONE: job.has_succeeded, FAILED: job.has_failed}[standing]
    assert not job.waits_for_completion
    if operation is Operation.FAILBACK:
        assert (job.began_data_sync, job.finished_data_sync) == (began, finished)


@pytest.mark.parametrize("details", [None, {"instanceType": "InlineWorkflowTaskDetails", "childTasks": []}])
def test_the_recorded_full_download_may_have_written_where_it_fails_without_its_inner_tasks(
    details: Any, ask: Any
) -> None:
    body = json.loads(json.dumps(SINGLE["e2a2015_job_failback_PlannedFailover_Succeeded_vm2"]))
    body["properties"]["state"] = "Failed"
    for task in body["properties"]["tasks"]:
        if task["name"] == "StartAzureVmFailback":
            task.update(state="Failed", customDetails=details, groupTaskCustomDetails=None)
    job: Job = ask(body, lambda service: service.job("x"))
    assert job.has_failed
    assert job.may_have_written


FAILBACK_OF_PLAN = "cd296db2-edda-4b8e-b3b7-7daa4ff3a58b"
# Recording of an operation's status, its state, the job that it names, the error that it carries.
STATUSES = [
    ("b2a2021_cycle_3_FAILBACK_item_opstatus_Succeeded", DONE, "3831b8d9-1552-4a98-b3dd-c81ac0ffa742", ""),
    ("b2a2021_plan_failback_2_opstatus_InProgress_name_is_job", RUNS, FAILBACK_OF_PLAN, ""),
    ("b2a2023_09_opstatus_unplannedFailover_Succeeded", DONE, "", ""),
    ("b2a2023_11_opstatus_commit_InProgress", RUNS, "", ""),
    ("b2a2023_12_opstatus_commit_Succeeded", DONE, "", ""),
    ("b2a2023_14_FAILBACK_opstatus_InProgress", RUNS, "fb9ac911-1496-40e0-a58e-d183de51512e", ""),
    ("b2a2023_15_FAILBACK_opstatus_Succeeded", DONE, "fb9ac911-1496-40e0-a58e-d183de51512e", ""),
    ("b2a2023_17_opstatus_remove", RUNS, "", ""),
    ("e2a2023_08_opstatus_InProgress_after_start", RUNS, "", ""),
    # The new name of the Azure VM is told as an error of a success.
    ("e2a2023_10_opstatus_Succeeded_with_warning_28175", DONE, "", "28175"),
    ("e2a2023_13_FAILBACK_opstatus_InProgress", RUNS, "", ""),
    ("e2a2023_14_FAILBACK_opstatus_Succeeded", DONE, "", ""),
]


@pytest.mark.parametrize(("name", "standing", "job_name", "error"), STATUSES)
def test_an_operation_is_what_the_recording_shows(name: str, standing: str, job_name: str, error: str) -> None:
    status = parse_operation(dict(recordings())[name])
    assert (status.is_running, status.has_succeeded) == (standing == RUNS, standing == DONE)
    assert status.job_name.startswith(job_name)
    assert len(status.job_name) == 36
    assert status.error_code == error


# Recording of a plan, the job that it names, whether a commit is pending.
PLANS = [
    ("b2a2023_06_recoveryplan_GET", "", False),
    ("e2a2023_07_recoveryplan_GET", "", False),
    ("b2a2021_plan_failback_4_plan_after", FAILBACK_OF_PLAN, True),
    ("rp2017_pfo_4_plan_after", None, True),
    ("rp2017_failback_5_plan_after", "3940e893", True),
    ("rp2017_commit_3_plan_after", None, False),
    ("rp2017_reprotect_4_plan_after", None, False),
]


@pytest.mark.parametrize(("name", "job_name", "commits"), PLANS)
def test_a_plan_is_what_the_recording_shows(name: str, job_name: str | None, commits: bool, ask: Any) -> None:
    plan = ask(SINGLE[name], lambda service: service.plan("x"))
    assert ("Commit" in plan.allowed_operations) is commits
    assert plan.item_ids
    last = plan.scenario_job_id.rsplit("/", 1)[-1]
    assert bool(last) if job_name is None else last.startswith(job_name) and bool(last) is bool(job_name)


def test_every_recording_has_a_meaning() -> None:
    tried = {kind_of(body) for body in SINGLE.values()} | {kind_of(body["value"][0]) for body in LISTS.values()}
    assert tried == set(KINDS)
    meant = {
        "replicationprotecteditems": set(ITEMS),
        "replicationjobs": {row[0] for row in JOBS},
        "replicationrecoveryplans": {row[0] for row in PLANS},
    }
    for kind, names in meant.items():
        assert {name for name, body in SINGLE.items() if kind_of(body) == kind} == names
    assert {name for name, body in recordings() if "status" in body and not body.get("type")} - set(SINGLE) == {
        row[0] for row in STATUSES
    }


def test_a_recorded_absence_is_not_found(ask: Any) -> None:
    for name in ("http_error_404_NotFound_ArmResourceDoesNotExist", "http_error_404_NotFound_FabricArmEntityMissing"):
        body = dict(recordings())[name]
        with pytest.raises(NotFound) as caught:
            ask(Answer(404, body), lambda service: service.plan("x"))
        assert caught.value.code == name.rsplit("_", 1)[1]
