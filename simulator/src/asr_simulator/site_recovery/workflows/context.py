# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all workflows share: time, tasks, and reaching the two sides."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from asr_simulator.clock import Clock
from asr_simulator.compute import Compute
from asr_simulator.hyperv import HyperV
from asr_simulator.scenarios.model import Variants
from asr_simulator.site_recovery.model import job_errors, lifecycle
from asr_simulator.site_recovery.model.catalog import JobKind
from asr_simulator.site_recovery.model.fabrics import Provider
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.job_errors import JobFailure
from asr_simulator.site_recovery.model.jobs import SKIPPED, SUCCEEDED, Job, Task
from asr_simulator.site_recovery.model.rates import Rates
from asr_simulator.site_recovery.workflows import job_faults
from asr_simulator.site_recovery.workflows.engine import JobCancelled, Sleep, Wait, Workflow

Steps = Generator[Wait, None, None]


@dataclass
class WorkflowContext:
    """The means of a workflow. ``serve`` starts a job of the service's own; ``faults`` are those of `job_faults`."""

    clock: Clock
    rates: Rates
    compute: Compute
    hyperv: HyperV
    variants: Variants
    serve: Callable[[Item, JobKind, Callable[[Job], Workflow]], Job]
    new_id: Callable[[], str]
    faults: list[dict[str, Any]] = field(default_factory=list)

    def perform(self, task: Task, seconds: float) -> Steps:
        """Run a task for so long, and end it.

        Raises:
            JobFailure: a fault wants it.
        """
        task.begin(self.clock.now())
        yield Sleep(seconds)
        self.finish(task)

    def finish(self, task: Task) -> None:
        """End a running task.

        Raises:
            JobFailure: a fault wants it.
        """
        error = job_faults.strike(self.faults, task)
        if error is not None:
            raise JobFailure(error)
        task.end(SUCCEEDED, self.clock.now())

    def perform_on_premises(
        self,
        task: Task,
        seconds: float,
        item: Item,
        do: Callable[[], None] | None = None,
        through: Provider | None = None,
    ) -> Steps:
        """The same, where a provider has to take part, the item's own unless ``through`` names another.

        ``do`` is done just before the task ends.

        Raises:
            JobFailure: 539, after a time-out, when the provider is not connected; what ``do`` raises.
        """
        task.begin(self.clock.now())
        yield from self.reach(item, through)
        yield Sleep(seconds)
        yield from self.reach(item, through)
        if do is not None:
            do()
        self.finish(task)

    def reach(self, item: Item, through: Provider | None = None) -> Steps:
        """Nothing when the provider is connected and the host behind it works; else the failure, after a time-out."""
        silent = _silent(item, through or item.provider)
        if silent is not None:
            yield Sleep(self.rates["provider_timeout_seconds"])
            raise JobFailure(job_errors.provider_silent(silent))

    def skip(self, *tasks: Task) -> None:
        """Tasks that this run does not need."""
        for task in tasks:
            task.end(SKIPPED, self.clock.now())


def _silent(item: Item, provider: Provider) -> str | None:
    """Who does not answer; below a VMM server it can be the host that has the virtual machine."""
    if not provider.connected:
        return provider.friendly_name
    host = item.on_premises.host
    return None if item.fabric.is_site or host.serves_vault else host.name


def guarded(item: Item, workflow: Steps) -> Steps:
    """The workflow, with the item's stage put right when the job fails or is cancelled."""
    try:
        yield from workflow
    except JobFailure:
        item.happens(lifecycle.FAILED)
        raise
    except JobCancelled:
        item.happens(lifecycle.CANCELLED)
        raise
