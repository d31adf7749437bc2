# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names as parameters take them: with wildcards, and as lists."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from asr_simulator.hyperv.cmdlets.errors import not_a_guid
from asr_simulator.powershell import Call, CommandError

Thing = TypeVar("Thing")
WILD = re.compile(r"(?<!`)[*?\[]")


def given(call: Call, parameter: str) -> list[Any]:
    """The values of a parameter that takes a list; none when it was not given."""
    value = call.parameters.get(parameter.lower())
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def texts(call: Call, parameter: str) -> list[str]:
    """The same for a parameter that takes text."""
    return [str(value) for value in given(call, parameter)]


def guids(call: Call, parameter: str) -> list[str]:
    """The same for one that takes GUIDs, in small letters.

    Raises:
        CommandError: a value is no GUID.
    """
    return [_guid(parameter, value) for value in given(call, parameter)]


def _guid(parameter: str, value: object) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise not_a_guid(parameter, value) from None


def flag(call: Call, parameter: str) -> bool:
    """Whether a switch was given and is not ``:$false``."""
    return bool(call.parameters.get(parameter.lower(), False))


def has_wildcards(pattern: str) -> bool:
    """Whether a name is a pattern; a backtick takes a character's meaning away."""
    return WILD.search(pattern) is not None


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern of PowerShell, compared without case."""
    return re.fullmatch(_expression(pattern), name, re.IGNORECASE | re.DOTALL) is not None


def _expression(pattern: str) -> str:
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        end = pattern.find("]", position + 2) if character == "[" else -1
        if character == "`" and position + 1 < len(pattern):
            position += 1
            parts.append(re.escape(pattern[position]))
        elif end > 0:
            parts.append(_set(pattern[position + 1 : end]))
            position = end
        else:
            parts.append({"*": ".*", "?": "."}.get(character, re.escape(character)))
        position += 1
    return "".join(parts)


def _set(inside: str) -> str:
    return "[" + re.sub(r"([\\\]\[^])", r"\\\1", inside) + "]"


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
        if not found and not has_wildcards(pattern):
            call.write_error(missing(pattern))
