# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: whole at any moment, for its owner alone, and nothing beside it."""

from __future__ import annotations

import datetime
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.module_contracts import CONTRACTS
from support.module_runner import validated

from ansible_collections.asr.failback.plugins.module_utils.execution import execute
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError

RESULTS = [{"host": "web01", "outcome": "protected", "reason": "caf\u00e9"}]


def report(path: Path, results: list[dict[str, Any]], *, check_mode: bool = False) -> dict[str, Any]:
    contract = CONTRACTS["failback_report"]
    parameters = validated(contract, {"path": str(path), "results": results})
    return execute(contract, parameters, {}, check_mode=check_mode)


def test_a_report_is_written_once_and_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert report(path, RESULTS) == {"changed": True, "path": str(path), "verdict": "passed"}
    written = json.loads(path.read_text())
    assert [{key: one[key] for key in RESULTS[0]} for one in written["results"]] == RESULTS
    assert (written["schema_version"], written["run"]["state"]) == (1, "ended")
    assert path.stat().st_mode & 0o777 == 0o600
    assert report(path, RESULTS)["changed"] is False
    before = path.stat().st_ino
    assert report(path, [])["changed"] is True
    assert path.stat().st_ino != before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("more", ["\n", "x", ""], ids=["a line more", "a letter more", "less"])
def test_a_report_that_is_not_just_the_same_is_written_anew(tmp_path: Path, more: str) -> None:
    path = tmp_path / "report.json"
    report(path, RESULTS)
    whole = path.read_text()
    path.write_text(whole + more if more else whole[:-1])
    assert report(path, RESULTS)["changed"] is True
    assert path.read_text() == whole


@pytest.mark.parametrize(("mode", "changed"), [(0o644, True), (0o660, True), (0o400, False)], ids=oct)
def test_a_report_that_others_may_read_is_written_anew(tmp_path: Path, mode: int, changed: bool) -> None:
    path = tmp_path / "report.json"
    report(path, RESULTS)
    path.chmod(mode)
    assert report(path, RESULTS, check_mode=True)["changed"] is changed
    assert path.stat().st_mode & 0o777 == mode
    assert report(path, RESULTS)["changed"] is changed
    assert path.stat().st_mode & 0o077 == 0
    assert report(path, RESULTS)["changed"] is False


def test_without_a_path_the_results_are_lines() -> None:
    contract = CONTRACTS["failback_report"]
    whole = [{**RESULTS[0], "authoritative_side": "on_premises", "stage": "protected", "steps": []}]
    shown = execute(contract, validated(contract, {"results": whole}), {}, check_mode=False)
    lines = ["host   outcome    side         stages", "web01  protected  on_premises", "       why:  caf\u00e9"]
    assert shown == {"changed": False, "path": None, "verdict": None, "lines": lines}
    with pytest.raises(ConfigurationError, match="not those of a failback"):
        execute(contract, validated(contract, {"results": RESULTS}), {}, check_mode=False)


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    assert report(tmp_path / "report.json", RESULTS, check_mode=True)["changed"] is True
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_unfinished_goes_with_the_next(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "report.json", tmp_path / "elsewhere"
    elsewhere.write_text("of somebody else")
    (tmp_path / "report.json.part").symlink_to(elsewhere)
    report(path, RESULTS)
    assert sorted(tmp_path.iterdir()) == [elsewhere, path]
    assert elsewhere.read_text() == "of somebody else"


@pytest.mark.parametrize("path", ["missing/report.json", "folder"])
def test_a_report_that_cannot_be_written_is_one_error(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        report(tmp_path / path, RESULTS)


def test_a_path_that_names_no_file_is_one_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    contract = CONTRACTS["failback_report"]
    with pytest.raises(ConfigurationError, match="cannot be written"):
        execute(contract, {**validated(contract, {"path": "x", "results": RESULTS}), "path": ""}, {}, check_mode=False)
    assert list(tmp_path.iterdir()) == []


def test_a_report_holds_what_json_does_not_know_as_text(tmp_path: Path) -> None:
    report(tmp_path / "report.json", [{"host": "web01", "since": datetime.date(2026, 1, 2)}])
    assert json.loads((tmp_path / "report.json").read_text())["results"][0]["since"] == "2026-01-02"


def test_results_that_no_file_can_hold_are_one_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be serialized to JSON"):
        report(tmp_path / "report.json", [{"host": "web01", 1: "a number for a name"}])


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail what takes longer: the reader of a pipe waits for its writer for ever."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise AssertionError(f"it took more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_path_that_is_no_file_is_refused_and_left_alone(tmp_path: Path, kind: str, check_mode: bool) -> None:
    path = tmp_path / "report.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/null")
    else:
        path.mkdir()
    before = os.lstat(path)
    with within(5), pytest.raises(ConfigurationError, match="cannot be written"):
        report(path, RESULTS, check_mode=check_mode)
    assert (os.lstat(path).st_ino, list(tmp_path.iterdir())) == (before.st_ino, [path])
