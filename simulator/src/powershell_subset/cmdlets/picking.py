# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What -Property of several cmdlets takes: names, script blocks and tables with a name and an expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from powershell_subset.members.properties import ABSENT, own_property
from powershell_subset.objects import VOID, Hashtable, NotModelled, PSObject, ScriptBlock
from powershell_subset.operators.patterns import is_wildcard, like_pattern
from powershell_subset.running.engine import Engine, unrolled
from powershell_subset.values.cast import items_of
from powershell_subset.values.text import to_text

NAMES = ("name", "label")
EXPRESSIONS = ("expression",)


@dataclass(frozen=True)
class Pick:
    """One property that is asked for: its name in the result, and where it comes from."""

    name: str
    source: str | ScriptBlock
    descending: bool | None = None


def picks(value: Any) -> list[Pick]:
    """All that -Property asks for."""
    return [_pick(each) for each in items_of(value)]


def _pick(value: Any) -> Pick:
    if isinstance(value, ScriptBlock):
        return Pick(value.text, value)
    if not isinstance(value, Hashtable):
        return Pick(to_text(value), to_text(value))
    name, source, descending = "", None, None
    for key, item in value.items():
        word = to_text(key).lower()
        if word and any(each.startswith(word) for each in NAMES):
            name = to_text(item)
        elif word and any(each.startswith(word) for each in EXPRESSIONS):
            source = item if isinstance(item, ScriptBlock) else to_text(item)
        elif word in ("descending", "ascending"):
            descending = bool(item) == (word == "descending")
        else:
            raise NotModelled(f"the key '{to_text(key)}' of a property")
    if source is None:
        raise NotModelled("a property without an expression")
    return Pick(name or (source if isinstance(source, str) else source.text), source, descending)


def picked(engine: Engine, pick: Pick, item: Any) -> Any:
    """The value of a property of an object; ABSENT where it has none."""
    if isinstance(pick.source, ScriptBlock):
        value = unrolled(engine.run_with(pick.source, item))
        return None if value is VOID else value
    if item is None:
        return ABSENT
    return own_property(item, pick.source)


def spread(pick: Pick, item: Any) -> list[Pick]:
    """A name with wildcards becomes all names of the object that fit."""
    if not isinstance(pick.source, str) or not is_wildcard(pick.source):
        return [pick]
    if not isinstance(item, PSObject) or not item.is_custom:
        raise NotModelled(f"properties that fit '{pick.source}' of an object that no script made")
    pattern = like_pattern(pick.source)
    return [Pick(name, name) for name in item.names() if pattern.fullmatch(name)]
