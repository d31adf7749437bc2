# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that the virtual machines of one task share for a moment, so that a thousand do not ask the same."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from .model.look_age import SHARED_ANSWER
from .watch import Watch, WatchNow

T = TypeVar("T")


@dataclass
class _Kept:
    """An answer, and the times at which it was asked for and there; none yet at minus infinity."""

    asked: float = float("-inf")
    answered: float = float("-inf")
    value: Any = None
    turn: threading.Lock = field(default_factory=threading.Lock)


class SharedReads:
    """Keeps what was read. Without a C(watch) there is nobody to share it with, and everything is read anew.

    Whether an answer is new enough for one of them, the last look of its watch says: nothing counts that was asked for
    before its last change, and what a write rests on is as old as the oldest part of the look.
    """

    def __init__(self, watch: WatchNow | None) -> None:
        self._watch = watch
        self._kept: dict[str, _Kept] = {}
        # What each of them has asked for that has not ended, and how many ever have.
        self._asked: dict[Watch, set[str]] = {}
        self._askers: Counter[str] = Counter()
        self._turn = threading.Lock()

    @property
    def shares(self) -> bool:
        """Whether there is anybody to share with."""
        return self._watch is not None

    def get(
        self,
        key: str,
        read: Callable[[], T],
        max_age: float = SHARED_ANSWER,
        still_counts: Callable[[T], bool] = lambda _value: True,
        tells: Callable[[T], bool] = lambda _value: True,
        *,
        may_miss_end: bool = False,
    ) -> T:
        """Return what C(read) returns, or has returned for another one in the last C(max_age) seconds, if that still
        counts.

        C(tells) says whether anything can rest on it: that nobody answered makes no look older. C(may_miss_end): it
        may be from before the end of the job that whoever has the turn has followed, but not from before its start.

        For each key one thread reads at a time; the others wait for its answer, and take it where it counts for them.
        """
        if self._watch is None:
            return read()
        watch = self._watch()
        kept = self._asked_for(key, watch)
        with kept.turn:
            if not (watch.look.takes(kept.asked, max_age, may_miss_end=may_miss_end) and still_counts(kept.value)):
                asked = watch.now()
                kept.value, kept.asked, kept.answered = read(), asked, watch.now()
            if tells(kept.value):
                watch.look.saw(kept.asked)
            return cast(T, kept.value)

    def counts(
        self, key: str, max_age: float, still_counts: Callable[[Any], bool], *, may_miss_end: bool = False
    ) -> bool:
        """Say whether what was read last for a key would be returned to whoever has the turn."""
        kept = self._kept.get(key)
        if kept is None or self._watch is None:
            return False
        look = self._watch().look
        return look.takes(kept.asked, max_age, may_miss_end=may_miss_end) and still_counts(kept.value)

    def changed_before(self, key: str) -> None:
        """Say for whoever has the turn that something has changed, which the last answer for a key has told: what is
        asked for after that answer knows of it."""
        if self._watch is not None:
            self._watch().look.changed(self._entry(key).answered)

    def kept(self, key: str) -> Any | None:
        """Return what was read last, however long ago; None where nothing was."""
        return self._entry(key).value

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what C(make) returns the first time: nothing of Azure or a host, which may change."""
        if self._watch is None:
            return make()
        kept = self._entry(key)
        with kept.turn:
            if kept.asked == float("-inf"):
                kept.value, kept.asked = make(), float("inf")
            return cast(T, kept.value)

    def read(self, key: str, read: Callable[[], T]) -> T:
        """Return what C(read) returns now, and keep it for others."""
        asked, value = self.now(), read()
        if self._watch is not None:
            self._asked_for(key, self._watch())
        self.keep(key, asked, value)
        return value

    def keep(self, key: str, asked: float, value: object) -> None:
        """Keep an answer that was asked for at a time, unless there is a newer one."""
        if self._watch is not None:
            kept = self._entry(key)
            with kept.turn:
                if kept.asked < asked:
                    kept.value, kept.asked = value, asked

    def drop(self, key: str) -> None:
        """Forget what was read for a key: it is otherwise now. No turn is waited for."""
        with self._turn:
            self._kept.pop(key, None)

    def now(self) -> float:
        """Return the time by which ages are counted; without anybody to share with there are none."""
        return self._watch().now() if self._watch is not None else 0.0

    def forget(self) -> None:
        """Forget what nobody but whoever has the turn has ever asked for: it has ended. Of a thousand, each would leave
        what was read for it. What another one has asked for, too, those that have not begun yet will ask for."""
        if self._watch is None:
            return
        with self._turn:
            for key in self._asked.pop(self._watch(), ()):
                if self._askers[key] == 1:
                    del self._askers[key]
                    self._kept.pop(key, None)

    def _asked_for(self, key: str, watch: Watch) -> _Kept:
        with self._turn:
            asked = self._asked.setdefault(watch, set())
            if key not in asked:
                asked.add(key)
                self._askers[key] += 1
            return self._kept.setdefault(key, _Kept())

    def _entry(self, key: str) -> _Kept:
        with self._turn:
            return self._kept.setdefault(key, _Kept())


# For what goes on alone.
UNSHARED = SharedReads(None)
