# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is released fits together: one version, its changes, workflows that may do no more than they need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CHANGES = """\
# asr\\.failback Release Notes

<a id="v0-2-0"></a>
## v0\\.2\\.0

<a id="bugfixes"></a>
### Bugfixes

* commit \\- the second\\.

<a id="v0-1-0"></a>
## v0\\.1\\.0

* the first
"""


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return __import__("release")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that is ready to be released as 0.2.0."""
    files = {
        "galaxy.yml": "version: 0.2.0\n",
        "simulator/pyproject.toml": '[project]\nversion = "0.2.0"\n',
        "changelogs/changelog.yaml": "releases: {0.2.0: {}, 0.1.0: {}}\n",
        "CHANGELOG.md": CHANGES,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_notes_are_those_of_the_version(release: ModuleType) -> None:
    assert release.notes_of(CHANGES, "0.2.0") == "### Bugfixes\n\n* commit \\- the second\\."
    assert release.notes_of(CHANGES, "0.1.0") == "* the first"
    assert release.notes_of(CHANGES, "0.3.0") == ""


def test_a_tree_that_fits_its_tag_is_ready(release: ModuleType, tree: Path) -> None:
    assert list(release.unready(tree, "v0.2.0")) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("galaxy.yml", "version: 0.1.0\n", "galaxy.yml has version 0.1.0"),
        ("simulator/pyproject.toml", '[project]\nversion = "0.1.0"\n', "simulator/pyproject.toml has version 0.1.0"),
        ("changelogs/changelog.yaml", "releases: {}\n", "changelogs/changelog.yaml has no release 0.2.0"),
        ("CHANGELOG.md", "# Notes\n", "CHANGELOG.md says nothing of 0.2.0"),
    ],
    ids=["the collection", "the simulator", "the changelog", "its page"],
)
def test_what_does_not_fit_is_named(release: ModuleType, tree: Path, file: str, text: str, complaint: str) -> None:
    (tree / file).write_text(text)
    (problem,) = release.unready(tree, "v0.2.0")
    assert problem.startswith(complaint)


def test_collection_and_simulator_have_one_version(release: ModuleType) -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    assert not [problem for problem in release.unready(ROOT, f"v{version}") if "has version" in problem]


@pytest.mark.parametrize(("version", "stable"), [("0.9.1", False), ("1.0.0", True), ("10.0.0-rc.1", True)])
def test_what_automation_hub_requires_is_required_from_the_first_version_that_it_takes(
    release: ModuleType, version: str, *, stable: bool
) -> None:
    settings = __import__("importer").settings(version)
    assert settings["REQUIRE_V1_OR_GREATER"] == str(stable).lower()


def permissions(workflow: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything that a workflow or one of its jobs is permitted."""
    for holder in (workflow, *workflow["jobs"].values()):
        yield from (holder.get("permissions") or {}).items()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_except_to_draft_a_release(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    # Without this key a workflow has what the repository gives by default.
    assert "permissions" in workflow
    writes = {name for name, access in permissions(workflow) if access != "read"}
    assert writes == ({"attestations", "contents", "id-token"} if path.stem == "release" else set())
    assert "${{ secrets." not in path.read_text()


def test_the_job_that_runs_the_tree_s_code_cannot_write_a_release() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"]
    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert not [step for step in jobs["draft"]["steps"] if "actions/checkout" in step.get("uses", "")]
