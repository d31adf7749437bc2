# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is equal, what is less, what is in what."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from powershell_subset.objects import Char, DotNetType, NotModelled, PSEnum, Switch, Version
from powershell_subset.values.cast import CastError, cast, to_number
from powershell_subset.values.numbers import is_number
from powershell_subset.values.text import lowered, to_text, truth, uppered
from powershell_subset.values.types import type_of

# Culture-aware comparison gives these the least weight.
LIGHT = re.compile(r"[-'\u00ad]")


def folded(text: str) -> str:
    """A text as comparison without case sees it."""
    return lowered(uppered(text))


def equal(left: Any, right: Any, *, case_sensitive: bool = False) -> bool:
    """``-eq`` of two single values: the left one says as what they are compared."""
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and not isinstance(left, Char):
        text = to_text(right)
        return left == text if case_sensitive else folded(left) == folded(text)
    if isinstance(left, (bool, Switch)):
        return bool(left) == truth(right)
    if is_number(left):
        return _equals_number(left, right)
    if isinstance(left, PSEnum):
        return _equals_enum(left, right)
    if isinstance(left, (datetime, timedelta, uuid.UUID, Version, Char, DotNetType)):
        return _equals_converted(left, right, case_sensitive=case_sensitive)
    return left is right


def _equals_number(left: Any, right: Any) -> bool:
    try:
        number = to_number(right)
    except CastError:
        return False
    return bool(_exact(left) == _exact(number))


def _exact(number: Any) -> Any:
    return Decimal(repr(number)) if isinstance(number, float) and abs(number) < 1e28 else number


def _equals_enum(left: PSEnum, right: Any) -> bool:
    if isinstance(right, PSEnum):
        return left == right
    if isinstance(right, str):
        return folded(left.name) == folded(right.strip()) or right.strip() == str(left.value)
    return is_number(right) and left.value == right


def _equals_converted(left: Any, right: Any, *, case_sensitive: bool) -> bool:
    try:
        converted = cast(right, type_of(left) if not isinstance(left, DotNetType) else "type")
    except (CastError, NotModelled):
        if isinstance(right, str):
            raise
        return False
    if isinstance(left, Char):
        return str(left) == str(converted) if case_sensitive else folded(left) == folded(converted)
    if isinstance(left, datetime):
        return bool(left.replace(tzinfo=None) == converted.replace(tzinfo=None))
    return bool(left == converted)


def sort_key(text: str, *, case_sensitive: bool = False) -> tuple[str, str]:
    """Where a text stands among others: hyphens and apostrophes count last."""
    seen = text if case_sensitive else folded(text)
    return LIGHT.sub("", seen), seen


def compare(left: Any, right: Any, *, case_sensitive: bool = False) -> int:
    """-1, 0 or 1; the left value says as what they are compared.

    Raises:
        CastError: the right one cannot become that.
    """
    if left is None or right is None:
        return _with_null(left, right)
    if isinstance(left, str) and not isinstance(left, Char):
        first, second = (sort_key(each, case_sensitive=case_sensitive) for each in (left, to_text(right)))
        return (first > second) - (first < second)
    if isinstance(left, (bool, Switch)):
        return int(bool(left)) - int(truth(right))
    if is_number(left) or isinstance(left, PSEnum):
        number = left.value if isinstance(left, PSEnum) else left
        other = _enum_value(left, right) if isinstance(left, PSEnum) else to_number(right, type_of(left))
        one, two = _exact(number), _exact(other)
        return int(one > two) - int(one < two)
    if isinstance(left, (datetime, timedelta, Version, Char)):
        other = cast(right, type_of(left))
        if isinstance(left, datetime):
            left, other = left.replace(tzinfo=None), other.replace(tzinfo=None)
        return int(left > other) - int(left < other)
    raise NotModelled(f"a comparison of {type_of(left)} with {type_of(right)}")


def _enum_value(left: PSEnum, right: Any) -> Any:
    if isinstance(right, str):
        if folded(right) == folded(left.name):
            return left.value
        raise NotModelled(f"a comparison of {left.type_name} with the name '{right}'")
    return to_number(right)


def _with_null(left: Any, right: Any) -> int:
    if left is None and right is None:
        return 0
    present = right if left is None else left
    sign = -1 if is_number(present) and present < 0 else 1
    return -sign if left is None else sign


def contains(items: list[Any], wanted: Any, *, case_sensitive: bool = False) -> bool:
    """``-contains``."""
    return any(equal(item, wanted, case_sensitive=case_sensitive) for item in items)
