# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks the commands and parameters of the scripts up in the real modules of a Windows machine."""

from __future__ import annotations

import importlib
import json
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
LOOK_UP = "$c = Get-Command -Name '{}' -ErrorAction Stop; ConvertTo-Json -Compress @($c.Parameters.Keys)"


def used() -> dict[str, set[str]]:
    """The commands that the scripts call, with the parameters that they give them."""
    found: dict[str, set[str]] = {}
    for name, parameters in (call for text in texts() for call in calls(text)):
        found.setdefault(name, set()).update(parameters)
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


def missing(name: str, parameters: set[str]) -> set[str]:
    """The parameters that the real command does not have."""
    ran = subprocess.run(
        ["powershell.exe", "-NoProfile", "-Command", LOOK_UP.format(name)], capture_output=True, check=True
    )
    known = {parameter.lower() for parameter in json.loads(ran.stdout)}
    return {parameter for parameter in parameters if parameter.lower() not in known}


def main() -> int:
    """Print what is not there; 1 if anything is not."""
    wrong = 0
    for name, parameters in sorted(used().items()):
        if any(mark in name for mark in ELSEWHERE):
            sys.stdout.write(f"not looked up: {name}\n")
            continue
        lacking = missing(name, parameters)
        wrong |= bool(lacking)
        sys.stdout.write(f"{name}: {', '.join(sorted(lacking)) or 'all there'}\n")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
