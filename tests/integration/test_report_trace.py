# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trace of a run: sent whole to a collector, once, at Azure's times; what is not taken is one error."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from support.module_contracts import CONTRACTS
from support.module_runner import OptionsRejectedError, validated
from support.otlp import Collector, ReceivedSpan
from support.playbook_runner import COLLECTIONS, SECONDS
from support.run_records import at, made_record, read_record, result_home
from support.scenarios import scenario_of
from support.warm_ansible import run_playbook
from support.web import LOOPBACK, Answer, free_port

from ansible_collections.asr.failback.plugins.module_utils.execution import execute
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.plugin_utils.report_trace import send_trace

SECRET = "canary-of-the-header"
ABOVE = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
# Each batch of the exporter has a deadline, after which it tries no more.
SOON = {"OTEL_EXPORTER_OTLP_TIMEOUT": "1"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(made_record({}, {"host": "app01", "outcome": "failed", "reason": "the job failed"})))
    return path


def sent(monkeypatch: pytest.MonkeyPatch, path: Path, environment: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(("OTEL_", "TRACE"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    send_trace(str(path))


def played(folder: Path, environment: dict[str, str], *tasks: dict[str, Any], check: bool = False) -> tuple[int, str]:
    """Run tasks of failback_report, each with its own options beside those that all have."""
    options = {"path": str(folder / "run.json"), "results": [result_home("web01")], "trace": True}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"asr.failback.failback_report": {**options, **own}} for own in tasks],
    }
    file = folder / "report.yml"
    file.write_text(yaml.safe_dump([play]))
    command = ["ansible-playbook", str(file), "-i", "localhost,", "-c", "local", *(["--check"] if check else [])]
    variables = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), **os.environ, **environment}
    return run_playbook(command, variables, folder, SECONDS)


def by_name(spans: list[ReceivedSpan], name: str) -> ReceivedSpan:
    (found,) = [span for span in spans if span.name == name]
    return found


def assert_nested(spans: list[ReceivedSpan], above: str = "") -> ReceivedSpan:
    """See that the spans are one trace, each begun within the one above it, all within the outermost; return that."""
    (root,) = [span for span in spans if span.parent == above]
    known = {span.id: span for span in spans}
    assert len(known) == len(spans)
    assert len({span.trace for span in spans}) == 1
    for span in spans:
        if span is not root:
            parent = known[span.parent]
            assert parent.started <= span.started <= parent.ended
            # The end of a job may be told in whole seconds, that of its last task more exactly.
            assert span.started <= span.ended <= root.ended
    return root


def test_a_run_is_sent_with_its_spans_nested_at_azure_s_times_and_with_the_same_ids_again(
    tmp_path: Path, collector: Collector
) -> None:
    status, output = played(tmp_path, collector.environment, {}, {})
    assert status == 0, output
    first, second = collector.requests()
    assert first == second
    root = assert_nested(first)
    assert (root.name, root.service) == ("failback", "asr.failback")
    run = read_record(tmp_path / "run.json")["run"]
    assert (root.attributes["asr.failback.run"], root.attributes["asr.failback.kind"]) == (run["id"], "failback")
    # The results are older than the run, which has been widened for them.
    assert (root.started, root.ended) == (at(0), run["ended"])
    for name, above, started, ended in (
        ("web01", "failback", 0, 34),
        ("cut_over", "web01", 10, 18),
        ("validation", "web01", 18, 20),
        ("ShutdownVmOnAzure", "cut_over", 11, 13),
        ("WaitForUserInputForFailback", "waiting", 5, 10),
    ):
        span = by_name(first, name)
        assert (span.parent, span.started, span.ended) == (by_name(first, above).id, at(started), at(ended))
    assert "changed=1" in output, "what is sent again does not change anything"


def test_only_a_record_that_has_ended_is_sent_and_not_in_check_mode(tmp_path: Path, collector: Collector) -> None:
    assert played(tmp_path, collector.environment, {"ended": False}, {"trace": False})[0] == 0
    assert played(tmp_path, collector.environment, {}, check=True)[0] == 0
    assert collector.asked == []


