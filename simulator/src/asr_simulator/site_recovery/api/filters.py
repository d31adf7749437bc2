# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ``$filter`` of job and event lists: ``( Name eq 'a' or Name eq 'b' ) and Other eq 'c'`` (recordings)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone

from asr_simulator.site_recovery.api.refusals import invalid_input
from asr_simulator.site_recovery.model.events import Event
from asr_simulator.site_recovery.model.jobs import Job

CLAUSE = re.compile(r"(\w+)\s+eq\s+'([^']*)'", re.IGNORECASE)
LEFT_OVER = re.compile(r"^[\s()]*((and|or)[\s()]*)*$", re.IGNORECASE)


def parse(text: str) -> dict[str, list[str]]:
    """The values wanted of each name, names in lower case.

    Raises:
        ArmError: 400, the filter is not of this form.
    """
    wanted: dict[str, list[str]] = {}
    for name, value in CLAUSE.findall(text):
        wanted.setdefault(name.lower(), []).append(value)
    if not LEFT_OVER.match(CLAUSE.sub("", text)):
        raise invalid_input("$filter", f"{text} cannot be read.")
    return wanted


def jobs(text: str, candidates: list[Job]) -> list[Job]:
    """The jobs that the filter wants: StartTime and EndTime bound the start, JobStatus and JobName list values.

    Raises:
        ArmError: 400.
    """
    tests: dict[str, Callable[[Job, list[str]], bool]] = {
        "starttime": lambda job, values: job.accepted >= _time(values[0]),
        "endtime": lambda job, values: job.accepted <= _time(values[0]),
        "jobstatus": lambda job, values: job.state.lower() in _lower(values),
        "jobname": lambda job, values: job.name in _lower(values),
        "affectedobjecttypes": lambda job, values: job.target[2].lower() in _lower(values),
    }
    return _select(text, candidates, tests)


def events(text: str, candidates: list[Event]) -> list[Event]:
    """The events that the filter wants: StartTime and EndTime bound the occurrence, the others list values.

    Raises:
        ArmError: 400.
    """
    tests: dict[str, Callable[[Event, list[str]], bool]] = {
        "starttime": lambda event, values: event.at >= _time(values[0]),
        "endtime": lambda event, values: event.at <= _time(values[0]),
        "severity": lambda event, values: event.severity.lower() in _lower(values),
        "eventtype": lambda event, values: "jobstatus" in _lower(values),
        "affectedobjectfriendlyname": lambda event, values: event.job.target[1].lower() in _lower(values),
    }
    return _select(text, candidates, tests)


def _select(text: str, candidates: list, tests: dict) -> list:  # type: ignore[type-arg]
    wanted = parse(text)
    unknown = sorted(set(wanted) - set(tests))
    if unknown:
        raise invalid_input("$filter", f"{', '.join(unknown)} cannot be filtered by.")
    return [one for one in candidates if all(tests[name](one, values) for name, values in wanted.items())]


def _lower(values: list[str]) -> list[str]:
    return [value.lower() for value in values]


def _time(text: str) -> datetime:
    """A time with up to seven digits after the second."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z?", text)
    if not found:
        raise invalid_input("$filter", f"{text} is no time.")
    fraction = (found.group(2) or "0").ljust(6, "0")[:6]
    return datetime.fromisoformat(f"{found.group(1)}.{fraction}").replace(tzinfo=timezone.utc)
