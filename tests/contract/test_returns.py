# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module returns is what it documents: every key, every type, on success, in check mode and on failure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.documented import broken_promises, documentation
from support.module_contracts import CONTRACTS
from support.module_runner import ModuleRunner, accepted
from support.playbook_runner import PlaybookRunner
from support.scenarios import CALLER, item_of, scenario_of

from asr_simulator.server import Simulator

DISKS = [{"name": "os", "gb": 4, "os": True}]
ALWAYS = {"not_before": "2000-01-01T00:00"}
CLOSED = {"not_after": "2000-01-01T00:00"}
# Discard, on which nothing listens.
UNREACHABLE = {"name": "port", "type": "tcp", "host": "127.0.0.1", "port": 9}
# No host is asked in this vault, so somebody vouches for the on-premises VM, which the test lets run.
VOUCHED = {"attested_off": {"hv01": "J. Doe: it has no power", "hv02": "J. Doe: it has no power"}}
STARTER = ("Virtual Machine Contributor",)


@dataclass(frozen=True)
class Case:
    """A module run in a vault: one VM `web01` and a plan `shop` of two others, all in the same stage."""

    module: str
    stage: str
    options: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ()

    @property
    def scenario(self) -> dict[str, Any]:
        """The vault."""
        names = ("web01", "db01", "app01")
        items = [item_of(name, self.stage, disks=DISKS, **self.parts) for name in names]
        plans = [{"name": "shop", "groups": [["db01"], ["app01"]]}]
        caller = {**CALLER, "roles": [*CALLER["roles"], *self.roles]}
        return scenario_of(*items, recovery_plans=plans, principals=[caller])


def label(case: Case) -> str:
    return "-".join([case.module, case.stage, *(str(value) for value in case.options.values())])


VERBS = [
    Case("planned_failover", "failed_over"),
    Case("planned_failover", "failed_over", {"data_sync": "during_failover"}),
    Case("planned_failover", "waiting_for_completion"),
    Case("planned_failover", "failed_over", {"wait": False}),
    Case("planned_failover", "protected"),
    Case("planned_failover", "protected", {"direction": "primary_to_recovery"}),
    Case("complete_failover", "waiting_for_completion"),
    Case("complete_failover", "protected"),
    Case("planned_failover", "failed_over", {"data_sync": "during_failover", "window": CLOSED}),
    Case("complete_failover", "waiting_for_completion", {"window": CLOSED}),
    Case("complete_failover", "waiting_for_completion", {"window": ALWAYS}),
    Case("commit", "failback_commit_pending", {"policy": "now"}),
    Case("commit", "failback_commit_pending", {"policy": "now"}, {"managed_disks": True}),
    Case("commit", "failback_commit_pending", {"policy": "now", "wait": False}),
    Case("commit", "failback_commit_pending", {"policy": "hold"}, {"locks": ["CanNotDelete"]}),
    Case("commit", "failback_commit_pending", {"policy": "not_before", "not_before": "9999-12-31T23:59"}),
    Case("commit", "failover_commit_pending", {"direction": "failover"}),
    Case("commit", "failed_back"),
    Case("reverse_replicate", "failed_back"),
    Case("reverse_replicate", "failed_back", {"wait_for": "job"}),
    Case("job", "failed_over", {"state": "cancelled"}),
    Case("failback_prereq", "failed_over"),
    Case("failback_prereq", "failed_over", {"refresh_provider": True}),
    Case("failback_prereq", "interrupted"),
    Case("failback_prereq", "protected"),
    Case("failback_validate", "failback_commit_pending"),
    Case("failback_validate", "failback_commit_pending", {"attested": ["it works"], "heartbeat": False}),
    Case("failback_validate", "failed_back"),
    Case("undo_failback", "failback_commit_pending", VOUCHED, roles=STARTER),
    Case("undo_failback", "failback_commit_pending", {**VOUCHED, "wait": False}, roles=STARTER),
]
FAILURES = [
    Case("planned_failover", "failover_commit_pending"),
    Case("planned_failover", "failed_over", {}, {"encryption": "Enabled"}),
    Case("planned_failover", "failed_over", {"wait_timeout": 40, "wait_for": "end"}),
    Case("planned_failover", "busy", {"wait": False}),
    Case("complete_failover", "failed_over"),
    Case("commit", "failback_commit_pending", {"policy": "now"}, {"locks": ["CanNotDelete"]}),
    Case("commit", "failed_over"),
    Case("commit", "failback_commit_pending"),
    Case("reverse_replicate", "failback_commit_pending"),
    Case("job", "waiting_for_completion", {"state": "cancelled"}),
    Case("job", "failed_back", {"state": "restarted"}),
    Case("failback_validate", "failed_over"),
    Case("failback_validate", "failback_commit_pending", {"probes": [UNREACHABLE], "timeout": 5}),
    Case("undo_failback", "failed_over"),
    Case("undo_failback", "failback_commit_pending", VOUCHED),
    Case("undo_failback", "failback_commit_pending", roles=STARTER),
]
QUERIES = [
    Case("replicated_item_info", "failed_over"),
    Case("replicated_item_info", "waiting_for_completion", {"name": "web01"}),
    Case("replicated_item_info", "protected", {}, {"provider": "InMageRcm"}),
    Case("recovery_plan_info", "failed_over"),
    Case("recovery_plan_info", "waiting_for_completion", {"name": "shop"}),
    Case("job_info", "waiting_for_completion"),
    Case("job_info", "interrupted", {"replicated_item": "web01"}),
    Case("vault_info", "protected"),
    Case("vault_status", "failed_over"),
]
TARGETS = pytest.mark.parametrize("target", [{"replicated_item": "web01"}, {"recovery_plan": "shop"}], ids=str)


