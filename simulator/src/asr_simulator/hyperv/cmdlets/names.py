# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names as parameters take them: with wildcards, and as lists."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from asr_simulator.hyperv.cmdlets.errors import not_a_guid
from asr_simulator.hyperv.hosts import Machine
from asr_simulator.hyperv.switches import Switch
from powershell_subset import Call, CommandError, NotModeled, PSObject
from powershell_subset.operators.patterns import is_wildcard, like_pattern
from powershell_subset.values.text import to_text

Thing = TypeVar("Thing")
Identified = TypeVar("Identified", Machine, Switch)


def given(call: Call, parameter: str) -> list[Any]:
    """The values of a parameter that takes a list; none when it was not given."""
    value = call.parameters.get(parameter.lower())
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def objects(call: Call, parameter: str) -> list[PSObject]:
    """The same for a parameter that takes what another command showed.

    Raises:
        NotModeled: it was not given, or something else was.
    """
    values = given(call, parameter)
    if not values or not all(isinstance(value, PSObject) for value in values):
        raise NotModeled(f"{call.name} without an object of another command as -{parameter}")
    return values


def texts(call: Call, parameter: str) -> list[str]:
    """The same for a parameter that takes text."""
    return [to_text(value) for value in given(call, parameter)]


def guids(call: Call, parameter: str) -> list[str]:
    """The same for one that takes GUIDs, in small letters.

    Raises:
        CommandError: a value is no GUID.
    """
    return [_guid(parameter, value) for value in given(call, parameter)]


def _guid(parameter: str, value: object) -> str:
    try:
        return str(uuid.UUID(to_text(value)))
    except ValueError:
        raise not_a_guid(parameter, value) from None


def of_ids(
    call: Call, ids: Iterable[str], things: Iterable[Identified], missing: Callable[[str, str], CommandError]
) -> Iterator[Identified]:
    """The things of these ids, in small letters; one that is not there is an error."""
    every = list(things)
    for identifier in ids:
        found = [thing for thing in every if thing.identifier == identifier]
        yield from found
        if not found:
            call.write_error(missing("id", identifier))


def ids_of(objects: Iterable[Any]) -> list[str]:
    """The ids of objects that other commands showed."""
    return [str(shown.get("Id") if isinstance(shown, PSObject) else shown) for shown in objects]


def flag(call: Call, parameter: str) -> bool:
    """Whether a switch was given and is not ``:$false``."""
    return bool(call.parameters.get(parameter.lower(), False))


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern of PowerShell, compared without case."""
    return like_pattern(pattern).fullmatch(name) is not None


def fitting(call: Call, parameter: str) -> Callable[..., bool]:
    """Whether one of the names of a thing is what a parameter asks for; all are when it was not given."""
    patterns = texts(call, parameter) or ["*"]
    return lambda *names: any(matches(pattern, name) for pattern in patterns for name in names)


def chosen(
    call: Call,
    parameter: str,
    things: Iterable[Thing],
    name_of: Callable[[Thing], str],
    missing: Callable[[str], CommandError],
) -> Iterator[Thing]:
    """The things that a parameter names; all of them when it was not given. A name without wildcards has to exist."""
    every = list(things)
    for pattern in texts(call, parameter) or ["*"]:
        found = [thing for thing in every if matches(pattern, name_of(thing))]
        yield from found
        if not found and not is_wildcard(pattern):
            call.write_error(missing(pattern))
