# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers of the collection: imports point downwards only, and each layer minds its own business."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.imports import COLLECTION, ROOT, SIMULATOR, SUBSET, imports, name_of, python_files

UTILS = "plugins.module_utils"
SHIPPED = ("plugins", "roles", "playbooks")
SIMULATOR_NAMES = ("asr_simulator", "asr-simulator", "powershell_subset")
# The only file that sleeps: everything else asks it for time.
OWNER_OF_TIME = f"{UTILS}.watch"
# The one way to wait.
WAITING = f"{UTILS}.waiting"
# The only file that imports pywinrm.
PYWINRM = f"{UTILS}.hyperv.pywinrm"
# What the processes of a run share.
SHARED = f"{UTILS}.run_cache"


@dataclass(frozen=True)
class Layer:
    """What the files under `place` (dotted) may import: its own layer, layers below, packages, the standard library."""

    place: str
    below: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    reads_the_clock: bool = True
    waits: bool = False


DECIDE, AZURE, HYPERV, PROBES, RUNNER, COPIES, VERBS = (
    f"{UTILS}.{name}" for name in ("model", "azure", "hyperv", "probes", "runner", "copies", "verbs")
)
# The only verb that writes a file.
REPORT = f"{VERBS}.failback_report"
NETWORK = ("asyncio", "http", "socket", "ssl", "subprocess", "urllib")
# In a module it is Ansible that runs them (ansible-test holds it to that); others are given a runner.
PROGRAMS = ("subprocess",)
FILES = ("io", "os", "pathlib", "shutil", "tempfile")
MODEL, WORKFLOWS, API, CONTROL = (f"{SIMULATOR}.site_recovery.{n}" for n in ("model", "workflows", "api", "control"))
OF_THE_SIMULATOR = (*("certifi", "cryptography", "jsonschema", "jwt", "spnego", "trustme", "werkzeug", "yaml"),)

# From the bottom up. A file belongs to the layer with the longest place that it is under.
LAYERS = (
    Layer(DECIDE, without=(*NETWORK, *FILES, "random", "threading", "time"), reads_the_clock=False),
    Layer(OWNER_OF_TIME, below=(DECIDE,), waits=True),
    Layer(WAITING, below=(DECIDE, OWNER_OF_TIME), without=(*NETWORK, *FILES, "time"), reads_the_clock=False),
    Layer(SHARED),
    Layer(AZURE, below=(DECIDE, OWNER_OF_TIME, SHARED), packages=("azure",), without=PROGRAMS),
    # pywinrm, and what it stands on, for its exceptions.
    Layer(PYWINRM, packages=("requests", "requests_credssp", "spnego", "winrm")),
    Layer(HYPERV, below=(DECIDE, OWNER_OF_TIME, WAITING, SHARED, PYWINRM), without=PROGRAMS),
    # Sockets and the client of SSH; Ansible for its HTTP.
    Layer(PROBES, below=(DECIDE, OWNER_OF_TIME, HYPERV), packages=("ansible",), without=PROGRAMS),
    # The loop that every verb runs in, then what looks at the two copies of a VM and moves them, then the verbs.
    *(
        Layer(
            place,
            below=(DECIDE, OWNER_OF_TIME, WAITING, AZURE, HYPERV, PROBES, *rooms),
            without=(*NETWORK, *FILES, "time"),
            reads_the_clock=False,
        )
        for place, rooms in ((RUNNER, ()), (COPIES, (RUNNER,)), (VERBS, (RUNNER, COPIES)))
    ),
    Layer(REPORT, below=(DECIDE, OWNER_OF_TIME, RUNNER), without=(*NETWORK, "time"), reads_the_clock=False),
    # What modules and action plugins have in common: where a task begins.
    Layer(
        UTILS,
        below=(DECIDE, OWNER_OF_TIME, WAITING, SHARED, AZURE, PYWINRM, HYPERV, PROBES, RUNNER),
        packages=("ansible",),
        without=PROGRAMS,
    ),
    Layer("plugins.modules", below=(VERBS, REPORT, UTILS), packages=("ansible",), without=PROGRAMS),
    Layer("plugins.plugin_utils", below=(DECIDE, OWNER_OF_TIME, RUNNER, UTILS), packages=("ansible",)),
    Layer("plugins.action", below=("plugins.plugin_utils", VERBS, REPORT), packages=("ansible",)),
    # Every other kind of plugin.
    Layer("plugins", below=("plugins.plugin_utils", DECIDE), packages=("ansible",)),
    Layer(SUBSET, without=(*NETWORK, *PROGRAMS, *FILES, "random", "threading", "time"), reads_the_clock=False),
    # The rooms of the simulated vault; they know the other services of the simulator.
    Layer(MODEL, below=(SIMULATOR,)),
    Layer(WORKFLOWS, below=(SIMULATOR, MODEL)),
    Layer(API, below=(SIMULATOR, MODEL, WORKFLOWS)),
    Layer(CONTROL, below=(SIMULATOR, MODEL, WORKFLOWS, API)),
    Layer(
        SIMULATOR,
        below=(SUBSET, MODEL, WORKFLOWS, API, CONTROL),
        packages=(*OF_THE_SIMULATOR, "_typeshed"),
        waits=True,
    ),
)


