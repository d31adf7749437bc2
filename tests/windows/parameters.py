# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks the commands of the scripts up in the real modules of a Windows machine: each call must fit a parameter set."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "simulator" / "src")]

from powershell_subset.checks import every_node  # noqa: E402 - it is found by the line above
from powershell_subset.syntax import parse  # noqa: E402
from powershell_subset.syntax.nodes import Command, Constant, Function, NamedArgument  # noqa: E402

PACKAGE = "ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts"
SCRIPTS = ROOT / "plugins" / "module_utils" / "hyperv" / "scripts"
# Of servers that no runner is.
ELSEWHERE = ("Cluster", "-SC")
# The names of a set on a line: ConvertTo-Json of 5.1 makes no list of one.
LOOK_UP = (
    "foreach ($set in (Get-Command -Name '{}' -ErrorAction Stop).ParameterSets) "
    "{{ @($set.Parameters | ForEach-Object {{ $_.Name }}) -join ' ' }}"
)


def used() -> dict[str, set[frozenset[str]]]:
    """The commands that the scripts call, with the parameters that each call gives them."""
    found: dict[str, set[frozenset[str]]] = {}
    for name, parameters in (call for text in texts() for call in calls(text)):
        found.setdefault(name, set()).add(frozenset(parameters))
    return found


def texts() -> Iterator[str]:
    """The scripts and the bootstrap."""
    for file in SCRIPTS.glob("*.py"):
        module = importlib.import_module(f"{PACKAGE}.{file.stem}")
        yield str(getattr(module, "SCRIPT", None) or getattr(module, "BOOTSTRAP", ""))


def calls(text: str) -> Iterator[tuple[str, set[str]]]:
    """The commands of one text that are none of its own functions."""
    nodes = list(every_node(parse(text)))
    own = {node.name.lower() for node in nodes if isinstance(node, Function)}
    for node in nodes:
        if isinstance(node, Command) and isinstance(node.name, Constant) and str(node.name.value).lower() not in own:
            yield str(node.name.value), {each.name for each in node.arguments if isinstance(each, NamedArgument)}


def unfit(name: str, given: set[frozenset[str]]) -> list[str]:
    """The calls whose parameters no parameter set of the real command has together."""
    ran = subprocess.run(
        ["powershell.exe", "-NoProfile", "-Command", LOOK_UP.format(name)], capture_output=True, check=True
    )
    sets = [set(line.lower().split()) for line in ran.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    wrong = [call for call in given if not any({one.lower() for one in call} <= known for known in sets)]
    return sorted(" ".join(sorted(call)) for call in wrong)


def main() -> int:
    """Print what is not there; 1 if anything is not."""
    wrong = 0
    for name, given in sorted(used().items()):
        if any(mark in name for mark in ELSEWHERE):
            sys.stdout.write(f"not looked up: {name}\n")
            continue
        lacking = unfit(name, given)
        wrong |= bool(lacking)
        sys.stdout.write(f"{name}: {'; '.join(lacking) or 'fits'}\n")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
