# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the collection as it would be published and put it through galaxy-importer, as Ansible Galaxy does on upload.

    python tools/importer.py BUILD_DIRECTORY

The archive is BUILD_DIRECTORY/importer/asr-failback-VERSION.tar.gz. A warning of the importer is a failure.

Automation Hub sets REQUIRE_V1_OR_GREATER, Galaxy does not: a version below 1.0.0 is imported without it, and the last
line says that only Galaxy would take it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from collection_copy import copy_collection
from commands import run_command

# galaxy-importer reads its settings from the environment. Its own sanity run needs Docker: tools/sanity.py does that.
SETTINGS = {
    "CHECK_REQUIRED_TAGS": "true",
    "OFFLINE_ANSIBLE_LINT": "true",
    "RUN_ANSIBLE_LINT": "true",
    "RUN_ANSIBLE_TEST": "false",
}
VERSION = re.compile(r"^asr-failback-(.+)\.tar\.gz$")
# What the importer lints is not installed, so playbooks that import those of the collection by their full names, as
# users do, find none. lint-ansible finds them.
NOT_INSTALLED = r"WARNING: ERROR +Failed to find asr\.failback\.\w+ playbook\.$"
COMPLAINT = re.compile(rf"^(?!{NOT_INSTALLED})(WARNING|ERROR|CRITICAL|Traceback)", re.MULTILINE)


def main(build: Path) -> int:
    """Build, import, print the importer's output and return the exit status."""
    return import_archive(build_archive(build / "importer"))


def import_archive(archive: Path) -> int:
    """Put an archive through the importer, in its folder; print what it says and return the exit status."""
    (version,) = VERSION.findall(archive.name)
    environment = {f"GALAXY_IMPORTER_{name}": value for name, value in settings(version).items()}
    environment["GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP"] = str(archive.parent / "tmp")
    command = [sys.executable, "-m", "galaxy_importer.main", archive.name]
    status, output = run_command(command, archive.parent, environment)
    print(output)
    complaints = len(COMPLAINT.findall(output))
    taken = "Galaxy and Automation Hub take" if is_stable(version) else "only Galaxy takes"
    print(f"galaxy-importer: {archive.name}, {complaints} warnings or errors; {taken} this version")
    return status or bool(complaints)


def settings(version: str) -> dict[str, str]:
    """Return the importer's settings for a version."""
    return {**SETTINGS, "REQUIRE_V1_OR_GREATER": str(is_stable(version)).lower()}


def is_stable(version: str) -> bool:
    """Whether a version is 1.0.0 or newer."""
    return int(version.partition(".")[0]) >= 1


def build_archive(place: Path) -> Path:
    """Build the archive of a fresh copy of the source tree and return its path. Raises CalledProcessError."""
    source = copy_collection(place)
    for old in place.glob("*.tar.gz"):
        old.unlink()
    command = ["ansible-galaxy", "collection", "build", "--output-path", str(place), str(source)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (archive,) = place.glob("*.tar.gz")
    return archive


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
