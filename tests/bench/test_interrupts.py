# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run ends that is interrupted with Ctrl-C at a random moment, and how a play of plain tasks does.

INTERRUPTS=200 make bench asks for another number of each. Between two tasks, ansible-core itself may lose a Ctrl-C, as
it forks a process for each task; while the collection's own task runs, none may be lost.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from support.playbook_runner import PlaybookRunner, hears_ctrl_c
from support.scenarios import item_of, scenario_of

from asr_simulator.server import Simulator

INTERRUPTS = int(os.environ.get("INTERRUPTS", "20"))
SEED = int(os.environ.get("SEED", "1"))
AT_ONCE = 2
# Seconds after the start: the latest moment, and how soon a run must have ended.
LATEST, SOON = 9.0, 5.0
# Fast, a run is between its tasks more often.
SPEEDS = (1, 60)
HOSTS: dict[str, dict[str, Any]] = {"db1": {}, "web1": {"failback_tier": 1}, "old1": {}, "web2": {"failback_tier": 1}}
OWN_TASKS = ("Check the prerequisites of all hosts", "Copy ahead while the VMs run in Azure", "Cut over the wave")
TASK = re.compile(r"^TASK \[(?:asr\.failback\.failback : )?(?P<title>.*?)\] \**$", re.MULTILINE)
OWN = "in a task of its own"
AT_ONCE_TOLD = "ended, and said what goes on"
TOLD = "Jobs that were started go on in Azure, and nothing is lost."
INTERRUPTED = 99
PLAIN = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": f"Say {number}", "ansible.builtin.debug": {"msg": "x"}} for number in range(200)],
    }
]


def test_the_own_task_always_hears_it(tmp_path: Path) -> None:
    rules = random.Random(SEED)
    moments = [(number, rules.uniform(0.5, LATEST), rules.choice(SPEEDS)) for number in range(INTERRUPTS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        own = Counter(pool.map(lambda moment: interrupted_fleet(tmp_path / f"fleet{moment[0]}", *moment[1:]), moments))
        plain = Counter(pool.map(lambda moment: interrupted_play(tmp_path / f"plain{moment[0]}", moment[1]), moments))
    for name, counted in (("fleet", own), ("plain tasks", plain)):
        print(f"\n{name}: " + "; ".join(f"{kind} {number}" for kind, number in sorted(counted.items())))
    assert {kind for kind in own if kind.startswith(OWN)} <= {f"{OWN}: {AT_ONCE_TOLD}"}


def interrupted_fleet(folder: Path, after: float, speed: float) -> str:
    """Interrupt a run of several VMs, and return when that was and what came of it."""
    folder.mkdir()
    scenario = scenario_of("db1", "web1", item_of("old1", in_azure_for="40d"), "web2")
    with Simulator.start(scenario, folder / "simulator", speed=speed) as simulator:
        vault = PlaybookRunner(simulator, folder).knows_hosts()
        command, environment = vault.prepared("fleet", HOSTS, failback_commit_policy="now")
        return interrupted(command, environment, folder, after)


def interrupted_play(folder: Path, after: float) -> str:
    """The same of a play that has nothing to do with the collection."""
    folder.mkdir()
    (folder / "plain.yml").write_text(yaml.safe_dump(PLAIN), encoding="utf-8")
    command = ["ansible-playbook", "-i", "one,two,three,four", str(folder / "plain.yml")]
    return interrupted(command, dict(os.environ), folder, after)


def interrupted(command: Sequence[str], environment: dict[str, str], folder: Path, after: float) -> str:
    """Interrupt a run after so many seconds, and return when that was and what came of it."""
    printed = folder / "output"
    with printed.open("w", encoding="utf-8") as output:
        run = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=hears_ctrl_c,
        )
    try:
        run.wait(after)
        return "over before"
    except subprocess.TimeoutExpired:
        before = printed.read_text(encoding="utf-8")
    # As a terminal does: to all of its foreground.
    os.killpg(run.pid, signal.SIGINT)
    try:
        run.wait(SOON)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return f"{_moment(before)}: {_end(run.returncode, printed.read_text(encoding='utf-8').removeprefix(before))}"


def _end(status: int, said: str) -> str:
    if status == -signal.SIGKILL:
        return f"still there after {SOON:.0f} s"
    if "Traceback" in said:
        return "ended with a traceback"
    return AT_ONCE_TOLD if status == INTERRUPTED and TOLD in said else f"ended with status {status}"


def _moment(printed: str) -> str:
    titles = TASK.findall(printed)
    if not titles:
        return "before the first task"
    ended = re.search(r"^(?:ok|changed|fatal|failed|skipping): ", printed[printed.rindex("TASK [") :], re.MULTILINE)
    return OWN if titles[-1] in OWN_TASKS and not ended else "between tasks"
