# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a task for many virtual machines at any moment: for its record, and for whoever interrupts it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .many import outcome_of, standing_of
from .model.failures import FailbackError
from .model.packed import as_bytes, from_bytes, whole
from .model.progress_lines import DONE, FAILED, UNDER_WAY, Standing
from .model.report_lines import report_lines
from .model.run_document import UNTOLD, Document, head_of, updated
from .model.summary import result_of_host
from .report_file import not_serializable, read_report, replace_report
from .run_cache import RunCache
from .scheduler import Piece
from .watch import Watch

# Seconds between two versions of the record at least, and how many times as long as writing it took.
_INTERVAL, _SHARE = 10.0, 50.0
# Seconds between two looks at what is under way: at least, and for each virtual machine.
_NOTE_INTERVAL, _NOTE_INTERVAL_FOR_EACH = 1.0, 0.005
_UNDER_WAY, _UNREPORTED = "under way", "unreported"
# What of a note is text, and may have a secret in it. A number that looks like one is none.
_TEXTS = ("name", "stage", "doing")
_SHOWN = ("outcome", "stage", "authoritative_side", "reason", "next")
_NAMED = 20
_GO_ON = "Run again to go on with it."
Pieces = Sequence[Piece[dict[str, Any]]]
# Returns a value without the secrets in it.
Hide = Callable[[Any], Any]


class RunRecord:
    """Keeps the record of a run up to date, as far as a task for many takes it. C(path) is that of the file, None where
    there is to be none; C(about) is what is known of the run, if anything."""

    def __init__(self, path: str | None, watch: Watch, hide: Hide, about: Mapping[str, Any] | None = None) -> None:
        self._path = path
        self._watch = watch
        self._hide = hide
        self._due = watch.now()
        found = read_report(path) if path else None
        self._head = head_of(_told_before(found, about or UNTOLD), watch.time_of_day(), found)
        # Of a thousand, as structures they would take most of the memory.
        known = (dict(one.items()) for one in (found or {}).get("results") or ())
        self._results = {str(one.get("host")): as_bytes(one) for one in known}
        self._ended: set[str] = set()

    def keep(self, pieces: Pieces) -> None:
        """Write the record where it is time to."""
        if self._path and self._watch.now() >= self._due:
            self.write(pieces)

    def write(self, pieces: Pieces) -> None:
        """Write the record now. That it cannot be written ends no failback: the last task of a play tells it."""
        if not self._path:
            return
        began = self._watch.now()
        try:
            for piece in pieces:
                self._note(piece)
            head = self._hide(updated(self._head, self._watch.time_of_day()))
            results = (self._hide(from_bytes(self._results[host])) for host in sorted(self._results))
            replace_report(self._path, head, results)
        except FailbackError as problem:
            self._watch.report(problem.happened)
            self._path = None
        now = self._watch.now()
        self._due = now + max(_INTERVAL, _SHARE * (now - began))

    def _note(self, piece: Piece[dict[str, Any]]) -> None:
        if piece.name in self._ended:
            return
        has_ended, result = piece.is_done, _result_of(piece)
        if result is not None:
            self._results[piece.name] = _as_bytes(result)
        if has_ended:
            self._ended.add(piece.name)


def _as_bytes(result: Mapping[str, Any]) -> bytes:
    try:
        return as_bytes(result)
    except (TypeError, ValueError) as problem:
        raise not_serializable(problem) from problem


