# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of those that are under way, kept at the bottom of a terminal."""

from __future__ import annotations

import os
import sys

from ansible_collections.asr.failback.plugins.module_utils.model.durations import in_words
from ansible_collections.asr.failback.plugins.module_utils.model.progress_lines import (
    DONE,
    FAILED,
    longest_first,
    seconds_left,
)

try:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text
except ImportError as problem:
    MISSING = problem.msg
else:
    MISSING = ""

# Lines of a terminal that are left to what else is printed, the table's own frame included.
_OTHER_LINES = 10
_BAR_WIDTH = 30
# Columns for what the terminal shows of Ctrl-C (^C): on a line of its own, one of the table would stay behind.
_ECHO = 4


class ProgressTable:
    """The table on the terminal, there from the first show() until hide(). What is printed meanwhile goes above it."""

    def __init__(self):
        # Ansible locks its standard output and its lines, in this order. A table locks itself, then what it writes to.
        # Names that are no text are shown as well as they can be, as Ansible does. Other lines are not broken.
        own = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace")
        self._console = Console(file=own, soft_wrap=True)
        self._live = None

    def show(self, standings, now):
        """Show how virtual machines stand. C(now) is by the clock of theirs."""
        if self._live is None:
            # Whoever shows it says when: a thread of its own could not be stopped before a fork.
            errors = sys.stderr.isatty()
            self._live = Live(console=self._console, auto_refresh=False, transient=True, redirect_stderr=errors)
            self._live.start()
        self._live.update(self._table(standings, now), refresh=True)

    def hide(self):
        """Take it away, and leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _table(self, standings, now):
        left, most = longest_first(standings), max(1, self._console.height - _OTHER_LINES)
        table = Table(box=None, header_style="bold", width=self._console.width - _ECHO, pad_edge=False)
        table.add_column("VM", no_wrap=True)
        table.add_column("stage", no_wrap=True)
        table.add_column("for", no_wrap=True, justify="right")
        table.add_column("progress", ratio=1, no_wrap=True, overflow="ellipsis")
        for one in left[:most]:
            lasted = in_words(now - one.since) if one.doing else ""
            doing = one.doing.removeprefix(f"{one.name}: ") or "about to begin"
            table.add_row(*map(Text, (one.name, one.stage, lasted, doing)))
        more = [Text(f"and {len(left) - most} more")] if len(left) > most else []
        return Group(self._head(standings, now), table, *more)

    def _head(self, standings, now):
        done, failed = (sum(one.progress == kind for one in standings) for kind in (DONE, FAILED))
        head = Table.grid(padding=(0, 1))
        drawn = ProgressBar(total=len(standings), completed=done + failed, width=_BAR_WIDTH)
        left = seconds_left(standings, now)
        rest = "" if left is None else f", about {in_words(left)} left"
        told = f"{done + failed} of {len(standings)} VMs done{rest}"
        head.add_row(drawn, Text(told), Text(f"{failed} failed", style="bold red") if failed else Text(""))
        return head
