# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of a VM or a plan from Azure back to on-premises, module by module, and what must be true of its failures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.server import Simulator
from support.module_runner import ModuleRunner, accepted

# Each module of a failback, and the stage that it begins in.
STEPS = {
    "failback_prereq": "failed_over",
    "planned_failover": "failed_over",
    "complete_failover": "waiting_for_completion",
    "failback_validate": "failback_commit_pending",
    "commit": "failback_commit_pending",
    "reverse_replicate": "failed_back",
}
WRITES = {
    "planned_failover": "plannedFailover",
    "complete_failover": "resume",
    "commit": "failoverCommit",
    "reverse_replicate": "reProtect",
}
# Longer than any step takes here. A wait goes on until its deadline whatever Azure answers, so that a fault for good
# costs thousands of reads in the day that is the default.
WAIT_TIMEOUT = 1800
WAYS_TO_NAME_THE_SIDE = (
    "is authoritative",
    "was authoritative",
    "are authoritative",
    "took the last changes",
)
NOTHING_READ = "Which side is authoritative could not be read"
AS_LAST_READ = "as last read"
ON_PREMISES = frozenset({"protected", "failback_commit_pending", "failed_back", "reverse_replicating"})


@dataclass(frozen=True)
class Failed:
    """A module that failed, and how. C(since) is the number of the last request before it began."""

    module: str
    problem: FailbackError
    since: int = 0


class FullRun:
    """Brings a target of a simulator home. With C(hosts) they are asked, and the commit demands evidence."""

    def __init__(self, simulator: Simulator, target: dict[str, str], *, hosts: bool = False) -> None:
        self.simulator = simulator
        self.target = target
        self.hosts = hosts
        self.said: set[tuple[str, str]] = set()
        self.driver = self._new_driver()

    def _new_driver(self) -> ModuleRunner:
        driver = ModuleRunner(self.simulator, wait_timeout=WAIT_TIMEOUT)
        return driver.knows_hosts() if self.hosts else driver

    def steps(self) -> list[str]:
        """The modules in order; without hosts nothing proves that the VM works."""
        return [module for module in STEPS if self.hosts or module != "failback_validate"]

    def go(
        self,
        *,
        begin: str | None = None,
        end: str | None = None,
        meanwhile: Callable[[float], None] | None = None,
    ) -> Failed | None:
        """Run the modules in order, as a run of their own: from C(begin) to C(end), or all; return the first failure.

        C(meanwhile) is called after each wait.
        """
        self.driver = self._new_driver()
        self.driver.meanwhile = meanwhile
        evidence: Any = None
        # Without hosts a validation proves nothing, but it can be begun with.
        steps = self.steps() if begin in (None, *self.steps()) else [*STEPS]
        first, last = (steps.index(begin) if begin else 0), (steps.index(end) if end else len(steps) - 1)
        for module in steps[first : last + 1]:
            since = self.driver.requests()
            try:
                result = self.take(module, evidence)
            except FailbackError as problem:
                return Failed(module, problem, since)
            evidence = result.get("validation") if module == "failback_validate" else evidence
        return None

    def take(self, module: str, evidence: Any = None) -> dict[str, Any]:
        """Run one module; a commit with hosts makes its evidence where it is given none."""
        options: dict[str, Any] = {}
        if module == "commit" and self.hosts:
            proof = evidence or self.driver.run("failback_validate", **self.target)["validation"]
            options = {"validation": proof}
        elif module == "commit":
            # Without hosts there is nothing that could prove that the VM works: a person has looked, VM by VM.
            options = {"policy": "now"}
        return self.driver.run(module, **self.target, **options, **(self._words() if module == "commit" else {}))

    def _words(self) -> dict[str, Any]:
        """What a person accepts who has looked."""
        sides = {item["name"]: sides_to_accept(item, hosts=self.hosts) for item in self._items()}
        self.said |= {(name, side) for name, some in sides.items() for side in some}
        said = [one for name, some in sides.items() if some for one in accepted(name, sides=some)["accept_unseen"]]
        return {"accept_unseen": said} if said else {}

    def accepts(self, name: str, side: str) -> bool:
        """Whether a person has said that a side of a VM need not be seen; with hosts the commit has evidence."""
        return (name, side) in self.said or (self.hosts and side == "on_premises")

    def _items(self) -> list[dict[str, Any]]:
        """The items of the target, by the simulator."""
        state = self.simulator.state()
        plan = self.target.get("recovery_plan")
        names = next(one["items"] for one in state["plans"] if one["name"] == plan) if plan else [*self.target.values()]
        return [item for item in state["items"] if item["name"] in names]

    def side(self) -> str:
        """Which side is authoritative, by the simulator."""
        sides = {side_of(item) for item in self._items()}
        return "mixed" if len(sides) > 1 else sides.pop()

    def stages(self) -> dict[str, str]:
        """The stage of each item, by the simulator."""
        return {item["name"]: item["stage"] for item in self.simulator.state()["items"]}


def sides_to_accept(item: Mapping[str, Any], *, hosts: bool) -> tuple[str, ...]:
    """The sides of a VM that a person has to have looked at: an Azure VM that a commit which failed has deleted
    already, and where no host is asked the on-premises VM."""
    gone = () if item["azure_vm"]["exists"] else ("azure",)
    return (*gone, *(() if hosts else ("on_premises",)))


def side_of(item: Mapping[str, Any]) -> str:
    """The side that is authoritative for an item of the simulator."""
    is_home = item["stage"] in ON_PREMISES or (item["stage"] == "busy" and item["active_location"] == "Primary")
    return "on_premises" if is_home else "azure"


def taken(simulator: Simulator, since: int = 0) -> list[str]:
    """The writes that the vault took after entry C(since) of the journal, whatever their sender was told."""
    entries = simulator.journal.entries(since, writes=True)
    return ["/".join(entry["path"].split("/")[-2:]) for entry in entries if entry["handled"] == 202]


def sent(simulator: Simulator, since: int = 0) -> int:
    """How many writes reached the simulator after entry C(since)."""
    return len(simulator.journal.entries(since, writes=True))


def faults_of(failed: Failed, journey: FullRun) -> list[str]:
    """What is wrong with how a module failed; nothing where it says all that a person needs."""
    problem, result = failed.problem, failed.problem.as_result()
    wrong = []
    if not problem.asked or not result["msg"].startswith(problem.asked):
        wrong.append("does not say what was asked")
    wrong += omissions_of(result, {journey.side()})
    if taken(journey.simulator, failed.since) and not result["changed"]:
        wrong.append("a write was taken, yet changed is false")
    if not sent(journey.simulator, failed.since) and result["changed"]:
        wrong.append("nothing was sent, yet changed is true")
    return [f"{failed.module}: {one}: {result['msg']}" for one in wrong]


def omissions_of(result: Mapping[str, Any], sides: Collection[str]) -> list[str]:
    """What a failed result does not say, or says wrongly, of what to do next and of the side that is authoritative: one
    of C(sides)."""
    wrong = [] if result["remedy"].strip() else ["does not say what to do next"]
    message = result["msg"]
    if "authoritative_side" not in result:
        return wrong if NOTHING_READ in message else [*wrong, "says nothing of the side"]
    if not any(words in message for words in WAYS_TO_NAME_THE_SIDE):
        wrong.append("has no sentence on the side")
    if result["authoritative_side"] not in sides and AS_LAST_READ not in message:
        wrong.append(f"says {result['authoritative_side']}, the side is {' or '.join(sides)}")
    return wrong
