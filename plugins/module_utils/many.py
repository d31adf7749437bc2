# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many virtual machines in one task: what each is asked, what is said of it on the way, and what came of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .hyperv.hosts import Inventory
from .model.failures import ConfigurationError, FailbackError, InternalError
from .model.name_lists import some_of
from .model.packed import state_of
from .model.progress_lines import DONE, FAILED, UNDER_WAY, Standing, sum_line
from .model.said_of_all import refuse_said_of_all
from .model.wave_packing import CAPS
from .option_checks import OF_ANOTHER_TYPE, WRONG_TYPE, check_values
from .runner.contract import Contract
from .runner.options import MANY_OPTIONS, TARGET_OPTIONS
from .scheduler import Piece
from .watch import Watch

_NAMED_IN_MESSAGE = 5
Pieces = Sequence[Piece[Any]]


# The options of one of many, or what is wrong with them.
Wanted = Mapping[str, "dict[str, Any] | ConfigurationError"]


def options_of_each(contract: Contract, parameters: Mapping[str, Any]) -> Wanted:
    """Return the options for each virtual machine, by its label: the name that the user gives it, unless there is one.

    An entry is a name, or a dictionary with a name and the options that are its own. Raises ConfigurationError where
    nobody is named, one is named twice, or an option cannot be that of all or one's own; where C(fail_on_error) is off,
    the last is told of the one alone.
    """
    refuse_said_of_all(parameters)
    validator = _validator_of(contract)
    common = {**parameters, **dict.fromkeys((*MANY_OPTIONS, *contract.of_all))}
    entries = [_entry(validator, common, given) for given in parameters["replicated_items"]]
    # Of hosts, all may have ended.
    if not entries and parameters.get("hosts") is None:
        raise ConfigurationError(
            "replicated_items is empty.", "Nothing was read or written. Is a variable that it uses not set here?"
        )
    times = Counter(label.lower() for label, _own in entries)
    twice = sorted({label for label, _own in entries if times[label.lower()] > 1})
    if twice:
        raise _refused(f"replicated_items names {', '.join(twice)} more than once.")
    entries = _with_places(parameters, entries)
    wrong = [own for _label, own in entries if isinstance(own, ConfigurationError)]
    if wrong and parameters.get("fail_on_error", True):
        raise wrong[0]
    return dict(entries)


def _with_places(
    parameters: Mapping[str, Any], entries: Sequence[tuple[str, dict[str, Any] | ConfigurationError]]
) -> list[tuple[str, dict[str, Any] | ConfigurationError]]:
    """Refuse caps on something that is not known of a virtual machine: it may be one too many anywhere.

    One that has ended copies nothing.
    """
    caps = {cap: number for cap, number in (parameters.get("at_once") or {}).items() if number is not None}
    for cap, number in caps.items():
        if number < 1:
            raise _refused(f"at_once.{cap} is {number}, not at least 1.")

    def checked(label: str, own: dict[str, Any] | ConfigurationError) -> dict[str, Any] | ConfigurationError:
        if isinstance(own, ConfigurationError):
            return own
        unknown = [cap for cap in caps if not _may_count(cap, own.get("place") or {})]
        # The state is read last: it may have to be unpacked.
        return _refused(_unknown_place(label, unknown[0])) if unknown and not _has_ended(own.get("state")) else own

    return [(label, checked(label, own)) for label, own in entries]


def _has_ended(given: object) -> bool:
    state = state_of(given)
    return isinstance(state, Mapping) and bool(state.get("ended"))


def _unknown_place(label: str, cap: str) -> str:
    return f"at_once.{cap} is set, but the {CAPS[cap]} of {label} is not known (place)."


def _may_count(cap: str, places: Mapping[str, Any]) -> bool:
    # In no cluster is known; no site is not.
    return CAPS[cap] == "cluster" or bool(places.get(CAPS[cap]))


def _validator_of(contract: Contract) -> ArgumentSpecValidator:
    """Return what checks an entry. What all need may be given for all."""
    spec = {
        name: {**option, "required": False}
        for name, option in contract.argument_spec.items()
        if name not in (*MANY_OPTIONS, *contract.of_all)
    }
    targets = [[*TARGET_OPTIONS]]
    return ArgumentSpecValidator(
        {**spec, "label": {"type": "str"}}, mutually_exclusive=targets, required_one_of=targets
    )


