# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors as the console shows them, and as CLIXML."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from powershell_subset.errors import ErrorRecord
from powershell_subset.source import Source, Span

WIDTH = 79
LONGEST_LINE = 69
CHUNK = 74
HEAD = '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")


def error_text(record: ErrorRecord) -> str:
    """An error with its place, its category and its identifier; lines end with CR LF, the last one is a blank."""
    lines = (f"{record.prefix} : {record.text}" if record.prefix else record.text).split("\n")
    lines = [line.rstrip("\r") for line in lines] + position_text(record).split("\r\n")
    lines.append(_chunked(f"+ CategoryInfo          : {record.category_text()}"))
    lines += [_chunked(f"+ FullyQualifiedErrorId : {record.error_id}"), " "]
    return "".join(part + "\r\n" for line in lines for part in wrapped(line))


def _chunked(text: str) -> str:
    """What PowerShell's own format makes of a long line: pieces with blanks before each, but all on one line."""
    pieces = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    return "".join("    " + piece for piece in pieces)


def wrapped(line: str) -> list[str]:
    """A line broken where the console's is full, behind a blank if there is one."""
    parts = []
    while len(line) > WIDTH:
        at = line.rfind(" ", 0, WIDTH) + 1
        at = at if line[:at].strip() else WIDTH
        parts.append(line[:at])
        line = line[at:]
    return [*parts, line]


def position_text(record: ErrorRecord) -> str:
    """``At line:1 char:1`` with the line and what is wrong in it underlined."""
    source, span = record.source or Source(""), record.span or Span(0, 0)
    number, column = source.line_and_column(span.start)
    text = source.line(number).rstrip()
    last, _unused = source.line_and_column(span.end)
    size = span.end - span.start if last == number else len(text) - column + 1
    shown, before = _shortened(text.replace("\t", " "), column - 1, max(size, 1))
    mark = " " * before + "~" * max(1, min(size, len(shown) - before))
    return f"At line:{number} char:{column}\r\n+ {shown}\r\n+ {mark}"


def _shortened(text: str, before: int, size: int) -> tuple[str, int]:
    """A long line is cut to what is around the error; also where the error is in what is left."""
    if len(text) <= LONGEST_LINE:
        return text, before
    start = min(before, max(0, before + size - LONGEST_LINE))
    cut = text[start : start + LONGEST_LINE]
    lead = "... " if start else ""
    tail = " ..." if start + LONGEST_LINE < len(text) else ""
    return lead + cut + tail, before - start + len(lead)


class Clixml:
    """Collects what a PowerShell whose errors are redirected writes for another PowerShell."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def add(self, stream: str, text: str) -> None:
        """A piece of a stream; its lines become elements of their own."""
        for line in text.splitlines(keepends=True) if stream == "Error" else (text,):
            self._parts.append(f'<S S="{stream}">{_encoded(line)}</S>')

    def text(self) -> str:
        """All of it; empty when nothing was said."""
        return HEAD + "".join(self._parts) + "</Objs>" if self._parts else ""


def _encoded(text: str) -> str:
    return escape(UNPRINTABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text), {'"': "&quot;"})
