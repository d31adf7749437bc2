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
# What starts the simulator, as a program of the machine, and says so.
REHEARSAL = "rehearsal"
# The only file that sleeps: everything else asks it for time.
OWNER_OF_TIME = f"{UTILS}.watch"
# The one way to wait.
WAITING = f"{UTILS}.waiting"
# The only file that imports pywinrm.
PYWINRM = f"{UTILS}.hyperv.pywinrm"
# What the processes of a run share.
SHARED = f"{UTILS}.run_cache"
OWNERS_FILE, REPORT_FILE = f"{UTILS}.owners_file", f"{UTILS}.report_file"
# What of an exchange may be shown.
REDACTION = f"{UTILS}.redaction"
# What the virtual machines of a task share.
READS = f"{UTILS}.shared_reads"


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
# What is sent to hosts.
SCRIPTS = f"{HYPERV}.scripts"
# The verb that is made of the others.
FAILBACK = f"{VERBS}.failback"
# The only verbs that write a file; the third one reads them.
REPORT, EXPORT, SCORECARD = f"{VERBS}.failback_report", f"{VERBS}.vault_export", f"{VERBS}.failback_scorecard"
NETWORK = ("asyncio", "http", "socket", "ssl", "subprocess", "urllib")
# In a module it is Ansible that runs them (ansible-test holds it to that); others are given a runner.
PROGRAMS = ("subprocess",)
FILES = ("io", "os", "pathlib", "shutil", "tempfile")
# What is the same whenever and wherever it runs has none of these, and reads no clock.
OUTSIDE = (*NETWORK, *FILES, "random", "threading", "time")
# What all services of the simulator stand on, then the services.
CLOCK, FIBERS, IDENTITIES, WIRE, SOCKETS, SCENARIOS, FAULT_VALUES = BASE = tuple(
    f"{SIMULATOR}.{name}" for name in ("clock", "fibers", "identities", "wire", "sockets", "scenarios", "fault_values")
)
ENTRA, ARM, COMPUTE, HOSTS, WSMAN, VAULT = SERVICES = tuple(
    f"{SIMULATOR}.{name}" for name in ("entra", "arm", "compute", "hyperv", "wsman", "site_recovery")
)
CMDLETS, HOST_FAULTS = f"{HOSTS}.cmdlets", f"{HOSTS}.host_faults"
MODEL, WORKFLOWS, API, CONTROL = ROOMS = tuple(f"{VAULT}.{name}" for name in ("model", "workflows", "api", "control"))
BODIES = f"{API}.representation"
# What holds recordings against the simulator, whose answers it is given.
VERIFY = f"{SIMULATOR}.verify"


def pure(place: str, *below: str, packages: tuple[str, ...] = ()) -> Layer:
    """Return a layer of what is the same whenever and wherever it runs."""
    return Layer(place, below, packages, OUTSIDE, reads_the_clock=False)


# The folders of the interpreter of the simulated hosts, and the files at its top that they stand on.
INTERPRETER = [
    pure(f"{SUBSET}.{name}", *(f"{SUBSET}.{other}" for other in below.split()))
    for name, below in {
        "interface": "",
        "objects": "",
        "source": "",
        "values": "objects",
        "errors": "interface objects source values",
        "operators": "errors objects values",
        "members": "errors objects operators values",
        "syntax": "objects source values",
        "running": "errors interface members objects operators source syntax values",
        "display": "errors objects source values",
        "cmdlets": "display errors interface members objects operators running syntax values",
    }.items()
]

