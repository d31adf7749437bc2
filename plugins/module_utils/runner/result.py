# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verb returns: the same keys for every verb, for an item and for a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..azure.session import AzureSession
from ..model.decisions import Verb
from ..model.job_timeline import timeline_of
from ..model.jobs import Job
from ..model.json_path import as_result, stamp
from ..model.lifecycle import Observation, Stage
from ..model.look_age import Age
from ..model.progress import percent_complete
from .authority import common, danger_of, stage_of
from .loop import VerbRun
from .target import TargetView

_DIRECTIONS = {
    Verb.FAIL_OVER: "primary_to_recovery",
    Verb.COMMIT_FAILOVER: "primary_to_recovery",
    Verb.REVERSE_REPLICATE: "primary_to_recovery",
    Verb.UNDO_FAILBACK: "primary_to_recovery",
}


def direction_of(verb: Verb) -> str:
    """Return the direction of a verb in the service's own words, as Ansible spells them."""
    return _DIRECTIONS.get(verb, "recovery_to_primary")


def job_result(job: Job, vm_id: str = "") -> dict[str, Any]:
    """Return the short form of a job that results carry; of a plan's job, with C(vm_id), what concerns that machine."""
    return {
        "id": job.id,
        "name": job.name,
        "operation": job.operation.name.lower(),
        "scenario_name": job.scenario,
        "state": job.state,
        "state_description": job.state_description,
        "started": stamp(job.started),
        "ended": stamp(job.ended),
        "percent_complete": percent_complete(job),
        "allowed_actions": sorted(job.allowed_actions),
        "timeline": timeline_of(job, vm_id),
    }


def verb_outcome(session: AzureSession, verb: Verb, verb_run: VerbRun, predicted: Stage | None) -> dict[str, Any]:
    """Return the result of a verb. C(predicted) is the stage that check mode foresees where it would have written."""
    return course_outcome(session, verb_run, direction_of(verb), predicted)


def course_outcome(
    session: AzureSession, verb_run: VerbRun, direction: str | None, predicted: Stage | None
) -> dict[str, Any]:
    """Return the keys that all results have in common; C(predicted) as above."""
    jobs = _read_jobs(session, verb_run)
    members = [
        _member(verb_run, member, predicted if member.item.id in verb_run.predicted else None, jobs)
        for member in verb_run.after.members
    ]
    doubts = [f"{one.item.friendly_name}: {one.doubt}" for one in verb_run.after.members if one.doubt]
    warnings = [*filter(None, [danger_of(verb_run.before, verb_run.after)]), *doubts]
    return {
        "changed": verb_run.changed,
        **({"warnings": warnings} if warnings else {}),
        "stage": {
            "before": stage_of(verb_run.before),
            "after": common([member["stage"]["after"] for member in members]),
        },
        "direction": direction,
        "authoritative_side": common([member["authoritative_side"] for member in members]),
        "reversible": all(member["reversible"] for member in members),
        "job": next((job_result(jobs[name]) for name in _names(verb_run) if name in jobs), None),
        **target_result(verb_run.after),
        "members": members if verb_run.after.plan is not None else [],
    }


def target_result(view: TargetView) -> dict[str, Any]:
    """Return the target as the service describes it, with every key in Ansible's spelling."""
    if view.plan is not None:
        return {"replicated_item": None, "recovery_plan": as_result(view.plan.document)}
    return {"replicated_item": as_result(view.members[0].item.document), "recovery_plan": None}


def _read_jobs(session: AzureSession, verb_run: VerbRun) -> dict[str, Job]:
    found = {name: session.site_recovery.find_job(name, Age.SEEN) for name in _names(verb_run)}
    return {name: job for name, job in found.items() if job is not None}


def _names(verb_run: VerbRun) -> list[str]:
    """Return the names of the jobs, in the order of the virtual machines."""
    jobs = (verb_run.jobs.get(member.item.id) for member in verb_run.after.members)
    return list(dict.fromkeys(filter(None, jobs)))


def _member(verb_run: VerbRun, member: Observation, foreseen: Stage | None, jobs: Mapping[str, Job]) -> dict[str, Any]:
    first = next((one for one in verb_run.before.members if one.item.id == member.item.id), member)
    final = Observation(member.item, foreseen, None, "predicted") if foreseen else member
    job = jobs.get(verb_run.jobs.get(member.item.id, ""))
    return {
        "name": member.item.name,
        "friendly_name": member.item.friendly_name,
        "id": member.item.id,
        "stage": {"before": first.stage.value, "after": final.stage.value},
        "authoritative_side": final.authoritative_side.value,
        "reversible": final.reversible,
        "reason": member.explanation,
        "job": job_result(job, member.item.vm_id) if job else None,
    }
