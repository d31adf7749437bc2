# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The links of the pages lead somewhere, also in the published collection, and the README lists what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest
import yaml
from support.module_contracts import CONTRACTS

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("*.md", "docs/**/*.md", "extensions/**/*.md", "roles/*/*.md", "simulator/*.md", "tests/*/*.md")
PAGES = sorted(str(path.relative_to(ROOT)) for place in PLACES for path in ROOT.glob(place))
README = (ROOT / "README.md").read_text(encoding="utf-8")
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
# Where the source tree is, for pages that are published without it.
SOURCE = f"{GALAXY['repository']}/blob/main/"
CODE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
# A module that only the playbooks use.
OF_PLAYBOOKS = {"fleet_result"}


def text_of(page: str) -> str:
    """A page without its examples."""
    return CODE.sub("", (ROOT / page).read_text(encoding="utf-8"))


def is_published(path: str) -> bool:
    """Whether a file is in the published collection."""
    places = [path, *map(str, PurePosixPath(path).parents)]
    return not any(fnmatch(place, pattern) for place in places for pattern in GALAXY["build_ignore"])


def links_of(page: str, *, from_source: bool) -> Iterator[tuple[str, str]]:
    """The links of a page to files, as path and anchor. C(from_source): those by its address as well."""
    for link in LINK.findall(text_of(page)):
        is_address = link.startswith(SOURCE)
        path, _unused, anchor = link.removeprefix(SOURCE).partition("#")
        if "://" in path or (is_address and not from_source):
            continue
        target = (ROOT if is_address else (ROOT / page).parent) / path if path else ROOT / page
        yield str(target.resolve().relative_to(ROOT)), anchor


def anchors_of(page: str) -> set[str]:
    """The anchors of a page, as GitHub makes them of its headings."""
    words = (LINK.sub("", heading).lower() for heading in HEADING.findall(text_of(page)))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in words}


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_somewhere(page: str) -> None:
    lost = [
        f"{path}#{anchor}"
        for path, anchor in links_of(page, from_source=True)
        if not (ROOT / path).exists() or (anchor and anchor not in anchors_of(path))
    ]
    assert lost == []


@pytest.mark.parametrize("page", [page for page in PAGES if is_published(page)])
def test_a_published_page_links_to_what_is_published(page: str) -> None:
    assert [path for path, _anchor in links_of(page, from_source=False) if not is_published(path)] == []


def listed(pattern: str) -> set[str]:
    """What the tables of the README list, by what its rows begin with."""
    return set(re.findall(rf"^\| (?:\[)?`{pattern}`", README, re.MULTILINE))


def test_the_readme_lists_all_modules_roles_and_playbooks() -> None:
    roles = {path.name for path in (ROOT / "roles").iterdir()}
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert listed(r"asr\.failback\.(\w+)") == playbooks
    assert listed(r"(\w+)") == (set(CONTRACTS) - OF_PLAYBOOKS) | roles
