# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ``$filter`` of job and event lists: ``( Name eq 'a' or Name eq 'b' ) and Other eq 'c'`` (recordings)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import TypeVar

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
    tests: dict[str, _Test[Job]] = {
        "starttime": lambda job, values: job.accepted >= _time(values.first),
        "endtime": lambda job, values: job.accepted <= _time(values.first),
        "jobstatus": lambda job, values: job.state.lower() in values.lower,
        "jobname": lambda job, values: job.name in values.lower,
        "affectedobjecttypes": lambda job, values: job.target[2].lower() in values.lower,
    }
    return _select(text, candidates, tests)


def events(text: str, candidates: list[Event]) -> list[Event]:
    """The events that the filter wants: StartTime and EndTime bound the occurrence, the others list values.

    Raises:
        ArmError: 400.
    """
    tests: dict[str, _Test[Event]] = {
        "starttime": lambda event, values: event.at >= _time(values.first),
        "endtime": lambda event, values: event.at <= _time(values.first),
        "severity": lambda event, values: event.severity.lower() in values.lower,
        "eventtype": lambda event, values: "jobstatus" in values.lower,
        "affectedobjectfriendlyname": lambda event, values: event.job.target[1].lower() in values.lower,
    }
    return _select(text, candidates, tests)


class _Wanted:
    """The values that a filter has for one name."""

    def __init__(self, values: list[str]) -> None:
        self.first = values[0]
        self.lower = frozenset(value.lower() for value in values)


_One = TypeVar("_One")
_Test = Callable[[_One, _Wanted], bool]


def _select(text: str, candidates: list[_One], tests: Mapping[str, _Test[_One]]) -> list[_One]:
    wanted = parse(text)
    unknown = sorted(set(wanted) - set(tests))
    if unknown:
        raise invalid_input("$filter", f"{', '.join(unknown)} cannot be filtered by.")
    for name, values in wanted.items():
        test, those = tests[name], _Wanted(values)
        candidates = [one for one in candidates if test(one, those)]
    return candidates


# A list asks for the same time of each candidate.
@lru_cache(maxsize=64)
def _time(text: str) -> datetime:
    """A time with up to seven digits after the second."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z?", text)
    if not found:
        raise invalid_input("$filter", f"{text} is no time.")
    fraction = (found.group(2) or "0").ljust(6, "0")[:6]
    return datetime.fromisoformat(f"{found.group(1)}.{fraction}").replace(tzinfo=timezone.utc)
