# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows that open by a recurrence rule, and days on which no window opens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.model.cutover_window import (
    BEFORE,
    OPEN,
    OVER,
    Judgment,
    Window,
    parse_window,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError

AMSTERDAM = "Europe/Amsterdam"
SECOND = timedelta(seconds=1)
SATURDAYS = "FREQ=WEEKLY;BYDAY=SA;BYHOUR=22"
CHRISTMAS = "2026-12-24/2027-01-02"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def by_rule(
    rule: str, duration: str = "PT6H", zone: str = "UTC", start: str = "", freeze: Sequence[str] = ()
) -> Window:
    return parse_window(start, "", zone, rule=rule, duration=duration, freeze=freeze)


def seen(judged: Judgment) -> tuple[str, datetime | None, datetime | None]:
    return judged.state, judged.opens_at, judged.closes_at


@pytest.mark.parametrize(
    ("rule", "lasts", "now", "state", "opens", "closes"),
    [
        (SATURDAYS, "PT6H", "2026-01-15 12:00", BEFORE, "2026-01-17 22:00", "2026-01-18 04:00"),
        (SATURDAYS, "PT6H", "2026-01-17 22:00", OPEN, "2026-01-17 22:00", "2026-01-18 04:00"),
        (SATURDAYS, "PT6H", "2026-01-18 03:59:59", OPEN, "2026-01-17 22:00", "2026-01-18 04:00"),
        (SATURDAYS, "PT6H", "2026-01-18 04:00", BEFORE, "2026-01-24 22:00", "2026-01-25 04:00"),
        (f"RRULE:{SATURDAYS.lower()};", "pt6h", "2026-01-18", OPEN, "2026-01-17 22:00", "2026-01-18 04:00"),
        # A whole weekend, seen from its second day.
        (SATURDAYS.replace("22", "0"), "P2D", "2026-01-18 20:00", OPEN, "2026-01-17", "2026-01-19"),
        ("FREQ=DAILY;BYHOUR=22;BYMINUTE=30", "PT90M", "2026-01-15", BEFORE, "2026-01-15 22:30", "2026-01-16 00:00"),
        ("FREQ=DAILY;BYHOUR=1,13", "PT1H", "2026-01-15 12:00", BEFORE, "2026-01-15 13:00", "2026-01-15 14:00"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH;BYHOUR=22", "PT6H", "2026-01-16 12:00", BEFORE, "2026-01-19 22:00", None),
        # Patch Tuesday, the last Friday of the month, the last day of it, a leap day.
        ("FREQ=MONTHLY;BYDAY=2TU;BYHOUR=20", "PT6H", "2026-01-15", BEFORE, "2026-02-10 20:00", None),
        ("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=20", "PT6H", "2026-01-15", BEFORE, "2026-01-30 20:00", None),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=20",
            "PT6H",
            "2026-01-31 12:00",
            BEFORE,
            "2026-02-27 20:00",
            None,
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=20", "PT6H", "2026-02-01 12:00", BEFORE, "2026-02-28 20:00", None),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=1", "PT6H", "2026-01-15", BEFORE, "2028-02-29 01:00", None),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;BYHOUR=1", "PT6H", "2026-01-15", BEFORE, "2027-01-04 01:00", None),
        ("FREQ=YEARLY;BYYEARDAY=100;BYHOUR=1", "PT6H", "2026-01-15", BEFORE, "2026-04-10 01:00", None),
        # By its own end: of a day, of a moment.
        (f"{SATURDAYS};UNTIL=20260117", "PT6H", "2026-01-17 23:00", OPEN, "2026-01-17 22:00", "2026-01-18 04:00"),
        (f"{SATURDAYS};UNTIL=20260117", "PT6H", "2026-01-18 04:00", OVER, "2026-01-17 22:00", "2026-01-18 04:00"),
        (f"{SATURDAYS};UNTIL=20260117T215959Z", "PT6H", "2026-01-17 23:00", OVER, "2026-01-10 22:00", None),
        (f"{SATURDAYS};UNTIL=20260117T220000", "PT6H", "2026-01-17 23:00", OPEN, "2026-01-17 22:00", None),
    ],
)
def test_a_window_opens_by_its_rule(
    rule: str, lasts: str, now: str, state: str, opens: str, closes: str | None
) -> None:
    judged = by_rule(rule, lasts).judge(utc(now))
    assert (judged.state, judged.opens_at) == (state, utc(opens))
    assert judged.closes_at == (utc(closes) if closes else utc(opens) + timedelta(hours=6))


