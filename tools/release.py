# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build what a release has: the collection's archive, the simulator's wheel and source archive, and their checksums.

    python tools/release.py DIRECTORY               build them in DIRECTORY
    python tools/release.py DIRECTORY --tag vX.Y.Z  refuse unless the tree is ready to be released as that, then build
                                                    them, put the archive through galaxy-importer, and write notes.md

Nothing is published.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from importer import build_archive, import_archive

ROOT = Path(__file__).resolve().parent.parent
BUILT = ("*.tar.gz", "*.whl")
ANCHOR = re.compile(r'^<a id="[^"]*"></a>\n', re.MULTILINE)
SUMS, NOTES = "SHA256SUMS", "notes.md"


def main() -> int:
    """Check, build and return the exit status."""
    parser = argparse.ArgumentParser(description="Build what a release has.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--tag", help="the tag of the release, such as v0.1.0")
    wanted = parser.parse_args()
    place: Path = wanted.directory.resolve()
    problems = list(unready(ROOT, wanted.tag)) if wanted.tag else []
    for problem in problems:
        print(f"NOT READY: {problem}")
    if problems:
        return 1
    archive = build(place)
    print((place / SUMS).read_text(encoding="utf-8"), end="")
    return release(place, archive, wanted.tag.removeprefix("v")) if wanted.tag else 0


def unready(root: Path, tag: str) -> Iterator[str]:
    """Yield what keeps a tree from being released under a tag."""
    version = tag.removeprefix("v")
    found = {
        "galaxy.yml": yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"],
        "simulator/pyproject.toml": _in_project((root / "simulator" / "pyproject.toml").read_text(encoding="utf-8")),
    }
    yield from (f"{file} has version {one}, the tag is {tag}" for file, one in found.items() if one != version)
    changes = yaml.safe_load((root / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))
    if version not in (changes.get("releases") or {}):
        yield f"changelogs/changelog.yaml has no release {version}: run `make changelog`"
    elif not notes_of((root / "CHANGELOG.md").read_text(encoding="utf-8"), version):
        yield f"CHANGELOG.md says nothing of {version}: run `make changelog`"


def _in_project(text: str) -> str:
    """Return the version in a pyproject.toml. Python 3.10 has no reader of TOML."""
    (version,) = re.findall(r'^version = "(.+)"$', text, re.MULTILINE)
    return str(version)


def notes_of(changelog: str, version: str) -> str:
    """Return the part of CHANGELOG.md on a version, without its heading and anchors; empty if there is none."""
    # antsibull-changelog escapes the dots of the heading.
    parts = re.split(r"^## (.+)$", ANCHOR.sub("", changelog), flags=re.MULTILINE)
    texts = dict(zip(parts[1::2], parts[2::2], strict=True))
    return next((text.strip() for heading, text in texts.items() if heading.replace("\\", "") == f"v{version}"), "")


def build(place: Path) -> Path:
    """Build everything in a folder, with checksums; return the path of the collection's archive."""
    place.mkdir(parents=True, exist_ok=True)
    archive = build_archive(place)
    for old in place.glob("asr_simulator-*"):
        old.unlink()
    command = [sys.executable, "-m", "build", "--outdir", str(place), str(ROOT / "simulator")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    files = sorted(path for pattern in BUILT for path in place.glob(pattern))
    (place / SUMS).write_text("".join(f"{checksum(path)}  {path.name}\n" for path in files), encoding="utf-8")
    return archive


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, as `sha256sum` writes it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def release(place: Path, archive: Path, version: str) -> int:
    """Put the archive through galaxy-importer and write the notes; return the exit status."""
    notes = notes_of((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    (place / NOTES).write_text(f"{notes}\n", encoding="utf-8")
    return import_archive(archive)


if __name__ == "__main__":
    sys.exit(main())
