# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Markdown that the pages of the reference have in common: pages, sections, tables, code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


def page(parts: Iterable[str]) -> str:
    """Return the text of a page; parts that are empty are left out."""
    return "\n\n".join(part for part in parts if part) + "\n"


def section(title: str, body: str) -> Iterator[str]:
    """Yield a heading and what is below it; nothing if there is nothing."""
    if body:
        yield f"## {title}"
        yield body


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table; empty if it has no rows."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def code(text: str) -> str:
    """Return text as code that may stand in a cell of a table."""
    return f"`{text}`".replace("|", "\\|").replace("\n", " ")


def type_of(field: dict[str, Any]) -> str:
    """Return the type of an option or a return value, with that of its elements."""
    kind = str(field.get("type", "str"))
    return f"{kind} of {field['elements']}" if "elements" in field else kind


def value_as_code(what: Any) -> str:
    """Return a value as code, as YAML has it; nothing for none."""
    if what is None:
        return ""
    return code(what if isinstance(what, str) and what else json.dumps(what, sort_keys=True))


def default_of(option: dict[str, Any]) -> str:
    """Return what the column of the defaults says."""
    return "**required**" if option.get("required") else value_as_code(option.get("default"))
