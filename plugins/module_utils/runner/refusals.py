# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures of the step loop, in words: why a step is refused, what must end first, what does not fit together."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.decisions import Decision, Verb
from ..model.failures import (
    ConfigurationError,
    Contradiction,
    FailbackError,
    JobFailed,
    Refused,
    WaitTimeout,
    as_sentence,
    said_once,
)
from ..model.health import what_stops
from ..model.lifecycle import Observation
from ..watch import Watch
from .target import TargetView

Refusal = tuple[Observation, Decision]
# What to do where a plan cannot go as a whole. Nobody brings a VM to the cut-over in order to undo that.
_TO_THE_STAGE = "Bring these VMs to the plan's stage one by one, or take them out of the plan."
_AS_A_PLAN = {
    Verb.UNDO_FAILBACK: "Undo the failback of those that await their commit one by one, each as replicated_item."
}


def refusal(verb: Verb, refusals: Sequence[Refusal], view: TargetView) -> Refused:
    """Return the failure of a verb that the order does not allow for these members."""
    stages = {member.item.friendly_name: member.stage.value for member, _made in refusals}
    if view.plan is None:
        member, made = refusals[0]
        return Refused(
            f"{member.item.friendly_name} is in stage {member.stage.value} ({member.reason}).",
            made.reason,
            stages=stages,
        )
    lines = "; ".join(
        f"{member.item.friendly_name} is {member.stage.value}: {made.reason}" for member, made in refusals
    )
    return Refused(
        f"{len(refusals)} of {len(view.members)} VMs of the plan block this step: {lines}",
        f"Nothing was written. {_AS_A_PLAN.get(verb, _TO_THE_STAGE)}",
        stages=stages,
    )


def something_else_runs(members: Sequence[Observation]) -> Refused:
    """Return the failure of a verb that may not wait for another operation."""
    return Refused(
        f"Another operation is in progress: {reasons(members)}.",
        "Wait for it and run the task again, or let the task wait (wait: true).",
        jobs=_job_names(members),
    )


def out_of_time(members: Sequence[Observation], watch: Watch) -> WaitTimeout:
    """Return the failure of a verb whose deadline came while it waited for a stage."""
    return WaitTimeout(
        f"Timed out after {watch.timeout:.0f} s: {reasons(members)}.",
        "Run the task again to go on from here, with a longer wait_timeout if need be.",
        jobs=_job_names(members),
    )


def busy_without_a_job(members: Sequence[Observation], seconds: float) -> WaitTimeout:
    """Return the failure of a verb that waited for VMs to be at rest again, of which no job tells when that is."""
    return WaitTimeout(
        f"For {seconds:.0f} seconds another operation has been in progress, but no job shows it: {reasons(members)}.",
        "Look at the VM and its jobs in the portal. When no operation is in progress any more, run the task again.",
    )


def still_as_before(verb: Verb, members: Sequence[Observation], jobs: Sequence[str]) -> Contradiction:
    """Return the failure of a verb whose job succeeded without effect on what is read."""
    lines = "; ".join(f"{member.item.friendly_name} is still {member.stage.value}" for member in members)
    return Contradiction(
        f"Site Recovery reports that the {verb.value} succeeded (job {', '.join(jobs)}), but {lines}.",
        "Nothing more was written. Look at the job and the item in the portal before going on.",
        jobs=list(jobs),
    )


def quote_health(problem: FailbackError, view: TargetView) -> None:
    """Add to a wait that came to nothing why replication stands still, in the service's own words."""
    if not isinstance(problem, (WaitTimeout, Contradiction)):
        return
    told = [what_stops(member.item) for member in view.members]
    causes, remedies = ([words for words in kind if words] for kind in zip(*told, strict=True))
    problem.happened = said_once(problem.happened, *causes)
    problem.remedy = said_once(*remedies, problem.remedy)


def still_waits(members: Sequence[Observation], seconds: float) -> Contradiction:
    """Return the failure of a resume that was taken, after which the job waits as before."""
    return Contradiction(
        f"Site Recovery accepted the resume, but after {seconds:.0f} seconds it has had no effect: {reasons(members)}.",
        "Look at the job in the portal, and at its host: the provider must be connected. If the job still waits for "
        "Complete Failover then, run the task again.",
        jobs=_job_names(members),
    )


def failed_members(failures: Sequence[FailbackError]) -> FailbackError:
    """Return one failure for all members of a plan that failed by themselves: the first, with the words of all."""
    first = failures[0]
    first.happened = " ".join(as_sentence(failure.happened) for failure in failures)
    first.remedy = " ".join(dict.fromkeys(as_sentence(failure.remedy) for failure in failures if failure.remedy))
    return first


def failed_jobs(failures: Sequence[JobFailed]) -> JobFailed:
    """Return one failure for all jobs that failed; for a single one, its own."""
    if len(failures) == 1:
        return failures[0]
    return JobFailed(
        " ".join(failure.happened for failure in failures),
        " ".join(dict.fromkeys(failure.remedy for failure in failures)),
        jobs=[failure.details for failure in failures],
    )


def reasons(members: Sequence[Observation]) -> str:
    """Return what each member's stage was concluded from."""
    return "; ".join(f"{member.item.friendly_name}: {member.reason}" for member in members)


def _job_names(members: Sequence[Observation]) -> list[str]:
    return [member.job.name for member in members if member.job is not None]


def read_on_controller(option: str) -> ConfigurationError:
    """Return the refusal of an option that an action plugin reads, where the task does not run on the controller."""
    return ConfigurationError(
        f"{option} is read where the inventory is, on the controller.",
        "Nothing was read or written. Do not delegate the task to another host.",
    )
