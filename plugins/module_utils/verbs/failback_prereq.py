# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prerequisites of a failback: read everything that a run will depend on, and say what stands in the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..azure.own_vm import own_vm
from ..azure.session import AzureSession
from ..copies.deletion import refuse_ambiguous_words, sized_disks
from ..copies.host_sides import BEFORE_SYNC, HostSides
from ..copies.locks import LockReader, asked_of, refuse_read_only
from ..copies.permissions import Rights
from ..copies.target_host import Unregistered, find_target_provider, name_of_another_host, refuse_host_for_plan
from ..model.azure_disks import UncarriedDisk, deletion, uncarried
from ..model.azure_resources import AzureDisk, AzureVm
from ..model.checks import check_item
from ..model.data_sync import DataSync, choose_data_sync
from ..model.fabrics import Fabric, Provider
from ..model.failures import FailbackError, NotFound, NotTaken, PermissionDenied, UnknownState, asked
from ..model.findings import ItemFacts, NotRead, is_ready, readiness
from ..model.host_checks import check_host
from ..model.items import ReplicatedItem
from ..model.lifecycle import Observation
from ..model.look_age import Age
from ..model.plan_checks import check_plan
from ..runner.attempts import Attempts
from ..runner.authority import MIXED, authority_of, common, danger_of, side_of, stage_of
from ..runner.contract import Contract
from ..runner.jobs import follow_job, has_ended
from ..runner.options import DATA_SYNC_OPTION, DISCARD_DISKS_OPTION, PLACE_OPTIONS
from ..runner.request import PrereqRequest, common_options
from ..runner.result import target_result
from ..runner.services import Services
from ..runner.target import Target, TargetView, find_target
from ..watch import Watch

Fact = TypeVar("Fact")


