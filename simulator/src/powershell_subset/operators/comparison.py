# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is equal, and what is less.

Windows compares text by the rules of a culture. Where these could say other than the characters do, the subset refuses.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from datetime import datetime, timedelta
from typing import Any

from powershell_subset.objects import NotModeled, PSEnum, Switch
from powershell_subset.values.cast import CastError, to_number
from powershell_subset.values.numbers import is_int, is_number
from powershell_subset.values.text import lowered, to_text, truth, uppered
from powershell_subset.values.types import type_of

# Text whose order is the same in every culture.
ORDERED = re.compile(r"[A-Za-z0-9 ]*")
COMPARABLE = (str, bool, int, float, PSEnum, uuid.UUID, Switch, datetime, timedelta)


def folded(text: str) -> str:
    """A text as comparison without case sees it."""
    return text.lower() if text.isascii() else lowered(uppered(text))


def equal(left: Any, right: Any) -> bool:
    """``-eq`` of two single values: the left one says as what they are compared."""
    if left is None or right is None:
        return left is right
    if not isinstance(right, COMPARABLE):
        raise NotModeled(f"a comparison of {type_of(left)} with {type_of(right)}")
    if isinstance(left, str):
        return _same_text(left, to_text(right))
    if isinstance(left, (bool, Switch)):
        return bool(left) == truth(right)
    if is_number(left):
        return _equals_number(left, right)
    if isinstance(left, PSEnum):
        return _equals_enum(left, right)
    if type(left) is not type(right):
        raise NotModeled(f"a comparison of {type_of(left)} with {type_of(right)}")
    return bool(left == right)


def equal_with_case(left: Any, right: Any) -> bool:
    """``-ceq`` of two texts."""
    if not isinstance(left, str) or not isinstance(right, str):
        raise NotModeled("-ceq of anything but two texts")
    return left == right or (_same_text(left, right) and left == right)


def _same_text(one: str, two: str) -> bool:
    first, second = folded(one), folded(two)
    if first != second and not (is_plain(one) and is_plain(two)) and essence(one) == essence(two):
        raise NotModeled("texts that are the same in some cultures")
    return first == second


def is_plain(text: str) -> bool:
    """Whether every culture takes a text character by character."""
    return text.isascii() and (text.isprintable() or all(char.isprintable() or char in "\t\r\n" for char in text))


def essence(text: str) -> str:
    """What is left of a text when all is taken away that a culture may ignore."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = (char for char in plain if char in "\t\r\n" or unicodedata.category(char) not in ("Cf", "Mn", "Me", "Cc"))
    return "".join(kept)


def _equals_number(left: Any, right: Any) -> bool:
    try:
        return bool(left == to_number(right))
    except CastError:
        return False


def _equals_enum(left: PSEnum, right: Any) -> bool:
    if isinstance(right, str):
        return folded(left.name) == folded(right)
    raise NotModeled(f"a comparison of {left.type_name} with {type_of(right)}")


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1; the left value says as what they are compared."""
    if isinstance(left, str) and isinstance(right, str):
        if ORDERED.fullmatch(left) is None or ORDERED.fullmatch(right) is None:
            raise NotModeled("the order of texts with other characters than letters and digits of ASCII")
        left, right = left.lower(), right.lower()
    elif isinstance(left, str) and is_int(right):
        return compare(left, to_text(right))
    elif is_number(left) and (is_number(right) or isinstance(right, str)):
        right = _ordered_number(right)
    elif type(left) is not type(right) or not isinstance(left, (datetime, timedelta)):
        raise NotModeled(f"the order of {type_of(left)} and {type_of(right)}")
    return int(left > right) - int(left < right)


def _ordered_number(value: Any) -> int | float:
    try:
        return to_number(value)
    except CastError:
        raise NotModeled(f"the order of a number and '{value}'") from None