def test_a_record_of_a_run_in_check_mode_is_not_sent(
    record: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.loads(record.read_text())
    whole["run"]["check_mode"] = True
    record.write_text(json.dumps(whole))
    sent(monkeypatch, record, collector.environment)
    assert collector.asked == []


def test_a_playbook_sends_its_run_once_when_it_ends(stage: Any, collector: Collector) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    vault.environment = collector.environment
    run = vault.play("failback", {"vm1": {}, "vm2": {}}, failback_report_trace=True, failback_application="shop")
    assert run.status == 0, run.output
    (spans,) = collector.requests()
    root = assert_nested(spans)
    assert root.attributes["asr.failback.verdict"] == "not_proven"
    assert root.error == "hosts: 2 not_proven"
    assert {span.name for span in spans if span.parent == root.id} == {"vm1", "vm2"}
    tasks = [span for span in spans if span.attributes.get("asr.failback.task")]
    recorded = [
        (task["name"], task["started"])
        for result in run.results.values()
        for job in {step["job"]["name"]: step["job"] for step in result["steps"] if step.get("job")}.values()
        for task in job["timeline"]
    ]
    assert sorted((span.attributes["asr.failback.task"], span.started) for span in tasks) == sorted(recorded)
    assert {span.attributes["asr.failback.application"] for span in tasks} == {"shop"}


def test_a_drill_sends_its_run_though_it_says_itself_where_its_files_go(
    stage: Any, collector: Collector, tmp_path: Path
) -> None:
    vault = stage(scenario_of("vm1"))
    vault.environment = collector.environment
    folder = {"failback_drill_folder": str(tmp_path / "drills")}
    run = vault.play("drill", {"vm1": {}}, failback_report_trace=True, failback_drill_level="readiness", **folder)
    (spans,) = collector.requests()
    level = assert_nested(spans).attributes["asr.failback.drill.level"]
    assert level == "readiness", run.output


def test_a_trace_goes_on_that_of_the_environment(
    record: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the flag that says that the one above was kept: this one was asked for.
    parent = {"TRACEPARENT": f"00-{ABOVE[0]}-{ABOVE[1]}-00"}
    sent(monkeypatch, record, collector.environment)
    sent(monkeypatch, record, {**collector.environment, **parent})
    alone, below = collector.requests()
    assert assert_nested(below, above=ABOVE[1]).trace == ABOVE[0]
    assert [span.id for span in below] == [span.id for span in alone]
    sent(monkeypatch, record, {**collector.environment, "TRACEPARENT": "00-nothing"})
    assert collector.requests()[2] == alone


def test_what_failed_is_an_error_with_its_reason(
    record: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(monkeypatch, record, {**collector.environment, "OTEL_SERVICE_NAME": "shop-failback"})
    spans = collector.spans()
    assert by_name(spans, "app01").error == "the job failed"
    assert by_name(spans, "web01").error == ""
    assert by_name(spans, "fleet").error == "hosts: 1 failed, 1 passed_with_findings"
    assert {span.service for span in spans} == {"shop-failback"}


def test_a_record_without_the_id_of_a_run_is_sent_with_ids_by_chance(
    record: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.loads(record.read_text())
    whole["run"]["id"] = None
    record.write_text(json.dumps(whole))
    sent(monkeypatch, record, collector.environment)
    sent(monkeypatch, record, collector.environment)
    first, second = collector.requests()
    assert assert_nested(first).trace != assert_nested(second).trace
    assert not {span.id for span in first} & {span.id for span in second}


def test_a_thousand_vms_arrive_whole_in_batches(
    record: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.write_text(json.dumps(made_record(*({"host": f"vm{number}"} for number in range(1000)))))
    sent(monkeypatch, record, collector.environment)
    assert_nested(collector.spans())
    assert {len(request) for request in collector.requests()[:-1]} == {512}
    # The run; each VM with its six phases, and four tasks.
    assert len(collector.spans()) == 1 + 1000 * (1 + 6 + 4)


def test_names_that_are_no_text_are_sent_as_well_as_they_can_be(
    record: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.write_text(json.dumps(made_record({"outcome": "failed", "reason": "half \ud800"})))
    sent(monkeypatch, record, collector.environment)
    assert by_name(collector.spans(), "web01").error == "half ?"


def test_a_collector_with_tls_is_known_by_its_certificate(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    key = {"OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{SECRET}"}
    with Collector(authority=authority) as collector:
        known = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "ca.pem")}
        sent(monkeypatch, record, {**collector.environment, **known, **key})
        assert collector.credentials == [f"Bearer {SECRET}"]
        with pytest.raises(ConfigurationError, match="certificate verify failed"):
            sent(monkeypatch, record, {**collector.environment, **SOON, **key, "OTEL_EXPORTER_OTLP_CERTIFICATE": ""})
        assert len(collector.asked) == 1


SOME_REJECTED = ExportTraceServiceResponse()
SOME_REJECTED.partial_success.rejected_spans = 3
SOME_REJECTED.partial_success.error_message = "too old"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(503), "has refused it with HTTP status 503"),
        (Answer(400, "bad"), "has refused it with HTTP status 400"),
        (Answer(401, SECRET), "has refused it with HTTP status 401"),
        (Answer(302, headers={"Location": "/sign-in"}), "has refused it with HTTP status 302"),
        (Answer(hang_up=True), "cannot be reached: Remote end closed connection without response"),
        (Answer(200, SOME_REJECTED.SerializeToString().decode()), "has rejected 3 spans: too old"),
    ],
    ids=["503", "400", "401", "302", "hang up", "some rejected"],
)
def test_a_trace_that_is_not_taken_is_one_error_without_secrets(
    record: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
    words: str,
) -> None:
    key = {"OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{SECRET},{SECRET}"}
    with Collector(answer) as collector:
        named = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector.url}/?key={SECRET}"}
        with pytest.raises(ConfigurationError, match=words) as caught:
            sent(monkeypatch, record, {**collector.environment, **SOON, **key, **named})
    told = str(caught.value)
    assert f"The trace was not sent: {collector.url} " in told
    assert "The record and its other forms are written." in told
    assert "asr.failback.report" in told
    assert SECRET not in told + capfd.readouterr().err + caplog.text
    assert logging.getLogger("opentelemetry").propagate is True


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "cannot be reached: Connection refused"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": f"collector:4318/{SECRET}"}, "cannot be reached: InvalidSchema"),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, "could not convert string to float: 'soon'"),
        ({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many"}, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT must be a non-negative integer"),
        ({"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/ca.pem"}, "invalid path: /nowhere/ca.pem"),
    ],
    ids=["closed port", "no scheme", "no number", "no limit", "no certificate"],
)
def test_a_collector_that_cannot_be_asked_is_one_error(
    record: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: str
) -> None:
    scheme = "https" if "OTEL_EXPORTER_OTLP_CERTIFICATE" in environment else "http"
    nobody = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{scheme}://{LOOPBACK}:{free_port()}"}
    with pytest.raises(ConfigurationError, match=words) as caught:
        sent(monkeypatch, record, {**nobody, **SOON, **environment})
    assert SECRET not in str(caught.value)


