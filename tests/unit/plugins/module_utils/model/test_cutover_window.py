# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a window is open: date-times, times of day, zones, and the nights on which the clock is changed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.model.cutover_window import (
    BEFORE,
    OPEN,
    OVER,
    parse_window,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.local_times import parse_moment, shown

AMSTERDAM, NEW_YORK = "Europe/Amsterdam", "America/New_York"
SECOND = timedelta(seconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("not_before", "not_after", "zone", "opens", "closes"),
    [
        ("2026-01-31T22:00", "2026-02-01T04:00", "UTC", "2026-01-31 22:00", "2026-02-01 04:00"),
        ("2026-01-31T22:00", "2026-02-01T04:00", AMSTERDAM, "2026-01-31 21:00", "2026-02-01 03:00"),
        ("2026-01-31 22:00:30", "2026-02-01 04:00:59.5", "utc", "2026-01-31 22:00:30", "2026-02-01 04:00:59"),
        # An offset of its own counts.
        ("2026-01-31T22:00-05:00", "2026-02-01T04:00Z", AMSTERDAM, "2026-02-01 03:00", "2026-02-01 04:00"),
        ("2026-07-31t22:00+0530", "", AMSTERDAM, "2026-07-31 16:30", None),
        ("", "2026-07-31T22:00", AMSTERDAM, None, "2026-07-31 20:00"),
        # As Python writes what YAML reads as a time.
        ("2026-01-31 22:00:00+01:00", "", "UTC", "2026-01-31 21:00", None),
        # 02:30 does not exist on the first, and comes twice on the second of these nights.
        ("2026-03-29T02:30", "2026-10-25T02:30", AMSTERDAM, "2026-03-29 01:00", "2026-10-25 00:30"),
    ],
)
def test_a_window_of_date_times_opens_once(
    not_before: str, not_after: str, zone: str, opens: str | None, closes: str | None
) -> None:
    window = parse_window(not_before, not_after, zone)
    start, end = (utc(text) if text else None for text in (opens, closes))
    now = start or utc("2026-01-01")
    judged = window.judge(now)
    assert (judged.state, judged.opens_at, judged.closes_at) == (OPEN, start, end)
    if start:
        assert window.judge(start - SECOND).state == BEFORE
    if end:
        assert [window.judge(moment).state for moment in (end - SECOND, end)] == [OPEN, OVER]


NIGHT = ("22:00", "04:00")


