# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failback took, phase by phase, for each virtual machine: by the tasks of its jobs and by its validation.

All times are Azure's, in ISO 8601. What the tasks do not tell is not guessed: a measure without a basis is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .discarded import discarded_in_words
from .jobs import SUCCEEDED_STATES
from .json_path import seconds_between
from .report_words import moment

_Result = Mapping[str, Any]

# Recorded, of one virtual machine and of a recovery plan.
_SHUTDOWN = frozenset({"ShutdownVmOnAzure", "ShutdownAllActionGroup"})
_WAITING = frozenset({"WaitForUserInputForFailback"})
_LAST_COPY = frozenset({"MonitorDataSync", "FailoverAllActionGroup"})
_FAILBACK = "failback"
FAILOVER, FAILOVER_COMMIT, SYNCHRONIZATION, WAITING, CUT_OVER, VALIDATION, COMMIT, REVERSE_REPLICATION = PHASES = (
    "failover",
    "failover_commit",
    "synchronization",
    "waiting",
    "cut_over",
    "validation",
    "commit",
    "reverse_replication",
)
_PHASES_OF_JOBS = {"failover": FAILOVER, "commit": COMMIT, "reverse_replicate": REVERSE_REPLICATION}


def timelines_of(result: _Result) -> dict[str, dict[str, Any]]:
    """Return the timeline of each virtual machine of a host's result, by its name: C(phases), C(downtime),
    C(recovery_time) and C(data_loss)."""
    return {name: _timeline(result, name, jobs) for name, jobs in jobs_of(result).items()}


def jobs_of(result: _Result) -> dict[str, list[_Result]]:
    """Return the jobs of each virtual machine of a host's result, by its name, each as it was seen last."""
    names = list(result.get("vms") or {}) or [str(result.get("target") or result.get("host"))]
    return {name: [*_jobs(result, name, is_alone=len(names) == 1)] for name in names}


def _timeline(result: _Result, name: str, jobs: Sequence[_Result]) -> dict[str, Any]:
    validation = _validation(result, name)
    phases = [phase for number, job in enumerate(jobs) for phase in _phases(job, after=jobs[:number])]
    failbacks = [job for job in jobs if job.get("operation") == _FAILBACK]
    failback = failbacks[-1] if failbacks else None
    looked = _last_check(result, name)
    # An earlier run may have validated an earlier failback.
    if failback and looked and (seconds_between(failback.get("ended"), looked) or 0.0) >= 0:
        phases.append(_phase(VALIDATION, failback.get("ended"), looked, ""))
    phases.sort(key=lambda phase: (phase["started"] or "", PHASES.index(phase["phase"])))
    return {
        "phases": phases,
        "downtime": _downtime(failbacks, validation),
        "recovery_time": _recovery_time(failbacks, validation),
        "data_loss": _data_loss(failback, [one for one in result.get("discarded") or () if one.get("vm") == name]),
    }


def _jobs(result: _Result, name: str, *, is_alone: bool) -> Iterator[_Result]:
    seen: dict[str, _Result] = {}
    for step in result.get("steps") or ():
        members = [one for one in step.get("members") or () if one.get("friendly_name") == name]
        job = members[0].get("job") if members else step.get("job") if is_alone else None
        if job and job.get("name"):
            seen[job["name"]] = job
    yield from seen.values()


def _validation(result: _Result, name: str) -> str | None:
    """Return when the last check of a virtual machine passed; nothing where its validation did not pass."""
    mine = _evidence_of(result, name)
    return next((vm.get("validated_at") for vm in mine if vm.get("verdict") == "passed"), None)


def _last_check(result: _Result, name: str) -> str | None:
    """Return when a virtual machine was checked last, whatever came of it."""
    mine = _evidence_of(result, name)
    times = [check.get("at") for vm in mine for check in vm.get("checks") or ()]
    return max(filter(None, [*times, *(vm.get("validated_at") for vm in mine)]), default=None)


def _evidence_of(result: _Result, name: str) -> list[_Result]:
    return [vm for vm in (result.get("validation") or {}).get("vms") or () if vm.get("name") == name]


def _phases(job: _Result, after: Iterable[_Result]) -> Iterator[dict[str, Any]]:
    """Yield the phases that a job is, or has. What a commit is of, the jobs before it tell."""
    name, started, ended = str(job.get("name")), job.get("started"), job.get("ended")
    if job.get("operation") in _PHASES_OF_JOBS:
        phase = _PHASES_OF_JOBS[job["operation"]]
        before = {one.get("operation") for one in after}
        is_of_failover = phase == COMMIT and FAILOVER in before and _FAILBACK not in before
        yield _phase(FAILOVER_COMMIT if is_of_failover else phase, started, ended, name)
    if job.get("operation") != _FAILBACK:
        return
    waiting, down = _task(job, _WAITING), _task(job, _SHUTDOWN)
    if waiting:
        yield _phase(SYNCHRONIZATION, started, waiting["started"], name)
        yield _phase(WAITING, waiting["started"], waiting["ended"], name)
        if waiting["ended"]:
            yield _phase(CUT_OVER, waiting["ended"], ended, name)
    elif down:
        # A full download: the machine is down from its first minute on.
        yield _phase(CUT_OVER, started, ended, name)
    else:
        yield _phase(SYNCHRONIZATION, started, ended, name)


