"""Whose data is copied now: no more VMs of a host, cluster, site or vault at the same time than the user allows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from ..model.wave_packing import CAPS, Bucket, Slots, slots_of

Places = Mapping[str, object]


class CopyTurns:
    """The turns of one task. C(caps) are numbers by the name of a cap, C(names) those that may want a turn.

    Nobody gets a turn before it is known of all of them whether their data is on its way already. Whoever has to wait
    gets the next turn that becomes free, in the order of asking.
    """

    def __init__(self, caps: Mapping[str, int | None], names: Iterable[str] = ()) -> None:
        self._caps = {cap: number for cap, number in caps.items() if number is not None}
        self._unknown = set(names) if self._caps else set[str]()
        self._used: Counter[Bucket] = Counter()
        self._taken: dict[str, Slots] = {}
        self._waiting: dict[str, tuple[Slots, Callable[[], None]]] = {}
        self._lock = threading.Lock()

    @property
    def are_limited(self) -> bool:
        """Whether there are caps at all."""
        return bool(self._caps)

    def take(self, name: str, places: Places, wake: Callable[[], None]) -> str:
        """Return why a VM has to wait; empty where its turn has come. C(wake) is called when it comes."""
        slots = slots_of(places, self._caps)
        with self._lock:
            self._unknown.discard(name)
            if name not in self._taken:
                self._waiting[name] = (slots, wake)
                self._give_turns()
            if name in self._taken:
                return ""
            full = self._full(slots)
            if full is None:
                return "Waits for its turn to copy: it is not known yet of all VMs how they stand"
            return f"Waits for its turn to copy: {self._used[full]} VMs of {CAPS[full.cap]} {full.place} do already"

    def keep(self, name: str, places: Places) -> None:
        """Count a VM whose data is copied already, whether there is a turn left or not."""
        with self._lock:
            self._unknown.discard(name)
            if name not in self._taken:
                self._give(name, slots_of(places, self._caps))
            self._give_turns()

    def leave(self, name: str) -> None:
        """Give back a turn, or want none; those whose turn it is then are woken."""
        with self._lock:
            self._unknown.discard(name)
            self._waiting.pop(name, None)
            self._used.subtract(bucket for bucket, _cap in self._taken.pop(name, ()))
            self._give_turns()

    def _give_turns(self) -> None:
        for name, (slots, wake) in () if self._unknown else [*self._waiting.items()]:
            if self._full(slots) is None:
                del self._waiting[name]
                self._give(name, slots)
                wake()

    def _full(self, slots: Slots) -> Bucket | None:
        return next((bucket for bucket, cap in slots if self._used[bucket] >= cap), None)

    def _give(self, name: str, slots: Slots) -> None:
        self._taken[name] = slots
        self._used.update(bucket for bucket, _cap in slots)