# From the bottom up. A file belongs to the layer with the longest place that it is under.
LAYERS = (
    # Of dateutil its recurrence rules, which are arithmetic.
    pure(DECIDE, packages=("dateutil",)),
    Layer(OWNER_OF_TIME, below=(DECIDE,), waits=True),
    Layer(WAITING, below=(DECIDE, OWNER_OF_TIME), without=(*NETWORK, *FILES, "time"), reads_the_clock=False),
    Layer(SHARED),
    Layer(OWNERS_FILE, below=(DECIDE,), without=(*NETWORK, "time"), reads_the_clock=False),
    # It finds records in folders.
    Layer(
        REPORT_FILE,
        below=(DECIDE, OWNERS_FILE),
        without=(*NETWORK, *(name for name in FILES if name != "pathlib"), "time"),
        reads_the_clock=False,
    ),
    Layer(READS, below=(DECIDE, OWNER_OF_TIME), without=(*NETWORK, *FILES, "time"), reads_the_clock=False),
    # It reads links.
    Layer(REDACTION, without=tuple(name for name in OUTSIDE if name != "urllib"), reads_the_clock=False),
    Layer(
        AZURE,
        below=(DECIDE, OWNER_OF_TIME, SHARED, OWNERS_FILE, READS, REDACTION),
        # What azure-core sends with tells what the environment says of proxies.
        packages=("azure", "requests"),
        without=PROGRAMS,
    ),
    # pywinrm, and what it stands on, for its exceptions.
    Layer(PYWINRM, packages=("requests", "requests_credssp", "spnego", "winrm")),
    pure(SCRIPTS),
    Layer(HYPERV, below=(DECIDE, OWNER_OF_TIME, WAITING, SHARED, READS, PYWINRM, SCRIPTS), without=PROGRAMS),
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
        for place, rooms in ((RUNNER, ()), (COPIES, (SCRIPTS, RUNNER)), (VERBS, (SCRIPTS, RUNNER, COPIES)))
    ),
    *(
        Layer(
            place,
            below=(DECIDE, OWNER_OF_TIME, REPORT_FILE, RUNNER),
            without=(*NETWORK, *FILES, "time"),
            reads_the_clock=False,
        )
        for place in (REPORT, SCORECARD)
    ),
    # Ansible for its YAML.
    Layer(
        EXPORT,
        below=(DECIDE, OWNER_OF_TIME, OWNERS_FILE, AZURE, HYPERV, RUNNER),
        packages=("ansible",),
        without=(*NETWORK, *FILES, "time"),
        reads_the_clock=False,
    ),
    # What modules and action plugins have in common: where a task begins.
    Layer(
        UTILS,
        below=(DECIDE, OWNER_OF_TIME, WAITING, SHARED, READS, REPORT_FILE, AZURE, PYWINRM, HYPERV, PROBES, RUNNER),
        packages=("ansible",),
        without=PROGRAMS,
    ),
    Layer(
        FAILBACK,
        below=(DECIDE, OWNER_OF_TIME, WAITING, AZURE, RUNNER, VERBS, UTILS),
        packages=("ansible",),
        without=(*NETWORK, *FILES, "time"),
        reads_the_clock=False,
    ),
    Layer(
        "plugins.modules",
        below=(VERBS, REPORT, EXPORT, SCORECARD, FAILBACK, UTILS),
        packages=("ansible",),
        without=PROGRAMS,
    ),
    Layer(
        "plugins.plugin_utils",
        below=(DECIDE, OWNER_OF_TIME, RUNNER, UTILS, OWNERS_FILE, REPORT_FILE),
        packages=(
            *("ansible", "google", "jinja2", "junitparser", "opentelemetry", "prometheus_client", "requests", "rich"),
            "yaml",
        ),
    ),
    Layer("plugins.callback", below=("plugins.plugin_utils", UTILS), packages=("ansible",)),
    Layer(
        "plugins.action",
        below=("plugins.plugin_utils", VERBS, REPORT, EXPORT, SCORECARD, FAILBACK),
        packages=("ansible",),
    ),
    Layer(
        "plugins.inventory",
        below=("plugins.plugin_utils", DECIDE, VERBS, UTILS),
        packages=("ansible",),
        without=(*NETWORK, "time"),
        reads_the_clock=False,
    ),
    Layer("plugins.filter", below=(DECIDE,), packages=("ansible",)),
    Layer("plugins.doc_fragments"),
    *INTERPRETER,
    pure(SUBSET, *(layer.place for layer in INTERPRETER)),
    # The simulator: time, chance and threads are in files that have nothing else.
    *(Layer(place, without=(*NETWORK, *FILES)) for place in (CLOCK, FIBERS, IDENTITIES)),
    Layer(WIRE, packages=("orjson",), without=(*NETWORK, *FILES)),
    Layer(SOCKETS, without=(*PROGRAMS, *FILES)),
    Layer(SCENARIOS, below=(IDENTITIES, SUBSET), packages=("jsonschema", "yaml"), without=NETWORK),
    pure(FAULT_VALUES),
    pure(ENTRA, CLOCK, SCENARIOS, WIRE, FAULT_VALUES, packages=("cryptography", "jwt")),
    pure(ARM, CLOCK, IDENTITIES, SCENARIOS, WIRE),
    pure(COMPUTE, CLOCK, IDENTITIES, SCENARIOS, WIRE, FAULT_VALUES, ARM),
    pure(HOSTS, CLOCK, IDENTITIES, SCENARIOS, SUBSET),
    pure(CMDLETS, HOSTS, FIBERS, SUBSET, f"{SUBSET}.operators", f"{SUBSET}.values"),
    pure(HOST_FAULTS, FAULT_VALUES, HOSTS, CMDLETS),
    # It listens for the hosts, of which it knows nothing else.
    Layer(WSMAN, below=(CLOCK, FIBERS, IDENTITIES, SOCKETS), packages=("spnego", "trustme"), without=PROGRAMS),
    pure(MODEL, HOSTS, IDENTITIES, SCENARIOS),
    pure(WORKFLOWS, CLOCK, IDENTITIES, SCENARIOS, ARM, COMPUTE, HOSTS, MODEL),
    pure(BODIES, MODEL, WORKFLOWS),
    # It makes and reads links.
    Layer(
        API,
        below=(WIRE, ARM, MODEL, WORKFLOWS, BODIES),
        without=tuple(name for name in OUTSIDE if name != "urllib"),
        reads_the_clock=False,
    ),
    pure(CONTROL, WIRE, SCENARIOS, FAULT_VALUES, ARM, COMPUTE, HOSTS, MODEL, WORKFLOWS, API),
    pure(VAULT, WORKFLOWS, API),
    # It reads links.
    Layer(
        VERIFY,
        below=(WIRE, SCENARIOS, MODEL, WORKFLOWS, BODIES, API),
        without=tuple(name for name in OUTSIDE if name != "urllib"),
        reads_the_clock=False,
    ),
    # What puts the services together, and serves them.
    Layer(
        SIMULATOR,
        below=(SUBSET, *BASE, *SERVICES, *ROOMS, VERIFY, CMDLETS, HOST_FAULTS),
        packages=("_typeshed", "certifi", "jsonschema", "jwt", "trustme", "werkzeug", "yaml"),
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
        if file.stem == REHEARSAL:
            continue
        if any(name.encode() in file.read_bytes() for name in SIMULATOR_NAMES):
            yield file.relative_to(root).as_posix()


def test_imports_point_downwards() -> None:
    assert list(violations(ROOT)) == []


def test_answers_are_read_as_they_come_over_the_wire() -> None:
    assert list(readings_of_models(ROOT)) == []


def test_each_folder_has_a_layer_of_its_own() -> None:
    folders = {name_of(file, ROOT).rpartition(".")[0] for file in python_files(ROOT)}
    assert sorted(folders - {layer.place for layer in LAYERS}) == []


def test_each_layer_has_files() -> None:
    seen = {layer_of(name_of(file, ROOT)) for file in python_files(ROOT)}
    assert [layer.place for layer in LAYERS if layer not in seen] == []


def test_layers_stand_on_those_before_them() -> None:
    places = [layer.place for layer in LAYERS]
    assert len(set(places)) == len(places)
    above = [f"{layer.place} on {other}" for n, layer in enumerate(LAYERS) for other in {*layer.below} - {*places[:n]}]
    assert above == []


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
        ("plugins/inventory/site_recovery.py", f"from {COLLECTION}{AZURE} import session", f"imports {AZURE}.session"),
        ("plugins/inventory/site_recovery.py", "def f(): datetime.now()", "calls datetime.now"),
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
        (
            "simulator/src/asr_simulator/wsman/calls.py",
            "if TYPE_CHECKING:\n    from asr_simulator.world import World",
            f"imports {SIMULATOR}.world.World",
        ),
        (
            "simulator/src/asr_simulator/hyperv/estate.py",
            "def f():\n    from asr_simulator.hyperv.cmdlets import commands_of",
            f"imports {CMDLETS}.commands_of",
        ),
        ("simulator/src/asr_simulator/entra/tokens.py", "def f(): datetime.now()", "calls datetime.now"),
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