@pytest.mark.parametrize(
    ("rule", "now", "state", "opens"),
    [
        # What the rule leaves open is that of the day that it counts from, a Saturday.
        ("FREQ=WEEKLY", "2026-01-15", BEFORE, "2026-01-31 22:00"),
        ("FREQ=WEEKLY", "2026-02-01", OPEN, "2026-01-31 22:00"),
        ("FREQ=WEEKLY;INTERVAL=2", "2026-02-02", BEFORE, "2026-02-14 22:00"),
        ("FREQ=WEEKLY;INTERVAL=2", "2031-01-19 12:00", BEFORE, "2031-01-25 22:00"),
        ("FREQ=MONTHLY", "2026-02-02", BEFORE, "2026-03-31 22:00"),
        ("FREQ=YEARLY", "2026-02-02", BEFORE, "2027-01-31 22:00"),
        ("FREQ=DAILY;COUNT=3", "2026-02-02 23:00", OPEN, "2026-02-02 22:00"),
        ("FREQ=DAILY;COUNT=3", "2026-02-03 23:00", OVER, "2026-02-02 22:00"),
        ("FREQ=DAILY;COUNT=3", "2029-02-03 23:00", OVER, "2026-02-02 22:00"),
    ],
)
def test_a_rule_counts_from_not_before(rule: str, now: str, state: str, opens: str) -> None:
    judged = by_rule(rule, start="2026-01-31T22:00").judge(utc(now))
    assert (judged.state, judged.opens_at) == (state, utc(opens))


def test_a_rule_may_begin_in_times_to_come() -> None:
    judged = by_rule("FREQ=WEEKLY", start="9000-01-01T00:00").judge(utc("2026-01-15"))
    assert (judged.state, judged.opens_at) == (BEFORE, utc("9000-01-01 00:00"))


@pytest.mark.parametrize(
    ("lasts", "now", "state", "opens", "closes"),
    [
        # The same wall clock in winter and in summer.
        ("PT6H", "2026-01-17 21:00", OPEN, "2026-01-17 21:00", "2026-01-18 03:00"),
        ("PT6H", "2026-07-18 20:00", OPEN, "2026-07-18 20:00", "2026-07-19 02:00"),
        # Hours are elapsed time, days are those of the calendar: the nights to summer time, and to winter time.
        ("PT6H", "2026-03-29 00:30", OPEN, "2026-03-28 21:00", "2026-03-29 03:00"),
        ("P1D", "2026-03-29 00:30", OPEN, "2026-03-28 21:00", "2026-03-29 20:00"),
        ("PT6H", "2026-10-25 00:30", OPEN, "2026-10-24 20:00", "2026-10-25 02:00"),
        ("P1DT1H", "2026-10-25 00:30", OPEN, "2026-10-24 20:00", "2026-10-25 22:00"),
    ],
)
def test_a_rule_follows_the_clock_of_its_zone(lasts: str, now: str, state: str, opens: str, closes: str) -> None:
    assert seen(by_rule(SATURDAYS, lasts, AMSTERDAM).judge(utc(now))) == (state, utc(opens), utc(closes))


@pytest.mark.parametrize(
    ("now", "opens", "closes"),
    [
        # 02:30 does not exist on the first, and comes twice on the second of these nights.
        ("2026-03-29 01:00", "2026-03-29 01:00", "2026-03-29 01:15"),
        ("2026-10-25 00:30", "2026-10-25 00:30", "2026-10-25 00:45"),
    ],
)
def test_a_time_that_the_clock_skips_or_repeats_opens_as_other_windows_do(now: str, opens: str, closes: str) -> None:
    window = by_rule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "PT15M", AMSTERDAM)
    assert seen(window.judge(utc(now))) == (OPEN, utc(opens), utc(closes))
    assert window.judge(utc(now) - SECOND).state == window.judge(utc(closes)).state == BEFORE


def test_until_without_z_is_a_time_of_the_zone() -> None:
    local, of_utc = (by_rule(f"{SATURDAYS};UNTIL=20260117T220000{z}", zone=AMSTERDAM) for z in ("", "Z"))
    assert [one.judge(utc("2026-01-17 21:30")).state for one in (local, of_utc)] == [OPEN, OPEN]
    early = by_rule(f"{SATURDAYS};UNTIL=20260117T205959Z", zone=AMSTERDAM)
    assert early.judge(utc("2026-01-17 21:30")).state == OVER


