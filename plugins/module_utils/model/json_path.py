# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the service's JSON documents: names in any case, times in every recorded form, results without loss.

Bodies of different api-versions spell the same property differently (C(recoveryAzureVMName) in 2017,
C(recoveryAzureVmName) since), so names are compared without regard to case.
"""

from __future__ import annotations

import json
import re
from collections.abc import ItemsView, Iterator, Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

Document = Mapping[str, Any]


class CompactDocument(Mapping[str, Any]):
    """A document as text, a tenth of its size in memory, read anew whenever it is asked."""

    __slots__ = ("_text",)

    def __init__(self, document: Document) -> None:
        self._text = json.dumps(document, separators=(",", ":")).encode()

    def __getitem__(self, name: str) -> Any:
        return self.whole()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())

    def items(self) -> ItemsView[str, Any]:
        """Return its members. The view of a mapping would read it anew for each of them."""
        return self.whole().items()

    def whole(self) -> dict[str, Any]:
        """Return the document."""
        return dict(json.loads(self._text))


# Recorded: unset times are year 1 (tasks of 2015 and 2017) or 1753 (the scenario of an idle item).
_FIRST_REAL_YEAR = 1900
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# oSDetails, vMNetworkName, vHDId: an abbreviation whose first letter alone was made small.
_SMALL_ABBREVIATION = re.compile(r"^[a-z][A-Z]+(?=[A-Z][a-z])")
# Their keys are the user's own words.
_VERBATIM = re.compile(r"tags$", re.IGNORECASE)


def field(document: object, *path: str) -> Any:
    """Return the value at path below document, or None where any step is missing. Names match in any case."""
    value: Any = document.whole() if isinstance(document, CompactDocument) else document
    for name in path:
        value = _member(value, name)
    return value


def _member(document: object, name: str) -> Any:
    if not isinstance(document, Mapping):
        return None
    if name in document:
        return document[name]
    wanted = name.lower()
    return next((value for key, value in document.items() if str(key).lower() == wanted), None)


def text(document: object, *path: str) -> str:
    """Return the string at path, or an empty string where it is missing or null."""
    value = field(document, *path)
    return "" if value is None else str(value)


def items(document: object, *path: str) -> tuple[Any, ...]:
    """Return the list at path, or an empty tuple where it is missing or null."""
    value = field(document, *path)
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def whole_number(document: object, *path: str) -> int | None:
    """Return the whole number at path, or None where it is missing, null or something else."""
    value = field(document, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def texts(document: object, *path: str) -> tuple[tuple[str, str], ...]:
    """Return names and values of the object of strings at path, such as tags; none where it is missing or no object."""
    value = field(document, *path)
    return tuple((str(key), str(one)) for key, one in value.items()) if isinstance(value, Mapping) else ()


def time_at(document: object, *path: str) -> datetime | None:
    """Return the time at path in UTC, or None where it is missing or one of the service's values for "unset"."""
    return parse_time(field(document, *path))


def parse_time(value: object) -> datetime | None:
    """Read a time of the service: with no, three or seven digits of a second, with or without a zone (then UTC)."""
    found = _TIME.match(value) if isinstance(value, str) else None
    if not found or int(found.group(1)[:4]) < _FIRST_REAL_YEAR:
        return None
    seconds, fraction, zone = found.groups()
    stamp = f"{seconds}.{(fraction or '0')[:6].ljust(6, '0')}{'+00:00' if zone in (None, 'Z') else zone}"
    return datetime.fromisoformat(stamp).astimezone(timezone.utc)


def time_or_none(value: object) -> datetime | None:
    """Read a time as parse_time() does; None for one that no calendar has."""
    try:
        return parse_time(value)
    except (ValueError, OverflowError):
        return None


def seconds_between(started: object, ended: object) -> float | None:
    """Return the seconds between two times; None where one of them is missing or is none."""
    first, last = time_or_none(started), time_or_none(ended)
    return (last - first).total_seconds() if first and last else None


def stamp(time: datetime | None) -> str | None:
    """Return a time as results have it, in ISO 8601; None where there is none."""
    return time.isoformat() if time else None


def as_result(value: Any) -> Any:
    """Return a document with every key in Ansible's spelling: recoveryAzureVmName becomes recovery_azure_vm_name.

    Nothing is dropped: each leaf of the document is a leaf of the result.
    """
    if isinstance(value, Mapping):
        return {snake_case(str(key)): _member_result(str(key), member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_result(member) for member in value]
    return value


def as_document(result: Any) -> Any:
    """Return a result of as_result as a document that the functions here read, which names match in any case."""
    if isinstance(result, Mapping):
        return {str(key).replace("_", ""): as_document(member) for key, member in result.items()}
    if isinstance(result, (list, tuple)):
        return [as_document(member) for member in result]
    return result


def _member_result(name: str, value: Any) -> Any:
    if isinstance(value, Mapping) and _VERBATIM.search(name):
        return dict(value)
    return as_result(value)


# The names of the service's properties are a few hundred; there are hundreds in each document.
@lru_cache(maxsize=4096)
def snake_case(name: str) -> str:
    """Return a property's name as Ansible writes it."""
    whole = _SMALL_ABBREVIATION.sub(lambda found: found.group().lower(), name)
    return _WORD_START.sub("_", whole).replace("-", "_").lower()
