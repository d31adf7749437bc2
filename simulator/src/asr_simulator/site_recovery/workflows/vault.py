# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vault: everything registered in it, and the jobs that run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from operator import attrgetter

from asr_simulator.clock import Clock
from asr_simulator.compute import Compute
from asr_simulator.hyperv import Host, HyperV
from asr_simulator.identities import Identities
from asr_simulator.scenarios import Scenario
from asr_simulator.scenarios.model import PlanSpec
from asr_simulator.site_recovery.model import job_errors
from asr_simulator.site_recovery.model.catalog import FAILBACK_INNER, TASKS, JobKind
from asr_simulator.site_recovery.model.events import Event, is_noted, of_job
from asr_simulator.site_recovery.model.fabrics import Provider, build_fabric
from asr_simulator.site_recovery.model.items import Item, build_item
from asr_simulator.site_recovery.model.job_errors import JobFailure
from asr_simulator.site_recovery.model.jobs import Job, Task
from asr_simulator.site_recovery.model.plans import Plan
from asr_simulator.site_recovery.model.rates import Rates
from asr_simulator.site_recovery.model.register import Register
from asr_simulator.site_recovery.workflows.context import Steps, WorkflowContext
from asr_simulator.site_recovery.workflows.engine import Engine, Sleep, Workflow

Work = Callable[[Job], Workflow]


class Vault:
    """Fabrics, items, plans, jobs and events of one Recovery Services vault."""

    def __init__(
        self, scenario: Scenario, clock: Clock, ids: Identities, rates: Rates, compute: Compute, hyperv: HyperV
    ) -> None:
        self.place = scenario.vault
        self.variants = scenario.variants
        self.clock = clock
        self.started = scenario.start
        self.ids = ids
        self.rates = rates
        self.jobs: Register[Job] = Register(lambda job: (job.name, job.operation))
        self.events: list[Event] = []
        self.engine = Engine(clock, self.rates, self._note)
        self.context = WorkflowContext(clock, self.rates, compute, hyperv, self.variants, self._serve, ids.fresh)
        by_name = {spec.name: build_fabric(spec, self.place, ids) for spec in scenario.fabrics}
        self.fabrics = list(by_name.values())
        self.items: Register[Item] = Register(
            lambda item: (item.path.lower(),),
            (build_item(spec, by_name, self.place, ids, hyperv) for spec in scenario.items),
        )
        self.plans = [self._build_plan(spec) for spec in scenario.recovery_plans]
        hyperv.listen(self._hear_of)

    def _hear_of(self, host: Host) -> None:
        """A host's services, its life or what it owns changed: its provider and its items follow."""
        for fabric in self.fabrics:
            provider = next((one for one in fabric.providers if one.friendly_name == host.name), None)
            if provider is None:
                continue
            provider.follow(host.serves_vault, self.clock.now())
            for item in self.items:
                registered = item.provider in fabric.providers
                if fabric.is_site and item.fabric is fabric and registered and item.on_premises in host.machines:
                    item.provider = provider

    def unregister(self, provider: Provider, *, anew: bool) -> None:
        """A provider is removed from the vault; `anew`: its host is registered again, with another id.

        Its items go on naming the one that is no more.
        """
        provider.disconnect(self.clock.now())
        for fabric in self.fabrics:
            if provider in fabric.providers:
                fabric.providers.remove(provider)
                if anew:
                    fabric.providers.append(provider.again(self.ids.fresh()))

    def _build_plan(self, spec: PlanSpec) -> Plan:
        by_name = {item.name: item for item in self.items}
        return Plan(
            name=spec.name,
            friendly_name=spec.friendly_name,
            path=f"{self.place.path}/replicationRecoveryPlans/{spec.name}",
            identifier=self.ids.of("plan", spec.name),
            groups=[[by_name[name] for name in group] for group in spec.groups],
            manual_actions=spec.manual_actions,
        )

    def job_path(self, job: Job) -> str:
        """The job's ARM path."""
        return f"{self.place.path}/replicationJobs/{job.name}"

    def find_job(self, name: str) -> Job | None:
        """The job of that name. That a plan's is found by its operation's id as well is recorded for 2017 alone."""
        wanted = name.lower()
        if self.variants.plan_job_by_operation:
            return self.find_operation(name)
        found = self.jobs.find(wanted)
        return found if found is not None and found.name == wanted else None

    def find_operation(self, name: str) -> Job | None:
        """The job that the operation of that id started, or that has this name."""
        return self.jobs.find(name.lower())

    def listed_jobs(self, choose: Callable[[list[Job]], list[Job]] = list) -> list[Job]:
        """The chosen ones of the jobs that a list shows, newest first; those of a plan's phases are not among them."""
        shown = [job for job in self.jobs if job.listed]
        return sorted(choose(shown), key=attrgetter("accepted"))[::-1]

    def new_job(
        self, kind: JobKind, caller: str | None = None, scenario: str | None = None, *, own_operation: bool = False
    ) -> Job:
        """A job, not yet started; ``caller`` is the client's request id, None for a job of the service's own.

        ``own_operation``: the id of its operation is not its name.
        """
        name, activity = self.ids.fresh(), self.ids.fresh()
        job = Job(
            name=name,
            operation=name,
            kind=kind,
            scenario=scenario or kind.scenario,
            activity_id=f"{caller or activity} ActivityId: {activity}",
            accepted=self.clock.now(),
            tasks=[self._task(task) for task in kind.tasks],
        )
        if own_operation:
            job.operation = self.ids.fresh()
        self.jobs.append(job)
        return job

    def _task(self, name: str) -> Task:
        friendly_name, task_id = TASKS[name]
        inner = FAILBACK_INNER if name == "StartAzureVmFailback" else ()
        return Task(name, friendly_name, task_id or self.ids.fresh(), children=[self._task(child) for child in inner])

    def item_job(self, kind: JobKind, item: Item, caller: str | None = None, scenario: str | None = None) -> Job:
        """A job for an item, not yet started."""
        job = self.new_job(kind, caller, scenario)
        for task in job.every_task():
            task.item = item.name
        job.item, job.target, job.resource_path = item, (item.vm_id, item.friendly_name, "ProtectionEntity"), item.path
        return job

    def start_for_item(self, kind: JobKind, item: Item, work: Work, caller: str, scenario: str | None = None) -> Job:
        """Start an operation on an item; on a busy one it is accepted too, waits and fails (recording, 532)."""
        job = self.item_job(kind, item, caller, scenario)
        if kind.after_failure:
            job.restart = partial(self.start_for_item, kind, item, work, caller, scenario)
        if item.job is None:
            item.taken_by(job, self.clock.now())
            self.engine.start(job, work(job), item.released_by)
        else:
            self.engine.start(job, self.conflict(item, item.job), item.released_by)
        return job

    def conflict(self, item: Item, owner: Job) -> Steps:
        """The work of an operation whose item is busy with another."""
        yield Sleep(self.rates["conflict_seconds"])
        raise JobFailure(job_errors.other_operation(item.friendly_name, owner.kind.friendly_name))

    def _serve(self, item: Item, kind: JobKind, work: Work) -> Job:
        job = self.item_job(kind, item)
        if kind.after_failure:
            job.restart = partial(self._serve, item, kind, work)
        if item.job is None:
            item.taken_by(job, self.clock.now())
        self.engine.start(job, work(job), item.released_by, delay=0)
        return job

    def _note(self, job: Job) -> None:
        now: datetime = self.clock.now()
        for error in job.errors:
            error.error_id = error.error_id or self.ids.fresh()
        if is_noted(job):
            self.events.append(of_job(job, self.ids.fresh(), now))