@pytest.mark.parametrize(
    ("window", "now", "state", "opens", "closes"),
    [
        # A night that reaches into a freeze ends at midnight, and one that begins in its last day opens at midnight.
        (parse_window("22:00", "04:00", freeze=[CHRISTMAS]), "2026-12-23 23:00", OPEN, "12-23 22:00", "12-24 00:00"),
        (parse_window("22:00", "04:00", freeze=["2026-12-24"]), "2026-12-24", BEFORE, "12-25 00:00", "12-25 04:00"),
        (
            parse_window("09:00", "17:00", freeze=["2026-12-24"]),
            "2026-12-24 12:00",
            BEFORE,
            "12-25 09:00",
            "12-25 17:00",
        ),
        (by_rule(SATURDAYS, freeze=["2026-12-19", "2026-12-20"]), "2026-12-19", BEFORE, "12-26 22:00", "12-27 04:00"),
        # Of one with neither ends the days before, between and after.
        (parse_window("", "", freeze=["2026-12-24", "2026-12-28"]), "2026-12-23", OPEN, None, "12-24 00:00"),
        (parse_window("", "", freeze=["2026-12-28", "2026-12-24"]), "2026-12-25", OPEN, "12-25 00:00", "12-28 00:00"),
        (parse_window("", "", freeze=["2026-12-24/2026-12-27"]), "2026-12-25", BEFORE, "12-28 00:00", None),
        (parse_window("", "2026-12-25T06:00", freeze=["2026-12-25"]), "2026-12-25", OVER, None, "12-25 00:00"),
        # Days that touch or overlap are one freeze.
        (
            parse_window("", "", freeze=["2026-12-25", "2026-12-20/2026-12-24"]),
            "2026-12-21",
            BEFORE,
            "12-26 00:00",
            None,
        ),
        (
            parse_window("", "", freeze=["2026-12-20/2026-12-26", "2026-12-24"]),
            "2026-12-25",
            BEFORE,
            "12-27 00:00",
            None,
        ),
    ],
)
def test_nothing_is_open_on_the_days_of_a_freeze(
    window: Window, now: str, state: str, opens: str | None, closes: str | None
) -> None:
    ends = (utc(f"2026-{text}") if text else None for text in (opens, closes))
    assert seen(window.judge(utc(now))) == (state, *ends)


def test_a_freeze_is_of_days_of_the_zone() -> None:
    window = parse_window("", "", AMSTERDAM, freeze=["2026-07-15"])
    states = [
        window.judge(utc(f"2026-07-{text}")).state for text in ("14 21:59:59", "14 22:00", "15 21:59:59", "15 22:00")
    ]
    assert states == [OPEN, BEFORE, BEFORE, OPEN]


def test_a_freeze_is_told_with_its_end() -> None:
    window = parse_window("22:00", "04:00", AMSTERDAM, freeze=[CHRISTMAS])
    assert window.judge(utc("2026-12-26 22:00")).objection() == (
        "Cut-overs are frozen until 2027-01-03T00:00:00+01:00. Its window opens at 2027-01-03T00:00:00+01:00; Azure's "
        "time is 2026-12-26T23:00:00+01:00. Run again then"
    )


def test_a_rule_of_which_nothing_is_left_says_so() -> None:
    ended = by_rule(f"{SATURDAYS};UNTIL=20200101").judge(utc("2026-01-15"))
    assert (ended.state, ended.as_result()["closes_at"]) == (OVER, None)
    assert ended.objection() == (
        "Its window will not open again; Azure's time is 2026-01-15T00:00:00+00:00. Give a new window, then run again"
    )


RULES = st.sampled_from(
    [
        (SATURDAYS, "PT6H"),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "PT45M"),
        ("FREQ=DAILY;BYHOUR=22", "PT23H59M"),
        ("FREQ=WEEKLY;BYDAY=FR;BYHOUR=20", "P2DT10H"),
        ("FREQ=MONTHLY;BYDAY=2TU;BYHOUR=23", "PT6H"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=1", "P1D"),
        ("FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU;BYHOUR=2", "PT2H"),
    ]
)
ZONES = st.sampled_from([AMSTERDAM, "America/New_York", "UTC", "Australia/Lord_Howe", "Pacific/Apia"])
MOMENTS = st.datetimes(
    datetime.fromisoformat("2011-01-01"), datetime.fromisoformat("2040-01-01"), timezones=st.just(timezone.utc)
)


