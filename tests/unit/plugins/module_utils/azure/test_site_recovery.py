# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes over the wire: paths and bodies of the writes as recorded and defined, and what an accepted write says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient
from support import bodies
from support.web import Answer, Web

from ansible_collections.asr.failback.plugins.module_utils.azure.site_recovery import (
    DEFAULT_RETRY_AFTER,
    Accepted,
    FailbackInput,
    SiteRecovery,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    AuthenticationError,
    FateUnknown,
    NotFound,
    NotTaken,
    PermissionDenied,
    ServiceError,
    Unreachable,
)
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.look_age import Age
from ansible_collections.asr.failback.plugins.module_utils.shared_reads import UNSHARED, SharedReads
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

ITEM = f"{bodies.CONTAINER}/replicationProtectedItems/item-1"
PROVIDER = f"{bodies.VAULT}/replicationFabrics/site1/replicationRecoveryServicesProviders/p-1"
ITEM_PATH = "replicationFabrics/site1/replicationProtectionContainers/cloud_1/replicationProtectedItems/item-1"
JOB = f"https://management.azure.com{bodies.VAULT}/replicationJobs/job-1"
FIRST, FULL = FailbackInput(True, False), FailbackInput(False, True)
TAKEN = Answer(202, "", {"Location": f"{JOB}?api-version=1", "Retry-After": "30"})


@pytest.fixture
def service(web: Callable[..., Web], client: Any) -> Callable[..., tuple[SiteRecovery, Web]]:
    """A vault whose service gives these answers, and the service: `service(answer, ..., shared=UNSHARED)`."""

    def make(*answers: Answer, shared: SharedReads = UNSHARED) -> tuple[SiteRecovery, Web]:
        server = web(*answers)
        options = {"policies": client.policies, "transport": client.transport, "credential_scopes": ["s"]}
        # The policies have a credential of their own.
        sdk = SiteRecoveryManagementClient(object(), "sub", base_url=server.url, **options)
        return SiteRecovery(sdk, "rg", "vault", shared), server

    return make


def moved(direction: str, **details: Any) -> dict[str, Any]:
    return {"properties": {"failoverDirection": direction, "providerSpecificDetails": details}}


def item(**details: Any) -> Any:
    return parse_item(bodies.item("ReverseReplicate", details=details))


