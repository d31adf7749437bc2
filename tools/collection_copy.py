# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy the collection to a directory where Ansible's own tools find it: DESTINATION/ansible_collections/asr/failback.

The copy holds what a commit of the working tree would hold: tracked files and new ones, nothing that git ignores.
Without git, or outside a clone, it holds everything except what `make` and the tools make.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHES = {".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}
MADE = CACHES | {".ansible", ".git", ".venv", "build"}


def main(destination: str) -> None:
    """Replace the copy under `destination` and print where it is."""
    print(copy_collection(Path(destination)))


def copy_collection(destination: Path) -> Path:
    """Replace `destination`/ansible_collections/asr/failback with a copy of the source tree and return its path."""
    target = destination / "ansible_collections" / "asr" / "failback"
    shutil.rmtree(target, ignore_errors=True)
    for name in source_files():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, place, follow_symlinks=False)
    _separate(target)
    return target


def source_files() -> list[str]:
    """Return the names of the source files, relative to the root, sorted."""
    listed = _listed_by_git() if _is_repository() else _walk()
    return sorted(name for name in listed if (ROOT / name).is_symlink() or (ROOT / name).is_file())


def _separate(copy: Path) -> None:
    """Make the copy a repository of its own when the source is one.

    Tools that ask git for the files would otherwise get those of the source tree, which ignores the copy: none at all.
    """
    if _is_repository():
        subprocess.run(["git", "init", "--quiet", str(copy)], check=True)


def _is_repository() -> bool:
    return (ROOT / ".git").exists() and shutil.which("git") is not None


def _listed_by_git() -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in done.stdout.split("\0") if name]


def _walk() -> Iterator[str]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE and not name.endswith(".egg-info")]
        for name in files:
            yield (Path(folder) / name).relative_to(ROOT).as_posix()


if __name__ == "__main__":
    main(*sys.argv[1:])
