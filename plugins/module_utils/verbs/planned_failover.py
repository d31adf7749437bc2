# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned failover: from Azure to on-premises (the failback), or from on-premises to Azure (for drills)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..azure.session import AzureSession
from ..azure.site_recovery import FailbackInput
from ..copies.locks import asked_by_name, asked_of, refuse_locked, refuse_read_only
from ..copies.split_brain_check import SplitBrainCheck
from ..copies.target_host import find_target_provider, name_of_another_host, refuse_host_for_plan
from ..model.azure_locks import CUT_OVER, WRITE
from ..model.data_sync import DURING_FAILOVER, DataSync, choose_data_sync
from ..model.decisions import Verb, predicted_stage
from ..model.fabrics import Provider
from ..model.failures import ConfigurationError, Refused
from ..model.host_unread import REMEDY_IF_HIDDEN
from ..model.items import ReplicatedItem
from ..model.jobs import Job
from ..model.lifecycle import Observation, Stage
from ..model.split_brain import Sides, at_place, may_be_missing
from ..runner.contract import Contract
from ..runner.gates import AheadGate, CheckedGate, WindowGate
from ..runner.jobs import ended_or_waits, has_ended, has_started
from ..runner.lifecycle_step import LifecycleStep, carry_out
from ..runner.loop import VerbRun, Write, plan_or_items
from ..runner.options import ASSUME_OPTIONS, DATA_SYNC_OPTION, PLACE_OPTIONS, WINDOW_OPTIONS
from ..runner.request import PlannedFailoverRequest, common_options, window_of
from ..runner.result import verb_outcome
from ..runner.services import Services
from ..runner.target import TargetView
from ..waiting import Stopped
from ..watch import Watch

_STOPS: dict[str, Callable[[Job], bool]] = {
    "started": has_started,
    "waiting_for_completion": ended_or_waits,
    "end": has_ended,
}
_GOALS = {
    "started": frozenset({Stage.SYNCHRONIZING, Stage.WAITING_FOR_COMPLETION, Stage.COMPLETING}),
    "waiting_for_completion": frozenset({Stage.WAITING_FOR_COMPLETION}),
    "end": frozenset[Stage](),
}