def _entry(
    validator: ArgumentSpecValidator, common: Mapping[str, Any], given: Any
) -> tuple[str, dict[str, Any] | ConfigurationError]:
    """Return the label of an entry, and its options as the argument spec has them or what is wrong with them."""
    entry = dict(given) if isinstance(given, Mapping) else {"replicated_item": given}
    label = str(entry.get("label") or next(filter(None, map(entry.get, TARGET_OPTIONS)), "an entry without a name"))
    try:
        checked = validator.validate(entry)
    except OF_ANOTHER_TYPE:
        return label, _refused(f"{label}: {WRONG_TYPE}.")
    if checked.error_messages:
        return label, _refused(f"{label}: {checked.error_messages[0]}.")
    own = {name: checked.validated_parameters[name] for name in entry if name != "label"}
    try:
        check_values(own)
    except ConfigurationError as wrong:
        return label, wrong
    return label, {**common, **own}


def _refused(happened: str) -> ConfigurationError:
    return ConfigurationError(happened, "Nothing was read or written. Correct it.")


def in_turn(inventory: Inventory) -> Inventory:
    """Return an inventory that one thread at a time asks: it is Ansible's, which knows nothing of threads."""
    turn = threading.RLock()

    class Locked(Mapping[str, Any]):
        """Variables of a host, each rendered when it is read."""

        def __init__(self, variables: Mapping[str, Any]) -> None:
            self._variables = variables

        def __getitem__(self, name: str) -> Any:
            with turn:
                return self._variables[name]

        def __iter__(self) -> Iterator[str]:
            return iter(self._variables)

        def __len__(self) -> int:
            return len(self._variables)

    def variables_of(name: str) -> Mapping[str, Any] | None:
        with turn:
            found = inventory(name)
        return None if found is None else Locked(found)

    return variables_of


class Progress:
    """What is said of many on their way: each line that is new, and once in a while how far all of them are."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        # Only one thread writes to the screen.
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._pieces: Pieces = ()

    def watch_of(self, name: str, timeout: float) -> Watch:
        """Return the watch of one virtual machine."""
        return self._watch.of_one(lambda line: self._lines.put(line if name in line else f"{name}: {line}"), timeout)

    def begin(self, pieces: Pieces) -> None:
        """Say which they are."""
        self._pieces = pieces
        if len(pieces) > 1:
            self._watch.report(f"{len(pieces)} VMs: {some_of([piece.name for piece in pieces])}")

    def tell(self) -> None:
        """Pass on what was said since, or how far all are where nothing was for a while."""
        try:
            while True:
                self._watch.report(self._lines.get_nowait())
        except Empty:
            pass
        if self._watch.is_silent:
            self._watch.report(self._sum())

    def _sum(self) -> str:
        return sum_line([standing_of(piece) for piece in self._pieces], self._watch.now())


def standing_of(piece: Piece[Any]) -> Standing:
    """Return how one stands, for those who watch. What is written to meanwhile may be a moment old."""
    watch = piece.watch
    failed = piece.failure is not None or watch.failure is not None
    progress = UNDER_WAY if not piece.is_done else FAILED if failed else DONE
    return Standing(piece.name, progress, watch.stage(), watch.last_report, watch.last_report_since, watch.began)


def results_of(pieces: Pieces) -> dict[str, dict[str, Any]]:
    """Return the result of each by its name, with C(failed)."""
    return {piece.name: outcome_of(piece) for piece in pieces}


def sum_of(vms: dict[str, dict[str, Any]], *, fails: bool) -> dict[str, Any]:
    """Return the result of a task for many: that of each under C(vms), and what they have in common.

    C(fails): the task fails if one does.
    """
    failed = [name for name, result in vms.items() if result["failed"]]
    return {
        # What a result does not tell may have been: the others must not be lost with it.
        "changed": any(result.get("changed", True) for result in vms.values()),
        "failed": fails and bool(failed),
        "msg": _message(vms, failed),
        "vms": vms,
    }


def outcome_of(piece: Piece[dict[str, Any]]) -> dict[str, Any]:
    """Return what came of one that is done, with C(failed)."""
    if piece.ended is not None:
        return {"failed": False, **piece.ended}
    failure = piece.failure
    known = failure if isinstance(failure, FailbackError) else InternalError.of(failure)
    return {"failed": True, **known.as_result()}


def _message(vms: Mapping[str, Mapping[str, Any]], failed: Sequence[str]) -> str:
    if not failed:
        return "No VM had anything left to do" if not vms else f"Of {len(vms)} VMs, none failed"
    told = " ".join(f"{name}: {vms[name]['msg']}" for name in failed[:_NAMED_IN_MESSAGE])
    more = f" And {len(failed) - _NAMED_IN_MESSAGE} more, see vms." if len(failed) > _NAMED_IN_MESSAGE else ""
    return f"{len(failed)} of {len(vms)} VMs failed. {told}{more}"