FAILBACK = {"instanceType": "HyperVReplicaAzureFailback"}
HYPER_V_ID = "ac234aed-1d04-45d7-b549-15f7fc0dce9d"
SYSTEM_DISK = {"vhdType": "OperatingSystem", "vhdId": "system"}
WRITES: list[tuple[str, Callable[[SiteRecovery], Accepted], str, Any]] = [
    (
        "synchronize first",
        lambda service: service.fail_back_item(ITEM, FIRST),
        f"{ITEM_PATH}/plannedFailover",
        moved("RecoveryToPrimary", dataSyncOption="ForDownTime", recoveryVmCreationOption="NoAction", **FAILBACK),
    ),
    (
        "full download to another host",
        lambda service: service.fail_back_item(ITEM, FailbackInput(False, True, PROVIDER)),
        f"{ITEM_PATH}/plannedFailover",
        moved(
            "RecoveryToPrimary",
            dataSyncOption="ForSynchronization",
            recoveryVmCreationOption="CreateVmIfNotFound",
            providerIdForAlternateRecovery=PROVIDER,
            **FAILBACK,
        ),
    ),
    (
        "plan",
        lambda service: service.fail_back_plan("shop", FULL),
        "replicationRecoveryPlans/shop/plannedFailover",
        {
            "properties": {
                "failoverDirection": "RecoveryToPrimary",
                "providerSpecificDetails": [
                    {
                        "dataSyncOption": "ForSynchronization",
                        "recoveryVmCreationOption": "CreateVmIfNotFound",
                        **FAILBACK,
                    }
                ],
            }
        },
    ),
    (
        "to Azure",
        lambda service: service.fail_over_item(ITEM),
        f"{ITEM_PATH}/plannedFailover",
        moved("PrimaryToRecovery", instanceType="HyperVReplicaAzure"),
    ),
    (
        "plan to Azure",
        lambda service: service.fail_over_plan("shop"),
        "replicationRecoveryPlans/shop/plannedFailover",
        {
            "properties": {
                "failoverDirection": "PrimaryToRecovery",
                "providerSpecificDetails": [{"instanceType": "HyperVReplicaAzure"}],
            }
        },
    ),
    (
        "resume",
        lambda service: service.resume_job("job-1", "Change 4711"),
        "replicationJobs/job-1/resume",
        {"properties": {"comments": "Change 4711"}},
    ),
    ("commit", lambda service: service.commit_item(ITEM), f"{ITEM_PATH}/failoverCommit", None),
    ("commit plan", lambda service: service.commit_plan("shop"), "replicationRecoveryPlans/shop/failoverCommit", None),
    (
        "reverse replicate",
        lambda service: service.reverse_replicate_item(
            item(
                azureVmDiskDetails=[SYSTEM_DISK],
                oSDetails={"osType": "linux"},
                recoveryAzureStorageAccount="/storage",
                recoveryAzureLogStorageAccountId="/log",
            )
        ),
        f"{ITEM_PATH}/reProtect",
        moved(
            "PrimaryToRecovery",
            instanceType="HyperVReplicaAzure",
            hvHostVmId=bodies.VM_ID,
            vmName="web01",
            osType="Linux",
            vHDId="system",
            storageAccountId="/storage",
            logStorageAccountId="/log",
        ),
    ),
    (
        "reverse replicate what says little",
        lambda service: service.reverse_replicate_item(item()),
        f"{ITEM_PATH}/reProtect",
        moved(
            "PrimaryToRecovery",
            instanceType="HyperVReplicaAzure",
            hvHostVmId=bodies.VM_ID,
            vmName="web01",
            osType="Windows",
        ),
    ),
    (
        "reverse replicate a machine of VMM: by Hyper-V's id",
        lambda service: service.reverse_replicate_item(
            item(azureVmDiskDetails=[{"diskId": f"{HYPER_V_ID.upper()}_83F8638B-8DCA-4152-9EDA-2CA8B33039B4_0_0"}])
        ),
        f"{ITEM_PATH}/reProtect",
        moved(
            "PrimaryToRecovery",
            instanceType="HyperVReplicaAzure",
            hvHostVmId=HYPER_V_ID,
            vmName="web01",
            osType="Windows",
        ),
    ),
    (
        "refresh",
        lambda service: service.refresh_provider(PROVIDER),
        "replicationFabrics/site1/replicationRecoveryServicesProviders/p-1/refreshProvider",
        None,
    ),
]


@pytest.mark.parametrize(("name", "send", "path", "body"), WRITES, ids=[write[0] for write in WRITES])
def test_a_write_is_sent_once_as_the_service_takes_it(
    name: str, send: Callable[[SiteRecovery], Accepted], path: str, body: Any, service: Any
) -> None:
    vault, server = service(TAKEN)
    assert send(vault).job_name == ("" if "Plans/" in path else "job-1")
    (method, asked), *reads = server.asked
    assert method == "POST"
    assert asked.split("/vaults/vault/", 1)[1].split("?")[0] == path
    assert server.bodies[0] == body
    assert [method for method, _path in reads] == (["GET"] if "Plans/" in path else [])


STATUS = f"{bodies.VAULT}/replicationOperationStatus/operation-1?api-version=1&t=2&h=3"


