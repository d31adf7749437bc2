# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watch: a deadline, pauses that respect it, and progress that does not repeat itself."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

SECONDS = st.floats(min_value=0, max_value=1e5)


class Time:
    """A clock that moves by the pauses alone."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def watch_of(time: Time, timeout: float) -> Watch:
    return Watch(timeout, clock=lambda: time.now, pause=time.pause)


def test_time_runs_out() -> None:
    time = Time()
    watch = watch_of(time, 60)
    assert watch.remaining() == 60
    watch.sleep(45)
    assert watch.remaining() == 15
    watch.sleep(30)
    assert time.pauses == [45, 15]
    assert watch.remaining() == 0


def test_a_late_watch_does_not_pause() -> None:
    time = Time()
    watch = watch_of(time, 60)
    time.now += 90
    assert watch.remaining() == -30
    watch.sleep(10)
    assert time.pauses == [0]


@given(SECONDS, st.lists(SECONDS, max_size=20))
def test_no_sequence_of_pauses_passes_the_deadline(timeout: float, pauses: list[float]) -> None:
    time = Time()
    watch = watch_of(time, timeout)
    for seconds in pauses:
        watch.sleep(seconds)
    assert time.now <= 1000.0 + timeout + 1e-6
    assert all(seconds >= 0 for seconds in time.pauses)


def test_a_deadline_can_be_later_for_what_must_have_some_time() -> None:
    time = Time()
    watch = watch_of(time, 60)
    assert watch.at_least(20).remaining() == 60
    watch.sleep(60)
    later = watch.at_least(20)
    later.sleep(15)
    assert (time.now, later.remaining(), watch.remaining()) == (1075, 5, -15)


def test_progress_is_passed_on_when_it_says_something_new() -> None:
    lines: list[str] = []
    watch = Watch(60, lines.append)
    for line in ("a", "a", "b", "b", "a"):
        watch.report(line)
    assert lines == ["a", "b", "a"]


def told_by(time: Time, interval: float) -> tuple[Watch, list[tuple[float, str]]]:
    """A watch of a day, and what it has told, with the seconds since its start."""
    told: list[tuple[float, str]] = []
    start = time.now
    watch = Watch(
        86400,
        lambda line: told.append((time.now - start, line)),
        report_interval=interval,
        clock=lambda: time.now,
        pause=time.pause,
        started_at=datetime(2026, 1, 2, 23, 30, tzinfo=timezone.utc),
    )
    return watch, told


def test_what_does_not_change_is_said_again_with_how_long_it_has_lasted() -> None:
    watch, told = told_by(Time(), 600)
    watch.report("it copies")
    watch.sleep(1500)
    watch.report("it copies")
    watch.sleep(5000)
    assert told[:3] == [
        (0, "it copies"),
        (600, "it copies (for 10 min, since 23:30:00 UTC)"),
        (1200, "it copies (for 20 min, since 23:30:00 UTC)"),
    ]
    assert told[-1] == (6000, "it copies (for 1 h 40 min, since 23:30:00 UTC)")


def test_short_pauses_do_not_put_off_what_is_said_again() -> None:
    watch, told = told_by(Time(), 300)
    watch.report("a")
    for _pause in range(10):
        watch.sleep(70)
    assert [seconds for seconds, _line in told] == [0, 300, 600]


def test_a_later_deadline_is_told_by_the_same_voice() -> None:
    watch, told = told_by(Time(), 300)
    watch.report("a")
    later = watch.at_least(90000)
    later.report("a")
    later.sleep(400)
    assert [line for _seconds, line in told] == ["a", "a (for 5 min, since 23:30:00 UTC)"]


def test_a_module_has_nobody_to_report_to() -> None:
    watch = Watch(60)
    watch.report("a")
    assert watch.remaining() > 0
