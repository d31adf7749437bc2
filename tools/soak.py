# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The long run: kills, random walks, faults at every call and in every field of an answer, odd input, and the demo with
the least rights.

    SEED=N KILLS=N TARGETS=N WALKS=N python tools/soak.py BUILD_DIRECTORY

SEED (1) chooses what happens, so that a run can be repeated; KILLS (200) and WALKS (300) how often; TARGETS (2) how
many VMs and plans are killed at a time. SEED=1,2 runs the parts for both seeds, but once what is the same for each: the
demo, and with FAULTS=all the fields of answers. What pytest prints goes to BUILD_DIRECTORY/log/soak-PART-SEED.log. The
last line is "kills=N faults=N walks=N violations=0"; with a violation, or a test that failed for another reason, the
exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

COUNTED = ("kills", "faults", "walks")
INPUTS = [f"tests/integration/test_{name}.py" for name in ("odd_options", "secrets", "least_privilege")]
FIELDS = "tests/faults/test_every_field.py"
PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", "--durations=5"]
PARTS = {
    "kills": [*PYTEST, "tests/chaos"],
    "walks": [*PYTEST, "tests/walks"],
    "faults": [*PYTEST, "tests/faults", f"--ignore={FIELDS}"],
    "fields": [*PYTEST, FIELDS],
    "inputs": [*PYTEST, "--hypothesis-profile=search", *INPUTS],
    "roles": ["make", "--no-print-directory", "demo-roles"],
}
DEFAULTS = {"SEED": "1", "KILLS": "200", "TARGETS": "2", "WALKS": "300", "FAULTS": "all"}
SHOWN_OF_A_FAILURE = 40


def main() -> int:
    """Run the parts of the command line, all of them by default, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    options = parser.parse_args()
    counts_file = options.build / "soak-counts.jsonl"
    counts_file.unlink(missing_ok=True)
    settings = {name: os.environ.get(name) or value for name, value in DEFAULTS.items()}
    print("Soak: " + ", ".join(f"{name}={value}" for name, value in settings.items()), flush=True)
    environment = {**os.environ, **settings, "SOAK_COUNTS": str(counts_file.absolute())}
    rounds = list(rounds_of(options.parts or [*PARTS], settings["SEED"].split(","), settings["FAULTS"]))
    failed = [part for part, seed in rounds if not run(part, options.build, {**environment, "SEED": seed})]
    counts = added_up(counts_file)
    violations = max(counts["violations"], len(failed))
    print(" ".join([*(f"{name}={counts[name]}" for name in COUNTED), f"violations={violations}"]))
    return int(violations > 0)


def rounds_of(parts: list[str], seeds: list[str], faults: str) -> Iterator[tuple[str, str]]:
    """Yield what is run, each part with its seed: all of a seed before the next one."""
    once = {"roles", *(["fields"] if faults == "all" else [])}
    for number, seed in enumerate(seeds):
        for part in parts:
            if number == 0 or part not in once:
                yield part, seed.strip()


def run(part: str, build: Path, environment: dict[str, str]) -> bool:
    """Run a part, say in a line how it went, and return whether it passed."""
    seed = environment["SEED"]
    log = build / "log" / f"soak-{part}-{seed}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(PARTS[part], env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    passed = done.returncode == 0
    last = lines[-1] if lines else "no output"
    print(
        f"{part:<8} seed {seed:<3} {'ok' if passed else 'FAILED':<7} {time.monotonic() - started:7.0f} s  {last}",
        flush=True,
    )
    if not passed:
        print("\n".join(f"    {line}" for line in lines[-SHOWN_OF_A_FAILURE:]))
        print(f"    all of it: {log}", flush=True)
    return passed


def added_up(path: Path) -> Counter[str]:
    """Return the sums of the counts that the tests left."""
    counts: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        counts.update(json.loads(line))
    return counts


if __name__ == "__main__":
    sys.exit(main())