@TARGETS
@pytest.mark.parametrize("case", VERBS, ids=label)
def test_a_verb_returns_what_it_documents(
    case: Case, target: dict[str, str], driver: Callable[..., ModuleRunner]
) -> None:
    drive = driver(case.scenario)
    # A commit without hosts: somebody has looked at the VMs of the target.
    names = ("web01",) if "replicated_item" in target else ("db01", "app01")
    options = {**target, **case.options, **(accepted(*names) if case.module == "commit" else {})}
    predicted = drive.run(case.module, check_mode=True, **options)
    assert broken_promises(case.module, predicted) == []
    assert drive.writes() == []
    result = drive.run(case.module, **options)
    assert broken_promises(case.module, result) == []
    assert result["changed"] == predicted["changed"] or case.options.get("refresh_provider")


@TARGETS
@pytest.mark.parametrize("case", FAILURES, ids=label)
def test_a_failure_returns_what_is_documented(
    case: Case, target: dict[str, str], driver: Callable[..., ModuleRunner]
) -> None:
    failed = driver(case.scenario).fail(case.module, **target, **case.options)
    assert broken_promises(case.module, failed, failed=True) == []


@pytest.mark.parametrize("case", QUERIES, ids=label)
def test_a_query_returns_what_it_documents(case: Case, driver: Callable[..., ModuleRunner]) -> None:
    drive = driver(case.scenario)
    result = drive.run(case.module, **case.options)
    assert broken_promises(case.module, result) == []
    assert drive.run(case.module, check_mode=True, **case.options) == result


@TARGETS
def test_a_job_that_is_cancelled_returns_what_is_documented(
    target: dict[str, str], driver: Callable[..., ModuleRunner]
) -> None:
    drive = driver(Case("", "failed_over").scenario)
    drive.run("planned_failover", **target)
    for check_mode in (True, False, False):
        options = {"state": "cancelled", "accept_inconsistent_disks": True, **target}
        result = drive.run("job", check_mode=check_mode, **options)
        assert broken_promises("job", result) == []
    assert result["stage"]["after"] == "interrupted"


def test_a_commit_that_gives_something_up_returns_what_is_documented(driver: Callable[..., ModuleRunner]) -> None:
    drive = driver(Case("", "failback_commit_pending").scenario)
    drive.trouble(azure_vm="web01", attach_disk="logs", gb=64)
    given = {"discard_azure_changes": True, "discard_disks": ["logs"], **accepted("web01")}
    for check_mode in (True, False):
        result = drive.run("commit", check_mode=check_mode, replicated_item="web01", policy="now", **given)
        assert broken_promises("commit", result) == []
        assert [one["kind"] for one in result["discarded"]] == ["azure_changes", "disk"]


def test_a_job_of_nobody_that_is_restarted_returns_what_is_documented(driver: Callable[..., ModuleRunner]) -> None:
    drive = driver(Case("", "failed_back").scenario)
    drive.trouble(job_task="EnableProtection")
    failed = drive.fail("reverse_replicate", replicated_item="web01")
    drive.simulator.locked(lambda world: world.vault.items.pop(0))
    result = drive.run("job", name=failed["error"]["job_id"], state="restarted", check_mode=True)
    assert broken_promises("job", result) == []
    assert (result["changed"], result["stage"], result["replicated_item"]) == (True, None, None)


def test_the_job_of_a_plan_with_its_children_is_documented(driver: Callable[..., ModuleRunner]) -> None:
    drive = driver(Case("", "failed_over").scenario)
    drive.run("planned_failover", recovery_plan="shop", data_sync="during_failover")
    result = drive.run("job_info")
    assert any(job["child_jobs"] for job in result["jobs"])
    assert broken_promises("job_info", result) == []


@pytest.mark.parametrize("module", [name for name, contract in CONTRACTS.items() if contract.asks_azure])
@pytest.mark.parametrize(
    "bad",
    [
        {"secret": "wrong"},
        {"vault_name": "elsewhere"},
        {"subscription_id": None},
        {"cloud_environment": "https://127.0.0.1:9"},
    ],
    ids=["secret", "vault", "subscription", "unreachable"],
)
def test_bad_input_returns_what_is_documented(
    module: str, bad: dict[str, Any], driver: Callable[..., ModuleRunner]
) -> None:
    failed = driver(Case("", "failed_over").scenario, **bad).fail(module, **options_of(module))
    assert broken_promises(module, failed, failed=True) == []


