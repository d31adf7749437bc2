# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drill, for tests of what starts it: which playbook it is, and what it leaves."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DRILL = "asr.failback.drill"
LEFT = ("junit.xml", "report.html", "report.md", "run.json")


def assert_left(folder: Path, level: str) -> None:
    """See that exactly one drill of this level left its record and its reports."""
    (left,) = folder.iterdir()
    assert left.name.endswith(f"_{level}")
    assert [name for name in LEFT if not (left / name).stat().st_size] == []
