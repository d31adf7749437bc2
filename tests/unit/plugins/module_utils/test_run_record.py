# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a task for many, as it is kept up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.asr.failback.plugins.module_utils.run_record import RunRecord
from ansible_collections.asr.failback.plugins.module_utils.scheduler import Piece
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

SECRET = "correct horse"
UNTOUCHED = {"stage": "unknown", "next": "", "target": None, "authoritative_side": None, "steps": [], "findings": []}


def done(name: str, reason: str) -> Piece[dict[str, Any]]:
    ended = {"result": {**UNTOUCHED, "outcome": "failed", "reason": reason}}
    return Piece(name, Watch(60), lambda: None, ended=ended, is_done=True)


def test_a_secret_that_becomes_known_later_is_hidden_in_what_was_taken_before(tmp_path: Path) -> None:
    path, known = tmp_path / "report.json", set[str]()

    def hide(value: Any) -> Any:
        if isinstance(value, str):
            return "hidden" if any(secret in value for secret in known) else value
        return {key: hide(part) for key, part in value.items()} if isinstance(value, dict) else value

    first = RunRecord(str(path), Watch(60), hide)
    first.write([done("web01", f"cannot sign in with {SECRET}")])
    assert SECRET in path.read_text()
    known.add(SECRET)
    first.write([done("web01", f"cannot sign in with {SECRET}")])
    assert SECRET not in path.read_text()
    RunRecord(str(path), Watch(60), hide).write([])
    assert "web01" in path.read_text()