def test_a_task_whose_trace_is_not_taken_fails_and_has_written_everything_else(tmp_path: Path) -> None:
    key = {"OTEL_EXPORTER_OTLP_HEADERS": f"x-key={SECRET},{SECRET}"}
    nobody = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{free_port()}", **SOON, **key}
    status, output = played(tmp_path, nobody, {"html": str(tmp_path / "report.html")})
    assert status == 2, output
    assert "Connection refused" in output
    assert "Traceback" not in output
    assert SECRET not in output
    assert read_record(tmp_path / "run.json")["run"]["state"] == "ended"
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize("trace", [True, False])
def test_only_a_trace_needs_the_library(tmp_path: Path, trace: bool) -> None:
    # It stands in the way of the real one, which is not to be found then.
    (tmp_path / "lacking" / "opentelemetry").mkdir(parents=True)
    (tmp_path / "lacking" / "opentelemetry" / "__init__.py").touch()
    options = {"path": str(tmp_path / "run.json"), "results": [], "trace": trace}
    done = subprocess.run(
        ["ansible", "localhost", "-m", "asr.failback.failback_report", "-a", json.dumps(options)],
        env={"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), **os.environ, "PYTHONPATH": str(tmp_path / "lacking")},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    lacks = "lacks a library: No module named 'opentelemetry.context'. Install opentelemetry-exporter-otlp-proto-http"
    assert (done.returncode != 0, lacks in done.stdout) == (trace, trace), done.stdout
    assert read_record(tmp_path / "run.json")["results"] == []


def test_a_trace_is_that_of_a_file_and_sent_by_the_controller_only(tmp_path: Path) -> None:
    contract = CONTRACTS["failback_report"]
    with pytest.raises(OptionsRejectedError, match="trace is True but all of the following are missing: path"):
        validated(contract, {"results": [], "trace": True})
    whole = validated(contract, {"path": str(tmp_path / "run.json"), "results": [], "trace": True})
    with pytest.raises(ConfigurationError, match="on the controller"):
        execute(contract, whole, {})
