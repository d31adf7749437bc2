# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for one body: the words of an item, a job, a plan, an operation, a fabric, and how they go together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from asr_simulator.site_recovery.api.representation.item_bodies import TEST_STATES
from asr_simulator.site_recovery.model import catalog, jobs, lifecycle
from asr_simulator.site_recovery.model.item_view import PRIMARY, View
from asr_simulator.site_recovery.model.items import HYPERV_TO_AZURE, TEST_WAITS
from asr_simulator.verify import reference as known
from asr_simulator.verify.findings import Verdict, one_of
from asr_simulator.verify.reference import Reference, StageView

NO_SCENARIO = "None"
# What points say of an item in a stage.
POINTS_OF_STAGES = {
    lifecycle.FAILBACK_COMMIT_PENDING: ("asr.item-failback-pending",),
    lifecycle.REVERSE_REPLICATING: ("asr.reverse-replicating",),
}
SIDES_IN_AZURE = lifecycle.ACTIVE_IN_AZURE | {lifecycle.FAILBACK_COMMIT_PENDING}
# Properties of fabrics and the like whose words are the service's, with the points that speak of them.
WORDS = {
    "replicationfabrics": (("bcdrState", "health", "kekState", "errorCode", "errorLevel"), "asr.fabric-bodies"),
    "replicationrecoveryservicesproviders": (
        ("fabricType", "connectionStatus", "allowedScenarios"),
        "provider.version",
    ),
    "replicationprotectioncontainers": (("fabricType", "pairingStatus", "role"), "asr.fabric-bodies"),
    "replicationprotectableitems": (("protectionStatus",), "asr.machine-ids"),
    "replicationevents": (("eventCode", "eventType", "severity", "jobStatus"), "asr.events"),
}


def at(body: Any, *names: str) -> Any:
    """The value of a path of properties, names in any case (api-versions differ); None where there is none."""
    for name in names:
        found = {key.lower(): value for key, value in body.items()} if isinstance(body, Mapping) else {}
        body = found.get(name.lower())
    return body


def entries_of(body: Any) -> list[tuple[str, Any]]:
    """The resources in a body with their places: those of a list, or itself."""
    values = body.get("value") if isinstance(body, Mapping) else None
    if isinstance(values, list):
        return [(f"$.value[{number}]", value) for number, value in enumerate(values)]
    return [("$", body)]


def owner_of(item: Any) -> str:
    """The id of the job that an item or plan names as its current one; empty for none."""
    scenario = at(item, "properties", "currentScenario")
    name = str(at(scenario, "jobId") or "").rstrip("/").rsplit("/", 1)[-1]
    return "" if name == NO_SCENARIO else name


def fitting(item: Any, reference: Reference) -> list[StageView]:
    """The stages in which an item looks as this one does, its operations aside."""
    properties = at(item, "properties")
    seen = (at(properties, "protectionState"), at(properties, "protectionStateDescription"))
    side = at(properties, "activeLocation")
    return [
        entry
        for entry in reference.views()
        if (entry.view.state, entry.view.description) == seen and entry.view.active_location == side
    ]


def hold_item(verdict: Verdict, place: str, item: Any, reference: Reference, *, in_list: bool) -> None:
    """An item: its state, what it allows, who owns it."""
    properties, here = at(item, "properties"), f"{place}.properties"
    kind = at(properties, "providerSpecificDetails", "instanceType")
    if kind != HYPERV_TO_AZURE:
        verdict.leave(f"items of the replication provider {kind} are not modeled")
        return
    state = at(properties, "protectionState")
    same = [entry for entry in reference.views() if entry.view.state == state]
    if not verdict.hold(
        bool(same),
        f"{here}.protectionState",
        state,
        one_of(entry.view.state for entry in reference.views()),
        "asr.item-states",
        *_points_by_rest(properties, reference),
    ):
        return
    points = ("asr.item-states", *_points_of(same))
    for name, wanted in (
        ("protectionStateDescription", {entry.view.description for entry in same}),
        ("activeLocation", {entry.view.active_location for entry in same}),
    ):
        verdict.hold(at(properties, name) in wanted, f"{here}.{name}", at(properties, name), one_of(wanted), *points)
    _hold_operations(verdict, here, item, same, points)
    _hold_machine(verdict, here, properties, same, points)
    _hold_test(verdict, here, properties)
    _hold_disks(verdict, here, properties, same, reference)


def _points_of(entries: Iterable[StageView]) -> tuple[str, ...]:
    return tuple(sorted({point for entry in entries for point in POINTS_OF_STAGES.get(entry.stage, ())}))


