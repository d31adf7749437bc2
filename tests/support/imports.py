# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the files of the collection and of the simulator import, by the names of their places in this tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.asr.failback."
# The interpreter of the simulated hosts: a package beside the simulator, which knows nothing of it.
SUBSET = "simulator.src.powershell_subset"
SIMULATOR = "simulator.src.asr_simulator"
# Where a package of the simulator is imported from.
SOURCES = {"asr_simulator": SIMULATOR, "powershell_subset": SUBSET}


def python_files(root: Path) -> list[Path]:
    """Return the Python files of the collection and the simulator, sorted."""
    return sorted(file for place in ("plugins", "simulator/src") for file in (root / place).rglob("*.py"))


def name_of(file: Path, root: Path) -> str:
    """Return the dotted name of a file's place under `root`."""
    return ".".join(file.relative_to(root).with_suffix("").parts)


def imports(tree: ast.AST, module: str) -> Iterator[str]:
    """Yield what a file imports, dotted; a name of this collection starts with `plugins`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (located(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def absolute(node: ast.ImportFrom, module: str) -> str:
    """Return the package that names are imported from, without the dots of a relative import."""
    if not node.level:
        return located(node.module or "")
    package = module.split(".")[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def located(name: str) -> str:
    """Return where a dotted name is in this tree; a name of another package as it is."""
    package, dot, rest = name.removeprefix(COLLECTION).partition(".")
    return SOURCES.get(package, package) + dot + rest
