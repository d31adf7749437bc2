# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the user's word for a target to what the vault says of it now."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..azure.own_vm import AzureSide, look_at_azure
from ..azure.session import AzureSession
from ..model import arm_ids
from ..model.azure_use import AzureUse, judge_use, not_read
from ..model.failures import NotFound, ServiceError, TargetError, UnknownState, Unreachable, Vanished
from ..model.history import NOT_READ, History, history_of
from ..model.items import ReplicatedItem
from ..model.jobs import Job, Operation, require_known_state, sends_to_azure
from ..model.lifecycle import Observation, Stage, needs_history, observe
from ..model.look_age import OWN_ANSWER, Age
from ..model.plans import RecoveryPlan
from .request import Request

_BEFORE = timedelta(minutes=30)
_SUGGESTIONS = 5
_PATH_OF_AN_ITEM = ("replicationFabrics", "replicationProtectionContainers", "replicationProtectedItems")
_ITEM = "replicated item"
_GONE = "disabled the replication of the VM or completed its migration to Azure (Complete Migration)"
_WHERE_IDS_ARE = "Take it from replicated_item_info."


@dataclass(frozen=True)
class TargetView:
    """What was read of a target at one moment: its plan, where it is one, and each of its members.

    C(read) are the members as they were read, where a check assumes another stage.
    """

    plan: RecoveryPlan | None
    members: tuple[Observation, ...]
    plan_job: Job | None = None
    read: tuple[Observation, ...] = ()

    def as_read(self) -> TargetView:
        """Return the target as it was read, whatever stage was assumed."""
        return replace(self, members=self.read or self.members, read=())

    def assumed(self, stage: Stage, applies: Callable[[Observation], bool] = lambda _member: True) -> TargetView:
        """Return the target as it would be in a stage that an earlier task of a check predicted, for those members that
        it applies to."""
        reason = "predicted by an earlier task of this check"

        def seen(member: Observation) -> Observation:
            return Observation(member.item, stage, None, reason) if applies(member) else member

        return replace(self, members=tuple(map(seen, self.members)), read=self.members)


class Target:
    """A replicated item or recovery plan that is known to exist. C(look) reads it anew."""

    def __init__(self, session: AzureSession, *, item_id: str = "", plan_name: str = "") -> None:
        self._session = session
        self._item_id = item_id
        self._plan_name = plan_name

    def look(self, age: Age = Age.NOW) -> TargetView:
        """Read the target, and what its stage depends on. A plan is always read now.

        Raises Vanished where it is there no more, and TargetError for a plan without VMs: of these nothing is to be
        done, and nothing was done either.
        """
        if not self._plan_name:
            service = self._session.site_recovery
            with _there_before():
                item = service.item(self._item_id, age)
            return TargetView(None, (observe_item(self._session, item, age=age),))
        with _there_before():
            plan = self._session.site_recovery.plan(self._plan_name)
        if not plan.item_ids:
            raise TargetError(
                f"The recovery plan '{plan.friendly_name}' names no VMs.",
                "Add replicated items to the plan, or name one VM with replicated_item.",
                asked=plan.friendly_name,
            )
        return look_at_plan(self._session, plan)

    def look_at(self, item_id: str) -> Observation:
        """Read one member anew, with the job of its plan, which owns it. Raises Vanished."""
        if not self._plan_name:
            return self.look().members[0]
        with _there_before():
            plan = self._session.site_recovery.plan(self._plan_name)
            item = self._session.site_recovery.item(item_id)
        return observe_item(self._session, item, _running_job(self._session, plan.scenario_job_id))


@contextmanager
def _there_before() -> Iterator[None]:
    """Let a 404 say what it means for something that was read or named by the vault a moment ago."""
    try:
        yield
    except NotFound as problem:
        raise Vanished(
            f"It no longer exists in the vault: {problem.happened}",
            f"Somebody has {_GONE}, or deleted the recovery plan. Without replication there is no further step: look "
            "at both copies, keep the one that took the last writes, and enable replication anew. If it is there after "
            "all, run the task again.",
        ) from problem


