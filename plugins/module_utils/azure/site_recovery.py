# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site Recovery of one vault: reads that return parsed records, and writes that return the job they started.

Enumeration goes fabric by fabric, container by container: the built-in role Site Recovery Operator may not read the
vault-wide lists. Every write is started without the SDK's poller, which does not know a job that waits for a person.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from ..model import arm_ids
from ..model.fabrics import Container, Fabric, Provider, parse_container, parse_fabric, parse_provider
from ..model.failures import FailbackError, NotFound, PermissionDenied, UnknownState
from ..model.items import ReplicatedItem, parse_item
from ..model.job_list import JobList
from ..model.jobs import RUNNING_STATES, Job, parse_job, parse_operation
from ..model.json_path import CompactDocument
from ..model.look_age import OWN_ANSWER, SHARED_ANSWER, Age
from ..model.plans import RecoveryPlan, parse_plan
from ..shared_reads import UNSHARED, SharedReads
from .answers import one_object
from .errors import no_job, translated
from .sdk import HttpRequest, SiteRecoveryManagementClient, models
from .sdk_reads import pages_of_bodies, resource_body

Record = TypeVar("Record")

# Recorded: the service asks for this between two polls, on each of 477 answers.
DEFAULT_RETRY_AFTER = 30.0
_SLACK = timedelta(days=1)
# Seconds after which a running job is read singly although the list has nothing new of it: that lists tell what a job
# waits for is not recorded for every kind of job.
_SINGLY_AGAIN = 900.0
_LISTS_IN_AN_INTERVAL = 4
_RUNNING = "running jobs"
# What somebody has to act on is read singly: no list has all that is needed to tell what it waits for.
_NOTHING_TO_DO = RUNNING_STATES - {"Suspended"}
_OF_PROVIDER = ("replicationFabrics", "replicationRecoveryServicesProviders")
_OF_ITEM = ("replicationFabrics", "replicationProtectionContainers", "replicationProtectedItems")


@dataclass(frozen=True)
class Accepted:
    """A write that the service took. C(job_name) is empty where only the recovery plan can tell it.

    C(retry_after) is in seconds: how long the service asks to be left alone between two looks at the job.
    """

    job_name: str
    retry_after: float


@dataclass(frozen=True)
class FailbackInput:
    """The input of a planned failover to on-premises. C(target_provider_id) is for an alternate host; items only."""

    synchronize_first: bool
    create_vm_if_missing: bool
    target_provider_id: str = ""

    @property
    def data_sync_option(self) -> str:
        """The wire's word: C(ForDownTime), with a capital T, or C(ForSynchronization)."""
        return "ForDownTime" if self.synchronize_first else "ForSynchronization"

    @property
    def vm_creation_option(self) -> str:
        """The wire's word for what happens when the virtual machine is gone on-premises."""
        return "CreateVmIfNotFound" if self.create_vm_if_missing else "NoAction"


@dataclass(frozen=True)
class _ShownItem:
    """An item, and whether it was read singly."""

    item: ReplicatedItem
    is_read_singly: bool


def _by_this_machine() -> datetime:
    return datetime.now(timezone.utc)


