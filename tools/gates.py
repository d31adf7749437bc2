# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the project's checks, each a target of the Makefile, and say in one line each how it went.

    python tools/gates.py [--jobs N] BUILD_DIRECTORY TARGET ...

What a target prints goes to BUILD_DIRECTORY/log/TARGET.log; its end is shown when it fails. The last line adds up: the
tests of a target that runs pytest, one for any other target. The exit status is 1 when anything failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

PYTEST_SUMMARY = re.compile(r"^=* ?(\d+ (?:passed|failed|skipped|error|xfailed|warning).*) in [0-9.]+s", re.MULTILINE)
SHOWN_OF_A_FAILURE = 60
WIDTH = 240
# A make inside this one must not try to talk to the outer make's job server.
OF_THE_OUTER_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")


@dataclass(frozen=True)
class Outcome:
    """How a target went: numbers of tests, seconds, and where its output is."""

    target: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    log: Path


def main() -> int:
    """Run the targets of the command line and return the exit status."""
    parser = argparse.ArgumentParser(description="Run checks of the Makefile and add up their results.")
    parser.add_argument("--jobs", type=int, default=1, help="targets to run at the same time")
    parser.add_argument("build", type=Path)
    parser.add_argument("targets", nargs="+")
    options = parser.parse_args()
    started = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool:
        running = [pool.submit(run, target, options.build / "log") for target in options.targets]
        outcomes = [show(future.result()) for future in as_completed(running)]
    print(total(outcomes, time.monotonic() - started))
    return int(any(outcome.failed for outcome in outcomes))


def run(target: str, logs: Path) -> Outcome:
    """Make `target`, with its output in `logs`, and read from it how it went."""
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{target}.log"
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_OUTER_MAKE}
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        command = ["make", "--no-print-directory", target]
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False)
    passed, failed, skipped = count(log.read_text(encoding="utf-8", errors="replace"), done.returncode)
    return Outcome(target, passed, failed, skipped, time.monotonic() - started, log)


def count(output: str, status: int) -> tuple[int, int, int]:
    """Return the numbers of passed, failed and skipped tests that pytest printed.

    Without pytest the target itself is the one test. A target that ends with a status other than 0 has failed,
    whatever it printed.
    """
    summaries = PYTEST_SUMMARY.findall(output)
    if not summaries:
        return int(status == 0), int(status != 0), 0
    numbers = {word.rstrip("s"): int(number) for number, word in re.findall(r"(\d+) (\w+)", summaries[-1])}
    failed = numbers.get("failed", 0) + numbers.get("error", 0)
    return numbers.get("passed", 0), max(failed, int(status != 0)), numbers.get("skipped", 0)


def show(outcome: Outcome) -> Outcome:
    """Print the line of a target, with the end of its output when it failed."""
    verdict = "FAILED" if outcome.failed else "ok"
    print(f"{outcome.target:<18} {verdict:<7} {outcome.seconds:6.1f} s  {numbers(outcome)}", flush=True)
    if outcome.failed:
        lines = outcome.log.read_text(encoding="utf-8", errors="replace").splitlines()
        print("\n".join(f"    {line[:WIDTH]}" for line in lines[-SHOWN_OF_A_FAILURE:]))
        print(f"    all of it: {outcome.log}", flush=True)
    return outcome


def numbers(outcome: Outcome) -> str:
    """Return `N passed, N failed` and, when there are any, `N skipped`."""
    skipped = f", {outcome.skipped} skipped" if outcome.skipped else ""
    return f"{outcome.passed} passed, {outcome.failed} failed{skipped}"


def total(outcomes: Iterable[Outcome], seconds: float) -> str:
    """Return the last line: everything added up."""
    rows = list(outcomes)
    sums = (sum(row.passed for row in rows), sum(row.failed for row in rows), sum(row.skipped for row in rows))
    return f"{numbers(Outcome('', *sums, seconds, Path()))} in {seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
