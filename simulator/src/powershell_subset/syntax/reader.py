# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the text of a script from left to right: blanks, comments, words, and what is refused."""

from __future__ import annotations

import re
from typing import NoReturn

from powershell_subset.objects import NotModeled
from powershell_subset.source import Source, Span

_COMMENTS = r"|`\r?\n|<#.*?#>|#[^\r\n]*)+"
BLANKS = re.compile(r"(?:[ \t]" + _COMMENTS, re.DOTALL)
NEWLINES = re.compile(r"(?:[ \t\r\n]" + _COMMENTS, re.DOTALL)
SEPARATORS = re.compile(r"(?:[ \t\r\n;]" + _COMMENTS, re.DOTALL)
KEYWORD = re.compile(r"[A-Za-z]+(?![\w\\.-])")


class Reader:
    """A position in the text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0

    def peek(self, length: int = 1) -> str:
        """The next characters; empty at the end."""
        return self.text[self.at : self.at + length]

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What `pattern` matches here; the position does not move."""
        return pattern.match(self.text, self.at)

    def take(self, pattern: re.Pattern[str]) -> str:
        """What `pattern` matches here, or nothing; the position moves behind it."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def skip(self, text: str) -> bool:
        """Go behind `text` if it is next."""
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def skip_blanks(self) -> None:
        """Go behind blanks and comments on this line."""
        self.take(BLANKS)

    def skip_newlines(self) -> None:
        """Go behind blanks, comments and ends of lines."""
        self.take(NEWLINES)

    def skip_separators(self) -> None:
        """Go behind all that may stand between statements."""
        self.take(SEPARATORS)

    def keyword(self) -> str:
        """The next word in lower case, if it is one that could be a keyword; the position does not move."""
        found = self.match(KEYWORD)
        return found[0].lower() if found else ""

    def skip_keyword(self, word: str) -> bool:
        """Go behind `word` if it is the next word."""
        if self.keyword() != word:
            return False
        self.at += len(word)
        return True

    def span(self, start: int) -> Span:
        """From `start` to here, without blanks at the end."""
        return Span(start, start + len(self.text[start : self.at].rstrip()))

    def expect(self, text: str) -> None:
        """Go behind `text`, which has to be next, maybe on a line below."""
        self.skip_newlines()
        if not self.skip(text):
            self.refuse_here(f"what stands where '{text}' is expected")

    def refuse(self, what: str) -> NoReturn:
        """Refuse the script.

        Raises:
            NotModeled: always; it names the line.
        """
        line, _column = self.source.line_and_column(self.at)
        raise NotModeled(f"{what} (line {line} of the script)")

    def refuse_here(self, what: str) -> NoReturn:
        """Refuse what stands here."""
        shown = self.text[self.at :].partition("\n")[0].strip()[:30]
        self.refuse(f"{what}: {shown or 'its end'}")
