# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a playbook of the collection against the simulator, in processes of their own.

Nothing real can be reached from there: the environment has the simulator's credentials instead of the user's, and the
inventory has no host but those of the simulator.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import yaml

from ansible_collections.asr.failback.plugins.module_utils.model.child_environment import for_other_programs
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError, MissingLibrary
from ansible_collections.asr.failback.plugins.module_utils.model.rehearsals import (
    OF_VAULT,
    inventory_for,
    options_for,
    playbook_for,
)

_SIMULATOR = "asr-simulator"
_START_SECONDS, _END_SECONDS, _LOOK_SECONDS = 60, 10, 0.2
_LAST_LINES = 6
# What it has written when it is ready, and what it has written before that.
_READY, _ENVIRONMENT, _HOSTS = "connection.json", "env.sh", "hyperv_hosts.yml"
_OWN = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONPYCACHEPREFIX")


def rehearse(scenario, hosts, run, *, speed, record, log, timeout, simulator, collections, watch):
    """Rehearse what a scenario calls for and return how it ended: C(playbook), C(exit_code), C(record), C(log).

    C(hosts) are the variables of each host, C(run) those of all; C(collections) is where this collection is. Raises
    FailbackError where it could not take place.
    """
    playbook = playbook_for(_read(scenario), hosts)
    with tempfile.TemporaryDirectory(prefix="failback-rehearsal-") as folder, open(_private(log), "w") as told:
        state = Path(folder) / "simulator"
        with _running(_command(simulator), scenario, state, speed, told, watch):
            inventory = Path(folder) / "inventory.yml"
            inventory.write_text(_as_inventory(inventory_for(hosts, run, speed)))
            command = ["ansible-playbook", f"asr.failback.{playbook}", "-i", str(inventory), "-i", str(state / _HOSTS)]
            command += ["-e", json.dumps({"failback_report": record, **options_for(playbook)})]
            environment = _environment(state, folder, collections)
            watch.report(
                f"asr.failback.{playbook} runs on the simulator, {speed:g} times as fast; all it prints: {log}"
            )
            code = _run(command, environment, told, timeout, watch)
    if not Path(record).exists():
        raise ConfigurationError(
            f"The rehearsal ended with exit code {code} and left no record. Printed last: {_last_words(log)}",
            f"All that it printed is in {log}",
        )
    return {"playbook": f"asr.failback.{playbook}", "exit_code": code, "record": record, "log": log}


class _Text(str):
    """A text in which Ansible is to see no template."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes such texts as what Ansible calls unsafe."""


_Dumper.add_representer(_Text, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


def _as_inventory(content):
    """Return an inventory as YAML. What was read of the user's, names that others gave to VMs among it, is no
    template there."""
    # Values of Ansible are of types of its own.
    plain = json.loads(json.dumps(content, default=str))
    own = {name: value for name, value in plain["all"]["vars"].items() if name in OF_VAULT}
    of_user = _as_text({name: value for name, value in plain["all"]["vars"].items() if name not in OF_VAULT})
    hosts = _as_text(plain["all"]["hosts"])
    return yaml.dump({"all": {"hosts": hosts, "vars": {**of_user, **own}}}, Dumper=_Dumper)


def _as_text(value):
    if isinstance(value, str):
        return _Text(value)
    if isinstance(value, dict):
        return {str(name): _as_text(part) for name, part in value.items()}
    return [_as_text(part) for part in value] if isinstance(value, (list, tuple)) else value


def _read(scenario):
    try:
        return yaml.safe_load(Path(scenario).read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as problem:
        raise ConfigurationError(
            f"The scenario {scenario} cannot be read: {type(problem).__name__}.", "Let vault_export write it."
        ) from problem


def _private(path):
    """Return the path of a file that only its owner may read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)
        os.close(descriptor)
    except OSError as problem:
        raise ConfigurationError(f"{path} cannot be written: {problem.strerror}.", "Give another path.") from problem
    return path


def _last_words(log):
    lines = [line.strip() for line in Path(log).read_text(encoding="utf-8", errors="replace").splitlines()]
    return " ".join(filter(None, lines[-_LAST_LINES:])) or "nothing"


def _command(simulator):
    beside = Path(sys.executable).with_name(_SIMULATOR)
    found = simulator or shutil.which(_SIMULATOR) or (str(beside) if beside.exists() else None)
    if found is None or not os.access(found, os.X_OK):
        raise MissingLibrary(
            f"{found or _SIMULATOR} is not installed on the controller.",
            "Install the package asr-simulator there: a rehearsal runs on it.",
        )
    return found


@contextmanager
def _running(command, scenario, state, speed, told, watch):
    """Run the simulator until the end of the block."""
    state.mkdir(mode=0o700)
    arguments = ["serve", "--scenario", str(scenario), "--state-dir", str(state), "--speed", f"{speed:g}"]
    process = subprocess.Popen(
        [command, *arguments], env=_own_environment(), stdout=told, stderr=told, stdin=subprocess.DEVNULL
    )
    try:
        deadline = watch.now() + _START_SECONDS
        while not (state / _READY).exists():
            if process.poll() is not None or watch.now() > deadline:
                raise ConfigurationError(f"The simulator did not start: {_last_words(told.name)}", f"See {told.name}")
            watch.pause(_LOOK_SECONDS)
        yield
    finally:
        _end(process)


def _run(command, environment, told, timeout, watch):
    """Run a program to its end and return its exit code."""
    process = subprocess.Popen(command, env=environment, stdout=told, stderr=told, stdin=subprocess.DEVNULL)
    deadline = watch.now() + timeout
    try:
        while process.poll() is None:
            watch.require_wanted()
            if watch.now() > deadline:
                raise ConfigurationError(
                    f"The rehearsal did not end within {timeout} seconds.",
                    f"Nothing real was touched. Give it more time (timeout), or a higher speed; see {told.name}",
                )
            watch.pause(_LOOK_SECONDS)
    finally:
        _end(process)
    return process.returncode


def _end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _own_environment():
    """Return what of this process's environment is no secret and leads to nothing real."""
    return {name: value for name, value in for_other_programs(os.environ).items() if name in _OWN}


def _environment(state, folder, collections):
    """Return the environment of the playbook: what the simulator exports, and of this process what tells no secret."""
    own = _own_environment()
    shown = subprocess.run(
        ["/bin/sh", "-c", '. "$1" && env -0', "sh", str(state / _ENVIRONMENT)], capture_output=True, check=True, env=own
    )
    settings = Path(folder) / "ansible.cfg"
    settings.touch()
    exported = (entry.partition("=") for entry in shown.stdout.decode().split("\0") if "=" in entry)
    return {
        **{name: value for name, _equals, value in exported},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", os.defpath)]),
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(collections),
        "ANSIBLE_HOME": str(Path(folder) / "ansible"),
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORKS": "30",
    }
