# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that the simulator knows of Azure, as tables to judge by. Each is taken from the code that answers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Protocol

from asr_simulator.scenarios.model import Variants
from asr_simulator.site_recovery.api import refusals
from asr_simulator.site_recovery.api.representation.job_bodies import STATUS, task_state
from asr_simulator.site_recovery.model import catalog, job_errors, jobs, lifecycle
from asr_simulator.site_recovery.model.catalog import JobKind
from asr_simulator.site_recovery.model.item_view import View, machine_state_of_stage, view_of_stage
from asr_simulator.site_recovery.model.job_errors import JobError
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.workflows.failback import WAITS_AFTER_SYNC
from asr_simulator.site_recovery.workflows.plan_failover import WAITS_FOR_ACTION
from asr_simulator.verify.shapes import Shape
from asr_simulator.wire import ArmError

STATES = (
    *(jobs.NOT_STARTED, jobs.IN_PROGRESS, jobs.SUSPENDED, jobs.CANCELLING, jobs.CANCELLED, jobs.SUCCEEDED),
    *(jobs.FAILED, jobs.PARTIALLY_SUCCEEDED),
)
SOMETIME = datetime(2026, 1, 1, tzinfo=timezone.utc)
_NUMBERS = re.compile(r"\d+")
OK, ACCEPTED, NO_CONTENT = 200, 202, 204


class Answered(Protocol):
    """An answer of the simulator."""

    method: str
    template: str
    status: int
    body: Any


class Lived(Protocol):
    """What the simulator says and does; see ``asr_simulator.specimens``."""

    answers: list[Any]
    statuses: dict[tuple[str, str, str], int]
    outcomes: dict[tuple[str, str, str], set[str]]


@dataclass(frozen=True)
class StageView:
    """How an item of a stage looks while no job owns it, and what its machine's state says."""

    stage: str
    view: View
    machine: tuple[str, str]


@dataclass
class Learned:
    """What is the same under every variant: of routes the shapes and statuses, of plans' jobs the tasks in order."""

    shapes: dict[tuple[str, str], Shape] = field(default_factory=dict)
    statuses: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    plan_tasks: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    task_labels: set[tuple[str, str]] = field(default_factory=set)
    asked: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    outcomes: Mapping[tuple[str, str, str], set[str]] = field(default_factory=dict)


def learn(lived: Lived) -> Learned:
    """Take the shapes of bodies, and what operations lead to, out of what was lived through."""
    found = Learned(asked=lived.statuses, outcomes=lived.outcomes)
    for answer in lived.answers:
        key = (answer.method, answer.template)
        found.statuses.setdefault(key, set()).add(answer.status)
        if answer.status == OK:
            found.shapes.setdefault(key, Shape()).learn(answer.body)
            _learn_tasks(found, answer.body)
    return found


def _learn_tasks(found: Learned, body: Any) -> None:
    properties = body.get("properties") if isinstance(body, Mapping) else None
    if not isinstance(properties, Mapping) or not properties.get("tasks") or "scenarioName" not in properties:
        return
    for task in every_task(properties["tasks"]):
        found.task_labels.add(labeled(task))
    if properties.get("targetInstanceType") == "RecoveryPlan":
        found.plan_tasks.add((properties["scenarioName"], order_of(properties["tasks"])))


