# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regular expressions of .NET and wildcards, as patterns of Python."""

from __future__ import annotations

import re
from functools import lru_cache

from powershell_subset.objects import NotModeled

# What both understand alike: characters, classes, groups without a name, and how often each comes.
_ESCAPE = r"\\[dDwWsSbBtrn\\.^$*+?()\[\]{}|/#\- ]"
_CLASS = rf"\[\^?(?:{_ESCAPE}|[^\[\]\\&~|^-]|(?<=[a-zA-Z0-9])-(?=[a-zA-Z0-9]))+\]"
_COUNT = r"(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?{])"
UNDERSTOOD = re.compile(rf"(?:(?:{_ESCAPE}|{_CLASS}|\((?!\?)|\(\?:|\)|[^\[\]\\(){{}}*+?])(?:{_COUNT})?)*")
SUBSTITUTION = re.compile(r"\$(?:(?P<number>\d)(?!\d)|(?P<sign>[$&]))")

WILDCARD = re.compile(r"`(?P<escaped>.)|\[(?P<inside>[^\[\]]+)\]|[^\[]", re.DOTALL)


@lru_cache(maxsize=512)
def pattern_of(text: str) -> re.Pattern[str]:
    """A regular expression of .NET, which does not mind the case.

    Raises:
        NotModeled: it says something that Python may take otherwise, or it is none.
    """
    if UNDERSTOOD.fullmatch(text) is None:
        raise NotModeled(f"the regular expression '{text}'")
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error:
        raise NotModeled(f"the regular expression '{text}'") from None


@lru_cache(maxsize=512)
def like_pattern(text: str) -> re.Pattern[str]:
    """A wildcard pattern, which does not mind the case: ``*``, ``?``, ``[a-z]`` and escapes with a backtick."""
    # What is left over is a bracket that no other closes.
    if WILDCARD.sub("", text):
        raise NotModeled(f"the wildcard pattern '{text}'")
    try:
        return re.compile(WILDCARD.sub(_plain, text), re.IGNORECASE | re.DOTALL)
    except re.error:
        raise NotModeled(f"the wildcard pattern '{text}'") from None


def _plain(found: re.Match[str]) -> str:
    if found["inside"]:
        return "[" + re.sub(r"([\\^])", r"\\\1", found["inside"]) + "]"
    return {"*": ".*", "?": "."}.get(found[0], re.escape(found["escaped"] or found[0]))


def is_wildcard(text: str) -> bool:
    """Whether a text has characters that mean something in a pattern."""
    return any(char in text for char in "*?[")


def substituted(pattern: re.Pattern[str], text: str, replacement: str) -> str:
    """``-replace``: all matches, with $1, $& and $$ in the replacement."""
    known = SUBSTITUTION.findall(replacement)
    if replacement.count("$") != sum(2 if sign == "$" else 1 for _number, sign in known):
        raise NotModeled(f"the replacement '{replacement}'")
    if any(number and int(number) > pattern.groups for number, _sign in known):
        raise NotModeled(f"the replacement '{replacement}'")
    return pattern.sub(lambda found: _filled(found, replacement), text)


def _filled(found: re.Match[str], replacement: str) -> str:
    def fill(mark: re.Match[str]) -> str:
        if mark["number"]:
            return found[int(mark["number"])] or ""
        return "$" if mark["sign"] == "$" else found[0]

    return SUBSTITUTION.sub(fill, replacement)