@given(RULES, ZONES, MOMENTS, st.integers(-3, 3), st.integers(0, 9))
@example(("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "PT45M"), AMSTERDAM, utc("2026-03-29 00:30"), 0, 0)
def test_state_and_times_of_a_rule_agree(
    rule: tuple[str, str], zone: str, now: datetime, ahead: int, days: int
) -> None:
    first = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=ahead)
    freeze = f"{first}/{first + timedelta(days=days)}"
    window = by_rule(*rule, zone, freeze=[freeze])
    judged = window.judge(now)
    assert judged.opens_at is not None
    assert judged.closes_at is not None
    assert judged.opens_at < judged.closes_at
    assert judged.state == (OPEN if judged.opens_at <= now else BEFORE)
    assert now < judged.closes_at
    for moment in (judged.opens_at, judged.closes_at - SECOND):
        assert seen(window.judge(moment)) == (OPEN, judged.opens_at, judged.closes_at)
        assert not first <= moment.astimezone(ZoneInfo(zone)).date() <= first + timedelta(days=days)
    assert window.judge(judged.opens_at - SECOND).closes_at in (judged.closes_at, judged.opens_at)
    # Without the freeze it is open at least then.
    free = by_rule(*rule, zone)
    assert free.judge(judged.opens_at).state == OPEN
    frozen = first <= now.astimezone(ZoneInfo(zone)).date() <= first + timedelta(days=days)
    assert judged.state == (BEFORE if frozen else free.judge(now).state)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rule": SATURDAYS}, "window.rule and window.duration must be given together"),
        ({"duration": "PT6H"}, "window.rule and window.duration must be given together"),
        ({"rule": SATURDAYS, "duration": "6h"}, "window.duration: '6h' is not a duration"),
        ({"rule": SATURDAYS, "duration": "P"}, "'P' is not a duration"),
        ({"rule": SATURDAYS, "duration": "PT"}, "'PT' is not a duration"),
        ({"rule": SATURDAYS, "duration": "PT0S"}, "is not between a second and 31 days"),
        ({"rule": SATURDAYS, "duration": "P32D"}, "is not between a second and 31 days"),
        ({"rule": SATURDAYS, "duration": f"PT{'9' * 30}H"}, "is not between a second and 31 days"),
        ({"rule": SATURDAYS, "duration": "P8D"}, "begins before the last has ended"),
        ({"rule": "every Saturday"}, "'EVERY SATURDAY' is not part of a recurrence rule"),
        ({"rule": "FREQ=HOURLY;BYMINUTE=0"}, "FREQ is HOURLY, not one of YEARLY, MONTHLY, WEEKLY, DAILY"),
        ({"rule": "BYDAY=SA;BYHOUR=22"}, "FREQ is missing"),
        ({"rule": f"{SATURDAYS};BYHOUR=23"}, "BYHOUR is given twice"),
        ({"rule": f"{SATURDAYS};BYEASTER=1"}, "'BYEASTER=1' is not part"),
        ({"rule": "FREQ=WEEKLY;BYDAY=1SA;BYHOUR=22"}, "BYDAY=1SA is not valid with FREQ=WEEKLY"),
        ({"rule": "FREQ=WEEKLY;BYDAY=SUN;BYHOUR=22"}, "BYDAY=SUN is not valid"),
        ({"rule": "FREQ=MONTHLY;BYDAY=0SA;BYHOUR=22"}, "BYDAY=0SA is not valid"),
        ({"rule": "FREQ=WEEKLY;BYDAY=SA;BYHOUR=24"}, "BYHOUR=24 is not valid"),
        ({"rule": "FREQ=WEEKLY;BYDAY=SA;BYHOUR=-1"}, "BYHOUR=-1 is not valid"),
        ({"rule": "FREQ=WEEKLY;BYDAY=SA;BYHOUR=\u0662\u0662"}, "is not valid"),
        ({"rule": "FREQ=MONTHLY;BYMONTHDAY=32;BYHOUR=22"}, "BYMONTHDAY=32 is not valid"),
        ({"rule": "FREQ=MONTHLY;BYMONTHDAY=0;BYHOUR=22"}, "BYMONTHDAY=0 is not valid"),
        ({"rule": "FREQ=WEEKLY;BYMONTHDAY=1;BYHOUR=22"}, "BYMONTHDAY cannot be used with FREQ=WEEKLY"),
        ({"rule": "FREQ=MONTHLY;BYWEEKNO=1;BYDAY=MO;BYHOUR=1"}, "BYWEEKNO cannot be used with FREQ=MONTHLY"),
        ({"rule": "FREQ=YEARLY;BYWEEKNO=1;BYHOUR=1"}, "BYWEEKNO needs BYDAY"),
        ({"rule": "FREQ=DAILY;BYSETPOS=1", "start": "2026-01-31T22:00"}, "BYSETPOS needs another part"),
        ({"rule": f"{SATURDAYS};INTERVAL=0"}, "INTERVAL=0 is not valid"),
        ({"rule": f"{SATURDAYS};WKST=XX"}, "WKST=XX is not valid"),
        ({"rule": f"{SATURDAYS};UNTIL=soon"}, "UNTIL=SOON is neither a date nor a date-time"),
        ({"rule": f"{SATURDAYS};UNTIL=20260230"}, "UNTIL=20260230' does not exist"),
        ({"rule": f"{SATURDAYS};UNTIL=20260130;COUNT=2"}, "COUNT and UNTIL exclude each other"),
        ({"rule": f"{SATURDAYS};INTERVAL=2"}, "INTERVAL needs window.not_before, from which it counts"),
        ({"rule": f"{SATURDAYS};COUNT=2"}, "COUNT needs window.not_before, from which it counts"),
        ({"rule": "FREQ=WEEKLY;BYDAY=SA"}, "does not say at which hour it opens"),
        ({"rule": "FREQ=WEEKLY;BYHOUR=22"}, "does not say on which day it opens"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYHOUR=22"}, "does not say on which day it opens"),
        ({"rule": "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1"}, "never occurs"),
        (
            {"rule": "FREQ=WEEKLY", "start": "22:00"},
            "window.not_before: '22:00' is not the date-time that window.rule counts from",
        ),
        ({"rule": "FREQ=YEARLY", "start": "9999-12-30T22:00", "duration": "P3D"}, "extends beyond the year 9999"),
        ({"rule": SATURDAYS, "closes": "2026-02-01T04:00"}, "window.not_after cannot be used with window.rule"),
        ({"freeze": ["24.12.2026"]}, "window.freeze: '24.12.2026' is not a date"),
        ({"freeze": ["2026-02-30"]}, "'2026-02-30' does not exist"),
        ({"freeze": ["2027-01-02/2026-12-24"]}, "does not end on or after its first day"),
        ({"freeze": ["2026-12-24/2036-01-02"]}, "within a year"),
        ({"freeze": ["9999-12-31"]}, "does not exist"),
        (
            {"start": "2026-12-24T10:00", "closes": "2026-12-25T10:00", "freeze": [CHRISTMAS]},
            "window.freeze covers the whole window",
        ),
        ({"rule": "FREQ=DAILY;COUNT=2", "start": "2026-12-24T10:00", "freeze": [CHRISTMAS]}, "covers the whole window"),
    ],
)
def test_what_is_no_rule_or_no_freeze_is_refused(given: dict[str, Any], words: str) -> None:
    rule = given.get("rule", "")
    duration = given.get("duration", "PT6H" if rule and "must be given together" not in words else "")
    with pytest.raises(ConfigurationError) as refused:
        parse_window(
            given.get("start", ""),
            given.get("closes", ""),
            rule=rule,
            duration=duration,
            freeze=given.get("freeze", ()),
        )
    assert words in str(refused.value)
    assert "Nothing was read or written." in str(refused.value)


WITHOUT_DATEUTIL = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name == "dateutil" or name.startswith("dateutil."):
            raise ImportError(f"No module named '{name}'")

sys.meta_path.insert(0, Nothing())
from ansible_collections.asr.failback.plugins.module_utils.model.cutover_window import parse_window
from ansible_collections.asr.failback.plugins.module_utils.model.failures import MissingLibrary

parse_window("22:00", "04:00", freeze=["2026-12-24"])
try:
    parse_window("", "", rule="FREQ=DAILY;BYHOUR=22", duration="PT6H")
except MissingLibrary as problem:
    print(problem.kind, problem)
"""


def test_only_a_rule_needs_the_library_of_rules() -> None:
    path = repr([entry for entry in sys.path if entry])
    code = f"import sys; sys.path[:0] = {path}\n{WITHOUT_DATEUTIL}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.startswith("missing_library"), ended.stderr
    assert "Install python-dateutil" in ended.stdout