def _points_by_rest(properties: Any, reference: Reference) -> tuple[str, ...]:
    """The points of the stage that an item of an unknown state is in by the rest that it says."""
    operations = set(at(properties, "allowedOperations") or ())
    return _points_of(entry for entry in reference.views() if set(entry.view.operations) == operations)


def _hold_operations(verdict: Verdict, here: str, item: Any, same: list[StageView], points: tuple[str, ...]) -> None:
    operations = at(item, "properties", "allowedOperations")
    tested = at(item, "properties", "testFailoverState") == TEST_WAITS
    if owner_of(item) and not tested:
        points = ("asr.item-owner", "asr.item-failback-running" if _fails_back(item, same) else "asr.item-states")
        verdict.hold(operations == [], f"{here}.allowedOperations", operations, "[] while a job owns the item", *points)
        return
    wanted = [list(view.operations) for view in _views(same) if ("TestFailoverCleanup" in view.operations) is tested]
    fits = isinstance(operations, list) and any(set(one) == set(operations) for one in wanted)
    verdict.hold(fits, f"{here}.allowedOperations", operations, one_of(wanted), *points)


def _fails_back(item: Any, same: list[StageView]) -> bool:
    return any(entry.stage in lifecycle.FAILBACK_RUNS for entry in same)


def _views(entries: Iterable[StageView]) -> list[View]:
    return [entry.view for entry in entries]


def _hold_machine(verdict: Verdict, here: str, properties: Any, same: list[StageView], points: tuple[str, ...]) -> None:
    details = at(properties, "providerSpecificDetails")
    for number, name in enumerate(("vmProtectionState", "vmProtectionStateDescription")):
        seen, wanted = at(details, name), {entry.machine[number] for entry in same}
        if seen is not None:
            verdict.hold(seen in wanted, f"{here}.providerSpecificDetails.{name}", seen, one_of(wanted), *points)


def _hold_test(verdict: Verdict, here: str, properties: Any) -> None:
    state, description = at(properties, "testFailoverState"), at(properties, "testFailoverStateDescription")
    if state is None:
        return
    point = "asr.test-failover"
    if verdict.hold(state in TEST_STATES, f"{here}.testFailoverState", state, one_of(TEST_STATES), point):
        wanted = TEST_STATES[state]
        verdict.hold(description == wanted, f"{here}.testFailoverStateDescription", description, wanted, point)


def _hold_disks(verdict: Verdict, here: str, properties: Any, same: list[StageView], reference: Reference) -> None:
    """Disks in Azure are named from the failover to the commit of the failback."""
    stages = {entry.stage for entry in same}
    disks = at(properties, "providerSpecificDetails", "azureVmDiskDetails")
    if not isinstance(disks, list) or not stages <= SIDES_IN_AZURE | {lifecycle.COMMITTING_FAILBACK}:
        return
    told = reference.variants.target_disks == "told"
    for number, disk in enumerate(disks):
        name = at(disk, "targetDiskName")
        place = f"{here}.providerSpecificDetails.azureVmDiskDetails[{number}].targetDiskName"
        verdict.hold((name is not None) is told, place, name, "a name" if told else "null", "asr.target-disks")


def hold_job(verdict: Verdict, place: str, job: Any, reference: Reference, *, in_list: bool) -> None:
    """A job: its names, state and actions, and unless it is one of a list, its tasks."""
    properties, here = at(job, "properties"), f"{place}.properties"
    state, scenario = at(properties, "state"), at(properties, "scenarioName")
    if not verdict.hold(state in known.STATES, f"{here}.state", state, one_of(known.STATES), "asr.job-tasks"):
        return
    wanted = known.descriptions(state)
    waits = ("asr.waiting-description",) if state == jobs.SUSPENDED else ("asr.job-tasks",)
    description = at(properties, "stateDescription")
    verdict.hold(description in wanted, f"{here}.stateDescription", description, one_of(wanted), *waits)
    new = state == jobs.NOT_STARTED
    verdict.hold(
        (scenario is None) is new, f"{here}.scenarioName", scenario, "null" if new else "a name", "asr.job-tasks"
    )
    ended = state in jobs.ENDED
    end = at(properties, "endTime")
    verdict.hold((end is not None) is ended, f"{here}.endTime", end, "a time" if ended else "none", "asr.job-tasks")
    if new:
        verdict.hold(at(properties, "tasks") == [], f"{here}.tasks", at(properties, "tasks"), "[]", "asr.job-tasks")
    elif scenario is not None:
        _hold_names(verdict, here, properties, reference, in_list=in_list)


