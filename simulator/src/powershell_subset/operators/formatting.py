# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``-f``: composite formats of .NET, in American English."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from powershell_subset.objects import NotModeled, PSEnum
from powershell_subset.values.numbers import is_number
from powershell_subset.values.text import double_text, to_text
from powershell_subset.values.types import type_of

ITEM = re.compile(r"\{\{|\}\}|\{(?P<index>\d)(?:,(?P<width>-?\d+))?(?::(?P<letter>[NDFX])(?P<digits>\d{0,2}))?\}|[{}]")


def format_text(pattern: str, values: list[Any]) -> str:
    """A format with its values: {0}, {0,8}, {0:N2}, {0:F1}, {0:D3}, {0:X}.

    Raises:
        NotModeled: another format, or more items than values.
    """

    def fill(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        if found["index"] is None or int(found["index"]) >= len(values):
            raise NotModeled(f"the format '{pattern}'")
        text = _formatted(values[int(found["index"])], found["letter"], found["digits"] or "")
        width = int(found["width"] or 0)
        return text.ljust(-width) if width < 0 else text.rjust(width)

    return ITEM.sub(fill, pattern)


def _formatted(value: Any, letter: str | None, digits: str) -> str:
    if value is not None and not is_number(value) and not isinstance(value, (str, bool, PSEnum)):
        raise NotModeled(f"the format of {type_of(value)}")
    if letter is None or not is_number(value):
        if letter is not None and isinstance(value, PSEnum):
            raise NotModeled(f"the format {letter} of an enumeration")
        return to_text(value)
    if letter in "DX":
        return _whole(value, letter, int(digits or 0))
    number = _rounded(value, int(digits or 2))
    return f"{number:,f}" if letter == "N" else f"{number:f}"


def _whole(value: Any, letter: str, digits: int) -> str:
    if not isinstance(value, int) or (letter == "X" and value < 0):
        raise NotModeled(f"the format {letter} of {to_text(value)}")
    text = f"{abs(value):X}" if letter == "X" else str(abs(int(value)))
    return ("-" if value < 0 else "") + text.zfill(digits)


def _rounded(value: int | float, digits: int) -> Decimal:
    """Rounded as 5.1 does, which sees 15 digits of a Double; refused where a later .NET says otherwise."""
    seen, whole = Decimal(double_text(value) if isinstance(value, float) else int(value)), Decimal(value)
    unit = Decimal(1).scaleb(-digits)
    rounded = seen.quantize(unit, rounding=ROUND_HALF_UP)
    if rounded != whole.quantize(unit, rounding=ROUND_HALF_UP) or (value < 0 and not rounded):
        raise NotModeled(f"{value} rounded to {digits} digits")
    return rounded