class SiteRecovery:
    """The Site Recovery side of one vault.

    What several virtual machines have in common (fabrics, providers, lists) they share for a moment. An item and a job
    are read singly, unless an C(age) is given or the job is followed. C(now) tells the service's time.
    """

    def __init__(
        self,
        client: SiteRecoveryManagementClient,
        resource_group: str,
        vault_name: str,
        shared: SharedReads = UNSHARED,
        now: Callable[[], datetime] = _by_this_machine,
    ) -> None:
        self._client = client
        self._vault = (resource_group, vault_name)
        self._shared = shared
        self._now = now
        # When a job that is followed was read singly, or was followed first.
        self._read_singly: dict[str, float] = {}

    @property
    def shares(self) -> bool:
        """Whether what was seen may have been read for another virtual machine."""
        return self._shared.shares

    def fabrics(self) -> list[Fabric]:
        """Return the vault's fabrics, Azure's own among them where the service lists it."""
        return self._shared.get("fabrics", lambda: self._list(parse_fabric, self._client.replication_fabrics.list))

    def fabric(self, name: str) -> Fabric:
        """Return one fabric."""
        get = functools.partial(self._get, parse_fabric, self._client.replication_fabrics.get, _named("fabric", name))
        return self._shared.get(f"fabric|{name}", get)

    def providers(self, fabric: str) -> list[Provider]:
        """Return the recovery services providers of a fabric: its Hyper-V hosts, or its VMM server."""
        return self._shared.get(f"providers|{fabric}", lambda: self._list_providers(fabric))

    def _list_providers(self, fabric: str) -> list[Provider]:
        listed = self._client.replication_recovery_services_providers.list_by_replication_fabrics
        found = self._list(parse_provider, listed, _named("fabric", fabric))
        return [replace(provider, read_at=self._now()) for provider in found]

    def provider(self, provider_id: str) -> Provider:
        """Return the provider with this resource id.

        Where there is somebody to share with, those of its fabric are listed once for all; one that is not among them
        is read singly.
        """
        names = arm_ids.names_of("recoveryServicesProviderId", provider_id, *_OF_PROVIDER)
        listed = self._shared.get(f"shown providers|{names[0]}", lambda: self._shown_providers(names[0]))
        found = next((one for one in listed if arm_ids.same_resource(one.id, provider_id)), None)
        return found or self._own_provider(provider_id, *names)

    def _shown_providers(self, fabric: str) -> list[Provider]:
        """Return the providers of a fabric, none where they may not be listed or there is nobody to share them with."""
        try:
            return self._list_providers(fabric) if self.shares else []
        except (PermissionDenied, NotFound):
            return []

    def _own_provider(self, provider_id: str, *names: str) -> Provider:
        get = self._client.replication_recovery_services_providers.get

        def read() -> Provider:
            return replace(self._get(parse_provider, get, *names), read_at=self._now())

        return self._shared.get(f"provider|{provider_id}", read)

    def containers(self, fabric: str) -> list[Container]:
        """Return the protection containers of a fabric."""
        group = self._client.replication_protection_containers
        named = _named("fabric", fabric)
        return self._shared.get(
            f"containers|{fabric}", lambda: self._list(parse_container, group.list_by_replication_fabrics, named)
        )

    def items(self, fabric: str, container: str) -> list[ReplicatedItem]:
        """Return the replicated items of a container."""
        group = self._client.replication_protected_items
        names = (_named("fabric", fabric), _named("protection container", container))
        return self._list(_kept_item, group.list_by_replication_protection_containers, *names)

    def all_items(self) -> list[ReplicatedItem]:
        """Return every replicated item of the vault, fabric by fabric."""
        return self._shared.get("items", self._read_all_items)

    def _read_all_items(self) -> list[ReplicatedItem]:
        found = []
        for fabric in self.fabrics():
            for container in self.containers(fabric.name):
                asked = self._shared.now()
                listed = self.items(fabric.name, container.name)
                for item in listed:
                    self._shared.keep(_key_of_item(item.id), asked, _ShownItem(item, is_read_singly=False))
                found += listed
        return found

    def item(self, item_id: str, age: Age = Age.NOW) -> ReplicatedItem:
        """Return the replicated item with this resource id."""
        key, read = _key_of_item(item_id), functools.partial(self._read_item, item_id)
        if age is Age.NOW:
            return self._shared.read(key, read).item
        if age is Age.OWN:
            return self._shared.get(key, read, OWN_ANSWER, lambda shown: shown.is_read_singly).item
        return self._shared.get(key, read).item

    def _read_item(self, item_id: str) -> _ShownItem:
        get = self._client.replication_protected_items.get
        return _ShownItem(self._get(_kept_item, get, *_item_path(item_id)), is_read_singly=True)

    def plans(self) -> list[RecoveryPlan]:
        """Return the vault's recovery plans; in a list they come without their groups."""
        return self._shared.get("plans", lambda: self._list(parse_plan, self._client.replication_recovery_plans.list))

    def plan(self, name: str) -> RecoveryPlan:
        """Return one recovery plan with its groups."""
        return self._get(parse_plan, self._client.replication_recovery_plans.get, _named("recovery plan", name))

    def job(self, name: str) -> Job:
        """Return one job with its tasks."""
        return self._get(_kept_job, self._client.replication_jobs.get, _named("job", name))

    def find_job(self, name: str, age: Age = Age.NOW) -> Job | None:
        """Return one job, or None where the vault does not know it (yet). One that was seen to have ended is not read
        again unless its age matters."""
        key, read = f"job|{name}", functools.partial(self._find_job, name)
        if age is Age.NOW:
            return self._shared.read(key, read)
        if age is Age.OWN:
            return self._shared.get(key, read, OWN_ANSWER)
        kept = self._shared.kept(key)
        return kept if isinstance(kept, Job) and not kept.is_running else self._shared.get(key, read)

    def followed_job(self, name: str, interval: float) -> Job | None:
        """Return a job that is looked at every C(interval) seconds, None as find_job() does.

        Where many are followed it comes without its tasks while one list for all has it, and nobody has to act on it.
        """
        if not self.shares:
            return self.find_job(name)
        listed = self.listed_job(name, interval / _LISTS_IN_AN_INTERVAL)
        since = self._read_singly.setdefault(name, self._shared.now())
        if listed is None or self._shared.now() - since >= _SINGLY_AGAIN:
            self._shared.changed_before(_RUNNING)
            return self.find_job(name)
        return listed

    def listed_job(self, name: str, max_age: float = SHARED_ANSWER) -> Job | None:
        """Return a running job that nobody has to act on, without its tasks, as the list for all had it up to
        C(max_age) seconds ago. None for every other one, and where there is nobody to share the list with."""
        if not self.shares:
            return None
        listed = self._shared.get(_RUNNING, self._read_running_jobs, max_age).get(name)
        is_left_alone = listed is not None and listed.state in _NOTHING_TO_DO and not listed.may_be_resumed
        return listed if is_left_alone else None

    def _find_job(self, name: str) -> Job | None:
        self._read_singly[name] = self._shared.now()
        try:
            return self.job(name)
        except NotFound:
            return None

    def _read_running_jobs(self) -> dict[str, Job]:
        """Return the running jobs by name. One that the list leaves out is read singly."""
        return {job.name: job for job in self.running_jobs()}

    def jobs(self, since: datetime | None, now: datetime) -> list[Job]:
        """Return the jobs since a time, newest first, as lists give them: without tasks.

        C(now) is the service's time. The filter is as recorded; whether its bounds are inclusive is not, and the
        service's times differ in precision, so a day is added.
        """
        return [job for page in self.job_pages(since, now) for job in page]

    def job_pages(self, since: datetime | None, now: datetime) -> Iterator[list[Job]]:
        """Yield what jobs() returns page by page; each is asked for when it is wanted."""
        end = now + _SLACK
        query = {} if since is None else {"filter": f"StartTime eq '{_stamp(since)}' and EndTime eq '{_stamp(end)}'"}
        return self._pages(_kept_job, self._client.replication_jobs.list, **query)

    def running_jobs(self) -> list[Job]:
        """Return the jobs that still own their targets, as lists give them. The form of the filter is recorded."""
        wanted = " or ".join(f"JobStatus eq '{state}'" for state in sorted(RUNNING_STATES))
        return self._list(_kept_job, self._client.replication_jobs.list, filter=f"( {wanted} )")

    def jobs_of_vm(self, vm_id: str, since: datetime | None, now: datetime, *, may_miss_end: bool = False) -> list[Job]:
        """Return those of the jobs since a time that are of a virtual machine, or may be. C(vm_id) in lower case.

        C(may_miss_end): one that has just ended may be among them as it was when it ran.
        """
        # One list from midnight on serves all that failed over on the same day.
        start = None if since is None else _midnight(since)
        listed = self._shared.get(
            f"jobs since {start}", lambda: JobList(self.jobs(start, now)), may_miss_end=may_miss_end
        )
        return listed.that_may_concern(vm_id)

    def refresh_provider(self, provider_id: str) -> Accepted:
        """Ask the service to hear its provider again. A write."""
        names = arm_ids.names_of("recoveryServicesProviderId", provider_id, *_OF_PROVIDER)
        return self._start(self._client.replication_recovery_services_providers.begin_refresh_provider, *names)

    def fail_back_item(self, item_id: str, request: FailbackInput) -> Accepted:
        """Start the planned failover of an item from Azure to on-premises."""
        details = models.HyperVReplicaAzureFailbackProviderInput(
            data_sync_option=request.data_sync_option,
            recovery_vm_creation_option=request.vm_creation_option,
            provider_id_for_alternate_recovery=request.target_provider_id or None,
        )
        return self._start_item_failover(item_id, "RecoveryToPrimary", details)

    def fail_over_item(self, item_id: str) -> Accepted:
        """Start the planned failover of an item from on-premises to Azure."""
        return self._start_item_failover(
            item_id, "PrimaryToRecovery", models.HyperVReplicaAzurePlannedFailoverProviderInput()
        )

    def fail_back_plan(self, name: str, request: FailbackInput) -> Accepted:
        """Start the planned failover of a recovery plan from Azure to on-premises."""
        details = models.RecoveryPlanHyperVReplicaAzureFailbackInput(
            data_sync_option=request.data_sync_option, recovery_vm_creation_option=request.vm_creation_option
        )
        return self._start_plan_failover(name, "RecoveryToPrimary", details)

    def fail_over_plan(self, name: str) -> Accepted:
        """Start the planned failover of a recovery plan from on-premises to Azure."""
        return self._start_plan_failover(
            name, "PrimaryToRecovery", models.RecoveryPlanHyperVReplicaAzureFailoverInput()
        )

    def resume_job(self, name: str, comments: str) -> Accepted:
        """Complete Failover: let the job that waits for a person go on."""
        body = models.ResumeJobParams(properties=models.ResumeJobParamsProperties(comments=comments))
        return self._start(self._client.replication_jobs.begin_resume, _named("job", name), body)

    def cancel_job(self, name: str) -> Accepted:
        """Ask for the end of a job. Whether it ends so, and what it leaves, only reading tells."""
        return self._start(self._client.replication_jobs.begin_cancel, _named("job", name))

    def restart_job(self, name: str) -> Accepted:
        """Have a job's work done again. The job that is returned is the restart's own, not that of the work."""
        return self._start(self._client.replication_jobs.begin_restart, _named("job", name))

    def commit_item(self, item_id: str) -> Accepted:
        """Commit an item's failover or failback, whichever is pending."""
        return self._start(self._client.replication_protected_items.begin_failover_commit, *_item_path(item_id))

    def commit_plan(self, name: str) -> Accepted:
        """Commit a recovery plan's failover or failback, whichever is pending."""
        begin = self._client.replication_recovery_plans.begin_failover_commit
        return self._start_plan(begin, _named("recovery plan", name))

    def reverse_replicate_item(self, item: ReplicatedItem) -> Accepted:
        """Start replication of an item to Azure again, with the details that Microsoft's PowerShell module sends."""
        details = models.HyperVReplicaAzureReprotectInput(
            hv_host_vm_id=item.hypervisor_vm_id or None,
            vm_name=item.friendly_name,
            os_type="Linux" if item.os_type.lower() == "linux" else "Windows",
            v_hd_id=item.os_disk_id or None,
            storage_account_id=item.storage_account_id or None,
            log_storage_account_id=item.log_storage_account_id or None,
        )
        body = models.ReverseReplicationInput(
            properties=models.ReverseReplicationInputProperties(
                failover_direction="PrimaryToRecovery", provider_specific_details=details
            )
        )
        return self._start(self._client.replication_protected_items.begin_reprotect, *_item_path(item.id), body)

    def _start_item_failover(self, item_id: str, direction: str, details: Any) -> Accepted:
        body = models.PlannedFailoverInput(
            properties=models.PlannedFailoverInputProperties(
                failover_direction=direction, provider_specific_details=details
            )
        )
        return self._start(self._client.replication_protected_items.begin_planned_failover, *_item_path(item_id), body)

    def _start_plan_failover(self, name: str, direction: str, details: Any) -> Accepted:
        body = models.RecoveryPlanPlannedFailoverInput(
            properties=models.RecoveryPlanPlannedFailoverInputProperties(
                failover_direction=direction, provider_specific_details=[details]
            )
        )
        begin = self._client.replication_recovery_plans.begin_planned_failover
        return self._start_plan(begin, _named("recovery plan", name), body)

    def _get(self, parse: Callable[[Any], Record], get: Callable[..., Any], *names: str) -> Record:
        with translated():
            body = resource_body(functools.partial(get, *self._vault, *names))
        return parse(body)

    def _list(
        self, parse: Callable[[Any], Record], read: Callable[..., Any], *names: str, **query: str
    ) -> list[Record]:
        return [record for page in self._pages(parse, read, *names, **query) for record in page]

    def _pages(
        self, parse: Callable[[Any], Record], read: Callable[..., Any], *names: str, **query: str
    ) -> Iterator[list[Record]]:
        pages = pages_of_bodies(functools.partial(read, *self._vault, *names, **query), self._client.send_request)
        while True:
            with translated():
                page = next(pages, None)
            if page is None:
                return
            yield [parse(body) for body in page]

    def _start(self, begin: Callable[..., Any], *arguments: Any) -> Accepted:
        return _accepted(self._send(begin, *arguments))

    def _start_plan(self, begin: Callable[..., Any], *arguments: Any) -> Accepted:
        """Start an operation on a recovery plan. Recorded: its job has another name than the operation."""
        answer = self._send(begin, *arguments)
        return replace(_accepted(answer), job_name=self._job_of(_operation_url(answer)))

    def _send(self, begin: Callable[..., Any], *arguments: Any) -> Any:
        answers: list[Any] = []
        with translated(write=True):
            begin(*self._vault, *arguments, polling=False, raw_response_hook=answers.append)
        return answers[-1]

    def _job_of(self, operation_url: str) -> str:
        """Return the name of the job that an operation started; empty where its status cannot be read.

        The built-in role Site Recovery Operator may not. The write was taken, whatever happens here.
        """
        # Of the address only what is below the endpoint that this client trusts: a token goes nowhere else.
        parts = urlsplit(operation_url)
        try:
            with translated():
                response = self._client.send_request(HttpRequest("GET", urlunsplit(("", "", *parts[2:4], ""))))
                return parse_operation(one_object(response)).job_name if response.status_code == 200 else ""
        except FailbackError:
            return ""


