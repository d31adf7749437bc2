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
from bodies import leaves
from signing_in import signed_in_policies
from web import Answer, Web

from ansible_collections.asr.failback.plugins.module_utils.azure.pipeline import WatchedTransport
from ansible_collections.asr.failback.plugins.module_utils.azure.settings import AzureSettings
from ansible_collections.asr.failback.plugins.module_utils.azure.site_recovery import SiteRecovery
from ansible_collections.asr.failback.plugins.module_utils.failback.documents import as_result
from ansible_collections.asr.failback.plugins.module_utils.failback.failures import NotFound
from ansible_collections.asr.failback.plugins.module_utils.failback.jobs import Job, Operation
from ansible_collections.asr.failback.plugins.module_utils.failback.lifecycle import Stage, observe
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
        transport = WatchedTransport(Watch(60), AzureSettings("cli", "s", ca_bundle=str(bundle)))
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


# Recording, operation, whether its data synchronisation began, whether it ended.
JOBS = [
    ("e2a2015_job_failback_PlannedFailover_Succeeded_vm2", Operation.FAILBACK, True, True),
    ("rp2017_failback_2_job_InProgress_first", Operation.FAILBACK, False, False),
    ("rp2017_failback_3_job_InProgress_later", Operation.FAILBACK, True, False),
    ("rp2017_failback_4_job_Succeeded", Operation.FAILBACK, True, True),
    ("rp2017_pfo_3_job_Succeeded", Operation.FAILOVER, True, False),
    ("rpi2017_pfo_4_job_Succeeded", Operation.FAILOVER, False, False),
    ("e2a2015_job_PlannedFailover_to_Azure_Succeeded", Operation.FAILOVER, False, False),
    ("e2a2015_job_UnplannedFailover_Succeeded", Operation.FAILOVER, False, False),
    ("e2a2015_job_FinalizeFailback_Succeeded", Operation.COMMIT, False, False),
    ("e2a2015_job_CommitFailover_Succeeded", Operation.COMMIT, False, False),
    ("rp2017_commit_2_job_Succeeded", Operation.COMMIT, False, False),
    ("e2a2015_job_ReprotectReplicationGroup_Succeeded", Operation.REVERSE_REPLICATE, False, False),
    ("rp2017_reprotect_3_job_Succeeded", Operation.REVERSE_REPLICATE, False, False),
    ("e2a2015_job_IrCompletion_Succeeded", Operation.REVERSE_REPLICATE, False, False),
    ("e2a2015_job_RestoreCompletion_Succeeded", Operation.RESTORE_COMPLETION, False, False),
    ("ps2017_job_NotStarted", Operation.OTHER, False, False),
]


@pytest.mark.parametrize(("name", "operation", "began", "finished"), JOBS)
def test_a_job_is_understood(name: str, operation: Operation, began: bool, finished: bool, ask: Any) -> None:
    job: Job = ask(SINGLE[name], lambda service: service.job("x"))
    assert job.operation is operation
    assert not job.waits_for_completion
    if operation is Operation.FAILBACK:
        assert (job.began_data_sync, job.finished_data_sync) == (began, finished)


STAGES = {
    "b2a2023_03_protecteditem_Protected": Stage.PROTECTED,
    # Its enabling had not ended yet.
    "e2a2023_06_protecteditem_Protected": Stage.BUSY,
    "rpi2017_pfo_1_item_Protected": Stage.PROTECTED,
    "e2a2023_05_protecteditem_InitialReplicationInProgress": Stage.REVERSE_REPLICATING,
    "ps2017_e2a_item_PlannedFailoverCommitRequired": Stage.FAILOVER_COMMIT_PENDING,
    "rpi2017_reprotect_2_item_RestoreFinalized": Stage.FAILED_BACK,
}


@pytest.mark.parametrize(("name", "stage"), STAGES.items())
def test_an_item_is_understood(name: str, stage: Stage, ask: Any) -> None:
    item = ask(SINGLE[name], lambda service: service.item(SINGLE[name]["id"]))
    assert observe(item).stage is stage
    assert item.is_hyper_v_to_azure
    assert item.vm_id


def test_every_kind_that_was_recorded_is_tried() -> None:
    tried = {kind_of(body) for body in SINGLE.values()} | {kind_of(body["value"][0]) for body in LISTS.values()}
    assert tried == set(KINDS)
    known = {name for name, body in SINGLE.items() if kind_of(body) == "replicationprotecteditems"}
    assert known == set(STAGES)


def test_a_recorded_absence_is_not_found(ask: Any) -> None:
    for name in ("http_error_404_NotFound_ArmResourceDoesNotExist", "http_error_404_NotFound_FabricArmEntityMissing"):
        body = dict(recordings())[name]
        with pytest.raises(NotFound) as caught:
            ask(Answer(404, body), lambda service: service.plan("x"))
        assert caught.value.code == name.rsplit("_", 1)[1]
