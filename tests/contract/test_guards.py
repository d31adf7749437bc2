# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of guards fits the code: each stands where the list says, once, and the promises name it."""

from __future__ import annotations

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