def _hold_names(verdict: Verdict, here: str, properties: Any, reference: Reference, *, in_list: bool) -> None:
    scenario, friendly = at(properties, "scenarioName"), at(properties, "friendlyName")
    tasks = at(properties, "tasks")
    labels = {name for own, name in reference.names() if own == scenario}
    of_plan = at(properties, "targetInstanceType") == "RecoveryPlan"
    point = "asr.plan-jobs" if of_plan else "asr.job-tasks"
    kinds = _kinds(tasks, scenario, reference, of_plan=of_plan, in_list=in_list)
    if not labels and not kinds:
        verdict.leave(f"jobs of the scenario {scenario} are not modeled")
        return
    scenarios = {reference.scenario_of(kind) for kind in kinds}
    named = verdict.hold(
        scenario in scenarios, f"{here}.scenarioName", scenario, one_of(scenarios), "asr.failback-scenario", point
    )
    if named:
        verdict.hold(friendly in labels, f"{here}.friendlyName", friendly, one_of(labels), point)
    _hold_actions(verdict, here, properties, kinds)
    _hold_errors(verdict, properties)
    if in_list or not isinstance(tasks, list):
        return
    if of_plan:
        _hold_plan_tasks(verdict, here, properties, reference)
    else:
        _hold_tasks(verdict, here, properties, scenario, reference)
    _hold_every_task(verdict, here, tasks, reference)


def _kinds(tasks: Any, scenario: Any, reference: Reference, *, of_plan: bool, in_list: bool) -> list[catalog.JobKind]:
    """The kinds that a job can be of: by its tasks, where they are shown and known, else by its name."""
    if not of_plan and not in_list and isinstance(tasks, list) and tasks:
        by_tasks = [kind for kind in catalog.KINDS if kind.tasks and list(kind.tasks) == _names(tasks)]
        if by_tasks:
            return by_tasks
    return [kind for kind in catalog.KINDS if reference.scenario_of(kind) == scenario]


def _names(tasks: Iterable[Any]) -> list[Any]:
    return [at(task, "name") for task in tasks]


def _hold_actions(verdict: Verdict, here: str, properties: Any, kinds: list[catalog.JobKind]) -> None:
    state, actions = at(properties, "state"), at(properties, "allowedActions")
    wanted = known.allowed_actions(kinds, state)
    cancelled = state in (jobs.CANCELLED, jobs.CANCELLING)
    points = ("asr.cancel-states",) if cancelled else ("asr.job-tasks",)
    points = ("asr.failback-before-downtime",) if state == jobs.SUSPENDED else points
    verdict.hold(actions in wanted, f"{here}.allowedActions", actions, one_of(wanted), *points)


def _hold_errors(verdict: Verdict, properties: Any) -> None:
    for error in at(properties, "errors") or ():
        code = at(error, "serviceErrorDetails", "code")
        if code in known.job_error_codes():
            verdict.held.add("asr.wrong-stage" if str(code).startswith("250") else "asr.job-tasks")
        else:
            verdict.leave(f"the error {code} of a job is not modeled")


def _hold_tasks(verdict: Verdict, here: str, properties: Any, scenario: Any, reference: Reference) -> None:
    tasks = at(properties, "tasks")
    names = _names(tasks)
    # A job that ended before it had any.
    wanted = [list(kind.tasks) for kind in catalog.KINDS if kind.tasks and reference.scenario_of(kind) == scenario]
    by_tasks = any(names == list(kind.tasks) for kind in catalog.KINDS)
    verdict.hold(by_tasks or not wanted, f"{here}.tasks", names, one_of(wanted), "asr.job-tasks")
    if names == list(catalog.FAILBACK.tasks) and at(properties, "state") == jobs.SUCCEEDED:
        _hold_way(verdict, here, tasks)
    inner = [task for task in known.every_task(tasks) if task not in tasks]
    if names == list(catalog.FAILBACK.tasks) and inner:
        own = _names(inner)
        where = f"{here}.tasks[5].childTasks"
        verdict.hold(
            set(own) <= set(catalog.FAILBACK_INNER), where, own, one_of(catalog.FAILBACK_INNER), "asr.job-tasks"
        )


def _hold_way(verdict: Verdict, here: str, tasks: list[Any]) -> None:
    """Of the three tasks of a synchronization beforehand all ran, or none did."""
    skipped = [at(task, "stateDescription") == jobs.SKIPPED for task in tasks[2:5]]
    point = "asr.skipped-tasks" if any(skipped) else "asr.failback-before-downtime"
    verdict.hold(len(set(skipped)) == 1, f"{here}.tasks", skipped, "all of tasks 3 to 5 skipped, or none", point)