def every_task(tasks: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    """All tasks of a job's body, parents first."""
    for task in tasks:
        if isinstance(task, Mapping):
            yield task
            for name in ("groupTaskCustomDetails", "customDetails"):
                inner = task.get(name)
                children = inner.get("childTasks") if isinstance(inner, Mapping) else None
                yield from every_task(children if isinstance(children, list) else ())


def is_of_machine(task: Mapping[str, Any]) -> bool:
    """Whether a task is called after a virtual machine, or after what somebody wrote into a plan."""
    return task.get("taskType") in (jobs.PLAN_MACHINE, jobs.MANUAL_ACTION)


def labeled(task: Mapping[str, Any]) -> tuple[str, str]:
    """Name and label of a task, without the numbers and without the customer's words."""
    label = "" if is_of_machine(task) else _NUMBERS.sub("#", str(task.get("friendlyName")))
    return _NUMBERS.sub("#", str(task.get("name"))), label


def order_of(tasks: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The labels of a plan's tasks in order: groups as one, however many, manual actions left out."""
    labels = [labeled(task)[1] for task in tasks if task.get("taskType") != jobs.MANUAL_ACTION]
    return tuple(label for number, label in enumerate(labels) if number == 0 or labels[number - 1] != label)


@dataclass(frozen=True)
class Reference:
    """The tables of one set of variants."""

    variants: Variants
    learned: Learned

    def views(self) -> list[StageView]:
        """How items look in each stage while no job owns them."""
        return _views(self.variants)

    def task_states(self) -> set[tuple[str, str]]:
        """``state`` and ``stateDescription`` of tasks."""
        return {task_state(state, self.variants.skipped_tasks) for state in (*STATES, jobs.SKIPPED)}

    def scenario_of(self, kind: JobKind) -> str:
        """``scenarioName`` of a kind of job."""
        return self.variants.failback_scenario_name if kind is catalog.FAILBACK else kind.scenario

    def names(self) -> set[tuple[str, str]]:
        """``scenarioName`` and ``friendlyName`` of jobs."""
        return {(self.scenario_of(kind), kind.friendly_name) for kind in catalog.KINDS}


@lru_cache
def _views(variants: Variants) -> list[StageView]:
    found = []
    for stage in sorted(lifecycle.STAGES):
        for planned in (True, False):
            for tested in (False, True):
                view = view_of_stage(stage, variants, planned=planned, tested=tested)
                entry = StageView(stage, view, machine_state_of_stage(stage, view))
                if entry not in found:
                    found.append(entry)
    return found


def allowed_actions(kinds: Iterable[JobKind], state: str) -> list[list[str]]:
    """``allowedActions`` of a job of one of these kinds in a state."""
    found: list[list[str]] = []
    for kind in kinds:
        for restart in (None, _never):
            actions = _job(kind, state, restart).allowed_actions
            if actions not in found:
                found.append(actions)
    return found


def descriptions(state: str) -> set[str]:
    """``stateDescription`` of a job in a state."""
    found = set()
    for reason in (WAITS_AFTER_SYNC, WAITS_FOR_ACTION):
        job = _job(catalog.FAILBACK, state, None)
        job.reason = reason
        found.add(job.description)
    return found


def _job(kind: JobKind, state: str, restart: Any) -> Job:
    return Job("", "", kind, kind.scenario, "", SOMETIME, state=state, restart=restart)


def _never() -> Job:
    raise NotImplementedError


def operation_states() -> set[str]:
    """``status`` of an operation."""
    return {STATUS.get(state, state) for state in STATES}


def _called(module: Any, of_type: type) -> list[Any]:
    """What each function of a module returns that returns such a thing, called with any words."""
    found = []
    for _name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__:
            signature = inspect.signature(function)
            result = function(*(0 if p.annotation == "int" else "" for p in signature.parameters.values()))
            if isinstance(result, of_type):
                found.append(result)
    return found


@lru_cache
def job_error_codes() -> frozenset[str]:
    """The codes of errors that jobs carry."""
    return frozenset(error.code for error in _called(job_errors, JobError))


@lru_cache
def refused() -> frozenset[tuple[int, str, str]]:
    """Status, code and precise code of what Site Recovery refuses at once."""
    return frozenset(
        (error.status, error.code, error.details[0]["code"]) for error in _called(refusals, ArmError) if error.details
    )


def named_variants(schema: Mapping[str, Any], values: Mapping[str, Iterable[str]]) -> dict[str, Variants]:
    """Each variant that a scenario can name, one at a time, by what a scenario says.

    ``schema`` is that of scenarios; ``values`` are those to try of the variants that take anything.
    """
    defaults, found = Variants(), {}
    known = {entry.name for entry in fields(Variants)}
    for name, value, label in _said(schema["properties"]["variants"]["properties"], values):
        if name in known and value != getattr(defaults, name):
            found[f"{label}={str(value).lower() if isinstance(value, bool) else value}"] = replace(
                defaults, **{name: value}
            )
    return found


def _said(
    properties: Mapping[str, Any], values: Mapping[str, Iterable[str]], above: str = ""
) -> Iterable[tuple[str, Any, str]]:
    """Field of Variants, value, and what a scenario calls it, of everything that can be said."""
    for name, entry in properties.items():
        own, label = (f"{above}_{name}", f"{above}.{name}") if above else (name, name)
        if entry.get("type") == "object":
            yield from _said(entry["properties"], values, own)
        elif entry.get("type") == "boolean":
            yield from ((own, value, label) for value in (True, False))
        elif entry.get("type") == "integer":
            yield from ((own, int(value), label) for value in values.get(own, ()))
        elif "pattern" in entry:
            yield from ((own, value, label) for value in values.get(own, ()) if re.fullmatch(entry["pattern"], value))
        else:
            yield from ((own, value, label) for value in entry.get("enum", ()))