def _phase(phase: str, started: str | None, ended: str | None, job: str) -> dict[str, Any]:
    return {
        "phase": phase,
        "started": started,
        "ended": ended,
        "seconds": seconds_between(started, ended),
        "job": job or None,
    }


def _task(job: _Result, names: Iterable[str]) -> _Result | None:
    """Return the first task of a job, or of one of its groups, that has one of these names."""
    wanted = frozenset(names)
    tasks = job.get("timeline") or ()
    return next((task for task in tasks if task["name"] in wanted or task["group"] in wanted), None)


def _downtime(failbacks: Sequence[_Result], validation: str | None) -> dict[str, Any]:
    """Return how long the machine was of no use to anybody: from the start of its shutdown in Azure until it was seen
    to work on-premises. That its job has ended does not show that it does.

    Of several failbacks the first shutdown counts: nothing tells whether it ran in Azure in between.
    """
    downs = [down for job in failbacks if (down := _task(job, _SHUTDOWN)) and down["started"]]
    if not downs or not (last := _task(failbacks[-1], _SHUTDOWN)) or not last["started"]:
        return unmeasured("no job of this run tells when the Azure VM was shut down")
    since = downs[0]["started"]
    if not validation:
        return unmeasured(f"it was shut down in Azure at {moment(since)}, and not seen to work since")
    return _measured(
        since, validation, f"from the start of its {_first_of(downs)}shutdown in Azure to the last passed check"
    )


def _recovery_time(failbacks: Sequence[_Result], validation: str | None) -> dict[str, Any]:
    """Return how long it took from the start of the first failback until the machine was seen to work on-premises."""
    if not failbacks:
        return unmeasured("no failback was followed in this run")
    if not validation:
        return unmeasured("nothing has shown that the VM works on-premises")
    basis = f"from the start of its {_first_of(failbacks)}failback to the last passed check"
    return _measured(failbacks[0].get("started"), validation, basis)


def _first_of(some: Sequence[_Result]) -> str:
    return "first " if len(some) > 1 else ""


def _data_loss(failback: _Result | None, discarded: Sequence[_Result]) -> dict[str, Any]:
    """Return whether what was written in Azure up to the shutdown has come home: a copy that began after that, and
    succeeded, has sent it."""
    if discarded:
        return unmeasured(f"data was given up: {'; '.join(discarded_in_words(one) for one in discarded)}")
    tasks = (failback or {}).get("timeline") or ()
    down = _task(failback, _SHUTDOWN) if failback else None
    if failback is None or down is None:
        return unmeasured("no job of this run tells when the Azure VM was shut down")
    stopped = down["ended"]
    copies = [
        task for task in tasks if {task["name"], task["group"]} & _LAST_COPY and _is_after(task["started"], stopped)
    ]
    if down["state"] not in SUCCEEDED_STATES or not copies:
        return unmeasured("no copy of the changes after the shutdown of the Azure VM was seen")
    if any(task["state"] not in SUCCEEDED_STATES for task in copies):
        return unmeasured("the copy of the changes after the shutdown of the Azure VM has not succeeded")
    last = copies[-1]
    basis = f"task {_known_name(last)} of job {failback.get('name')} has copied the changes after the shutdown"
    return {"seconds": 0.0, "from": stopped, "until": last["ended"], "basis": basis}


def _known_name(task: _Result) -> str:
    """Return the name by which the service tells what a task does: of a plan's task for one machine, its group's."""
    return str(task["name"] if task["name"] in _LAST_COPY else task["group"])


def _is_after(started: str | None, stopped: str | None) -> bool:
    between = seconds_between(stopped, started)
    return between is not None and between >= 0


def _measured(started: str | None, ended: str | None, basis: str) -> dict[str, Any]:
    seconds = seconds_between(started, ended)
    if seconds is None or seconds < 0:
        return unmeasured("its end was not seen" if not ended else "its times do not fit together")
    return {"seconds": seconds, "from": started, "until": ended, "basis": basis}


def unmeasured(why: str) -> dict[str, Any]:
    """Return a measure that nothing tells, and why."""
    return {"seconds": None, "from": None, "until": None, "basis": why}