async def run(request: PlannedFailoverRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Fail the target over in the requested direction and return the result of the module."""
    step = _ToAzure if request.verb is Verb.FAIL_OVER else _ToOnPremises
    return await carry_out(step(request, services, watch), services, request, watch)


class _ToAzure(LifecycleStep):
    """The failover of a drill."""

    def __init__(self, request: PlannedFailoverRequest, services: Services, _watch: Watch) -> None:
        self._window = WindowGate(services.azure, request.window)
        is_started = request.wait_for == "started"
        super().__init__(
            Verb.FAIL_OVER,
            stop=has_started if is_started else has_ended,
            goal=frozenset({Stage.BUSY}) if is_started else frozenset(),
            gate=self._window,
        )
        self._request = request
        self._session = services.azure
        self._check = SplitBrainCheck(services, request)

    def writes(self, view: TargetView, starts: Sequence[Observation]) -> list[Write]:
        """Fail over the plan or its VMs."""
        if not self._request.predicts:
            self._check.expect_off_in_azure(starts)
        refuse_read_only(self._session, asked_by_name(view, starts))
        service = self._session.site_recovery
        return plan_or_items(view, starts, service.fail_over_plan, lambda one: service.fail_over_item(one.item.id))

    async def result(self, verb_run: VerbRun) -> dict[str, Any]:
        """Return the result of the module."""
        foreseen = predicted_stage(self.verb, waited=_waits(self._request))
        return {
            **verb_outcome(self._session, self.verb, verb_run, foreseen),
            "data_sync": None,
            "split_brain_check": self._check.prove(verb_run),
            "held": False,
            **self._window.as_result(verb_run),
        }


def _waits(request: PlannedFailoverRequest) -> bool:
    return request.wait and request.wait_for != "started"


class _ToOnPremises(LifecycleStep):
    """The failback. C(sync) is how the data is synchronized, once that is chosen."""

    def __init__(self, request: PlannedFailoverRequest, services: Services, watch: Watch) -> None:
        refuse_host_for_plan(request.recovery_plan, request.target_host)
        self._window = WindowGate(services.azure, request.window, self._cuts_over)
        gate = self._window if request.cut_over else AheadGate(self._cuts_over)
        self._checked = CheckedGate(request.checked, gate)
        super().__init__(
            Verb.FAIL_BACK, stop=_STOPS[request.wait_for], goal=_GOALS[request.wait_for], gate=self._checked
        )
        self._request = request
        self._session = services.azure
        self._watch = watch
        self._check = SplitBrainCheck(services, request, target_host=request.target_host)
        self._sync: DataSync | None = None

    def writes(self, view: TargetView, starts: Sequence[Observation]) -> list[Write]:
        """Fail back the plan or its VMs."""
        request, service = self._request, self._session.site_recovery
        sides = [] if request.predicts else self._check.expect_off_on_premises(starts)
        body, sync = _body(request, self._session, [member.item for member in starts], sides)
        self._sync = sync
        if not request.predicts:
            _refuse_locked(self._session, view, starts, sync)
        self._watch.report(f"{request.target}: synchronize {sync.option.replace('_', ' ')}: {sync.reason}")
        return plan_or_items(
            view,
            starts,
            lambda name: service.fail_back_plan(name, body),
            lambda member: service.fail_back_item(member.item.id, body),
        )

    async def result(self, verb_run: VerbRun) -> dict[str, Any]:
        """Return the result of the module."""
        sync, request = self._sync, self._request
        attached = [member.job for member in verb_run.after.members if member.job is not None]
        waits = sync.synchronizes_first if sync else any(job.will_ask_user for job in attached)
        stops_there = waits and request.wait_for != "end"
        foreseen = predicted_stage(self.verb, waited=_waits(request), synchronizes_first=stops_there)
        return {
            **verb_outcome(self._session, self.verb, verb_run, foreseen),
            "data_sync": asdict(sync) if sync else None,
            "split_brain_check": self._check.prove(verb_run),
            **self._held(verb_run),
            # For failback.py alone.
            **({"unchecked": True} if self._checked.is_unchecked else {}),
        }

    def keep(self, stopped: Stopped) -> None:
        """Keep how the data is synchronized, as the job does not say, and that what was checked before is no more."""
        if self._sync is not None:
            stopped.kept["data_sync"] = asdict(self._sync)
        stopped.kept["unchecked"] = self._checked.has_waited

    def _held(self, verb_run: VerbRun) -> dict[str, Any]:
        """Return what holds the failover, if anything does."""
        if self._request.cut_over:
            return {"held": False, **self._window.as_result(verb_run)}
        held = bool(verb_run.held)
        sync = f": {self._sync.reason}" if self._sync else ""
        told = f"Its data is copied during the failover, which takes it down (cut_over is false){sync}" if held else ""
        return {**self._window.as_result(verb_run), "held": held, "waiting_for_window": False, "reason": told}

    def _cuts_over(self) -> bool:
        # Where the data is copied before the failover, another request cuts over.
        return not self._sync.synchronizes_first if self._sync else self._request.data_sync == DURING_FAILOVER


def _refuse_locked(session: AzureSession, view: TargetView, starts: Sequence[Observation], sync: DataSync) -> None:
    """Refuse what a lock would stop: with the data copied first, the cut-over is another request."""
    step = WRITE if sync.synchronizes_first else CUT_OVER
    refuse_locked(session, [member.item for member in starts], step, *asked_of(view, starts))


def _body(
    request: PlannedFailoverRequest, session: AzureSession, items: Sequence[ReplicatedItem], sides: Sequence[Sides]
) -> tuple[FailbackInput, DataSync]:
    for item in items:
        _refuse_encrypted(item)
    for one in sides:
        _refuse_namesake(one)
    missing = [one.name for one in sides if one.is_missing_on_premises]
    if missing and not (request.create_vm_if_missing or request.target_host):
        raise _nothing_to_fail_back_to(missing)
    if request.create_vm_if_missing or request.target_host:
        for one in sides:
            _refuse_second(one)
            if not request.target_host:
                _refuse_moved(one)
    target = _connected_target(session, items[0], request.target_host) if request.target_host else None
    create = request.create_vm_if_missing or target is not None
    copies = [at_place(one.on_premises, target.friendly_name if target else "") for one in sides]
    nothing_to_compare = may_be_missing(copies, creates=create)
    sync = choose_data_sync(
        request.data_sync,
        items,
        session.clock.now(),
        vm_may_be_missing=nothing_to_compare,
        another_host=name_of_another_host(items[0], target),
    )
    place = target.id if target else _own_provider_id(session, request, items[0])
    return FailbackInput(sync.synchronizes_first, create, place), sync


def _refuse_namesake(sides: Sides) -> None:
    # A copy elsewhere excuses none where it would be overwritten.
    places = (sides.at_home, sides.on_premises)
    if any(any(one.is_namesake for one in copies) and not any(one.is_there for one in copies) for copies in places):
        raise Refused(
            f"{sides.sentence()}. That VM must not be overwritten.",
            "Nothing was written. Rename or remove the other VM, or fail back to another host.",
            sides=[sides.as_result()],
        )


def _refuse_second(sides: Sides) -> None:
    if sides.claimed:
        raise Refused(
            f"{sides.sentence()}. No host lists it, but it may exist: a second one must not be created.",
            f"Nothing was written. {REMEDY_IF_HIDDEN} Then run the task again.",
            sides=[sides.as_result()],
        )


def _refuse_moved(sides: Sides) -> None:
    """Refuse to make a machine where it was, while another host shows it."""
    elsewhere = [copy.place for copy in sides.on_premises if copy.is_there and not copy.is_target]
    if sides.denied_by and elsewhere:
        raise Refused(
            f"{sides.sentence()}. It would be made a second time.",
            f"Nothing was written. Fail it back to where it is (target_host: {elsewhere[0]}), or move it back; if that "
            "is an old copy, remove it first. Then run the task again.",
            sides=[sides.as_result()],
        )


def _nothing_to_fail_back_to(names: Sequence[str]) -> Refused:
    return Refused(
        f"Its hosts have no VM called {', '.join(names)}: there is nothing to fail back to.",
        "Nothing was written. Set create_vm_if_missing to have it created, or target_host for another host.",
    )


def _own_provider_id(session: AzureSession, request: PlannedFailoverRequest, item: ReplicatedItem) -> str:
    """Return where a missing VM is created when no other host is named. A Hyper-V site must be told: Microsoft's
    PowerShell module refuses to send the request without it."""
    if not request.create_vm_if_missing or request.recovery_plan:
        return ""
    return item.provider_id if session.site_recovery.fabric(item.fabric_name).is_hyper_v_site else ""


def _refuse_encrypted(item: ReplicatedItem) -> None:
    if item.encryption.lower() == "enabled":
        raise Refused(
            f"{item.friendly_name} is protected with data encryption, a feature that Azure retired on 30 April 2022; "
            "the failback API no longer accepts its certificate.",
            "Nothing was written. Disable encryption for the cloud or VM with Microsoft's support before failing back.",
        )


def _connected_target(session: AzureSession, item: ReplicatedItem, wanted: str) -> Provider:
    provider = find_target_provider(session, item, wanted)
    if not provider.is_connected:
        raise Refused(
            f"Host {provider.friendly_name} is {provider.connection_status}.",
            "Nothing was written. Start the Azure Site Recovery provider on the host, then run the task again.",
        )
    return provider


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> PlannedFailoverRequest:
    """Return what a task's options ask for."""
    verbs = {"recovery_to_primary": Verb.FAIL_BACK, "primary_to_recovery": Verb.FAIL_OVER}
    if not parameters["cut_over"] and parameters["direction"] == "primary_to_recovery":
        raise ConfigurationError(
            "With direction primary_to_recovery, every failover shuts the VM down, and cut_over is false.",
            "Nothing was read or written. Leave out one of them.",
        )
    return PlannedFailoverRequest(
        **common_options(parameters, check_mode),
        verb=verbs[parameters["direction"]],
        data_sync=parameters["data_sync"],
        create_vm_if_missing=parameters["create_vm_if_missing"],
        target_host=parameters["target_host"] or "",
        wait_for=parameters["wait_for"],
        window=window_of(parameters),
        cut_over=parameters["cut_over"],
        # No option of the module: failback.py passes it on.
        checked=parameters.get("checked"),
    )


CONTRACT = Contract(
    "planned_failover",
    {
        "direction": {
            "type": "str",
            "default": "recovery_to_primary",
            "choices": ["recovery_to_primary", "primary_to_recovery"],
        },
        "data_sync": DATA_SYNC_OPTION,
        **PLACE_OPTIONS,
        "wait_for": {
            "type": "str",
            "default": "waiting_for_completion",
            "choices": ["started", "waiting_for_completion", "end"],
        },
        "cut_over": {"type": "bool", "default": True},
        **WINDOW_OPTIONS,
        **ASSUME_OPTIONS,
    },
    run,
    request_of,
    takes_many=True,
    asks_hosts=True,
)