def _hold_plan_tasks(verdict: Verdict, here: str, properties: Any, reference: Reference) -> None:
    scenario, order = at(properties, "scenarioName"), known.order_of(at(properties, "tasks"))
    wanted = {tasks for name, tasks in reference.learned.plan_tasks if name == scenario}
    if not wanted:
        verdict.leave(f"the tasks of a plan's job {scenario} were never made here")
        return
    verdict.hold(order in wanted, f"{here}.tasks", list(order), one_of(map(list, wanted)), "asr.plan-jobs")


def _hold_every_task(verdict: Verdict, here: str, tasks: list[Any], reference: Reference) -> None:
    states = reference.task_states()
    names = {(name, label) for name, (label, _id) in catalog.TASKS.items()} | reference.learned.task_labels
    for task in known.every_task(tasks):
        who = f"{here}.tasks ({task.get('name')}, {task.get('friendlyName')})"
        seen = (task.get("state"), task.get("stateDescription"))
        skipped = seen[1] == jobs.SKIPPED
        point = "asr.skipped-tasks" if skipped else "asr.job-tasks"
        verdict.hold(seen in states, f"{who}.state", " / ".join(map(str, seen)), one_of(map(" / ".join, states)), point)
        label = known.labeled(task)
        if not known.is_of_machine(task) and label not in names:
            right = {text for name, text in names if name == label[0]}
            if right:
                verdict.hold(False, f"{who}.friendlyName", task.get("friendlyName"), one_of(right), "asr.job-tasks")
            else:
                verdict.leave(f"the task {task.get('name')} is not modeled")


def hold_plan(verdict: Verdict, place: str, plan: Any, reference: Reference, *, in_list: bool) -> None:
    """A recovery plan: groups, what it allows, its last job."""
    properties, here = at(plan, "properties"), f"{place}.properties"
    operations = at(properties, "allowedOperations")
    idle = ["PlannedFailover", "UnplannedFailover", "TestFailover"]
    wanted: list[list[str]] = [[], ["TestFailoverCleanup"], idle, [*idle, "Commit"]]
    fits = isinstance(operations, list) and any(set(one) == set(operations) for one in wanted)
    verdict.hold(fits, f"{here}.allowedOperations", operations, one_of(wanted), "asr.plan-body")
    groups = at(properties, "groups")
    if in_list:
        verdict.hold(groups == [], f"{here}.groups", groups, "[] in a list", "asr.plan-body")
    else:
        kinds = [at(group, "groupType") for group in groups or ()]
        fits = kinds[:2] == ["Shutdown", "Failover"] and set(kinds[2:]) == {"Boot"}
        verdict.hold(fits, f"{here}.groups", kinds, "Shutdown, Failover, Boot...", "asr.plan-body")
    status = at(properties, "currentScenarioStatus")
    if status is not None:
        verdict.hold(
            status in known.STATES, f"{here}.currentScenarioStatus", status, one_of(known.STATES), "asr.plan-body"
        )


def hold_operation(verdict: Verdict, body: Any) -> None:
    """The status of an operation."""
    status, end = at(body, "status"), at(body, "endTime")
    waits = status in (jobs.SUSPENDED, jobs.CANCELLED)
    point = "asr.operation-status-waiting" if waits else "asr.operation-id"
    states = known.operation_states()
    if verdict.hold(status in states, "$.status", status, one_of(states), point):
        over = status in jobs.ENDED
        verdict.hold((end is not None) is over, "$.endTime", end, "a time" if over else "null", point)


def hold_words(verdict: Verdict, collection: str, body: Any, words: Callable[[str], set[str]]) -> None:
    """The words of a fabric, provider, container, protectable machine or event."""
    names, point = WORDS[collection]
    for place, name, value in _properties(body, "$"):
        if name in names and isinstance(value, str):
            wanted = words(name)
            if wanted and value not in wanted:
                # Its tables are of what it was asked for: a word that it never needed is not known to be wrong.
                verdict.leave(f"{place} is {value}, which no answer here says")
            else:
                verdict.held.add(point)


def _properties(value: Any, place: str) -> Iterable[tuple[str, str, Any]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield f"{place}.{name}", name, member
            yield from _properties(member, f"{place}.{name}")
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _properties(member, f"{place}[{number}]")


def side_of(item: Any) -> str:
    """Where an item's machine is active; empty where it does not say."""
    return str(at(item, "properties", "activeLocation") or "")


ON_PREMISES = PRIMARY