@pytest.mark.parametrize(
    "host", ["https://management.azure.com", "https://centraluseuap.management.azure.com", "https://thief"]
)
def test_the_job_of_a_plan_is_the_one_that_its_operation_names(host: str, service: Any) -> None:
    taken = Answer(202, "", {"Azure-AsyncOperation": f"{host}{STATUS}", "Retry-After": "5"})
    vault, server = service(taken, Answer(200, {"name": "job-7", "status": "InProgress", "error": None}))
    accepted = vault.commit_plan("shop")
    assert (accepted.job_name, accepted.retry_after) == ("job-7", 5.0)
    # Asked where the vault is, whoever the answer names: that is who may see the token.
    assert server.asked[1] == ("GET", STATUS)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, {"error": {"code": "AuthorizationFailed", "message": "no"}}),
        Answer(404, {}),
        Answer(200, "<html>sign in</html>"),
        Answer(200, {"name": None}),
        Answer(200, []),
    ],
    ids=["no right", "not there", "a page", "no name", "a list"],
)
def test_a_plans_write_was_taken_though_its_operation_cannot_be_read(answer: Answer, service: Any) -> None:
    vault, server = service(Answer(202, "", {"Azure-AsyncOperation": STATUS}), answer)
    assert vault.commit_plan("shop").job_name == ""
    assert [method for method, _path in server.asked] == ["POST", "GET"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Azure-AsyncOperation": f"{JOB}?api-version=2016-08-10"},
        {"Location": f"{JOB}?api-version=2022-08-01&t=1&c=2&s=3&h=4"},
        {"x-ms-request-id": f"{bodies.VAULT}/replicationJobs/job-1"},
        {"Azure-AsyncOperation": JOB, "Location": f"{JOB}-other", "x-ms-request-id": "else"},
    ],
    ids=["first version", "signed", "request id", "all"],
)
def test_one_header_is_enough_to_know_the_job(headers: dict[str, str], service: Any) -> None:
    vault, _server = service(Answer(202, "", headers))
    assert vault.commit_item(ITEM).job_name == "job-1"


@pytest.mark.parametrize(("stated", "seconds"), [("5", 5.0), ("", DEFAULT_RETRY_AFTER)])
def test_the_service_says_when_to_look(stated: str, seconds: float, service: Any) -> None:
    vault, _server = service(Answer(202, "", {"Location": JOB, **({"Retry-After": stated} if stated else {})}))
    assert vault.commit_item(ITEM).retry_after == seconds


def test_a_write_that_may_have_been_taken_says_so(service: Any) -> None:
    vault, server = service(Answer(503, {}), TAKEN)
    with pytest.raises(FateUnknown):
        vault.commit_item(ITEM)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("body", ["<html>sign in</html>", None, {"value": []}], ids=str)
def test_success_that_names_no_job_leaves_the_fate_of_a_write_unknown(status: int, body: Any, service: Any) -> None:
    vault, server = service(Answer(status, body))
    with pytest.raises(FateUnknown):
        vault.commit_item(ITEM)
    assert len(server.asked) == 1


ONE: list[Callable[[SiteRecovery], Any]] = [
    lambda vault: vault.fabric("site1"),
    lambda vault: vault.provider(PROVIDER),
    lambda vault: vault.item(ITEM),
    lambda vault: vault.plan("shop"),
    lambda vault: vault.job("job-1"),
    lambda vault: vault.find_job("job-1"),
]
NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
MANY: list[Callable[[SiteRecovery], Any]] = [
    lambda vault: vault.fabrics(),
    lambda vault: vault.providers("site1"),
    lambda vault: vault.containers("site1"),
    lambda vault: vault.items("site1", "cloud_1"),
    lambda vault: vault.plans(),
    lambda vault: vault.jobs(NOW, NOW),
]


@pytest.mark.parametrize("body", [None, [], '"words"', 5], ids=str)
@pytest.mark.parametrize("read", [*ONE, *MANY])
def test_an_answer_that_is_no_object_is_an_error(read: Callable[[SiteRecovery], Any], body: Any, service: Any) -> None:
    vault, _server = service(Answer(200, body))
    with pytest.raises(Unreachable, match="could not be understood"):
        read(vault)


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": 5}, {"name": "item-1"}], ids=str)
@pytest.mark.parametrize("read", ONE)
def test_an_object_without_an_id_is_no_resource(read: Callable[[SiteRecovery], Any], body: Any, service: Any) -> None:
    vault, _server = service(Answer(200, body))
    with pytest.raises(Unreachable, match="could not be understood"):
        read(vault)


