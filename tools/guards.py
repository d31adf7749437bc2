# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take guards out of a copy of the code, one at a time, and see that the test notices that should.

    python tools/guards.py BUILD_DIRECTORY [WORD ...]

The guards are in tests/guards.yml: the file, the lines that are the guard, what stands there without it, the test, and the
seed with which that finds a violation. WORDs choose the guards whose name holds one of them. A guard whose loss the test
does not notice ends the run with status 1; another seed may find it (SEED).
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from collection_copy import copy_collection
from commands import run_command

GUARDS = Path("tests") / "guards.yml"
OBJECTION = re.compile(r"^E\s+(\S.*)", re.MULTILINE)
FAILED = 1
SHOWN = 170


def main() -> int:
    """Take out the guards of the command line, all of them by default, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("words", nargs="*", metavar="WORD")
    options = parser.parse_args()
    guards = [guard for guard in yaml.safe_load(GUARDS.read_text()) if chosen(guard["guard"], options.words)]
    unnoticed = [guard["guard"] for guard in guards if not is_noticed(guard, options.build / "guards")]
    print(f"{len(guards) - len(unnoticed)} of {len(guards)} guards are missed when they are gone")
    return int(bool(unnoticed))


def chosen(name: str, words: list[str]) -> bool:
    """Whether a guard is wanted."""
    return not words or any(word.lower() in name.lower() for word in words)


def is_noticed(guard: dict[str, Any], build: Path) -> bool:
    """Run a guard's test in a copy without the guard, say in a line what it found, and return whether it did."""
    copy = copy_collection(build)
    take_out(copy, guard)
    link(copy, build)
    seed = os.environ.get("SEED") or str(guard["seed"])
    environment = {
        **{name: str(value) for name, value in guard.get("environment", {}).items()},
        "SEED": seed,
        "ANSIBLE_COLLECTIONS_PATH": str(build.absolute()),
        "PYTHONPYCACHEPREFIX": str(build.absolute() / "cache"),
    }
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=short", *guard["test"].split()]
    status, output = run_command(command, copy, environment)
    found = OBJECTION.search(output)
    noticed = status == FAILED and found is not None
    (build / "last.log").write_text(output, encoding="utf-8")
    said = found.group(1)[:SHOWN] if found and noticed else f"NOT NOTICED (exit status {status}): {build / 'last.log'}"
    print(f"{guard['guard']}: seed {seed}, {time.monotonic() - started:.0f} s: {said}", flush=True)
    return noticed


def take_out(copy: Path, guard: dict[str, Any]) -> None:
    """Replace a guard's lines; each must stand in its file exactly once, or the list is out of date."""
    for change in guard["without"]:
        path = copy / change["file"]
        text = path.read_text(encoding="utf-8")
        if text.count(change["old"]) != 1:
            sys.exit(f"{guard['guard']}: {change['file']} holds its lines {text.count(change['old'])} times, not once")
        path.write_text(text.replace(change["old"], change["new"]), encoding="utf-8")


def link(copy: Path, collections: Path) -> None:
    """Let the copy be the collection that its tests import."""
    (copy / "build").mkdir()
    (copy / "build" / "collections").symlink_to(collections.absolute(), target_is_directory=True)


if __name__ == "__main__":
    sys.exit(main())
