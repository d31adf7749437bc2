# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback progress as a person sees it, on a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyte
import pytest
import yaml
from support.playbook_runner import PlaybookRunner, hears_ctrl_c
from support.scenarios import scenario_of

from ansible_collections.asr.failback.plugins.module_utils.model.progress_lines import Standing
from ansible_collections.asr.failback.plugins.plugin_utils.progress_table import ProgressTable
from asr_simulator.server import Simulator

NOW = {"failback_commit_policy": "now"}
ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": "asr.failback.progress"}
HOSTS: dict[str, dict[str, Any]] = {"vm1": {}, "vm2": {}, "vm3": {}}
LINES, COLUMNS = 40, 120
SECONDS = 240
PAUSE = 0.05
TIMES = 300
HEAD = "of 3 VMs done"
VAULT = {
    "resource_group": "{{ failback_resource_group }}",
    "vault_name": "{{ failback_vault_name }}",
    "poll_interval": 1,
}


def watched(
    vault: PlaybookRunner, seen: Callable[[pyte.HistoryScreen], bytes | None], playbook: str = "fleet"
) -> tuple[int, pyte.HistoryScreen]:
    """Run the fleet on a terminal; C(seen) gets its screen after all that is written, and may press keys.

    Return the exit status, and what the screen shows in the end.
    """
    command, environment = vault.prepared(playbook, HOSTS, **NOW)
    size = {"TERM": "xterm", "LINES": str(LINES), "COLUMNS": str(COLUMNS)}
    screen = pyte.HistoryScreen(COLUMNS, LINES, history=2000)
    stream = pyte.ByteStream(screen)
    terminal, end = pty.openpty()
    around = {**environment, **ENABLED, **size}
    run = subprocess.Popen(command, env=around, stdin=end, stdout=end, stderr=end, preexec_fn=_own_terminal)
    os.close(end)
    deadline = threading.Timer(SECONDS, run.kill)
    deadline.start()
    with os.fdopen(terminal, "rb+", buffering=0) as both:
        while written := _read(both):
            stream.feed(written)
            keys = seen(screen)
            if keys:
                both.write(keys)
    deadline.cancel()
    return run.wait(), screen


def _own_terminal() -> None:
    """Make the standard input the terminal that Ctrl-C of its user reaches."""
    hears_ctrl_c()
    os.setsid()
    os.close(os.open(os.ttyname(0), os.O_RDWR))


def _read(terminal: Any) -> bytes:
    """What was written, up to where the writer pauses: a terminal hands a table on in pieces."""
    written = b""
    try:
        while not written or select.select([terminal], [], [], PAUSE)[0]:
            piece = bytes(terminal.read(65536))
            if not piece:
                break
            written += piece
    except OSError:
        # Nobody has it open any more.
        pass
    return written


def text_of(screen: pyte.HistoryScreen) -> str:
    """All lines that are, or were, on the screen."""
    past = ["".join(line[column].data for column in range(COLUMNS)) for line in screen.history.top]
    return "\n".join(line.rstrip() for line in [*past, *screen.display])


def test_a_table_shows_those_that_are_under_way(tmp_path: Path) -> None:
    shown: list[list[str]] = []

    def look(screen: pyte.HistoryScreen) -> None:
        rows = [line.rstrip() for line in screen.display]
        if any(HEAD in row for row in rows):
            shown.append(rows)

    with Simulator.start(scenario_of(*HOSTS), tmp_path / "simulator", speed=200) as simulator:
        vault = PlaybookRunner(simulator, tmp_path).knows_hosts()
        status, screen = watched(vault, look)
        assert status == 0, text_of(screen)
        assert set(vault.stages().values()) == {"protected"}
    told = text_of(screen)
    assert HEAD not in told, "it goes when nothing is under way"
    assert "PLAY RECAP" in told
    assert not screen.cursor.hidden
    last = shown[-1]
    (head,) = (number for number, row in enumerate(last) if HEAD in row)
    assert last[head + 1].split() == ["VM", "stage", "for", "progress"]
    tables = ["\n".join(rows) for rows in shown]
    assert any(all(f"\n{name} " in table for name in HOSTS) for table in tables)
    assert any("waiting_for_completion" in table or "synchronizing" in table for table in tables)


