# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recordings held against the simulator: its own agree, its variants are told by name, one wrong word is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from asr_simulator.cli import main
from asr_simulator.server import Simulator
from asr_simulator.verification import fidelity, judged, read, verify
from asr_simulator.verify.exchanges import Unreadable, exchanges_of

VERSION = {"api-version": "2025-08-01"}
TO_PREMISES, TO_AZURE = "RecoveryToPrimary", "PrimaryToRecovery"
SITE = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}]}
SCENARIO = {
    "name": "recorded",
    "fabrics": [SITE],
    "items": [
        {"name": name, "stage": "failed_over", "in_azure_for": "2d", "host": "hv01"} for name in ("vm1", "vm2", "vm3")
    ],
    "recovery_plans": [{"name": "plan1", "groups": [["vm3"]]}],
}


class Run:
    """A client that lives through failbacks and reads all it can, with every exchange in a file."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        connection = simulator.connection
        self.session = requests.Session()
        self.session.verify, self.session.trust_env = connection["ca_bundle"], False
        self.base = connection["resource_manager"]
        self.vault = (
            f"/subscriptions/{connection['subscription_id']}/resourceGroups/{connection['resource_group']}"
            f"/providers/Microsoft.RecoveryServices/vaults/{connection['vault_name']}"
        )
        self.sign_in()

    def sign_in(self) -> None:
        """Get a token: it ages with the clock's jumps."""
        connection = self.simulator.connection
        token = self.session.post(
            f"{connection['authority']}/{connection['tenant_id']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": connection["principals"][0]["client_id"],
                "client_secret": connection["principals"][0]["client_secret"],
                "scope": f"{connection['resource_manager']}/.default",
            },
            timeout=20,
        ).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> Any:
        """The body of a GET below the vault, or of a whole id."""
        url = path if path.startswith("/") else f"{self.vault}/{path}"
        return self.session.get(f"{self.base}{url}", params=VERSION, timeout=20).json()

    def post(self, path: str, body: Any = None) -> str:
        """The id of the operation that a POST starts; empty where it starts none."""
        url = path if path.startswith("/") else f"{self.vault}/{path}"
        answer = self.session.post(f"{self.base}{url}", params=VERSION, json=body, timeout=20)
        return answer.headers.get("Location", "").split("?")[0].rsplit("/", 1)[-1]

    def pass_time(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.simulator.locked(lambda world: world.clock.advance(seconds))
        self.sign_in()

    def ids(self) -> dict[str, str]:
        """The ids of items and plans by name."""
        state = self.simulator.state()
        return {thing["name"]: thing["id"] for thing in (*state["items"], *state["plans"])}

    def look(self, *operations: str) -> None:
        """Read everything, and how these operations are doing."""
        for path in (
            "replicationFabrics",
            "replicationRecoveryPlans",
            "replicationEvents",
            "replicationProtectedItems",
        ):
            self.get(path)
        for path in self.ids().values():
            self.get(path)
        for job in self.get("replicationJobs")["value"]:
            self.get(job["id"])
        for operation in operations:
            self.get(f"replicationOperationStatus/{operation}")
            self.get(f"replicationJobs/{operation}")

    def cycle(self) -> None:
        """Three failbacks: with a wait, at once, and of a plan; then commit, and back to replicating."""
        ids = self.ids()
        self.look()
        began = [
            self.post(f"{ids['vm1']}/plannedFailover", failback("ForDownTime")),
            self.post(f"{ids['vm2']}/plannedFailover", failback("ForSynchronization")),
            self.post(f"{ids['plan1']}/plannedFailover", failback("ForDownTime", many=True)),
        ]
        for seconds in (1, 60, 7200):
            self.look(*began)
            self.pass_time(seconds)
        self.look(*began)
        for job in self.simulator.state()["jobs"]:
            if job["state"] == "Suspended":
                self.post(f"replicationJobs/{job['name']}/resume", {"properties": {"comments": " "}})
        self.pass_time(7200)
        self.look(*began)
        began = [self.post(f"{ids[name]}/failoverCommit") for name in ("vm1", "vm2", "plan1")]
        self.pass_time(600)
        self.look(*began)
        self.post(f"{ids['vm1']}/reProtect", to(TO_PREMISES))
        began = [self.post(f"{ids['vm1']}/reProtect", to(TO_AZURE)), self.post(f"{ids['plan1']}/reProtect")]
        self.pass_time(5)
        self.look(*filter(None, began))
        self.pass_time(7200)
        self.look(*filter(None, began))
        self.get("replicationFabrics/nothing")


def failback(synchronization: str, *, many: bool = False) -> dict[str, Any]:
    details = {
        "instanceType": "HyperVReplicaAzureFailback",
        "dataSyncOption": synchronization,
        "recoveryVmCreationOption": "NoAction",
    }
    sent = [details] if many else details
    return {"properties": {"failoverDirection": TO_PREMISES, "providerSpecificDetails": sent}}


def to(direction: str) -> dict[str, Any]:
    return {
        "properties": {
            "failoverDirection": direction,
            "providerSpecificDetails": {"instanceType": "HyperVReplicaAzure"},
        }
    }


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Path]]:
    """Records a run: `record(**variants)`."""
    with ExitStack() as running:

        def recorded(**variants: Any) -> Path:
            folder = tmp_path_factory.mktemp("recorded")
            traffic = folder / "traffic.jsonl"
            scenario = {**SCENARIO, "variants": variants}
            Run(
                running.enter_context(Simulator.start(scenario, folder / "simulator", speed=0, traffic=traffic))
            ).cycle()
            return traffic

        yield recorded


