# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers as .NET knows them.

A Python ``int`` is an Int32, or an Int64 when it is too large for that, as PowerShell takes a literal; the other kinds
of integers have classes of their own. A ``float`` is a Double, a ``Decimal`` a Decimal.
"""

from __future__ import annotations

import re
from decimal import Decimal

MULTIPLIERS = {"": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40, "pb": 1 << 50}
NUMBER = re.compile(
    r"(?P<hex>0x[0-9a-f]+)(?P<hexlong>l?)(?P<hexunit>[kmgtp]b)?"
    r"|(?P<digits>(?:\d+(?P<fraction>\.\d+|\.(?![.\w]))?|(?P<bare>\.\d+))(?P<exponent>e[+-]?\d+)?)"
    r"(?P<kind>[ld]?)(?P<unit>[kmgtp]b)?",
    re.IGNORECASE,
)


class Int64(int):
    """A number that is 64 bits long however small it is."""


class UInt64(int):
    """A 64 bit number without a sign."""


class UInt32(int):
    """A 32 bit number without a sign."""


class Int16(int):
    """A 16 bit number."""


class UInt16(int):
    """A 16 bit number without a sign."""


class Byte(int):
    """An 8 bit number without a sign."""


RANGES: dict[str, tuple[int, int]] = {
    "Int32": (-(1 << 31), (1 << 31) - 1),
    "Int64": (-(1 << 63), (1 << 63) - 1),
    "UInt64": (0, (1 << 64) - 1),
    "UInt32": (0, (1 << 32) - 1),
    "Int16": (-(1 << 15), (1 << 15) - 1),
    "UInt16": (0, (1 << 16) - 1),
    "Byte": (0, 255),
}
CLASSES: dict[str, type[int]] = {
    "Int32": int,
    "Int64": Int64,
    "UInt64": UInt64,
    "UInt32": UInt32,
    "Int16": Int16,
    "UInt16": UInt16,
    "Byte": Byte,
}


def is_number(value: object) -> bool:
    """Whether `value` is a number (a bool is none)."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def kind_of(value: int) -> str:
    """The name of the .NET type of an integer."""
    for name, kind in CLASSES.items():
        if name != "Int32" and isinstance(value, kind):
            return name
    return next((name for name in ("Int32", "Int64", "UInt64") if fits(value, name)), "BigInteger")


def fits(value: int, kind: str) -> bool:
    """Whether an integer of the .NET type `kind` can hold the value."""
    low, high = RANGES[kind]
    return low <= value <= high


def integer(value: int, kind: str) -> int:
    """`value` as an integer of the .NET type `kind`, which can hold it."""
    return CLASSES[kind](value)


def negated(value: int | float) -> int | float:
    """A literal with a minus before it, of the same type."""
    return type(value)(-value)


def parse_number(text: str) -> int | float | Decimal | None:
    """What a literal of a script stands for; None: no number, or one that no type can hold."""
    found = NUMBER.fullmatch(text)
    if found is None:
        return None
    if found["hex"]:
        return _whole(_signed(found["hex"]), found["hexlong"], found["hexunit"])
    factor = MULTIPLIERS[(found["unit"] or "").lower()]
    kind = found["kind"].lower()
    if kind == "d":
        return Decimal(found["digits"]) * factor
    if found["fraction"] or found["bare"] or found["exponent"]:
        value = float(found["digits"]) * factor
        return _whole(round(value), kind, None) if kind == "l" else value
    return _whole(int(found["digits"]), kind, found["unit"])


def _signed(digits: str) -> int:
    """A hexadecimal literal of 8 or 16 digits has a sign."""
    value, length = int(digits, 16), len(digits) - 2
    for bits in (32, 64):
        if length == bits // 4 and value >= 1 << (bits - 1):
            return value - (1 << bits)
    return value


def _whole(value: int, kind: str, unit: str | None) -> int | float | Decimal | None:
    value *= MULTIPLIERS[(unit or "").lower()]
    if kind.lower() == "l":
        return Int64(value) if fits(value, "Int64") else None
    if fits(value, "Int64"):
        return value
    return Decimal(value) if value < 1 << 96 else float(value)