async def run(request: PrereqRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Check the target and return the result of the module. A failed check is a result, not a failure."""
    with asked(f"Prerequisites of {request.target}"):
        refuse_host_for_plan(request.recovery_plan, request.target_host)
        target = find_target(services.azure, request)
        view = _look(target, watch, Age.OWN)
        refreshed: list[str] = []
        try:
            if request.refresh_provider and request.check_mode:
                _refuse_read_only(services.azure, view)
            elif request.refresh_provider:
                view = await _refresh(services.azure, request, watch, target, refreshed)
            return _outcome(request, services, view)
        except FailbackError as problem:
            problem.wrote = problem.wrote or bool(refreshed)
            problem.authority = problem.authority or authority_of(view, view)
            raise


def _look(target: Target, watch: Watch, age: Age = Age.NOW) -> TargetView:
    watch.look.begin()
    view = target.look(age)
    watch.look.saw_vms(len(view.members))
    return view


async def _refresh(
    session: AzureSession, request: PrereqRequest, watch: Watch, target: Target, refreshed: list[str]
) -> TargetView:
    """Ask each provider to report, and note in C(refreshed) which have been asked. Return the last look at the target,
    which each request rests on: where one was not taken, its VMs may be another host's by then."""
    attempts = Attempts(watch)
    while True:
        view = _look(target, watch)
        providers = dict.fromkeys(member.item.provider_id for member in view.members)
        left = [provider for provider in providers if provider not in refreshed]
        if not left:
            return view
        try:
            _refuse_read_only(session, view)
            await _refresh_one(session, request, watch, left[0], refreshed)
            watch.look.changed()
            attempts.succeeded()
        except NotTaken as refusal:
            await attempts.wait_after(refusal)


def _refuse_read_only(session: AzureSession, view: TargetView) -> None:
    """Refuse to ask providers where a lock forbids every request. Raises Refused."""
    refuse_read_only(session, {member.item.friendly_name: [member.item.provider_id] for member in view.members})


async def _refresh_one(
    session: AzureSession, request: PrereqRequest, watch: Watch, provider_id: str, refreshed: list[str]
) -> None:
    accepted = session.site_recovery.refresh_provider(provider_id)
    refreshed.append(provider_id)
    # How a refresh shows among the jobs was never recorded: where it does not, what is read next tells enough.
    if session.site_recovery.find_job(accepted.job_name) is not None:
        interval = request.poll_interval or accepted.retry_after
        await follow_job(session, accepted.job_name, watch, has_ended, interval, tolerate_failure=True)


def _outcome(request: PrereqRequest, services: Services, view: TargetView) -> dict[str, Any]:
    session = services.azure
    rights = Rights(session, of_plan=view.plan is not None)
    locks = LockReader(session, *asked_of(view, view.members))
    sides = HostSides(services, request, view.members)
    sync = _recommended(request, session, view, sides)
    facts = [_facts(session, request, member, rights, locks) for member in view.members]
    read = [(one.seen.item, one.azure_vm.disks) for one in facts if isinstance(one.azure_vm, AzureVm)]
    refuse_ambiguous_words(session, request.discard_disks, read)
    results = [_member(one, sides, sync) for one in facts]
    plan_findings = check_plan(view.members) if view.plan else []
    findings = [{**finding.as_result(), "vm": None} for finding in plan_findings]
    findings += [finding for entry in results for finding in entry["findings"]]
    danger = danger_of(view, view)
    return {
        **_readiness(view, findings),
        **({"warnings": [danger]} if danger else {}),
        "changed": request.refresh_provider,
        "ready": is_ready(plan_findings) and all(entry["ready"] for entry in results),
        "findings": findings,
        "failed_findings": [finding for finding in findings if finding["status"] == "fail"],
        "stage": {"before": stage_of(view), "after": stage_of(view)},
        "direction": "recovery_to_primary",
        "authoritative_side": common([entry["authoritative_side"] for entry in results]) if results else MIXED,
        "reversible": all(member.reversible for member in view.members),
        "data_sync": {"option": sync.option, "reason": sync.reason} if sync else None,
        "host": results[0]["host"] if results and view.plan is None else None,
        "would_be_deleted": _whole_deletion(results),
        "job": None,
        **target_result(view),
        "members": results if view.plan else [],
    }


def _readiness(view: TargetView, findings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the line for a person, where a failback is still to be started: later the stage says what is to do."""
    ahead = {member.item.friendly_name for member in view.members if member.stage in BEFORE_SYNC}
    if not ahead:
        return {}
    name = view.plan.friendly_name if view.plan else view.members[0].item.friendly_name
    its_own = [one for one in findings if one["vm"] is None or one["vm"] in ahead]
    return {"msg": readiness(f"{name} ({stage_of(view)}, authoritative: {side_of(view)})", name, its_own)}


def _member(facts: ItemFacts, sides: HostSides, sync: DataSync | None) -> dict[str, Any]:
    seen = facts.seen
    findings = check_item(facts) + check_host(sides.of(seen, facts.fabric, sync.option if sync else ""))
    return {
        "name": seen.item.name,
        "friendly_name": seen.item.friendly_name,
        "id": seen.item.id,
        "stage": {"before": seen.stage.value, "after": seen.stage.value},
        "authoritative_side": seen.authoritative_side.value,
        "reversible": seen.reversible,
        "reason": seen.explanation,
        "host": _host(facts),
        "would_be_deleted": None if facts.deletion is None else list(facts.deletion),
        "job": None,
        "ready": is_ready(findings),
        "findings": [{**finding.as_result(), "vm": seen.item.friendly_name} for finding in findings],
    }


def _whole_deletion(results: Sequence[Mapping[str, Any]]) -> list[Any] | None:
    """Return what the commits of all VMs would delete; None where that is not known of one of them."""
    each = [entry["would_be_deleted"] for entry in results]
    return None if None in each else [one for entry in each for one in entry]


def _host(facts: ItemFacts) -> str | None:
    """Return the Hyper-V host that the VM comes back to. For a VMM cloud, VMM chooses it."""
    known = isinstance(facts.fabric, Fabric) and facts.fabric.is_hyper_v_site and isinstance(facts.provider, Provider)
    return facts.provider.friendly_name if known and isinstance(facts.provider, Provider) else None


def _facts(
    session: AzureSession, request: PrereqRequest, seen: Observation, rights: Rights, locks: LockReader
) -> ItemFacts:
    item, service = seen.item, session.site_recovery
    vm = own_vm(session, item)
    disks = sized_disks(session, vm) if isinstance(vm, AzureVm) else []
    lost = _uncarried(item, vm, disks)
    return ItemFacts(
        seen=seen,
        fabric=_read(lambda: service.fabric(item.fabric_name)),
        azure_vm=vm,
        locks=locks.of(item, vm),
        uncarried=lost,
        given_up=request.discard_disks,
        needs=rights.needed_for(item, vm),
        # The last two: how old the provider's heartbeat is counts from when it was read.
        provider=_read(lambda: _provider(session, request, item)),
        now=session.clock.now(),
        deletion=_deletion(item, vm, disks, lost),
    )


def _uncarried(
    item: ReplicatedItem, vm: AzureVm | NotRead | None, disks: Sequence[AzureDisk]
) -> Sequence[UncarriedDisk] | NotRead:
    """Return the disks in Azure that no failback carries."""
    if isinstance(vm, AzureVm):
        return uncarried(item, disks)
    return vm or NotRead("Azure has no VM at the id that the replicated item names")


def _deletion(
    item: ReplicatedItem,
    vm: AzureVm | NotRead | None,
    disks: Sequence[AzureDisk],
    lost: Sequence[UncarriedDisk] | NotRead,
) -> list[dict[str, Any]] | None:
    """Return what a commit would delete; None where that was not seen."""
    if not isinstance(vm, AzureVm) or isinstance(lost, NotRead):
        return None
    return deletion(item.friendly_name, vm, disks, lost)


def _provider(session: AzureSession, request: PrereqRequest, item: ReplicatedItem) -> Provider:
    """Return the provider of the host that the VM is failed back to: its own, unless another is asked for."""
    if request.target_host:
        return find_target_provider(session, item, request.target_host)
    return session.site_recovery.provider(item.provider_id)


def _read(read: Callable[[], Fact]) -> Fact | NotRead:
    """Read a fact that the caller's roles may hide. What hides one fact must not hide the others."""
    try:
        return read()
    except (PermissionDenied, NotFound, UnknownState, Unregistered) as problem:
        return NotRead(problem.happened, problem)


def _recommended(request: PrereqRequest, session: AzureSession, view: TargetView, sides: HostSides) -> DataSync | None:
    ahead = [member for member in view.members if member.stage in BEFORE_SYNC]
    if not ahead:
        return None
    items, missing = [member.item for member in ahead], sides.may_be_missing(ahead)
    return choose_data_sync(
        request.data_sync,
        items,
        session.clock.now(),
        vm_may_be_missing=missing,
        another_host=_another_host(session, request, items[0]),
    )


def _another_host(session: AzureSession, request: PrereqRequest, item: ReplicatedItem) -> str:
    if not request.target_host:
        return ""
    target = _read(lambda: find_target_provider(session, item, request.target_host))
    return request.target_host if isinstance(target, NotRead) else name_of_another_host(item, target)


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> PrereqRequest:
    """Return what a task's options ask for."""
    extra = {name: parameters[name] for name in ("refresh_provider", "data_sync", "create_vm_if_missing")}
    return PrereqRequest(
        **common_options(parameters, check_mode),
        **extra,
        target_host=parameters["target_host"] or "",
        discard_disks=tuple(parameters["discard_disks"]),
    )


CONTRACT = Contract(
    "failback_prereq",
    {
        "refresh_provider": {"type": "bool", "default": False},
        "data_sync": DATA_SYNC_OPTION,
        **PLACE_OPTIONS,
        "discard_disks": DISCARD_DISKS_OPTION,
    },
    run,
    request_of,
    takes_many=True,
    asks_hosts=True,
)
