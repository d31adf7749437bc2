# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection says it runs on is what its tests run on: the lowest versions, azure.azcollection's, others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "tests" / "constraints"
# Its versions are dates.
UNBOUNDED = {"tzdata"}


def read(path: Path) -> dict[str, Requirement]:
    """The requirements in a file of pip's, by name."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return by_name(line for line in lines if line and not line.startswith("-"))


def by_name(lines: Iterable[str]) -> dict[str, Requirement]:
    return {requirement.name.lower(): requirement for requirement in map(Requirement, lines)}


def simulators() -> dict[str, Requirement]:
    """The requirements of the simulator. Python 3.10 has no reader of TOML."""
    text = (ROOT / "simulator" / "pyproject.toml").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    return by_name(re.findall(r'"([^"]+)"', listed))


def ansible_core() -> dict[str, Requirement]:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    return by_name([f"ansible-core{runtime['requires_ansible']}"])


def bounds(requirement: Requirement, operator: str) -> list[Version]:
    return [Version(one.version) for one in requirement.specifier if one.operator == operator]


def pinned(path: Path) -> dict[str, Version]:
    return {name: version for name, found in read(path).items() for version in bounds(found, "==")}


def test_the_lowest_versions_are_the_bounds_that_are_written_down() -> None:
    required = read(ROOT / "requirements.txt") | simulators() | ansible_core()
    lowest = {name: version for name, found in required.items() for version in bounds(found, ">=")}
    assert set(lowest) == set(required)
    assert pinned(CONSTRAINTS / "lowest.txt") == lowest


def test_a_new_major_version_has_to_be_tried_first() -> None:
    required = read(ROOT / "requirements.txt")
    assert {name for name, found in required.items() if not bounds(found, "<")} == UNBOUNDED


def test_what_azcollection_pins_is_allowed() -> None:
    required = read(ROOT / "requirements.txt")
    theirs = pinned(CONSTRAINTS / "azcollection.txt")
    assert theirs["azure-mgmt-compute"] == Version("33.0.0")
    shared = theirs.keys() & required.keys()
    assert not [name for name in shared if theirs[name] not in required[name].specifier]


def test_the_documentation_names_the_same_versions() -> None:
    folder = ROOT / "plugins" / "doc_fragments"
    fragments = "".join((folder / name).read_text(encoding="utf-8") for name in ("azure.py", "window.py"))
    named = by_name(re.findall(r"^  - ((?:azure|python)-[a-z-]+ >= [\d.]+, < \d+)", fragments, re.MULTILINE))
    required = read(ROOT / "requirements.txt")
    assert "python-dateutil" in named
    assert not [name for name, found in named.items() if found.specifier != required[name].specifier]


@pytest.mark.parametrize("versions", sorted(path.stem for path in CONSTRAINTS.glob("*.txt")))
def test_all_of_them_are_tested_for_each_change(versions: str) -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert versions in [entry["versions"] for entry in workflow["jobs"]["versions"]["strategy"]["matrix"]["include"]]
