# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-playbook as a child of a process that has imported it and most of what it uses already.

Half of the processor time of a short run goes into imports. All else is as in a run of its own: the process, its
environment, its folder, its arguments. As a program this is that process: it reads runs from its standard input and
answers each with its exit status.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import random
import select
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

# What Ansible reads when a run uses it, not when it is imported.
READ_LATER = ("ANSIBLE_ASYNC_DIR",)
MODULE_UTILS = "ansible_collections.asr.failback.plugins.module_utils"
# A process that imports the first is a run: what its tasks share begins then. The second imports the first.
OF_A_RUN = (f"{MODULE_UTILS}.execution", f"{MODULE_UTILS}.module_main")
OTHERS = (
    *("ansible.executor.task_executor", "ansible.plugins.callback.default", "ansible.plugins.strategy.linear"),
    *("azure.identity", "azure.mgmt.compute", "azure.mgmt.recoveryservicessiterecovery", "pypsrp.client"),
)


@dataclass(frozen=True)
class Run:
    """One run: its command, and the file that takes what it prints."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    output: str


def run_playbook(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float
) -> tuple[int, str]:
    """Run ansible-playbook and return its exit status and what it printed.

    Raises:
        TimeoutError: it lasts longer than so many seconds.
    """
    return _warm(environment).run(command, environment, folder, seconds)


class _Warm:
    """A process that waits for runs with settings of Ansible that are read when it is imported."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env=dict(environment),
            cwd=self._folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        atexit.register(self._process.kill)

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float
    ) -> tuple[int, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        output = Path(self._folder.name) / "output"
        run = Run(list(command), dict(environment), str(folder), str(output))
        self._process.stdin.write(json.dumps(asdict(run)) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            os.killpg(self._process.pid, 9)
            _WARM.clear()
            raise TimeoutError(f"{' '.join(command)} after {seconds} s: {output.read_text(errors='replace')}")
        return int(self._process.stdout.readline()), output.read_text(encoding="utf-8")


_WARM: dict[tuple[tuple[str, str], ...], _Warm] = {}


def _warm(environment: Mapping[str, str]) -> _Warm:
    of_ansible = (item for item in environment.items() if item[0].startswith("ANSIBLE_") and item[0] not in READ_LATER)
    key = (*sorted(of_ansible), *((name, environment.get(name, "")) for name in ("HOME", "PATH", "LC_ALL")))
    if key not in _WARM:
        _WARM[key] = _Warm(environment)
    return _WARM[key]


def _main() -> None:
    warnings.filterwarnings("ignore", message="AnsibleCollectionFinder has already been configured")
    from ansible.cli.playbook import main
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    for name in OTHERS:
        importlib.import_module(name)
    ours = importlib.import_module(MODULE_UTILS)
    for module in pkgutil.walk_packages(ours.__path__, f"{MODULE_UTILS}."):
        if module.name not in OF_A_RUN:
            importlib.import_module(module.name)
    assert not set(OF_A_RUN) & set(sys.modules)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        run = Run(**json.loads(line))
        child = os.fork()
        if child == 0:
            _become(run)
            main()
            sys.exit()
        _child, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(run: Run) -> None:
    from ansible import constants

    printed = os.open(run.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, taken in enumerate((nothing, printed, printed)):
        os.dup2(taken, number)
    os.close(nothing)
    os.close(printed)
    os.environ.clear()
    os.environ.update(run.environment)
    os.chdir(run.folder)
    sys.argv = run.arguments
    random.seed()
    # Ansible makes this folder when it is imported, and each process takes it away when it ends.
    constants.DEFAULT_LOCAL_TMP = tempfile.mkdtemp(dir=Path(constants.DEFAULT_LOCAL_TMP).parent)
    atexit.register(shutil.rmtree, constants.DEFAULT_LOCAL_TMP, ignore_errors=True)


if __name__ == "__main__":
    _main()