def _named(kind: str, name: str) -> str:
    """Return a name that is put into a request. Raises UnknownState where it is none."""
    if not arm_ids.is_name(name):
        raise UnknownState(f"the name of a {kind}", name)
    return name


def _key_of_item(item_id: str) -> str:
    return f"item|{item_id.lower()}"


def _item_path(item_id: str) -> tuple[str, ...]:
    return arm_ids.names_of("the id of a replicated item", item_id, *_OF_ITEM)


def _kept_item(body: Mapping[str, Any]) -> ReplicatedItem:
    """Return an item that may be kept for hours, with a thousand others."""
    return replace(parse_item(body), document=CompactDocument(body))


def _kept_job(body: Mapping[str, Any]) -> Job:
    """Return a job that may be kept for hours, with a thousand others."""
    return replace(parse_job(body), document=CompactDocument(body))


def _accepted(answer: Any) -> Accepted:
    """Read the job's name off an accepted write: all three headers end in it (recorded); one is enough.

    The last one is a path then; whoever else answers puts an id of the request there.

    Raises FateUnknown where none is there: then it may not have been the service that answered.
    """
    found = _operation_url(answer)
    if not found:
        raise no_job(answer.http_response.status_code)
    retry_after = answer.http_response.headers.get("Retry-After", "")
    return Accepted(
        job_name=arm_ids.last_segment(found.split("?", 1)[0]),
        retry_after=float(retry_after) if retry_after.isdigit() else DEFAULT_RETRY_AFTER,
    )


def _operation_url(answer: Any) -> str:
    """Return where an operation can be followed, else a path that ends in its id; empty where nothing tells."""
    headers = answer.http_response.headers
    urls = (headers.get("Azure-AsyncOperation"), headers.get("Location"), headers.get("x-ms-request-id"))
    return next((str(url) for url in urls if url and "/" in url), "")


def _midnight(moment: datetime) -> datetime:
    """Return when the day of a moment began."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
