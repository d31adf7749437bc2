# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers as .NET knows them.

A Python ``int`` is an Int32, or an Int64 when it is too large for that; `Int64` is one however small it is. A ``float``
is a Double. There are no others.
"""

from __future__ import annotations

import re
from typing import TypeGuard

from powershell_subset.objects import NotModeled

MULTIPLIERS = {"": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40, "pb": 1 << 50}
NUMBER = re.compile(r"(?P<whole>\d+)(?P<rest>\.\d+)?(?P<exponent>e[+-]?\d+)?(?P<unit>[kmgtp]b)?", re.IGNORECASE)
# Whatever PowerShell takes for a number where it stands alone.
LIKE_A_NUMBER = re.compile(
    r"[-+]?(?:0x[0-9a-f]+|(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)(?:u?[lysn]|[du])?(?:[kmgtp]b)?", re.IGNORECASE
)
PLAIN = re.compile(r"\s*(?P<digits>[-+]?\d+)(?P<rest>\.\d+)?\s*")


class Int64(int):
    """A number that is 64 bits long however small it is."""


def is_number(value: object) -> bool:
    """Whether `value` is a number (a bool is none)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_int(value: object) -> TypeGuard[int]:
    """Whether `value` is an integer without a size of its own: neither a bool, which Python counts among them, nor an
    `Int64`."""
    return isinstance(value, int) and not isinstance(value, (bool, Int64))


def is_long(value: int) -> bool:
    """Whether an integer is an Int64."""
    return isinstance(value, Int64) or not fits(value, 32)


def fits(value: int, bits: int) -> bool:
    """Whether an integer of so many bits can hold the value."""
    return -(1 << (bits - 1)) <= value < 1 << (bits - 1)


def parse_number(text: str) -> int | float:
    """What a literal of a script stands for.

    Raises:
        NotModeled: a number of another kind.
    """
    found = NUMBER.fullmatch(text)
    if found is None:
        raise NotModeled(f"the number {text}")
    factor = MULTIPLIERS[(found["unit"] or "").lower()]
    if found["rest"] or found["exponent"]:
        return float(found["whole"] + (found["rest"] or "") + (found["exponent"] or "")) * factor
    value = int(found["whole"]) * factor
    if not fits(value, 64):
        raise NotModeled(f"the number {text}")
    return value


def number_in(text: str) -> int | float | None:
    """The number that a text is when a number is wanted; None: it is none.

    Raises:
        NotModeled: .NET may read it as one.
    """
    found = PLAIN.fullmatch(text)
    if found is None:
        if re.search(r"\d|nan|inf|\u221e", text, re.IGNORECASE) or not text.strip():
            raise NotModeled(f"the text '{text}' as a number")
        return None
    return float(text) if found["rest"] else int(text)
