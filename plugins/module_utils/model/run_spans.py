# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The spans of a trace of a run, made from its record: the run, its virtual machines, their phases, the tasks of these.

The times of phases and tasks are Azure's. What has no known start is no span; an end that is not known is said to be
none, and the span ends where the record was last updated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .drills import level_of
from .failures import ConfigurationError
from .jobs import FAILED_STATES
from .json_path import stamp, time_or_none
from .run_document import Document, results_before, with_earlier
from .summary import stage_of
from .verdict import objections, reasons_on, worst_of
from .vm_timeline import jobs_of

_Part = Mapping[str, Any]
_PREFIX = "asr.failback."
# Of a recovery plan's task for one virtual machine.
_NAMELESS = ("", "Unknown")
# By whose clock a span has its times.
_AZURE, _CONTROLLER = "azure", "controller"


@dataclass(frozen=True, kw_only=True)
class SpanFacts:
    """A span and those within it. C(key) tells it from the others beside it, also where the record is read again;
    C(failure) says why it failed, and is empty where it did not."""

    key: str
    name: str
    started: datetime
    ended: datetime
    attributes: Mapping[str, str | bool]
    failure: str = ""
    children: Sequence[SpanFacts] = ()


def spans_of(record: Document) -> SpanFacts:
    """Return the span of a run, with all others in it. Raises ConfigurationError where the record does not say when the
    run was."""
    run = record["run"]
    started, updated = _times_of_run(record)
    vms = [vm for result in record["results"] for vm in _vms(result, record, started, updated)]
    verdict, level = record["verdict"], level_of(record)
    told = {"run": run.get("id"), "kind": run.get("kind"), "drill.level": level, "verdict": verdict["status"]}
    # The clock of the controller may not be Azure's, and an interrupted run that this one picked up was before it.
    first, last = _around([(started, updated), *_times(vms)])
    return SpanFacts(
        key="run",
        name=str(run.get("kind") or "failback"),
        started=first,
        ended=last,
        attributes=_named(told, started=stamp(started), ended=stamp(updated), clock=_CONTROLLER),
        failure=_failure_of_run(verdict),
        children=vms,
    )


def _times_of_run(record: Document) -> tuple[datetime, datetime]:
    """Return when a run started, and was last updated, by the clock of the controller; of a record that was merged,
    the runs that it is made of."""
    runs = record.get("parts") or [record["run"]]
    times = [(time_or_none(run.get("started")), time_or_none(run.get("updated"))) for run in runs]
    known = [(started, updated) for started, updated in times if started and updated and started <= updated]
    if not known:
        raise ConfigurationError(
            "The record does not say when its run started and was last updated.",
            "Give one that failback_report has written.",
        )
    return _around(known)


def _failure_of_run(verdict: _Part) -> str:
    """Return why a run failed: its own reasons, and how many of its hosts have which verdict."""
    counts = [f"{count} {status}" for status, count in verdict["hosts"].items() if count]
    what = "; ".join([*verdict["reasons"], f"hosts: {', '.join(counts) or 'none'}"])
    return objections([{"verdict": verdict["status"], "what": what}])


def _vms(result: _Part, record: Document, started: datetime, updated: datetime) -> Iterator[SpanFacts]:
    """Yield the spans of the virtual machines of a host."""
    host = str(result["host"])
    jobs = jobs_of(with_earlier(result, results_before(record)))
    for name, timeline in result["timelines"].items():
        about = {"host": host, "vm": name, "application": result.get("application")}
        children = _Vm(about, jobs.get(name) or (), updated).spans(timeline["phases"])
        reasons = reasons_on(result, name)
        # One of which Azure has told no time was in the run all the same.
        clock, times = (_AZURE, _times(children)) if children else (_CONTROLLER, [(started, updated)])
        first, last = _around(times)
        yield SpanFacts(
            key=f"{host}/{name}",
            name=name,
            started=first,
            ended=last,
            attributes=_named(about, stage=stage_of(result, name), verdict=worst_of(reasons), clock=clock),
            failure=objections(reasons),
            children=children,
        )


@dataclass(frozen=True)
class _Lasted:
    """When something was. C(is_unfinished): its end is not known, and this is when it was seen last."""

    started: datetime
    ended: datetime
    is_unfinished: bool


_Phases = Sequence[tuple[_Part, _Lasted]]


