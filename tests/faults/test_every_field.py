# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every field of every answer that a module reads: absent, null, empty, of another type, or a word that nobody knows.

None of them makes a module crash, ask for what has no name, or send what it would refuse with the field as it is.
`FAULTS=all` tries each field with each value, else a sample that SEED chooses.
"""

from __future__ import annotations

import json
import os
import random
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.full_run import STEPS, Failed, FullRun, faults_of, taken
from support.scenarios import item_of, scenario_of
from support.soaking import count

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.server import Simulator

ALL = os.environ.get("FAULTS") == "all"
SEED = os.environ.get("SEED", "1")
SAMPLE = int(os.environ.get("SAMPLE", "12"))
EDITS: dict[str, dict[str, Any]] = {
    "absent": {},
    "null": {"to": None},
    "empty": {"to": ""},
    "number": {"to": 7},
    "list": {"to": []},
    "object": {"to": {}},
    "unknown": {"to": "Nobody2030"},
}
PLAN = [{"name": "shop", "groups": [["vm1"]]}]
NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
Edit = tuple[str, str, str]


def fields(value: Any, path: str = "") -> Iterator[str]:
    """The fields of a body as a fault names them; those of a list's elements once."""
    if isinstance(value, dict):
        for name, member in value.items():
            here = f"{path}.{name}".lstrip(".")
            yield here
            yield from fields(member, here)
    elif isinstance(value, list):
        for member in value:
            yield from fields(member, f"{path}[]")


def pattern(path: str) -> str:
    """Which answers are of the kind of one: those to the same path but for the names of resources in it."""
    kind = NAME.sub("[^/]+", re.escape(path.split("?", 1)[0]).replace("\\-", "-"))
    return f"{kind}$"


def edits_of(traffic: Path) -> list[Edit]:
    """Every edit that can be made of the answers to reads in a record of exchanges."""
    found: dict[Edit, None] = {}
    for line in traffic.read_text().splitlines():
        exchange = json.loads(line)
        path = exchange["path"]
        if exchange["method"] != "GET" or "_simulator" in path or not path.lower().startswith("/subscriptions"):
            continue
        for field in fields(exchange["response_body"]):
            found.update({(pattern(path), field, name): None for name in EDITS})
    return list(found)


def struck(simulator: Simulator, edit: Edit) -> None:
    """Let all answers of a kind have the edit."""
    match, field, name = edit
    action = {"do": "edit", "field": field, **EDITS[name]}
    fault = {"match": {"method": "GET", "path": match, "times": 0}, "action": action}
    simulator.locked(lambda world: world.faults.add(fault))


def nameless(simulator: Simulator) -> list[str]:
    """Requests for something that has no name, or that of a value that is none."""
    paths = [entry["path"] for entry in simulator.journal.entries()]
    return [path for path in paths if "//" in path or path.endswith("/") or path.lower().endswith(("/none", "/null"))]


def chosen(edits: list[Edit], what: str) -> list[Edit]:
    return edits if ALL else random.Random(f"{SEED} {what}").sample(edits, min(SAMPLE, len(edits)))


class Cases:
    """A scenario whose answers are edited, begun anew for each edit. C(prepare) makes of it what it is for."""

    def __init__(
        self, folder: Path, scenario: Mapping[str, Any], prepare: Callable[[Simulator], None] = lambda _simulator: None
    ) -> None:
        self.folder, self.scenario, self.prepare = folder, scenario, prepare

    def run(self, take: Callable[[Simulator], list[str]], what: str) -> None:
        """Try the edits; C(take) does what is to be tried and says what was wrong."""
        traffic = self.folder / "traffic.jsonl"
        with Simulator.start(self.scenario, tempfile.mkdtemp(dir=self.folder), speed=0, traffic=traffic) as simulator:
            self.prepare(simulator)
            assert take(simulator) == []
            edits = chosen(edits_of(traffic), what)
            wrong = [f"{edit}: {one}" for edit in edits for one in self._try(simulator, edit, take)]
        count(faults=len(edits), violations=len(wrong))
        assert not wrong, "\n".join(wrong)

    def _try(self, simulator: Simulator, edit: Edit, take: Callable[[Simulator], list[str]]) -> list[str]:
        simulator.reset()
        self.prepare(simulator)
        struck(simulator, edit)
        wrong = take(simulator)
        return [*wrong, *(f"asked for {path}" for path in nameless(simulator))]


@pytest.mark.parametrize("plan", [False, True], ids=["vm", "plan"])
@pytest.mark.parametrize("module", STEPS)
def test_a_module_ends_well_or_in_an_error_that_helps(tmp_path: Path, module: str, plan: bool) -> None:
    target = {"recovery_plan": "shop"} if plan else {"replicated_item": "vm1"}

    def take(simulator: Simulator) -> list[str]:
        journey = FullRun(simulator, target)
        try:
            journey.take(module)
        except FailbackError as problem:
            said = Failed(module, problem)
            # Which side is authoritative is told by what was edited, too; of no target of ours nothing is claimed.
            lenient = ("the side is", "says nothing of the side") if problem.kind == "target" else ("the side is",)
            return [one for one in faults_of(said, journey) if not any(words in one for words in lenient)]
        return [f"sent twice: {write}" for write in set(taken(simulator)) if taken(simulator).count(write) > 1]

    scenario = scenario_of(item_of("vm1", STEPS[module]), recovery_plans=PLAN)
    Cases(tmp_path, scenario).run(take, f"{module} {plan}")


def azure_vm_runs(simulator: Simulator) -> None:
    """Somebody has started the Azure VM after the cut-over."""
    simulator.locked(lambda world: world.clock.advance(600))
    vm = next(item for item in simulator.state()["items"] if item["name"] == "vm1")["azure_vm"]["id"]
    simulator.locked(lambda world: world.compute.start(vm))
    simulator.locked(lambda world: world.clock.advance(600))


REFUSED: dict[str, tuple[str, str, dict[str, Any], Callable[[Simulator], None]]] = {
    "commit while the Azure VM runs": ("failback_commit_pending", "commit", {"policy": "now"}, azure_vm_runs),
    "commit of what runs in Azure": ("failed_over", "commit", {"policy": "now"}, lambda _simulator: None),
    "commit of what was interrupted": ("interrupted", "commit", {"policy": "now"}, lambda _simulator: None),
    "commit of the failover instead": (
        "failback_commit_pending",
        "commit",
        {"direction": "failover"},
        lambda _simulator: None,
    ),
    "commit of the failback instead": (
        "failover_commit_pending",
        "commit",
        {"policy": "now"},
        lambda _simulator: None,
    ),
    "failback of what is not committed": ("failover_commit_pending", "planned_failover", {}, lambda _simulator: None),
    "reverse replication before the commit": (
        "failback_commit_pending",
        "reverse_replicate",
        {},
        lambda _simulator: None,
    ),
    "failback of what is at home": ("protected", "planned_failover", {}, lambda _simulator: None),
    "completion of nothing": ("failed_over", "complete_failover", {}, lambda _simulator: None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_not_sent_because_a_field_is_missing(tmp_path: Path, name: str) -> None:
    stage, module, options, prepare = REFUSED[name]

    def take(simulator: Simulator) -> list[str]:
        journey = FullRun(simulator, {"replicated_item": "vm1"})
        with suppress(FailbackError):
            journey.driver.run(module, replicated_item="vm1", **options)
        return [f"sent {write}" for write in taken(simulator)]

    Cases(tmp_path, scenario_of(item_of("vm1", stage)), prepare).run(take, name)
