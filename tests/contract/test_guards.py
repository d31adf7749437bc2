# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of guards fits the code: each stands where the list says, once, and the promises name it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GUARDS: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests" / "guards.yml").read_text(encoding="utf-8"))
PROMISES = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard["guard"])
def test_a_guard_stands_where_the_list_says(guard: dict[str, Any]) -> None:
    for change in guard["without"]:
        assert (ROOT / change["file"]).read_text(encoding="utf-8").count(change["old"]) == 1, change["file"]
    assert (ROOT / guard["test"].split()[0]).exists()
    assert f"| {guard['guard']} | `{guard['test']}` | {guard['seed']} |" in PROMISES


def test_what_stands_without_a_guard_knows_its_names(tmp_path: Path) -> None:
    pytest.importorskip("ruff", reason="ruff is a tool of requirements-dev.txt")
    for number, guard in enumerate(GUARDS):
        for change in guard["without"]:
            source = (ROOT / change["file"]).read_text(encoding="utf-8").replace(change["old"], change["new"])
            (tmp_path / f"{number}_{Path(change['file']).name}").write_text(source, encoding="utf-8")
    command = [
        "ruff",
        "check",
        "--isolated",
        "--quiet",
        "--select",
        "E9,F821",
        "--output-format",
        "concise",
        str(tmp_path),
    ]
    # A test that fails on a name that nobody knows says nothing about the guard.
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == ""