@pytest.mark.parametrize("value", ["nothing", None, "x", [None], [[]], [{}]], ids=str)
@pytest.mark.parametrize("read", MANY)
def test_no_list_is_never_taken_for_an_empty_one(read: Callable[[SiteRecovery], Any], value: Any, service: Any) -> None:
    vault, _server = service(Answer(200, {} if value == "nothing" else {"value": value}))
    with pytest.raises(Unreachable, match="could not be understood"):
        read(vault)


@pytest.mark.parametrize("value", ["nothing", None, "x", [None], [[]], [{}]], ids=str)
@pytest.mark.parametrize("read", MANY)
def test_nor_when_it_is_read_again(read: Callable[[SiteRecovery], Any], value: Any, service: Any) -> None:
    vault, server = service(Answer(200, {"value": []}))
    assert not read(vault)
    server.answer(Answer(200, {} if value == "nothing" else {"value": value}))
    with pytest.raises(Unreachable, match="could not be understood"):
        read(vault)


def test_lists_are_read_to_their_last_page_every_time(service: Any) -> None:
    vault, server = service()
    more = f"{server.url}/more?$skiptoken=a%20b"
    pages = [{"value": [bodies.item()], "nextLink": more}, {"value": [bodies.item()]}]
    for _time in range(3):
        server.answer(*(Answer(200, page) for page in pages))
        assert [one.name for one in vault.items("site1", "cloud_1")] == ["item-1", "item-1"]
    first, following = server.asked[:2]
    assert server.asked == [first, following] * 3
    assert "api-version=" in following[1]


def test_what_is_read_again_is_refused_as_the_first_time(service: Any) -> None:
    vault, server = service(Answer(200, bodies.item()))
    assert vault.item(ITEM).name == "item-1"
    refusals = {404: NotFound, 403: PermissionDenied, 401: AuthenticationError, 400: ServiceError}
    for status, failure in refusals.items():
        server.answer(Answer(status, {"error": {"code": "No", "message": "no"}}))
        with pytest.raises(failure):
            vault.item(ITEM)
    assert len({path for _method, path in server.asked}) == 1


@pytest.mark.parametrize("link", ["{other}/more", "http://{host}/more", "//{other_host}/more", "more", 5, {}])
def test_no_token_goes_to_another_origin_and_no_list_ends_there(link: Any, web: Any, service: Any) -> None:
    recovery, server = service(Answer(200, {}))
    other = web(Answer(200, {"value": []}))
    places = {"other": other.url, "host": server.url.split("//")[1], "other_host": other.url.split("//")[1]}
    following = link.format(**places) if isinstance(link, str) else link
    server.answer(Answer(200, {"value": [bodies.item()], "nextLink": following}), Answer(200, {"value": []}))
    with pytest.raises(Unreachable, match="nextLink"):
        recovery.items("fabric", "container")
    assert (len(server.asked), other.asked) == (1, [])


def test_only_404_means_that_a_job_is_not_there(service: Any) -> None:
    vault, server = service(Answer(404, {"error": {"code": "ArmResourceDoesNotExist", "message": "No."}}))
    assert vault.find_job("job-1") is None
    with pytest.raises(NotFound):
        vault.job("job-1")
    server.answer(Answer(200, bodies.job("Failback", "InProgress")))
    assert vault.find_job("job-1").name == "job-1"