def violations(root: Path) -> Iterator[str]:
    """Yield a line for each thing that a file under `root` does and its layer may not."""
    for file in python_files(root):
        module = name_of(file, root)
        layer = layer_of(module)
        assert layer is not None, f"{module} belongs to no layer"
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for target in imports(tree, module):
            if not may_import(layer, target):
                yield f"{module} imports {target}"
        yield from (f"{module} {deed}" for deed in uses_of_time(tree, layer))


def layer_of(module: str) -> Layer | None:
    """Return the layer of a dotted name, the most particular one."""
    fitting = [layer for layer in LAYERS if f"{module}.".startswith(f"{layer.place}.")]
    return max(fitting, key=lambda layer: len(layer.place), default=None)


def may_import(layer: Layer, target: str) -> bool:
    """Whether a file of `layer` may import the dotted name `target`."""
    ours = layer_of(target)
    if ours is not None:
        return ours is layer or ours.place in layer.below
    top = target.partition(".")[0]
    return top in layer.packages or (top in sys.stdlib_module_names and top not in layer.without)


def uses_of_time(tree: ast.AST, layer: Layer) -> Iterator[str]:
    """Yield each call that waits, or reads a clock where the layer must not."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner, name = ast.unparse(node.func.value), node.func.attr
        waits = name == "sleep" and owner in ("asyncio", "time")
        reads = name in ("now", "today", "utcnow") and owner.rpartition(".")[2] in ("date", "datetime")
        if (waits and not layer.waits) or (reads and not layer.reads_the_clock):
            yield f"calls {owner}.{name}"


def readings_of_models(root: Path) -> Iterator[str]:
    """Yield each place where what is shipped reads an SDK's model: models differ from version to version."""
    for file in sorted((root / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("as_dict", "serialize"):
                yield f"{file.relative_to(root).as_posix()} uses {node.attr}"


def names_of_the_simulator(root: Path) -> Iterator[str]:
    """Yield each file of what is shipped that names the simulator's package or command."""
    for file in sorted(file for place in SHIPPED for file in (root / place).rglob("*") if file.is_file()):
        if any(name.encode() in file.read_bytes() for name in SIMULATOR_NAMES):
            yield file.relative_to(root).as_posix()


def test_imports_point_downwards() -> None:
    assert list(violations(ROOT)) == []


def test_answers_are_read_as_they_come_over_the_wire() -> None:
    assert list(readings_of_models(ROOT)) == []


def test_the_check_sees_the_layers_that_there_are() -> None:
    seen = {layer_of(name_of(file, ROOT)) for file in python_files(ROOT)}
    places = {layer.place for layer in seen if layer}
    assert places >= {DECIDE, AZURE, PROBES, RUNNER, COPIES, VERBS, OWNER_OF_TIME, "plugins.modules", "plugins.action"}


def test_nothing_that_is_shipped_names_the_simulator() -> None:
    assert list(names_of_the_simulator(ROOT)) == []


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("plugins/module_utils/model/items.py", "import azure.identity", "imports azure.identity"),
        ("plugins/module_utils/model/items.py", "import time", "imports time"),
        ("plugins/module_utils/model/items.py", "from ..azure import session", f"imports {AZURE}.session"),
        ("plugins/module_utils/model/items.py", "from ..verbs.commit import run", f"imports {VERBS}.commit.run"),
        ("plugins/module_utils/model/items.py", "def f(): return datetime.now()", "calls datetime.now"),
        ("plugins/module_utils/azure/session.py", "import winrm", "imports winrm"),
        ("plugins/module_utils/azure/session.py", "from .. import hyperv", f"imports {HYPERV}"),
        ("plugins/module_utils/hyperv/session.py", "from azure.core import rest", "imports azure.core.rest"),
        ("plugins/module_utils/hyperv/session.py", "import winrm", "imports winrm"),
        ("plugins/module_utils/hyperv/session.py", "from requests import post", "imports requests.post"),
        ("plugins/module_utils/hyperv/kerberos.py", "import subprocess", "imports subprocess"),
        ("plugins/module_utils/probes/ssh.py", "import subprocess", "imports subprocess"),
        ("plugins/module_utils/probes/tcp.py", "import winrm", "imports winrm"),
        ("plugins/module_utils/probes/tcp.py", "from ..azure import session", f"imports {AZURE}.session"),
        ("plugins/module_utils/probes/tcp.py", "def f(): time.sleep(1)", "calls time.sleep"),
        ("plugins/module_utils/verbs/commit.py", "from azure.core import rest", "imports azure.core.rest"),
        ("plugins/module_utils/verbs/commit.py", "import ansible.plugins", "imports ansible.plugins"),
        ("plugins/module_utils/watch.py", "from .verbs import commit", f"imports {VERBS}.commit"),
        ("plugins/modules/commit.py", f"from {COLLECTION}{AZURE}.session import x", f"imports {AZURE}.session.x"),
        ("plugins/action/commit.py", "def f(): time.sleep(1)", "calls time.sleep"),
        ("simulator/src/asr_simulator/wire.py", f"import {COLLECTION}{DECIDE}.items", f"imports {DECIDE}.items"),
        ("simulator/src/asr_simulator/wire.py", "from ansible import context", "imports ansible.context"),
        (
            "simulator/src/powershell_subset/console.py",
            "from asr_simulator.world import World",
            "imports simulator.src.asr_simulator.world.World",
        ),
        ("simulator/src/powershell_subset/console.py", "import time", "imports time"),
        (
            "simulator/src/asr_simulator/site_recovery/model/items.py",
            "from asr_simulator.site_recovery.workflows.vault import Vault",
            f"imports {WORKFLOWS}.vault.Vault",
        ),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, line: str, found: str) -> None:
    place = tmp_path / file
    place.parent.mkdir(parents=True)
    place.write_text(line, encoding="utf-8")
    module = file.removesuffix(".py").replace("/", ".")
    assert list(violations(tmp_path)) == [f"{module} {found}"]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("plugins/module_utils/model/items.py", "from .json_path import field"),
        ("plugins/module_utils/azure/session.py", "from azure.core import rest"),
        ("plugins/module_utils/azure/session.py", "from ..model.failures import NotFound"),
        ("plugins/module_utils/verbs/commit.py", "from ..azure.session import AzureSession"),
        ("plugins/module_utils/watch.py", "import time\ndef f(): time.sleep(1)"),
        ("plugins/modules/commit.py", f"from {COLLECTION}{VERBS}.commit import run"),
    ],
)
def test_what_the_layers_allow_is_not_reported(tmp_path: Path, file: str, line: str) -> None:
    place = tmp_path / file
    place.parent.mkdir(parents=True)
    place.write_text(line, encoding="utf-8")
    assert list(violations(tmp_path)) == []


def test_a_planted_name_of_the_simulator_is_found(tmp_path: Path) -> None:
    playbook = tmp_path / "playbooks" / "failback.yml"
    playbook.parent.mkdir()
    playbook.write_text("- command: asr-simulator serve\n", encoding="utf-8")
    assert list(names_of_the_simulator(tmp_path)) == ["playbooks/failback.yml"]


def test_what_a_scheduler_drives_never_sleeps() -> None:
    folders = [ROOT.joinpath(*place.split(".")) for place in (RUNNER, COPIES, VERBS)]
    files = [file for folder in folders for file in folder.glob("*.py")]
    assert files
    assert [file.name for file in files if ".sleep(" in file.read_text(encoding="utf-8")] == []
