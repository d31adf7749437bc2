# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing imports itself by way of others, not even within a function or for a type."""

from __future__ import annotations

import ast
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.imports import ROOT, SIMULATOR, SUBSET, imports, name_of, python_files

UTILS = "plugins.module_utils"
# What each module, or folder, imports.
Graph = Mapping[str, set[str]]


def imported(root: Path) -> dict[str, set[str]]:
    """Return what each module under `root` imports of the others; a package is its `__init__.py`."""
    files = {name_of(file, root).removesuffix(".__init__"): file for file in python_files(root)}
    return {module: set(_modules(files, file, root)) for module, file in files.items()}


def _modules(files: Mapping[str, Path], file: Path, root: Path) -> Iterator[str]:
    """Yield the modules that a file imports, or imports something of."""
    for name in imports(ast.parse(file.read_text(encoding="utf-8")), name_of(file, root)):
        while name and name not in files:
            name = name.rpartition(".")[0]
        if name:
            yield name


def folders(graph: Graph, package: str) -> dict[str, set[str]]:
    """Return what each folder of a package imports of the others; a file at its top counts as one."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module, targets in graph.items():
        ends = {(_folder(module, package), _folder(target, package)) for target in targets}
        for folder, other in ends:
            if folder and other and folder != other:
                found[folder].add(other)
    return dict(found)


def _folder(module: str, package: str) -> str:
    """Return the folder of a package that a module is in; empty: none."""
    return module.removeprefix(f"{package}.").partition(".")[0] if module.startswith(f"{package}.") else ""


def circles(graph: Graph) -> list[str]:
    """Name each circle of imports once, the short ones first; of those through the same import, the shortest."""
    left = _entangled(graph)
    ways = {_from_the_first(way) for start in left for end in left[start] if (way := _shortest(left, end, start))}
    return [" -> ".join((*way, way[0])) for way in sorted(ways, key=lambda way: (len(way), way))]


def _entangled(graph: Graph) -> dict[str, set[str]]:
    """Return what is left when all is taken away that imports nothing of what is left."""
    left = {name: targets & graph.keys() for name, targets in graph.items()}
    while ends := {name for name, targets in left.items() if not targets}:
        left = {name: targets - ends for name, targets in left.items() if name not in ends}
    return left


def _shortest(graph: Graph, start: str, end: str) -> tuple[str, ...]:
    """Return the shortest way along imports, the first of them by name; empty: there is none."""
    ways: deque[tuple[str, ...]] = deque([(start,)])
    seen = {start}
    while ways:
        way = ways.popleft()
        if way[-1] == end:
            return way
        ways.extend((*way, name) for name in sorted(graph[way[-1]] - seen))
        seen |= graph[way[-1]]
    return ()


def _from_the_first(way: tuple[str, ...]) -> tuple[str, ...]:
    """Return a way around a circle as it begins with the first of its names."""
    first = way.index(min(way))
    return (*way[first:], *way[:first])


def test_no_module_imports_itself_by_way_of_others() -> None:
    found = circles(imported(ROOT))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("package", [SUBSET, SIMULATOR, UTILS])
def test_no_folder_imports_itself_by_way_of_others(package: str) -> None:
    graph = folders(imported(ROOT), package)
    found = circles(graph)
    assert graph
    assert not found, "\n".join(found)


def plant(root: Path, **files: str) -> dict[str, set[str]]:
    """Write files of the simulator by name (`__` is a folder's slash), and return what they import."""
    for name, text in files.items():
        file = root.joinpath("simulator/src/asr_simulator", *name.split("__")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return imported(root)


@pytest.mark.parametrize(
    "line",
    [
        "from asr_simulator.world import World",
        "import asr_simulator.world",
        "from asr_simulator import world",
        "from .. import world",
        "from ..world import World",
        "if TYPE_CHECKING:\n    from asr_simulator.world import World",
        "def f():\n    from asr_simulator.world import World",
    ],
)
def test_a_planted_circle_is_named(tmp_path: Path, line: str) -> None:
    graph = plant(tmp_path, world="from asr_simulator.wsman.hosts import Host", wsman__hosts=line)
    assert circles(graph) == [f"{SIMULATOR}.world -> {SIMULATOR}.wsman.hosts -> {SIMULATOR}.world"]
    assert circles(folders(graph, SIMULATOR)) == ["world -> wsman -> world"]


def test_each_import_of_a_circle_is_in_one_that_is_named() -> None:
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": {"a", "d"}, "d": {"d", "e"}, "e": set[str]()}
    assert circles(graph) == ["d -> d", "a -> c -> a", "a -> b -> c -> a"]


def test_a_package_stands_for_the_file_that_makes_it_one(tmp_path: Path) -> None:
    (tmp_path / "simulator/src/asr_simulator/wsman").mkdir(parents=True)
    (tmp_path / "simulator/src/asr_simulator/wsman/__init__.py").write_text("from .hosts import Host", encoding="utf-8")
    graph = plant(tmp_path, world="from asr_simulator.wsman import Host", wsman__hosts="import asr_simulator.world")
    wsman = f"{SIMULATOR}.wsman"
    assert circles(graph) == [f"{SIMULATOR}.world -> {wsman} -> {wsman}.hosts -> {SIMULATOR}.world"]


def test_what_points_downwards_is_no_circle(tmp_path: Path) -> None:
    graph = plant(
        tmp_path,
        world="from asr_simulator.wsman import hosts, server",
        wsman__server="import ssl\nfrom asr_simulator import clock\nfrom . import hosts",
        wsman__hosts="from asr_simulator.clock import Clock",
        clock="import time",
    )
    assert graph[f"{SIMULATOR}.wsman.server"] == {f"{SIMULATOR}.clock", f"{SIMULATOR}.wsman.hosts"}
    assert circles(graph) == []
    assert circles(folders(graph, SIMULATOR)) == []
