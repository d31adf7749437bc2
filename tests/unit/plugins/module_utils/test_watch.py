# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watch: a deadline, pauses that respect it, and progress that does not repeat itself."""

from __future__ import annotations

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


def test_a_module_has_nobody_to_report_to() -> None:
    watch = Watch(60)
    watch.report("a")
    assert watch.remaining() > 0