def test_no_line_is_lost_and_no_table_left_however_the_two_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = pyte.HistoryScreen(COLUMNS, LINES, history=2 * TIMES)
    stream = pyte.ByteStream(screen)
    terminal, end = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", os.fdopen(end, "w"))
    table = ProgressTable()
    standings = [Standing(name, "under way", "committing", f"{name}: Commit", 0.0, 0.0) for name in HOSTS]

    def come_and_go() -> None:
        for turn in range(TIMES):
            table.show(standings, float(turn))
            table.hide()

    def print_lines() -> None:
        for turn in range(TIMES):
            sys.stdout.write(f"line {turn}\n")

    def both() -> None:
        shown = threading.Thread(target=come_and_go)
        shown.start()
        print_lines()
        shown.join()
        table.end()
        sys.stdout.close()

    writers = threading.Thread(target=both)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        writers.start()
        with os.fdopen(terminal, "rb", buffering=0) as shown:
            while written := _read(shown):
                stream.feed(written)
        writers.join()
    finally:
        sys.setswitchinterval(interval)
    lines = [line for line in text_of(screen).splitlines() if line]
    assert lines == [f"line {turn}" for turn in range(TIMES)]


def test_ctrl_c_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    pressed: list[bool] = []

    def interrupt(screen: pyte.HistoryScreen) -> bytes | None:
        rows = "\n".join(screen.display)
        if pressed or HEAD not in rows or "Planned failover of vm1" not in rows:
            return None
        pressed.append(True)
        return b"\x03"

    with Simulator.start(scenario_of(*HOSTS), tmp_path / "simulator", speed=1) as simulator:
        vault = PlaybookRunner(simulator, tmp_path).knows_hosts()
        status, screen = watched(vault, interrupt)
    told = text_of(screen)
    assert (status, bool(pressed)) == (99, True), told
    assert "Jobs that were started go on in Azure, and nothing is lost. 3 not done" in told
    assert HEAD not in told
    assert not screen.cursor.hidden


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipeline"])
def test_without_rich_the_run_is_as_usual_and_says_so_where_somebody_looks(
    stage: Any, terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rich").mkdir()
    (tmp_path / "rich" / "__init__.py").write_text("raise ImportError('No module named rich')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    vault = stage(scenario_of(*HOSTS)).knows_hosts()
    if terminal:
        status, screen = watched(vault, lambda _screen: None)
        told = " ".join(text_of(screen).split())
    else:
        monkeypatch.setenv(*next(iter(ENABLED.items())))
        run = vault.play("fleet", HOSTS, **NOW)
        status, told = run.status, run.output
    assert (status, HEAD in told) == (0, False), told
    assert ("cannot show its table: No module named rich. Install rich" in told) is terminal


def test_what_is_nobodys_business_is_not_on_the_table(tmp_path: Path) -> None:
    tables: list[str] = []
    play = tmp_path / "quiet.yml"
    play.write_text(
        yaml.safe_dump(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "tasks": [
                        {
                            "name": "Start",
                            "asr.failback.planned_failover": {"replicated_items": list(HOSTS), **VAULT},
                            "no_log": True,
                        }
                    ],
                }
            ]
        )
    )

    def look(screen: pyte.HistoryScreen) -> None:
        tables.extend(line for line in screen.display if HEAD in line)

    with Simulator.start(scenario_of(*HOSTS), tmp_path / "simulator", speed=200) as simulator:
        vault = PlaybookRunner(simulator, tmp_path).knows_hosts()
        status, screen = watched(vault, look, playbook=str(play))
    assert (status, tables) == (0, []), text_of(screen)
