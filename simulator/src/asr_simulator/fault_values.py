# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the values of a service fault. One that is nearly right is refused by name, and not taken for another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Kind = TypeVar("Kind")
TEN_YEARS = 315_360_000.0


def kind_of(kinds: Mapping[frozenset[str], Kind], said: frozenset[str], optional: frozenset[str]) -> Kind | None:
    """Which kind of fault has the keys that were said, all of its own among them but the optional ones; None: none."""
    return next((kind for keys, kind in kinds.items() if said and said <= keys and keys - optional <= said), None)


def listed(kinds: Iterable[frozenset[str]]) -> str:
    """The keys of each kind, for a message."""
    return "; ".join(", ".join(sorted(keys)) for keys in kinds)


def one_of(fault: Mapping[str, Any], key: str, *known: object) -> Any:
    """The value of a key that has these.

    Raises:
        ValueError: it is none of them; true and 1 are not the same.
    """
    value = fault[key]
    if not any(value is one or (isinstance(one, str) and value == one) for one in known):
        raise ValueError(f"{key} is one of {', '.join(map(str, known))}, not {value!r}")
    return value


def text(fault: Mapping[str, Any], key: str) -> str:
    """The value of a key that is a name, or words.

    Raises:
        ValueError: it is no text, or empty.
    """
    value = fault[key]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is a text, not {value!r}")
    return value


def number(fault: Mapping[str, Any], key: str, least: float = -TEN_YEARS, most: float = TEN_YEARS) -> float:
    """The value of a key that is a number from `least` to `most`.

    Raises:
        ValueError: it is no such number.
    """
    value = fault[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{key} is a number, not {value!r}")
    if not least <= value <= most:
        raise ValueError(f"{key} is {least:.0f} to {most:.0f}, not {value:g}")
    return float(value)


def whole(fault: Mapping[str, Any], key: str, least: float = 0, most: float = TEN_YEARS) -> int:
    """The same, of a number without a fraction.

    Raises:
        ValueError: it is none.
    """
    value = number(fault, key, least, most)
    if value != int(value):
        raise ValueError(f"{key} is a whole number, not {value:g}")
    return int(value)