@pytest.fixture(scope="module")
def usual(record: Callable[..., Path]) -> Path:
    """A run against the defaults."""
    return record()


def differences(report: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Each difference: its place without numbers, and the variant that explains it."""
    return [(one["place"], one["variant"]) for exchange in report["exchanges"] for one in exchange["differences"]]


def test_given_a_run_against_the_defaults_when_verified_then_every_exchange_agrees(usual: Path) -> None:
    report = verify([usual])
    assert report["read"] == report["judged"] == len(usual.read_text().splitlines()) > 100
    assert [exchange for exchange in report["exchanges"] if exchange["differences"] or exchange["unknown"]] == []
    assert report["counts"] == {"agrees": report["read"], "differs": 0, "unknown": 0}
    confirmed = {point["id"] for point in report["confirmed"]}
    assert confirmed >= {
        *("asr.accepted", "asr.failback-before-downtime", "asr.item-failback-pending", "asr.item-failback-running"),
        *("asr.item-states", "asr.job-tasks", "asr.operation-id", "asr.operation-status-waiting", "asr.plan-jobs"),
        *("asr.plan-reverse-replication", "asr.poll-urls", "asr.reverse-replicating", "asr.skipped-tasks"),
        *("asr.target-disks", "asr.waiting-description", "asr.wrong-direction", "arm.not-found"),
    }
    assert report["contradicted"] == []


@pytest.mark.parametrize(
    ("variants", "points"),
    [
        ({"failback_scenario_name": "ReturnHome"}, {"asr.failback-scenario"}),
        ({"failback_pending": {"state": "FailbackCommitPending"}}, {"asr.item-failback-pending"}),
        # Some that do not touch each other.
        (
            {
                "failback_pending": {"active_location": "Recovery"},
                "committed_operation": "PlannedFailover",
                "plan_job_id_differs": False,
                "signed_poll_urls": False,
            },
            {"asr.item-failback-pending", "asr.item-states", "asr.operation-id", "asr.poll-urls"},
        ),
        (
            {
                "failback_scenario_name": "Failback",
                "failback_pending": {"operation": "Commit"},
                "plan_job_by_operation": True,
                "plan_reprotect": "works",
                "target_disks": "untold",
                "skipped_tasks": 2015,
                "page_size": 2,
            },
            {
                *("asr.failback-scenario", "asr.item-failback-pending", "asr.operation-id", "asr.paging"),
                *("asr.plan-reverse-replication", "asr.skipped-tasks", "asr.target-disks"),
            },
        ),
    ],
)
def test_given_a_run_against_variants_when_verified_then_exactly_they_are_named(
    record: Callable[..., Path], variants: dict[str, Any], points: set[str]
) -> None:
    report = verify([record(**variants)])
    assert report["read"] == report["judged"]
    assert {variant for _place, variant in differences(report)} == set(named(variants))
    assert {one["id"] for one in report["contradicted"]} >= points


def named(variants: dict[str, Any], above: str = "") -> Iterator[str]:
    """What variants of a scenario are called in a report."""
    for name, value in variants.items():
        if isinstance(value, dict):
            yield from named(value, f"{name}.")
        else:
            yield f"{above}{name}={str(value).lower() if isinstance(value, bool) else value}"


def changed(
    usual: Path, folder: Path, matches: Callable[[Any], bool], change: Callable[[Any], object]
) -> tuple[Path, int]:
    """A copy of the recording in which the last exchange that fits is another, and its number."""
    lines = [json.loads(line) for line in usual.read_text().splitlines()]
    number = max(number for number, line in enumerate(lines, start=1) if matches(line))
    change(lines[number - 1])
    file = folder / "changed.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return file, number


def item(state: str) -> Callable[[Any], bool]:
    """An exchange that shows one item in a state, on its own."""

    def matches(line: Any) -> bool:
        body = line["response_body"]
        properties = body.get("properties") if isinstance(body, dict) else None
        return bool(properties) and properties.get("protectionState") == state

    return matches


def job(state: str, target: str = "ProtectionEntity") -> Callable[[Any], bool]:
    def matches(line: Any) -> bool:
        body = line["response_body"]
        properties = body.get("properties") if isinstance(body, dict) else None
        return (
            bool(properties)
            and "/replicationJobs/" in line["path"]
            and ((properties.get("state"), properties.get("targetInstanceType")) == (state, target))
        )

    return matches


def accepted(line: Any) -> bool:
    return line["status"] == 202 and line["path"].endswith("/failoverCommit")


def operation(line: Any) -> bool:
    return "/replicationOperationStatus/" in line["path"] and line["response_body"]["status"] == "Suspended"


def properties(line: Any) -> Any:
    return line["response_body"]["properties"]


CHANGES = {
    "a state that there is none of": (
        item("FinalizeRestorePending"),
        lambda line: properties(line).update(protectionState="FinalizeRestorePanding"),
        "$.properties.protectionState",
    ),
    "a state of another side": (
        item("RestoreFinalized"),
        lambda line: properties(line).update(activeLocation="Recovery"),
        "$.properties.activeLocation",
    ),
    "an operation that is not allowed then": (
        item("RestoreFinalized"),
        lambda line: properties(line)["allowedOperations"].append("Failback"),
        "$.properties.allowedOperations",
    ),
    "a missing property": (
        item("RestoreFinalized"),
        lambda line: properties(line)["providerSpecificDetails"].pop("vmNics"),
        "$.properties.providerSpecificDetails.vmNics",
    ),
    "a property too many": (
        item("RestoreFinalized"),
        lambda line: properties(line).update(progress=3),
        "$.properties.progress",
    ),
    "a property of another type": (
        item("RestoreFinalized"),
        lambda line: properties(line)["providerSpecificDetails"].update(sourceVmCpuCount="2"),
        "$.properties.providerSpecificDetails.sourceVmCpuCount",
    ),
    "a job in a state that there is none of": (
        job("Suspended"),
        lambda line: properties(line).update(state="Waiting"),
        "$.properties.state",
    ),
    "a wait for something else": (
        job("Suspended"),
        lambda line: properties(line).update(stateDescription="WaitingForStopTestFailover"),
        "$.properties.stateDescription",
    ),
    "a wait that cannot be ended": (
        job("Suspended"),
        lambda line: properties(line).update(allowedActions=["Cancel"]),
        "$.properties.allowedActions",
    ),
    "tasks in another order": (
        job("Succeeded"),
        lambda line: properties(line)["tasks"].reverse(),
        "$.properties.tasks",
    ),
    "a plan without a task": (
        job("Succeeded", "RecoveryPlan"),
        lambda line: properties(line)["tasks"].pop(),
        "$.properties.tasks",
    ),
    "an operation that is over too early": (
        operation,
        lambda line: line["response_body"].update(status="Succeeded"),
        "$.endTime",
    ),
    "a wrong status": (accepted, lambda line: line.update(status=200), "status"),
    "a body with an accepted operation": (accepted, lambda line: line.update(response_body={"id": "x"}), "$"),
    "another pause": (
        accepted,
        lambda line: line["response_headers"].update({"Retry-After": "10"}),
        "Retry-After",
    ),
    "a missing header": (
        accepted,
        lambda line: line["response_headers"].pop("Azure-AsyncOperation"),
        "azure-asyncoperation",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_given_one_exchange_made_wrong_when_verified_then_exactly_it_is_found(
    usual: Path, tmp_path: Path, name: str
) -> None:
    matches, change, place = CHANGES[name]
    file, number = changed(usual, tmp_path, matches, change)
    report = verify([file])
    assert report["read"] == report["judged"]
    wrong = [exchange for exchange in report["exchanges"] if exchange["outcome"] == "differs"]
    assert [exchange["place"] for exchange in wrong] == [f"{file}:{number}"]
    assert place in {one["place"] for one in wrong[0]["differences"]}
    assert {one["variant"] for one in wrong[0]["differences"]} == {None}


def first(lines: list[Any], matches: Callable[[Any], bool]) -> Any:
    return next(line for line in lines if matches(line))


def of(name: str, matches: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda line: line["path"].endswith(f"/{name}") and matches(line)


def test_given_an_item_that_is_elsewhere_after_its_job_then_that_differs(usual: Path, tmp_path: Path) -> None:
    """Each of its words is right: only what went before shows that it is wrong."""
    lines = [json.loads(line) for line in usual.read_text().splitlines()]
    before = properties(first(lines, of("vm2", item("PlannedFailoverStatesBegin"))))
    # Every look begins with the list of all items.
    listed = [n for n, line in enumerate(lines) if line["path"].endswith("/replicationProtectedItems")]
    # The last look before the commit: that the job has succeeded was seen in the one before.
    shown = first(lines[::-1], of("vm2", item("FinalizeRestorePending")))
    number = max(n for n in listed if n < lines.index(shown))
    place = next(n for n, one in enumerate(lines[number]["response_body"]["value"]) if one["name"] == "vm2")
    lines[number]["response_body"]["value"][place]["properties"] = before
    seen = judged(exchanges_of("r", "\n".join(json.dumps(line) for line in lines[: number + 1])))
    assert [(one.exchange.place, one.differences[0].place) for one in seen if one.differences] == [
        (f"r:{number + 1}", f"$.value[{place}].properties.protectionState")
    ]
    # That it is elsewhere again, nothing explains.
    lines[number + 1 :] = [shown]
    last = judged(exchanges_of("r", "\n".join(map(json.dumps, lines))))[-1]
    assert "nothing in the recording led to that" in last.unknown[0]


def test_given_a_job_that_runs_again_after_its_end_then_that_differs(usual: Path) -> None:
    lines = [json.loads(line) for line in usual.read_text().splitlines()]
    running = first(lines, job("InProgress"))
    number = max(n for n, line in enumerate(lines) if line["path"] == running["path"] and job("Succeeded")(line))
    seen = judged(exchanges_of("r", "\n".join(json.dumps(line) for line in [*lines[: number + 1], running])))
    # Its Date is an earlier one, as if another recording began; without it, it follows.
    assert [one for one in seen if one.differences] == []
    running["response_headers"].pop("Date")
    seen = judged(exchanges_of("r", "\n".join(json.dumps(line) for line in [*lines[: number + 1], running])))
    assert [one.exchange.place for one in seen if one.differences] == [f"r:{number + 2}"]


def test_given_an_operation_that_was_taken_in_a_wrong_direction_then_that_differs(usual: Path) -> None:
    lines = [json.loads(line) for line in usual.read_text().splitlines()]
    refused = first(lines, lambda line: line["status"] == 400)
    taken = first(lines, lambda line: line["status"] == 202 and line["path"].endswith("/reProtect"))
    number = lines.index(refused)
    lines[number] = {**taken, "request_body": refused["request_body"]}
    seen = judged(exchanges_of("r", "\n".join(json.dumps(line) for line in lines[: number + 1])))
    assert [(one.exchange.place, one.differences[0].points) for one in seen if one.differences] == [
        (f"r:{number + 1}", ("asr.wrong-direction",))
    ]


def test_given_no_recording_of_a_waiting_job_when_verified_then_it_is_asked_for_first(
    usual: Path, tmp_path: Path
) -> None:
    file = tmp_path / "one.jsonl"
    file.write_text(usual.read_text().splitlines()[0])
    report = verify([file])
    first = report["wanted"][0]
    assert first["id"] == "asr.failback-before-downtime"
    assert "waits for Complete Failover" in first["ask"]
    inferred = {entry["id"] for entry in fidelity() if entry["where"] == "inferred" and entry["id"].startswith("asr.")}
    assert inferred <= {one["id"] for one in report["wanted"]}


def test_given_calls_that_are_not_modeled_then_they_are_unknown_with_the_reason(usual: Path) -> None:
    line = json.loads(usual.read_text().splitlines()[5])
    vault = line["path"].split("/replication")[0]
    for method, path, status, why in (
        ("GET", f"{vault}/replicationAlertSettings", 200, "does not model it"),
        ("GET", f"{vault}/somethingNew", 200, "no route of the simulator"),
        ("GET", f"{vault}/replicationFabrics", 503, "by fault alone"),
    ):
        entry = {**line, "method": method, "path": path, "status": status, "response_body": {}}
        (verdict,) = judged(exchanges_of("x", json.dumps(entry)))
        assert verdict.outcome == "unknown"
        assert why in verdict.unknown[0]


@pytest.mark.parametrize("content", ["", "no JSON", "[]", '{"method": "GET"}', '{"response": {}}', '[{"a": 1}]', "[1]"])
def test_given_what_is_no_recording_then_the_status_is_2_and_the_file_is_named(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text(content)
    assert main(["verify", str(file)]) == 2
    assert capsys.readouterr().err.startswith("asr-simulator: ")
    with pytest.raises(Unreadable):
        read([file])


def test_given_a_file_that_is_not_there_then_the_status_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path / "nothing")]) == 2
    assert "nothing cannot be read" in capsys.readouterr().err


def test_given_the_command_line_then_its_status_and_its_words_say_what_differs(
    usual: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(usual)]) == 0
    assert " agree, 0 differ, 0 unknown." in capsys.readouterr().out
    matches, change, place = CHANGES["a state of another side"]
    file, number = changed(usual, tmp_path, matches, change)
    assert main(["verify", str(file)]) == 1
    told = capsys.readouterr().out
    assert f"{file}:{number}: differs: GET /" in told
    assert f'{place}: recorded "Recovery"; the simulator: Primary [asr.item-states]' in told
    assert "Contradicted points of the fidelity table" in told
    assert main(["verify", "--json", str(file)]) == 1
    assert json.loads(capsys.readouterr().out)["counts"]["differs"] == 1
