# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the text of a script from left to right: blanks, comments, words and the errors of the parser."""

from __future__ import annotations

import re
from typing import NoReturn

from powershell_subset.source import Source, Span

BLANKS = re.compile(r"(?:[ \t\f\v\u00a0\ufeff]|`\r?\n|<#.*?#>|#[^\r\n]*)+", re.DOTALL)
NEWLINES = re.compile(r"(?:[ \t\f\v\u00a0\ufeff\r\n]|`\r?\n|<#.*?#>|#[^\r\n]*)+", re.DOTALL)
SEPARATORS = re.compile(r"(?:[ \t\f\v\u00a0\ufeff\r\n;]|`\r?\n|<#.*?#>|#[^\r\n]*)+", re.DOTALL)
KEYWORD = re.compile(r"[A-Za-z]+(?![\w-])")


class ScriptError(Exception):
    """A script that PowerShell does not take. `span` is what it points at, `error_id` the identifier of the error."""

    def __init__(self, message: str, error_id: str, span: Span, source: Source) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.span = span
        self.source = source


class Reader:
    """A position in the text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0

    def peek(self, length: int = 1) -> str:
        """The next characters; empty at the end."""
        return self.text[self.at : self.at + length]

    def before(self) -> str:
        """The character before the position."""
        return self.text[self.at - 1 : self.at] if self.at else ""

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What `pattern` matches here; the position does not move."""
        return pattern.match(self.text, self.at)

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """What `pattern` matches here; the position moves behind it."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
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
        end = self.at
        while end > start and self.text[end - 1].isspace():
            end -= 1
        return Span(start, end)

    def expect(self, text: str, message: str, error_id: str) -> None:
        """Go behind `text`, which has to be next."""
        if not self.skip(text):
            self.fail(message, error_id)

    def fail(self, message: str, error_id: str, start: int | None = None) -> NoReturn:
        """Refuse the script.

        Raises:
            ScriptError: always.
        """
        begin = self.at if start is None else start
        raise ScriptError(message, error_id, Span(begin, min(begin + 1, len(self.text))), self.source)

    def fail_unexpected(self) -> NoReturn:
        """Refuse what stands here."""
        found = re.compile(r"[@$][({]|[^\s{}();,|&]+|.", re.DOTALL).match(self.text, self.at)
        token = found[0] if found else ""
        message = f"Unexpected token '{token}' in expression or statement."
        raise ScriptError(message, "UnexpectedToken", Span(self.at, self.at + len(token)), self.source)