class _Vm:
    """The spans within that of a virtual machine: its phases, and the tasks of its jobs in them.

    C(about) is what all of them say, C(updated) when the record was last updated.
    """

    def __init__(self, about: _Part, jobs: Iterable[_Part], updated: datetime) -> None:
        self._about = about
        self._jobs = {str(job["name"]): job for job in jobs}
        self._updated = updated

    def spans(self, phases: Iterable[_Part]) -> list[SpanFacts]:
        """Return the phases, and the tasks of jobs that have none."""
        known = [(phase, lasted) for phase in phases if (lasted := self._lasted(phase, phase["job"]))]
        placed = [placed for job in self._jobs for placed in self._tasks(job, known)]
        return [
            *(
                self._phase(number, known, [task for place, task in placed if place == number])
                for number in range(len(known))
            ),
            *(task for place, task in placed if place is None),
        ]

    def _lasted(self, part: _Part, job: str | None) -> _Lasted | None:
        """Return when a phase or a task of a job was; nothing where its start is not known, or its times do not fit
        together."""
        started, ended = time_or_none(part.get("started")), time_or_none(part.get("ended"))
        if started is None or (ended and ended < started):
            return None
        if ended:
            return _Lasted(started, ended, False)
        # Nothing of a job outlasts it.
        seen = time_or_none(self._jobs.get(str(job), {}).get("ended")) or self._updated
        return _Lasted(started, max(started, seen), True)

    def _tasks(self, job: str, phases: _Phases) -> Iterator[tuple[int | None, SpanFacts]]:
        """Yield the tasks of a job, each with the number of the phase in which it began."""
        for number, task in enumerate(self._jobs[job].get("timeline") or ()):
            lasted = self._lasted(task, job)
            if lasted:
                place = _place(job, lasted.started, phases)
                phase = None if place is None else phases[place][0]["phase"]
                yield place, self._task(f"{job}/{number}", job, phase, task, lasted)

    def _task(self, key: str, job: str, phase: str | None, task: _Part, lasted: _Lasted) -> SpanFacts:
        state = str(task["state"])
        name = task["friendly_name"] or task["group"] if task["name"] in _NAMELESS else task["name"]
        return SpanFacts(
            key=key,
            name=str(name or task["name"]),
            started=lasted.started,
            ended=lasted.ended,
            attributes=_named(
                self._about,
                phase=phase,
                job=job,
                task=task["name"],
                group=task["group"],
                state=state,
                unfinished=lasted.is_unfinished,
                clock=_AZURE,
            ),
            failure=_failure("task", task["name"], state),
        )

    def _phase(self, number: int, phases: _Phases, tasks: Sequence[SpanFacts]) -> SpanFacts:
        phase, lasted = phases[number]
        name, job = phase["phase"], phase["job"]
        state = str(self._jobs.get(str(job), {}).get("state") or "")
        # What a job failed in is the last that it did.
        is_last = all(other["job"] != job for other, _lasted in phases[number + 1 :])
        return SpanFacts(
            key=f"{name}/{job}",
            name=name,
            started=lasted.started,
            ended=lasted.ended,
            attributes=_named(self._about, phase=name, job=job, unfinished=lasted.is_unfinished, clock=_AZURE),
            failure=_failure("job", job, state) if is_last else "",
            children=tasks,
        )


def _place(job: str, started: datetime, phases: _Phases) -> int | None:
    """Return the number of the phase of a job in which something began, the last one of the job where it began in none;
    nothing where the job has no phase."""
    own = [number for number, (phase, _lasted) in enumerate(phases) if phase["job"] == job]
    begun_in = (number for number in reversed(own) if phases[number][1].started <= started <= phases[number][1].ended)
    return next(begun_in, own[-1] if own else None)


def _failure(what: str, name: str, state: str) -> str:
    return f"{what} {name} ended as {state}" if state in FAILED_STATES else ""


def _times(spans: Iterable[SpanFacts]) -> list[tuple[datetime, datetime]]:
    """Return when spans, and those within them, were."""
    return [times for span in spans for times in ((span.started, span.ended), *_times(span.children))]


def _around(times: Sequence[tuple[datetime, datetime]]) -> tuple[datetime, datetime]:
    return min(started for started, _ended in times), max(ended for _started, ended in times)


def _named(about: _Part, **more: Any) -> dict[str, str | bool]:
    """Return attributes by their whole names, without what is not known or not so."""
    told = {**about, **more}
    return {f"{_PREFIX}{name}": value if value is True else str(value) for name, value in told.items() if value}
