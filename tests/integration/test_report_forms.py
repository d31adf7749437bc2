# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of a report: whole, without surprises in a browser, and signed where that is wanted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

import pytest
from support.browser import BROWSER, FRAMES, title_of
from support.module_contracts import CONTRACTS
from support.module_runner import validated
from support.run_records import made_record

from ansible_collections.asr.failback.plugins.module_utils.execution import execute
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.plugin_utils.programs import run_program
from ansible_collections.asr.failback.plugins.plugin_utils.report_writer import write_forms

MARKUP = "<script>alert(1)</script>|*x*"
LONG = "sql-of-the-finance-department-with-a-name-that-has-no-end-and-no-blank-01.corp.contoso.example"
FINDING = {
    "id": "disk_space",
    "status": "not_checked",
    "vm": "web01",
    "cause": "no answer",
    "seen": "",
    "remedy": "Ask.",
}
HOSTS: list[dict[str, Any]] = [
    {"host": "web01", "findings": [FINDING]},
    {"host": LONG, "outcome": "failed", "reason": MARKUP, "next": MARKUP},
    {"host": "app01", "outcome": "held", "reason": "it waits", "validation": {}},
]
TARGETS = {"web01": {"application": MARKUP, "objectives": {"downtime": 60.0, "rto": 86400.0}}}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(made_record(*HOSTS, targets=TARGETS)))
    return path


def written(record: Path, **more: Any) -> bool:
    paths = {form: str(record.with_name(name)) for form, name in NAMES.items()}
    options = {"paths": paths, "manifest": str(record.with_name("SHA256SUMS")), "sign": None, **more}
    return write_forms(str(record), **options, run_program=run_program)


NAMES = {"html": "report.html", "markdown": "report.md", "junit": "junit.xml"}


def test_the_sums_hold_and_nothing_is_written_twice(record: Path) -> None:
    assert written(record) is True
    assert written(record) is False
    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=record.parent, check=True, capture_output=True)
    assert {path.stat().st_mode & 0o777 for path in record.parent.iterdir() if path != record} == {0o600}
    record.with_name("report.md").write_text("changed by somebody")
    assert (
        subprocess.run(
            ["sha256sum", "-c", "SHA256SUMS"], cwd=record.parent, check=False, capture_output=True
        ).returncode
        == 1
    )


def test_a_page_needs_nothing_else_and_runs_nothing(record: Path) -> None:
    written(record)
    page = record.with_name("report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert re.findall(r"(?:src|href)=\"(?!#|data:,)", page) == []
    assert page.index(LONG) < page.index("app01") < page.index("The run")


def test_markdown_shows_names_as_they_are(record: Path) -> None:
    written(record)
    text = record.with_name("report.md").read_text()
    assert MARKUP not in text
    assert r"\<script\>alert(1)\</script\>\|\*x\*" in text
    tables = [line for line in text.splitlines() if line.startswith("| web01 ")]
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in tables] == [8]


def test_junit_has_a_suite_for_each_vm_and_fails_what_was_not_proven(record: Path) -> None:
    written(record)
    root = xml.etree.ElementTree.parse(record.with_name("junit.xml")).getroot()
    suites = {suite.get("name"): suite for suite in root.iter("testsuite")}
    assert {name: suite.get("failures") for name, suite in suites.items()} == {
        "run": "0",
        "web01": "1",
        LONG: "1",
        "app01": "1",
    }
    skipped = [case.get("name") for case in suites["web01"].iter("testcase") if case.find("skipped") is not None]
    assert skipped == ["prerequisite disk_space"]


@pytest.mark.parametrize("hosts", [HOSTS[:1], []], ids=["not ended", "no host"])
def test_junit_fails_a_run_that_shows_nothing_as_a_whole(record: Path, hosts: list[dict[str, Any]]) -> None:
    whole = made_record(*hosts)
    running = {"status": "not_proven", "reasons": ["it was not ended"], "hosts": whole["verdict"]["hosts"]}
    run = {**whole["run"], "state": "running", "ended": None}
    record.write_text(json.dumps({**whole, "run": run, "verdict": running} if hosts else whole))
    written(record)
    root = xml.etree.ElementTree.parse(record.with_name("junit.xml")).getroot()
    (failure,) = [failure.get("message") for failure in root.iter("failure")]
    assert failure in ("it was not ended", "no host was in it")


@pytest.mark.parametrize("odd", ["a\ud800b", "a\x00\x1b[31mb", "&lt;b&gt; ~~x~~", "</style><b>"])
def test_odd_names_break_no_form(record: Path, odd: str) -> None:
    record.write_text(json.dumps(made_record({"host": odd, "vms": {odd: "protected"}, "target": odd})))
    written(record)
    page, text = record.with_name("report.html").read_text(), record.with_name("report.md").read_text()
    assert not re.search("[\x00-\x08\x0b\x0e-\x1f]", page + text)
    assert odd not in text
    xml.etree.ElementTree.parse(record.with_name("junit.xml"))


def test_sums_that_could_not_be_signed_are_signed_by_the_next_task(record: Path) -> None:
    with pytest.raises(ConfigurationError):
        written(record, sign=["/nowhere/signer"])
    code = "import sys; open(sys.argv[1] + '.sig', 'w').write('signed')"
    assert written(record, sign=signer(record.parent, code)) is True
    assert record.with_name("SHA256SUMS.sig").read_text() == "signed"


def test_what_was_given_up_is_on_the_page(record: Path) -> None:
    given_up = {"vm": "web01", "kind": "azure_changes", "id": "/x", "name": "web01", "reason": "it was started"}
    record.write_text(json.dumps(made_record({"host": "web01", "discarded": [given_up]})))
    written(record)
    page = record.with_name("report.html").read_text()
    assert "changes in Azure since the cut-over (it was started)" in page
    assert "Data lost</dt><dd>not measured" in page


def signer(folder: Path, code: str) -> list[str]:
    path = folder / "signer.py"
    path.write_text(code)
    return [sys.executable, str(path)]


def test_the_sums_are_signed_by_the_program_of_the_user(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SECRET", "canary")
    monkeypatch.setenv("COSIGN_PASSWORD", "of the key")
    code = "import os, sys; open(sys.argv[1] + '.sig', 'w').write(str([name for name in os.environ if '_' in name]))"
    written(record, sign=signer(record.parent, code))
    seen = record.with_name("SHA256SUMS.sig").read_text()
    assert "COSIGN_PASSWORD" in seen
    assert "AZURE_SECRET" not in seen


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        (["/nowhere/signer"], "not installed"),
        ([sys.executable, "-c", "import sys; sys.exit('no key')"], "exit code 1, no key"),
    ],
)
def test_a_signature_that_fails_is_one_error(record: Path, sign: list[str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        written(record, sign=sign)
    assert record.with_name("report.html").exists()


def test_forms_are_made_on_the_controller_only(tmp_path: Path) -> None:
    contract = CONTRACTS["failback_report"]
    options = {"path": str(tmp_path / "run.json"), "results": [], "html": str(tmp_path / "report.html")}
    with pytest.raises(ConfigurationError, match="on the controller"):
        execute(contract, validated(contract, options), {})


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed: the page is not looked at")
def test_a_browser_shows_the_page_without_overflow_and_without_a_complaint(record: Path) -> None:
    written(record)
    told, complaints = title_of(FRAMES, record.parent)
    assert told == [[1280, 0, 3], [390, 0, 3]]
    assert complaints == []