@pytest.mark.parametrize(
    ("times", "zone", "now", "state", "opens", "closes"),
    [
        (NIGHT, "UTC", "2026-01-15 12:00", BEFORE, "2026-01-15 22:00", "2026-01-16 04:00"),
        (NIGHT, "UTC", "2026-01-15 21:59:59", BEFORE, "2026-01-15 22:00", "2026-01-16 04:00"),
        (NIGHT, "UTC", "2026-01-15 22:00", OPEN, "2026-01-15 22:00", "2026-01-16 04:00"),
        (NIGHT, "UTC", "2026-01-16 03:59:59", OPEN, "2026-01-15 22:00", "2026-01-16 04:00"),
        (NIGHT, "UTC", "2026-01-16 04:00", BEFORE, "2026-01-16 22:00", "2026-01-17 04:00"),
        (("09:00", "17:30"), "UTC", "2026-01-15 12:00", OPEN, "2026-01-15 09:00", "2026-01-15 17:30"),
        (("9:00", "17:30:15"), "UTC", "2026-01-15 17:30:15", BEFORE, "2026-01-16 09:00", "2026-01-16 17:30:15"),
        (("00:00", "23:59"), "UTC", "2026-01-15 00:00", OPEN, "2026-01-15 00:00", "2026-01-15 23:59"),
        (("23:00", "00:00"), "UTC", "2026-01-15 23:30", OPEN, "2026-01-15 23:00", "2026-01-16 00:00"),
        # The same wall clock in winter and in summer.
        (NIGHT, AMSTERDAM, "2026-01-15 21:00", OPEN, "2026-01-15 21:00", "2026-01-16 03:00"),
        (NIGHT, AMSTERDAM, "2026-07-15 20:00", OPEN, "2026-07-15 20:00", "2026-07-16 02:00"),
        (NIGHT, NEW_YORK, "2026-01-16 02:59", BEFORE, "2026-01-16 03:00", "2026-01-16 09:00"),
        # The night to summer time is an hour shorter, the one to winter time an hour longer.
        (NIGHT, AMSTERDAM, "2026-03-29 01:59:59", OPEN, "2026-03-28 21:00", "2026-03-29 02:00"),
        (NIGHT, AMSTERDAM, "2026-10-25 02:59:59", OPEN, "2026-10-24 20:00", "2026-10-25 03:00"),
        # Times that the clock skips: the moment of the jump. What lies in them whole does not open that day.
        (("02:30", "05:00"), AMSTERDAM, "2026-03-29 00:59:59", BEFORE, "2026-03-29 01:00", "2026-03-29 03:00"),
        (("02:30", "05:00"), AMSTERDAM, "2026-03-29 01:00", OPEN, "2026-03-29 01:00", "2026-03-29 03:00"),
        (("01:00", "02:30"), AMSTERDAM, "2026-03-29 00:30", OPEN, "2026-03-29 00:00", "2026-03-29 01:00"),
        (("01:00", "02:30"), AMSTERDAM, "2026-03-29 01:00", BEFORE, "2026-03-29 23:00", "2026-03-30 00:30"),
        (("02:15", "02:45"), AMSTERDAM, "2026-03-29 00:59", BEFORE, "2026-03-30 00:15", "2026-03-30 00:45"),
        # Times that come twice: the first.
        (("02:15", "02:45"), AMSTERDAM, "2026-10-25 00:15", OPEN, "2026-10-25 00:15", "2026-10-25 00:45"),
        (("02:15", "02:45"), AMSTERDAM, "2026-10-25 01:15", BEFORE, "2026-10-26 01:15", "2026-10-26 01:45"),
        (("22:00", "02:30"), AMSTERDAM, "2026-10-25 00:30", BEFORE, "2026-10-25 21:00", "2026-10-26 01:30"),
        # A shift of half an hour, and a day that a country skipped whole.
        (("01:30", "02:15"), "Australia/Lord_Howe", "2026-10-03 15:00", OPEN, "2026-10-03 15:00", "2026-10-03 15:30"),
        (("10:00", "12:00"), "Pacific/Apia", "2011-12-30 10:00", BEFORE, "2011-12-30 20:00", "2011-12-30 22:00"),
    ],
)
def test_a_window_of_times_of_day_opens_every_day(
    times: tuple[str, str], zone: str, now: str, state: str, opens: str, closes: str
) -> None:
    judged = parse_window(*times, zone).judge(utc(now))
    assert (judged.state, judged.opens_at, judged.closes_at) == (state, utc(opens), utc(closes))


