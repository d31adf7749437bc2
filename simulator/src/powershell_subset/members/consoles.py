# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""[Console]::In, Out and Error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from powershell_subset.members.collections import NOTHING
from powershell_subset.values.text import to_text


class Writing:
    """A stream of the console that is written to."""

    type_name = "System.IO.TextWriter"

    def __init__(self, write: Callable[[str], None]) -> None:
        self.methods: dict[str, Callable[..., Any]] = {
            "flush": lambda stream: NOTHING,
            "write": lambda stream, text="": _written(write, text, ""),
            "writeline": lambda stream, text="": _written(write, text, "\r\n"),
        }


def _written(write: Callable[[str], None], text: Any, end: str) -> Any:
    write(to_text(text) + end)
    return NOTHING


class Reading:
    """The console's input, line by line."""

    type_name = "System.IO.TextReader"

    def __init__(self, lines: list[str]) -> None:
        self.methods: dict[str, Callable[..., Any]] = {
            "readline": lambda stream: lines.pop(0) if lines else None,
            "readtoend": lambda stream: _rest(lines),
        }


def _rest(lines: list[str]) -> str:
    text = "".join(line + "\r\n" for line in lines)
    lines.clear()
    return text