def find_target(session: AzureSession, request: Request) -> Target:
    """Return the target that the request names. Raises TargetError where there is none, or several."""
    if request.recovery_plan:
        return Target(session, plan_name=find_plan(session, request.recovery_plan).name)
    item = find_item(session, request.replicated_item)
    require_hyper_v(item)
    return Target(session, item_id=item.id)


def target_of(session: AzureSession, view: TargetView) -> Target:
    """Return the target that was read before."""
    if view.plan is not None:
        return Target(session, plan_name=view.plan.name)
    return Target(session, item_id=view.members[0].item.id)


def find_item(session: AzureSession, wanted: str) -> ReplicatedItem:
    """Return the replicated item that answers to a friendly name, a name or a resource id."""
    if arm_ids.is_resource_id(wanted):
        return _item_by_id(session, wanted)
    known = session.site_recovery.all_items()
    found = [item for item in known if item.answers_to(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(wanted, "replicated items", [item.id for item in found])
    names = [item.friendly_name for item in known]
    raise TargetError(*_unknown(session, wanted, _ITEM, names), asked=wanted)


def _item_by_id(session: AzureSession, wanted: str) -> ReplicatedItem:
    if not arm_ids.segment(wanted, "replicationProtectedItems"):
        raise TargetError("The id is not that of a replicated item.", _WHERE_IDS_ARE, asked=wanted)
    _require_own_vault(session, wanted)
    if not arm_ids.names_below(wanted, session.vault_id, *_PATH_OF_AN_ITEM):
        raise TargetError("The id is not that of a replicated item.", _WHERE_IDS_ARE, asked=wanted)
    try:
        return session.site_recovery.item(wanted, Age.SEEN)
    except NotFound as problem:
        raise TargetError(
            f"The vault has no replicated item of that id. {problem.happened}",
            "List what there is with replicated_item_info.",
            asked=wanted,
        ) from problem


def _require_own_vault(session: AzureSession, wanted: str) -> None:
    vault = arm_ids.vault_of(wanted)
    if not arm_ids.same_resource(vault, session.vault_id):
        raise TargetError(
            f"The id belongs to another vault ({vault or 'none'}) than the one given ({session.vault_id}).",
            "Give the resource_group and vault_name of the id's own vault.",
            asked=wanted,
        )


def find_plan(session: AzureSession, wanted: str) -> RecoveryPlan:
    """Return the recovery plan that answers to a friendly name, a name or a resource id."""
    known = session.site_recovery.plans()
    found = [plan for plan in known if plan.answers_to(wanted) or arm_ids.same_resource(plan.id, wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(wanted, "recovery plans", [plan.id for plan in found])
    raise TargetError(*_unknown(session, wanted, "recovery plan", [plan.friendly_name for plan in known]), asked=wanted)


def find_job(session: AzureSession, wanted: str) -> Job:
    """Return the job of a name or resource id, with its tasks."""
    name = job_name_of(session, wanted)
    job = session.site_recovery.find_job(name)
    if job is None:
        names = [known.name for known in session.site_recovery.jobs(None, session.clock.now())]
        raise TargetError(*_unknown(session, name, "job", names), asked=wanted)
    return require_known_state(job)


def job_name_of(session: AzureSession, wanted: str) -> str:
    """Return the name of the job that the user means by a name or a resource id."""
    names: tuple[str, ...] = (wanted,)
    if arm_ids.is_resource_id(wanted):
        _require_own_vault(session, wanted)
        names = arm_ids.names_below(wanted, session.vault_id, "replicationJobs")
    if not all(map(arm_ids.is_name, names or ("",))):
        raise TargetError(
            f"'{wanted}' is neither the name nor the resource id of a job.",
            "Take it from job_info; a job's name is a GUID.",
            asked=wanted,
        )
    return names[0]


def target_of_job(session: AzureSession, job: Job) -> Target | None:
    """Return the replicated item or recovery plan that a job works on, None where the vault knows none (any more)."""
    if job.is_of_plan:
        return _plan_of_job(session, job)
    if not job.target_id:
        return None
    item = next((one for one in session.site_recovery.all_items() if one.vm_id.lower() == job.target_id.lower()), None)
    if item is None:
        return None
    require_hyper_v(item)
    return Target(session, item_id=item.id)


def _plan_of_job(session: AzureSession, job: Job) -> Target | None:
    """Return the plan that names the job as its current one, else that of the name: a plan's own id is in no list."""
    plans = session.site_recovery.plans()
    owned = [plan for plan in plans if arm_ids.last_segment(plan.scenario_job_id) == job.name]
    found = owned or [plan for plan in plans if plan.friendly_name.lower() == job.target_name.lower()]
    return Target(session, plan_name=found[0].name) if len(found) == 1 else None


def jobs_of_target(session: AzureSession, view: TargetView) -> list[Job]:
    """Return the jobs of a target as lists give them, newest first."""
    listed = session.site_recovery.jobs(None, session.clock.now())
    if view.plan is not None:
        return [job for job in listed if job.is_of_plan and view.plan.answers_to(job.target_name)]
    wanted = {member.item.vm_id.lower() for member in view.members} - {""}
    return [job for job in listed if job.target_id.lower() in wanted]


def _ambiguous(wanted: str, kind: str, ids: Sequence[str]) -> TargetError:
    return TargetError(
        f"'{wanted}' names {len(ids)} {kind}: {', '.join(ids)}.",
        "Give the resource id of the one that is meant.",
        asked=wanted,
        candidates=list(ids),
    )


def _unknown(session: AzureSession, wanted: str, kind: str, names: Sequence[str]) -> tuple[str, str]:
    close = difflib.get_close_matches(wanted.lower(), {name.lower(): name for name in names}, _SUGGESTIONS)
    spelled = [name for name in names if name.lower() in close]
    hint = f"Similar names: {', '.join(spelled)}." if spelled else "Check resource_group and vault_name."
    if kind == _ITEM:
        hint += f" If it was there before, somebody has {_GONE}."
    return f"Vault {session.vault_id} has no {kind} '{wanted}' among its {len(names)}.", hint


def require_hyper_v(item: ReplicatedItem) -> None:
    """Refuse an item that another provider replicates: its failback is another procedure."""
    if not item.instance_type:
        raise UnknownState(f"providerSpecificDetails.instanceType of '{item.friendly_name}'", item.instance_type)
    if not item.is_hyper_v_to_azure:
        raise TargetError(
            f"It is replicated with {item.instance_type}, not from Hyper-V to Azure (HyperVReplicaAzure).",
            "This collection fails back Hyper-V virtual machines only. Nothing was written.",
            asked=item.friendly_name,
            instance_type=item.instance_type,
        )


def observe_item(
    session: AzureSession, item: ReplicatedItem, plan_job: Job | None = None, *, age: Age = Age.NOW
) -> Observation:
    """Tell the stage of an item, reading its running job and its last failback where they matter.

    C(age) is that of the item, and is to be that of the job.
    """
    if plan_job is not None and plan_job.is_running:
        return observe(item, plan_job, _history(session, item, plan_job))
    running = _listed_replication(session, item, age) or _running_job(session, item.scenario_job_id, age)
    if running is not None and not running.is_running:
        # It may have ended since the item was read, which is another by now.
        item = session.site_recovery.item(item.id)
        running = _running_job(session, item.scenario_job_id)
    seen = observe(item, running, _history(session, item, running))
    # Site Recovery does not know what became of the Azure VM since the cut-over, and offers the commit all the same.
    return replace(seen, azure_use=_azure_use(session, seen)) if seen.stage is Stage.FAILBACK_COMMIT_PENDING else seen


def _history(session: AzureSession, item: ReplicatedItem, running: Job | None) -> History:
    return history_of(item, _jobs_of(session, item)) if needs_history(item, running) else NOT_READ


def _azure_use(session: AzureSession, seen: Observation) -> AzureUse:
    """Read it where it can be read: the stage must be told also where Azure compute does not answer."""
    if not seen.item.azure_vm_id:
        return not_read("the replicated item names no Azure VM")
    try:
        side = look_at_azure(session, seen.item)
    except (ServiceError, Unreachable) as unread:
        return not_read(unread.happened)
    return use_of(session, seen, side)


def use_of(session: AzureSession, member: Observation, side: AzureSide) -> AzureUse:
    """Say what became of a machine's Azure VM since the cut-over, reading no more than it takes. C(side) as read now.

    What another VM did tells nothing; one that may be the machine's speaks against a commit, but never for it.
    """
    if side.is_another:
        return not_read(side.doubt)
    is_off = side.vm is not None and not side.vm.is_running
    use = judge_use(side.vm, cut_over_at(session, member) if is_off else None)
    return not_read(side.doubt) if side.doubt and not use.doubt else use


def _listed_replication(session: AzureSession, item: ReplicatedItem, age: Age) -> Job | None:
    """Return the job that an item names where it may be as a list has it: of a replication to Azure, nothing depends
    on the tasks. None for every other job."""
    may_be_listed = age is Age.SEEN and sends_to_azure(item.scenario)
    job = session.site_recovery.listed_job(arm_ids.last_segment(item.scenario_job_id)) if may_be_listed else None
    return job if job is not None and sends_to_azure(job.scenario) else None


def _running_job(session: AzureSession, job_id: str, age: Age = Age.NOW) -> Job | None:
    """Return the job that an item or plan names as its current scenario, or None where it names none."""
    name = arm_ids.last_segment(job_id)
    if name in ("", "None"):
        return None
    job = session.site_recovery.find_job(name, age)
    return None if job is None else require_known_state(job)


def _jobs_of(session: AzureSession, item: ReplicatedItem, *, may_miss_end: bool = False) -> Iterator[Job]:
    """Yield the jobs of the item, newest first. Lists do not tell the direction of a planned failover, so that is read,
    and so is what may be of this item or not: a plan's, and one that does not tell what it is of."""
    # That its failover itself is listed is what tells that nothing since is missing.
    since = item.last_failover - _BEFORE if item.last_failover else None
    service = session.site_recovery
    for job in service.jobs_of_vm(item.vm_id.lower(), since, session.clock.now(), may_miss_end=may_miss_end):
        of_item = job.target_id.lower() == item.vm_id.lower()
        moves = job.may_be_failback or job.operation is Operation.FAILOVER
        of_any = job.may_be_of_any_vm and not of_item
        if of_any or (job.is_of_plan and moves) or (of_item and job.may_be_failback):
            yield require_known_state(service.find_job(job.name, Age.SEEN) or service.job(job.name))
        elif of_item:
            yield job


def cut_over_at(session: AzureSession, member: Observation) -> datetime | None:
    """Return when a machine that awaits its commit was cut over: the end of its failback job, where that is known."""
    if member.stage is not Stage.FAILBACK_COMMIT_PENDING:
        return None
    if member.azure_use is not None and member.azure_use.cut_over_at is not None:
        return member.azure_use.cut_over_at
    # What may be its failback is read singly, whatever a list has said of it.
    job = member.job or history_of(member.item, _jobs_of(session, member.item, may_miss_end=True)).last_failback
    return job.ended if job is not None else None


def service_time(session: AzureSession, item: ReplicatedItem, age: Age = Age.NOW) -> datetime:
    """Return Azure's time: that of its last answer, so a question first that certainly may be asked.

    Where its C(age) may be that of an own answer, and others ask Azure as well, any answer of that age tells it: it is
    behind then, never ahead.
    """
    service, clock = session.site_recovery, session.clock
    if age is Age.NOW or not service.shares:
        service.item(item.id)
        return clock.now()
    with clock.turn:
        if not clock.is_as_of(OWN_ANSWER):
            service.item(item.id)
    return clock.now()


def look_at_plan(session: AzureSession, plan: RecoveryPlan) -> TargetView:
    """Read a plan's job and every member. A plan's running job owns all of its members."""
    job = _running_job(session, plan.scenario_job_id)
    with _there_before():
        items = [session.site_recovery.item(item_id) for item_id in plan.item_ids]
    for item in items:
        require_hyper_v(item)
    return TargetView(plan, tuple(observe_item(session, item, job) for item in items), job)