TIMES = st.times().map(lambda time: f"{time.hour:02}:{time.minute:02}:{time.second:02}")
ZONES = st.sampled_from([AMSTERDAM, NEW_YORK, "UTC", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"])
SPAN = (datetime.fromisoformat("2011-01-01"), datetime.fromisoformat("2040-01-01"))
MOMENTS = st.datetimes(*SPAN, timezones=st.just(timezone.utc))


@given(TIMES, TIMES, ZONES, MOMENTS)
@example("02:15:00", "02:45:00", AMSTERDAM, utc("2026-03-29 00:30"))
@example("02:45:00", "02:15:00", AMSTERDAM, utc("2026-10-25 00:50"))
@example("10:00:00", "09:59:59", "Pacific/Apia", utc("2011-12-30 09:59"))
def test_state_and_times_agree(opens: str, closes: str, zone: str, now: datetime) -> None:
    if opens == closes:
        return
    window = parse_window(opens, closes, zone)
    judged = window.judge(now)
    assert judged.opens_at is not None
    assert judged.closes_at is not None
    assert judged.opens_at < judged.closes_at
    assert judged.state == (OPEN if judged.opens_at <= now < judged.closes_at else BEFORE)
    assert now < judged.closes_at
    assert judged.closes_at - now < timedelta(days=3)
    # The same opening, however and from whenever one looks at it.
    for moment, state in ((judged.opens_at, OPEN), (judged.closes_at - SECOND, OPEN), (judged.opens_at - SECOND, None)):
        there = window.judge(moment)
        if state:
            assert (there.state, there.opens_at, there.closes_at) == (state, judged.opens_at, judged.closes_at)
    assert window.judge(judged.closes_at).opens_at >= judged.closes_at
    # It follows the clock on the wall, but for the day on which that is changed.
    wall = now.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S")
    inside = opens <= wall < closes if opens < closes else wall >= opens or wall < closes
    assert inside == (judged.state == OPEN) or clock_was_changed(now, zone)


def clock_was_changed(now: datetime, zone: str) -> bool:
    """Whether the clock was changed within the last day."""
    offsets = {(now - timedelta(hours=age)).astimezone(ZoneInfo(zone)).utcoffset() for age in (0, 27)}
    return len(offsets) > 1


@given(MOMENTS, MOMENTS, MOMENTS)
def test_a_window_of_date_times_is_before_open_and_over_in_this_order(
    one: datetime, other: datetime, now: datetime
) -> None:
    if abs(one - other) < SECOND:
        return
    opens, closes = (moment.replace(microsecond=0) for moment in sorted((one, other)))
    judged = parse_window(opens.isoformat(), closes.isoformat()).judge(now)
    assert (judged.opens_at, judged.closes_at) == (opens, closes)
    assert judged.state == (BEFORE if now < opens else OVER if now >= closes else OPEN)


@pytest.mark.parametrize(
    ("not_before", "not_after", "zone", "words"),
    [
        ("", "", "UTC", "none of not_before, not_after, rule and freeze"),
        ("22:00", "", "UTC", "needs two times of day"),
        ("", "04:00", "UTC", "needs two times of day"),
        ("22:00", "2026-02-01T04:00", "UTC", "needs two times of day or two date-times"),
        ("22:00", "22:00:00", "UTC", "are the same time of day"),
        ("24:00", "04:00", "UTC", "window.not_before: '24:00' does not exist: hour must be in 0..23."),
        ("22:00", "04:60", "UTC", "window.not_after: '04:60' does not exist"),
        # 22:00 without quotes.
        ("1320", "04:00", "UTC", "window.not_before: '1320' is neither"),
        ("1320", "04:00", "UTC", "put it in quotes"),
        ("tonight", "04:00", "UTC", "'tonight' is neither a date-time nor a time of day"),
        ("2026-02-01", "", "UTC", "'2026-02-01' is neither a date-time nor a time of day"),
        ("2026-02-30T22:00", "", "UTC", "'2026-02-30T22:00' does not exist: day is out of range"),
        ("2026-02-01T22:00+25:00", "", "UTC", "does not exist"),
        ("2026-02-01T22:00+01:75", "", "UTC", "does not exist"),
        ("0001-01-01T00:00+10:00", "", "UTC", "does not exist"),
        ("2026-02-01T22:00", "2026-02-01T22:00", "UTC", "is not later than"),
        ("2026-02-01T22:00+01:00", "2026-02-01T21:30+02:00", "UTC", "is not later than"),
        ("22:00", "04:00", "Mars/Base", "'Mars/Base' is not a known time zone"),
        ("22:00", "04:00", "", "'' is not a known time zone"),
        ("22:00", "04:00", "Europe", "'Europe' is not a known time zone"),
        ("22:00", "04:00", "../../etc/passwd", "is not a known time zone"),
        ("2026-02-01T22:00Z", "", "CET+1", "is not a known time zone"),
        ("\u0662\u0662:00", "04:00", "UTC", "is neither"),
    ],
)
def test_what_is_no_window_is_refused(not_before: str, not_after: str, zone: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_window(not_before, not_after, zone)
    assert words in str(refused.value)
    assert "Nothing was read or written." in str(refused.value)


def test_a_moment_names_its_option() -> None:
    assert parse_moment(" 2026-02-01T22:00 ", "not_before") == utc("2026-02-01 22:00")
    with pytest.raises(ConfigurationError, match=r"^not_before: '22:00' is not a date-time"):
        parse_moment("22:00", "not_before")


def test_why_nothing_happens_is_told_in_the_time_of_the_zone() -> None:
    night = parse_window(*NIGHT, AMSTERDAM)
    assert night.judge(utc("2026-07-15 22:00")).objection() == ""
    assert night.judge(utc("2026-07-15 12:00")).objection() == (
        "Its window opens at 2026-07-15T22:00:00+02:00; Azure's time is 2026-07-15T14:00:00+02:00. Run again then"
    )
    past = parse_window("", "2026-07-15T12:00", AMSTERDAM).judge(utc("2026-07-15 12:00"))
    assert past.objection() == (
        "Its window has been over since 2026-07-15T12:00:00+02:00; Azure's time is 2026-07-15T14:00:00+02:00. Give a "
        "new window, then run again"
    )
    assert past.as_result() == {
        "state": OVER,
        "now": "2026-07-15T12:00:00+00:00",
        "opens_at": None,
        "closes_at": "2026-07-15T10:00:00+00:00",
    }


def test_a_time_that_has_no_local_form_is_shown_all_the_same() -> None:
    assert shown(utc("9999-12-31 23:59"), ZoneInfo("Asia/Tokyo")) == "9999-12-31T23:59:00+00:00"