class Shared:
    """A virtual machine of many in one task; `now` is the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watch = Watch(600, clock=lambda: self.now)
        self.reads = SharedReads(lambda: self.watch)


ITEM_BODY, JOB_BODY = Answer(200, bodies.item()), Answer(200, bodies.job("Failback", "InProgress"))
SINGLE: list[tuple[Answer, Callable[[SiteRecovery, Age], Any]]] = [
    (ITEM_BODY, lambda vault, age: vault.item(ITEM, age)),
    (JOB_BODY, lambda vault, age: vault.find_job("job-1", age)),
]
EACH = pytest.mark.parametrize(("answer", "read"), SINGLE, ids=["item", "job"])


@EACH
@pytest.mark.parametrize("first", Age)
def test_what_was_read_singly_moments_ago_is_a_look_of_its_own(
    answer: Answer, read: Callable[[SiteRecovery, Age], Any], first: Age, service: Any
) -> None:
    one = Shared()
    vault, server = service(answer, shared=one.reads)
    read(vault, first)
    one.now = 5
    read(vault, Age.OWN)
    assert len(server.asked) == 1
    one.now = 5.5
    read(vault, Age.OWN)
    assert len(server.asked) == 2
    read(vault, Age.NOW)
    assert len(server.asked) == 3


@EACH
def test_what_was_read_before_the_own_request_is_no_look_of_its_own(
    answer: Answer, read: Callable[[SiteRecovery, Age], Any], service: Any
) -> None:
    one = Shared()
    vault, server = service(answer, shared=one.reads)
    read(vault, Age.NOW)
    one.now = 1
    one.watch.look.changed()
    read(vault, Age.OWN)
    assert len(server.asked) == 2


@EACH
def test_a_write_is_as_old_as_what_was_read_moments_ago(
    answer: Answer, read: Callable[[SiteRecovery, Age], Any], service: Any
) -> None:
    one = Shared()
    vault, _server = service(answer, shared=one.reads)
    read(vault, Age.NOW)
    one.now = 5
    one.watch.look.begin()
    read(vault, Age.OWN)
    one.now = 30
    one.watch.look.require_fresh(0)
    one.now = 30.5
    with pytest.raises(NotTaken):
        one.watch.look.require_fresh(0)


def test_what_a_list_showed_is_no_look_of_its_own(service: Any) -> None:
    one = Shared()
    fabric = {"id": f"{bodies.VAULT}/replicationFabrics/site1", "name": "site1"}
    container = {"id": bodies.CONTAINER, "name": "cloud_1"}
    pages = [Answer(200, {"value": [body]}) for body in (fabric, container, bodies.item())]
    vault, server = service(*pages, ITEM_BODY, shared=one.reads)
    (listed,) = vault.all_items()
    assert vault.item(listed.id, Age.SEEN) == listed
    assert len(server.asked) == 3
    vault.item(listed.id, Age.OWN)
    assert len(server.asked) == 4


@EACH
def test_alone_everything_is_read_anew(answer: Answer, read: Callable[[SiteRecovery, Age], Any], service: Any) -> None:
    vault, server = service(answer)
    for age in Age:
        read(vault, age)
    assert len(server.asked) == len(Age)


def provider(name: str) -> dict[str, Any]:
    return {"id": PROVIDER.replace("p-1", name), "name": name, "properties": {"friendlyName": f"host of {name}"}}


REFUSED = Answer(403, {"error": {"code": "AuthorizationFailed", "message": "no"}})


def test_the_providers_of_a_fabric_are_listed_once_for_many(service: Any) -> None:
    listed, single = Answer(200, {"value": [provider("p-1"), provider("p-2")]}), Answer(200, provider("p-3"))
    vault, server = service(listed, single, shared=Shared().reads)
    for name in ("p-1", "P-2", "p-1"):
        assert vault.provider(PROVIDER.replace("p-1", name)).name == name.lower()
    assert len(server.asked) == 1
    # Not to be in the list does not mean not to be there.
    assert vault.provider(PROVIDER.replace("p-1", "p-3")).name == "p-3"
    assert server.asked[-1][1].split("?")[0].endswith("/p-3")


@pytest.mark.parametrize("refusal", [REFUSED, Answer(404, {"error": {"code": "NotFound", "message": "no"}})], ids=str)
def test_providers_that_may_not_be_listed_are_read_singly(refusal: Answer, service: Any) -> None:
    vault, server = service(refusal, Answer(200, provider("p-1")), shared=Shared().reads)
    assert vault.provider(PROVIDER).name == "p-1"
    vault.provider(PROVIDER.replace("p-1", "p-2"))
    assert [path.split("?")[0].rsplit("/", 1)[1] for _method, path in server.asked] == [
        "replicationRecoveryServicesProviders",
        "p-1",
        "p-2",
    ]


def test_alone_one_provider_is_read(service: Any) -> None:
    vault, server = service(Answer(200, provider("p-1")))
    vault.provider(PROVIDER)
    assert server.asked[0][1].split("?")[0].endswith("/p-1")
