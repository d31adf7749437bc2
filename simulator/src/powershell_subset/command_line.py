# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command lines: powershell.exe and its script; other programs are not there."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from powershell_subset.objects import NotModeled

POWERSHELL = re.compile(r'"?(?:[^"]*\\)?powershell(?:\.exe)?"?(?=\s|$)', re.IGNORECASE)
# Options of powershell.exe: those without a value, and those with one that changes nothing here.
PLAIN = ("noprofile", "noninteractive", "nologo", "nop", "noni")
WITH_VALUE = ("executionpolicy", "ep")
ENCODED, COMMAND = ("encodedcommand", "enc", "ec", "e"), ("command", "c")
WORD = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')
READS_INPUT = re.compile(r"\$input\b", re.IGNORECASE)


@dataclass(frozen=True)
class Invocation:
    """A run of powershell.exe: its script, and whether that was encoded."""

    script: str
    encoded: bool = False

    @property
    def reads_input(self) -> bool:
        """Whether it waits for the end of its standard input."""
        return READS_INPUT.search(self.script) is not None


def invocation(command_line: str) -> Invocation:
    """What a command line runs.

    Raises:
        NotModeled: another program, or an option.
    """
    line = command_line.strip()
    found = POWERSHELL.match(line)
    if found is None:
        raise NotModeled(f"the program {line.split(' ', 1)[0]}")
    return _options(line[found.end() :])


def _options(rest: str) -> Invocation:
    at = 0
    while True:
        word = WORD.match(rest, at)
        if word is None:
            raise NotModeled("an interactive PowerShell")
        text = word["plain"] or word["quoted"] or ""
        option = text[1:].lower() if re.fullmatch(r"[-/]\w+", text) else ""
        if not option:
            return Invocation(_unquoted(rest[at:]))
        at = word.end()
        if option in COMMAND and rest[at:].strip() != "-":
            return Invocation(_unquoted(rest[at:]))
        if option in ENCODED:
            return Invocation(_decoded(rest[at:].strip()), encoded=True)
        if option in WITH_VALUE:
            value = WORD.match(rest, at)
            at = value.end() if value else at
        elif option not in PLAIN:
            raise NotModeled(f"powershell.exe {text}")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le")
    except (binascii.Error, ValueError):
        raise NotModeled("an encoded command that cannot be decoded") from None


def _unquoted(text: str) -> str:
    """Quotes around arguments are taken off as programs do, a backslash before a quote keeps it."""
    kept = re.sub(r'(\\")|"', lambda found: '"' if found[1] else "\0", text.strip())
    pieces = kept.split("\0")
    outside = (re.sub(r"\s+", " ", piece) if number % 2 == 0 else piece for number, piece in enumerate(pieces))
    return "".join(outside)