def _told_before(found: Document | None, about: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a record of this run says of it, where it was begun by somebody who knew more."""
    known = (found or {}).get("run") or {}
    if not known or known.get("id") != about["run"]["id"]:
        return about
    return {key: (found or {}).get(key, value) for key, value in about.items()}


def _result_of(piece: Piece[dict[str, Any]]) -> dict[str, Any] | None:
    """Return how a virtual machine stands; None while that is not known."""
    if piece.is_done:
        own = whole(outcome_of(piece))
        result = {"host": piece.name, **result_of_host(piece.name, own)}
        return {**result, **_in_progress("The run has not gone on with it yet.", result)} if _goes_on(own) else result
    # What is written to just now is not read.
    account = None if piece.is_busy else piece.watch.account()
    if not account:
        return None
    return {"host": piece.name, **account, **_in_progress(piece.watch.last_report, account)}


def _in_progress(why: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to say of one that is not done yet. What must not be done until then, its result says."""
    return {"outcome": "in_progress", "reason": why, "next": result.get("next") or _GO_ON}


def _goes_on(own: Mapping[str, Any]) -> bool:
    """Whether a later task of the run goes on with a virtual machine, by what this one has returned for it."""
    state = own.get("state")
    return not own["failed"] and isinstance(state, Mapping) and not state.get("ended")


class UnderWay:
    """Tells the process that started this one what goes on: whoever watches it, and the case that both are
    interrupted."""

    def __init__(self, cache: RunCache, watch: Watch, hide: Hide) -> None:
        self._cache = cache
        self._watch = watch
        self._hide = hide
        self._due = watch.now()
        self._told: list[dict[str, Any]] = []

    def note(self, pieces: Pieces) -> None:
        """Note what every virtual machine is at."""
        if self._watch.now() < self._due:
            return
        self._due = self._watch.now() + max(_NOTE_INTERVAL, _NOTE_INTERVAL_FOR_EACH * len(pieces))
        told = [standing_of(piece).as_note() for piece in pieces]
        if told != self._told:
            self._told = told
            self._change(told)

    def end(self) -> None:
        """Note that nothing goes on any more."""
        self._change([])

    def _change(self, standings: list[dict[str, Any]]) -> None:
        own = str(os.getpid())
        told = [{**one, **self._hide({name: one[name] for name in _TEXTS})} for one in standings]
        self._cache.update(_UNDER_WAY, lambda noted: {**(noted or {}), own: told})


def standings_now(cache: RunCache) -> list[Standing]:
    """Return how the virtual machines stand of all tasks of the run that go on just now."""
    return [one for process, standings in _noted(cache).items() if _is_alive(process) for one in standings]


def _noted(cache: RunCache) -> dict[int, list[Standing]]:
    """Return what was noted by each process, of which one that was killed may be gone."""
    noted = cache.get_or_make(_UNDER_WAY, lambda _value: True, dict)
    return {int(process): [Standing(**one) for one in standings] for process, standings in noted.items()}


def _interrupted(cache: RunCache) -> list[Standing]:
    """Return what was noted last of all, by name, where something was under way; nothing where nothing was."""
    noted = sorted((one for each in _noted(cache).values() for one in each), key=lambda one: one.name)
    return noted if any(one.progress == UNDER_WAY for one in noted) else []


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def keep_for_report(cache: RunCache, vms: Mapping[str, Mapping[str, Any]], hide: Hide) -> None:
    """Keep how each ended until a report has shown it: a play that loses its last host ends without one. C(vms) is what
    came of each."""
    told = hide({name: _shown(result_of_host(name, one)) for name, one in vms.items()})
    cache.update(_UNREPORTED, lambda kept: {**(kept or {}), **told})


def _shown(result: Mapping[str, Any]) -> dict[str, Any]:
    return {key: result.get(key) for key in _SHOWN}


def reported(cache: RunCache) -> None:
    """Say that a report has shown the results."""
    cache.update(_UNREPORTED, lambda _kept: {})


def unreported(cache: RunCache) -> list[str]:
    """Return the results that no report has shown, as lines; nothing where there are none. Those of virtual machines
    that something went on with since are no more: C(under_way) tells how these stand."""
    kept = cache.get_or_make(_UNREPORTED, lambda _value: True, dict)
    newer = {one.name for one in _interrupted(cache)}
    results = [
        {**result, "host": name, "steps": [], "findings": []} for name, result in kept.items() if name not in newer
    ]
    return ["The run ended before its report. As seen last:", *report_lines(results)] if results else []


def under_way(cache: RunCache) -> list[str]:
    """Return what to say where a run was interrupted; nothing where nothing went on."""
    noted = _interrupted(cache)
    if not noted:
        return []
    left = [one for one in noted if one.progress == UNDER_WAY]
    return [
        f"Interrupted. Jobs that were started go on in Azure, and nothing is lost. {len(left)} not done, as seen last:",
        *_lines(left),
        *_with_lines("Failed:", [one for one in noted if one.progress == FAILED]),
        *_with_lines("Done with this task:", [one for one in noted if one.progress == DONE]),
        "Run the same command again to pick them up. Until then start no VM on either side.",
        "If it has failback_confirm, run it with --check before, for the token of what is left.",
    ]


def _with_lines(title: str, standings: Sequence[Standing]) -> list[str]:
    return [title, *_lines(standings)] if standings else []


def _lines(standings: Sequence[Standing]) -> list[str]:
    shown = [f"  {one.name}: {one.last_words}" for one in standings[:_NAMED]]
    return shown + ([f"  and {len(standings) - _NAMED} more"] if len(standings) > _NAMED else [])
