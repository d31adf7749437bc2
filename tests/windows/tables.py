# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the rows of the tests' tables in the PowerShell that the variable POWERSHELL names, without anything else."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "simulator" / "src")]

from support.powershells import real_lines  # noqa: E402 - it is found by the line above


def rows() -> Iterator[tuple[str, list[str]]]:
    """The scripts of the tables with what they have to write."""
    for name in ("language", "cmdlets"):
        tables = runpy.run_path(str(TESTS / "simulator" / f"test_powershell_{name}.py"))
        yield from ((row[0], row[1]) for row in (*tables["ROWS"], *tables["DIFFERING"]))
    errors = runpy.run_path(str(TESTS / "simulator" / "test_powershell_errors.py"))
    yield from errors["FLOW"]
    yield from ((f"try {{ {script} }} catch {{ {errors['DETAILS']} }}", lines) for script, lines in errors["CAUGHT"])


def main() -> int:
    """Print each row that PowerShell answers otherwise; their number."""
    wrong = [(script, expected, found) for script, expected in rows() if (found := real_lines(script)) != expected]
    for script, expected, found in wrong:
        sys.stdout.write(f"{script!r}\n  expected {expected!r}\n  found    {found!r}\n")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
