# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command lines: which program, and for powershell.exe which script."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from powershell_subset.objects import NotModelled

POWERSHELL = re.compile(r'"?(?:[^"]*\\)?powershell(?:\.exe)?"?(?=\s|$)', re.IGNORECASE)
# Options of powershell.exe: those without a value, and those with one that changes nothing here.
PLAIN = ("noprofile", "noninteractive", "nologo", "sta", "mta")
WITH_VALUE = ("executionpolicy", "inputformat", "outputformat", "windowstyle")
SHORT = {"ec": "encodedcommand", "ep": "executionpolicy", "nop": "noprofile"}
OPTIONS = (*PLAIN, *WITH_VALUE, "encodedcommand", "command", "noexit", "file", "version", "configurationname")
# Programs and built-in commands that every host has, and that are not modelled.
_OTHERS = """
arp bcdedit cd certutil chcp cls cmd copy date del dir diskpart dism echo erase fsutil getmac gpresult hostname icacls
ipconfig mkdir more move net netsh netstat nltest nslookup pathping ping reg ren rmdir robocopy route sc schtasks set
shutdown systeminfo takeown taskkill tasklist time tracert type ver vol w32tm wevtutil where whoami winrm winrs wmic
wscript cscript xcopy
"""
OTHERS = frozenset(_OTHERS.split())
WORD = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')


class UnknownProgram(Exception):
    """A host does not have the program; the text is what its command processor says."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
        )


@dataclass(frozen=True)
class Invocation:
    """A run of powershell.exe: its script, whether that was encoded, and whether it stands on the standard input."""

    script: str
    encoded: bool = False
    from_input: bool = False


def invocation(command_line: str) -> Invocation:
    """What a command line runs.

    Raises:
        UnknownProgram: a program that no host has.
        NotModelled: one that hosts have, or an option.
    """
    line = command_line.strip()
    found = POWERSHELL.match(line)
    if found is None:
        _refuse(line)
        raise UnknownProgram(_program(line))
    return _options(line[found.end() :])


def _program(line: str) -> str:
    word = WORD.match(line)
    return "" if word is None else word["quoted"] or word["plain"] or ""


def _refuse(line: str) -> None:
    name = _program(line).rpartition("\\")[2].lower().removesuffix(".exe").removesuffix(".com")
    if name in OTHERS or name == "pwsh":
        raise NotModelled(f"the program {name}")


def _options(rest: str) -> Invocation:
    at = 0
    while True:
        word = WORD.match(rest, at)
        if word is None:
            raise NotModelled("an interactive PowerShell")
        text = word["plain"] or word["quoted"] or ""
        if not re.match(r"[-/]\w", text) and text != "-":
            return _command(rest[at:])
        at = word.end()
        option = "command" if text == "-" else _option(text[1:].lower())
        if text == "-" or (option == "command" and rest[at:].strip() == "-"):
            return Invocation("$input", from_input=True)
        if option == "command":
            return _command(rest[at:])
        if option == "encodedcommand":
            return Invocation(_decoded(_program(rest[at:])), encoded=True)
        if option in WITH_VALUE:
            value = WORD.match(rest, at)
            at = value.end() if value else at
        elif option not in PLAIN:
            raise NotModelled(f"powershell.exe -{option}")


def _option(text: str) -> str:
    if text in SHORT:
        return SHORT[text]
    found = [name for name in OPTIONS if name.startswith(text)]
    if text == "e":
        return "encodedcommand"
    if not found:
        raise NotModelled(f"powershell.exe -{text}")
    return found[0]


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le")
    except (binascii.Error, ValueError):
        raise NotModelled("an encoded command that cannot be decoded") from None


def _command(rest: str) -> Invocation:
    """Quotes around arguments are taken off as programs do, a backslash before a quote keeps it."""
    words, current, quoted, at = [], "", False, 0
    text = rest.strip()
    while at < len(text):
        if text.startswith('\\"', at):
            current += '"'
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at].isspace() and not quoted:
            words.append(current)
            current = ""
        else:
            current += text[at]
        at += 1
    return Invocation(" ".join(word for word in [*words, current] if word))
