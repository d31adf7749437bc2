# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for people, as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with their columns below each other; the first one is the header."""
    widths = column_widths(rows)
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Return how wide each column is."""
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def printable(lines: Iterable[str]) -> list[str]:
    """Return lines for a terminal: what a host or a service says may have line breaks, or what moves its cursor."""
    return ["".join(letter if letter.isprintable() else " " for letter in line) for line in lines]
