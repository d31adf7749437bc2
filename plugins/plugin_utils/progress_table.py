# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of those that are under way, kept at the bottom of a terminal."""

from __future__ import annotations

import os
import sys
import threading

from ansible_collections.asr.failback.plugins.module_utils.model.durations import in_words
from ansible_collections.asr.failback.plugins.module_utils.model.name_lists import some_of
from ansible_collections.asr.failback.plugins.module_utils.model.progress_lines import (
    DONE,
    FAILED,
    longest_first,
    seconds_left,
)

try:
    from rich.console import Console, Group
    from rich.file_proxy import FileProxy
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
    """The table on the terminal, there from the first show() until hide(). What is printed meanwhile goes above it.

    C(turn) is held while something is read or shown: a worker forked in between would find half of that done, for ever.
    """

    def __init__(self):
        # Ansible locks its lines, then what it writes to, then its standard output. The table writes to its own.
        # Names that are no text are shown as well as they can be, as Ansible does. Other lines are not broken.
        own = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace")
        self.turn = threading.RLock()
        self._console = Console(file=own, soft_wrap=True)
        self._live = None
        self._before = sys.stdout, sys.stderr
        self._outputs = []
        # Once, and not as the table comes and goes: a line on its way would be written over the table, or over what
        # was there before it.
        sys.stdout = self._above(sys.stdout)
        if sys.stderr.isatty():
            sys.stderr = self._above(sys.stderr)

    def show(self, standings, now):
        """Show how virtual machines stand. C(now) is by the clock of theirs."""
        with self.turn:
            if self._live is None:
                # Whoever shows it says when: a thread of its own could not be stopped before a fork.
                ways = {"auto_refresh": False, "redirect_stdout": False, "redirect_stderr": False}
                self._live = Live(console=self._console, transient=True, **ways)
                self._live.start()
                self._turn_outputs(above=True)
            self._live.update(self._table(standings, now), refresh=True)

    def hide(self):
        """Take it away, and leave the terminal as it was."""
        with self.turn:
            if self._live is not None:
                self._turn_outputs(above=False)
                live, self._live = self._live, None
                live.stop()

    def end(self):
        """Take it away for good."""
        with self.turn:
            try:
                self.hide()
            finally:
                sys.stdout, sys.stderr = self._before
                self._console.file.close()

    def _above(self, output):
        self._outputs.append(_AboveTable(output, self._console, self.turn))
        return self._outputs[-1]

    def _turn_outputs(self, above):
        for output in self._outputs:
            output.turn_above(above)

    def _table(self, standings, now):
        left, most = longest_first(standings), max(1, self._console.height - _OTHER_LINES)
        table = Table(box=None, header_style="bold", width=self._console.width - _ECHO, pad_edge=False)
        table.add_column("VM", no_wrap=True)
        table.add_column("stage", no_wrap=True)
        table.add_column("for", no_wrap=True, justify="right")
        table.add_column("progress", ratio=1, no_wrap=True, overflow="ellipsis")
        for one in left[:most]:
            lasted = in_words(now - one.since) if one.doing else ""
            table.add_row(*map(Text, (one.name, one.stage, lasted, one.last_words)))
        more = [Text(f"and {len(left) - most} more")] if len(left) > most else []
        return Group(self._head(standings, now), table, *more)

    def _head(self, standings, now):
        done, failed = ([one.name for one in standings if one.progress == kind] for kind in (DONE, FAILED))
        ended = len(done) + len(failed)
        head = Table.grid(padding=(0, 1))
        drawn = ProgressBar(total=len(standings), completed=ended, width=_BAR_WIDTH)
        left = seconds_left(standings, now)
        rest = "" if left is None else f", about {in_words(left)} left"
        told = f"{ended} of {len(standings)} VMs done{rest}"
        head.add_row(drawn, Text(told), Text(f"failed: {some_of(failed)}" if failed else "", style="bold red"))
        return head


class _AboveTable:
    """What is printed, above the table while that is there."""

    def __init__(self, output, console, turn):
        self._output = output
        self._lines_above = FileProxy(console, output)
        self._turn = turn
        self._is_above = False

    def turn_above(self, above):
        """Print above the table, or as usual, from now on. A line that was begun ends."""
        (self._output if above else self._lines_above).flush()
        self._is_above = above

    def write(self, text):
        with self._turn:
            return (self._lines_above if self._is_above else self._output).write(text)

    def flush(self):
        with self._turn:
            (self._lines_above if self._is_above else self._output).flush()

    def writelines(self, lines):
        self.write("".join(lines))

    def __getattr__(self, name):
        return getattr(self._output, name)
