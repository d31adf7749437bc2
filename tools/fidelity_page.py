# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the site that shows simulator/fidelity.yml: what the simulator does, and how each behavior is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml
from reference_markdown import code, page, table

INTRODUCTION = (
    "Each behavior of the [simulator](README.md), and how it is known: **recorded** in real traffic, in the API "
    "**definition**, **documented** by Microsoft, **observed** in unchanged clients or in a real PowerShell, "
    "**inferred**, or **unconfirmed**, for a script that has changed since a real PowerShell ran it."
)
Entry = dict[str, Any]


def fidelity_page(source: Path) -> str:
    """Return the page's Markdown."""
    entries: list[Entry] = sorted(
        yaml.safe_load(source.read_text(encoding="utf-8")), key=lambda entry: str(entry["id"])
    )
    return page(_parts(entries))


def _parts(entries: list[Entry]) -> Iterator[str]:
    yield "# Fidelity of the simulator"
    yield INTRODUCTION
    counted = Counter(str(entry["where"]) for entry in entries)
    yield table(("How it is known", "Behaviors"), [(where, str(number)) for where, number in counted.most_common()])
    for area, group in groupby(entries, key=lambda entry: str(entry["id"]).partition(".")[0]):
        yield f"## {area}"
        yield table(("Behavior", "Known from", "Source", "Note"), [_row(entry) for entry in group])


def _row(entry: Entry) -> tuple[str, ...]:
    return code(entry["id"]), str(entry["where"]), _cell(entry.get("source")), _cell(entry.get("note"))


def _cell(text: object) -> str:
    """Return text as a cell: nothing in it is Markdown."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_|<[$" else letter for letter in str(text or ""))
    return escaped.replace("\n", " ").strip()