def test_a_missing_key_a_wrong_type_and_an_undocumented_key_are_noticed() -> None:
    line: dict[str, Any] = {"summary": []}
    whole = {**line, "replicated_items": [dict.fromkeys(documentation()["replicated_item_info"]["return"])]}
    good = dict.fromkeys(documentation()["replicated_item_info"]["return"]["replicated_items"]["contains"])
    assert broken_promises("replicated_item_info", {**line, "replicated_items": [good]}) == []
    assert broken_promises("replicated_item_info", line) == ["replicated_items is missing"]
    assert broken_promises("replicated_item_info", {**line, "replicated_items": {}, "more": 1}) == [
        "more is not documented",
        "replicated_items is dict, documented as list",
    ]
    assert "replicated_items[0].name is missing" in broken_promises("replicated_item_info", whole)
    odd = {**line, "replicated_items": [{**good, "name": 1, "more": 1}]}
    assert broken_promises("replicated_item_info", odd) == [
        "replicated_items[0].name is int, documented as str",
        "replicated_items[0].more is not documented",
    ]


HERE = {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}}
PLAYED = ("planned_failover", "commit", "failback_prereq", "job_info", "replicated_item_info", "vault_info")


class Playing:
    """Runs modules by ansible-playbook and keeps what they return in files."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.stage = PlaybookRunner(simulator, folder)
        self._folder = folder
        self._vault = {name: simulator.connection[name] for name in ("resource_group", "vault_name")}

    def results(self, tasks: dict[str, dict[str, Any]], *arguments: str) -> dict[str, dict[str, Any]]:
        """The results of tasks by their names; C(module) is one of the collection, C(options) go with the vault's."""
        every = [one for name, task in tasks.items() for one in self._kept(name, **task)]
        playbook = self._folder / "play.yml"
        playbook.write_text(json.dumps([{"name": "All", "hosts": "all", "gather_facts": False, "tasks": every}]))
        played = self.stage.play(str(playbook), HERE, *arguments)
        assert played.status == 0, played.output
        return {name: json.loads((self._folder / name).read_text()) for name in tasks}

    def _kept(self, name: str, module: str, options: dict[str, Any], **keywords: Any) -> list[dict[str, Any]]:
        body = {f"asr.failback.{module}": {**self._vault, **options}, "ignore_errors": True}
        copy = {"content": "{{ result | to_json }}", "dest": str(self._folder / name), "mode": "0600"}
        keep = {"name": "Keep", "ansible.builtin.copy": copy, "check_mode": False, "diff": False}
        return [{"name": name, **body, **keywords, "register": "result"}, keep]


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[Playing]:
    """Ansible on a vault whose VMs have failed over, in a hurry."""
    with Simulator.start(Case("", "failed_over").scenario, tmp_path / "simulator", speed=3000) as simulator:
        yield Playing(simulator, tmp_path)


def options_of(module: str) -> dict[str, Any]:
    contract = CONTRACTS[module]
    target = {"replicated_item": "web01"} if contract.takes_target else {}
    needed = [name for name, entry in contract.argument_spec.items() if "choices" in entry and entry.get("required")]
    target |= {name: contract.argument_spec[name]["choices"][0] for name in needed}
    return {**target, "poll_interval": 0.2} if contract.waits else target


@pytest.mark.parametrize("arguments", [(), ("--check", "--diff")], ids=["run", "check"])
def test_ansible_returns_what_is_documented(arguments: tuple[str, ...], playing: Playing) -> None:
    tasks = {name: {"module": name, "options": options_of(name)} for name in PLAYED}
    results = playing.results(tasks, *arguments)
    for name, result in results.items():
        assert broken_promises(name, result, failed=result["failed"]) == [], name
    # A commit before the cut-over is refused, in check mode too.
    assert [name for name, result in results.items() if result["failed"]] == ["commit"]
    assert playing.stage.writes() == ([] if arguments else ["plannedFailover"])


def test_the_ordinary_module_returns_the_same(playing: Playing) -> None:
    query = {"module": "replicated_item_info", "options": {"name": "web01"}}
    refused = {"module": "commit", "options": options_of("commit")}
    # With async, the module itself runs, in a Python of its own.
    alone = {"async": 60, "poll": 1}
    here = {"query": query, "refused": refused}
    results = playing.results({**here, **{f"{name} alone": {**task, **alone} for name, task in here.items()}})
    assert results["query alone"]["ansible_job_id"]
    for name, kept in (
        ("query", ("failed", "changed", "replicated_items")),
        ("refused", ("failed", "msg", "error", "stage", "authoritative_side", "reversible")),
    ):
        assert [results[f"{name} alone"][key] for key in kept] == [results[name][key] for key in kept]
    assert playing.stage.writes() == []
