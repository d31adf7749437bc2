# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regular expressions of .NET and wildcards, as patterns of Python."""

from __future__ import annotations

import re
from functools import lru_cache

from powershell_subset.objects import NotModelled

# What .NET has and Python has not, or has with another meaning.
REFUSED = re.compile(r"\\[pPGcxu]\{|\\p|\\P|\\G|\(\?\(|\(\?<\w+-|\[[^\]]*-\[|\(\?[a-z]*n")
GROUP = re.compile(r"\(\?(?:<|')(?P<name>[A-Za-z_]\w*)(?:>|')")
NAMED_REFERENCE = re.compile(r"\\k[<'](?P<name>\w+)[>']")
SUBSTITUTION = re.compile(r"\$(?:(?P<number>\d+)|\{(?P<name>\w+)\}|(?P<sign>[$&]))")


@lru_cache(maxsize=512)
def pattern_of(text: str, flags: int = 0) -> re.Pattern[str]:
    """A regular expression of .NET.

    Raises:
        NotModelled: it says something that Python says otherwise, or it is none.
    """
    if REFUSED.search(text):
        raise NotModelled(f"the regular expression '{text}'")
    translated = NAMED_REFERENCE.sub(r"(?P=\g<name>)", GROUP.sub(r"(?P<\g<name>>", text))
    translated = re.sub(r"(?<!\\)((?:\\\\)*)\\z", r"\1\\Z", _end_before_newline(translated))
    try:
        return re.compile(translated, flags)
    except re.error as error:
        raise NotModelled(f"the regular expression '{text}' ({error})") from None


def _end_before_newline(text: str) -> str:
    return re.sub(r"(?<!\\)((?:\\\\)*)\\Z", r"\1(?=\\n?\\Z)", text)


@lru_cache(maxsize=512)
def like_pattern(text: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """A wildcard pattern of ``-like``: ``*``, ``?``, ``[a-z]`` and escapes with a backtick."""
    found, at = "", 0
    while at < len(text):
        char = text[at]
        bracket = re.compile(r"\[([^\[\]]+)\]").match(text, at)
        if char == "`" and at + 1 < len(text):
            found, at = found + re.escape(text[at + 1]), at + 1
        elif bracket:
            inside = re.sub(r"([\\^])", r"\\\1", bracket[1])
            found, at = found + f"[{inside}]", bracket.end() - 1
        elif char == "[":
            raise NotModelled(f"the wildcard pattern '{text}'")
        else:
            found += {"*": ".*", "?": "."}.get(char, re.escape(char))
        at += 1
    return re.compile(found, flags | re.DOTALL)


def is_wildcard(text: str) -> bool:
    """Whether a text has characters that mean something in a pattern."""
    return any(char in text for char in "*?[")


def substituted(pattern: re.Pattern[str], text: str, replacement: str) -> str:
    """``-replace``: all matches, with $1, ${name}, $& and $$ in the replacement."""
    return pattern.sub(lambda found: _filled(found, replacement), text)


def _filled(found: re.Match[str], replacement: str) -> str:
    def fill(mark: re.Match[str]) -> str:
        if mark["sign"]:
            return "$" if mark["sign"] == "$" else found[0]
        group: str | int = mark["name"] or int(mark["number"])
        try:
            return found[int(group) if str(group).isdigit() else group] or ""
        except IndexError:
            return mark[0]

    return SUBSTITUTION.sub(fill, replacement)
