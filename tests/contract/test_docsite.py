# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the site are those of the tree, with links that lead somewhere on the site. Sphinx itself judges what
they lead to, in `make docsite`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "https://github.com/asr-failback/asr.failback/blob/main/"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pages of a small tree, as the site has them."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from docsite_pages import Site

    tree = tmp_path / "tree"
    pages = {
        "docs/docsite/index.md": "[start](../../README.md) ![](../images/one.svg)\n",
        "README.md": "[why](docs/why.md#because) [tests](tests/unit) [far](https://example.com/a.md)\n",
        "docs/why.md": "[a module](reference/commit_module.md#options)\n```\n[code](../README.md)\n```\n",
        "docs/reference/README.md": "[commit](commit_module.md) [fleet](fleet_playbook.md)\n",
        "docs/reference/fleet_playbook.md": f"[up](../why.md) [by address]({SOURCE}docs/why.md#because)\n",
        "docs/reference/commit_module.md": "of GitHub\n",
        "docs/images/one.svg": "<svg/>",
    }
    for name, text in pages.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    own = [tree / name for name in pages if name.endswith(".md") and "commit" not in name and "docsite" not in name]
    site = Site(tree, "index.md", tree / "docs/docsite/index.md", own, ["docs/reference/commit_module"])
    site.write(tmp_path / "site")
    sys.modules.pop("docsite_pages")
    return tmp_path / "site"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("index.md", "[start](README.md) ![](docs/images/one.svg)\n"),
        ("README.md", f"[why](docs/why.md#because) [tests]({SOURCE}tests/unit) [far](https://example.com/a.md)\n"),
        ("docs/why.md", "[a module](reference/commit_module.rst#options)\n```\n[code](../README.md)\n```\n"),
        ("docs/reference/fleet_playbook.md", "[up](../why.md) [by address](../why.md#because)\n"),
    ],
    ids=["the first page is at the root", "what the site does not have", "what is written anew", "as it is"],
)
def test_links_lead_to_the_site_or_to_the_source(written: Path, page: str, text: str) -> None:
    assert (written / page).read_text() == text


def test_the_index_of_the_reference_has_its_pages_below_it(written: Path) -> None:
    text = (written / "docs/reference/README.md").read_text()
    assert text.startswith("[commit](commit_module.rst) [fleet](fleet_playbook.md)\n")
    below = ["commit (module) </docs/reference/commit_module>", "fleet (playbook) </docs/reference/fleet_playbook>"]
    assert "\n".join(below) in text
    assert not (written / "docs/reference/commit_module.md").exists()


def test_pictures_come_along(written: Path) -> None:
    assert (written / "docs/images/one.svg").read_text() == "<svg/>"


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_is_told_to_those_who_do_not_see_it(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    assert 'role="img"' in text
    assert 'aria-labelledby="title desc"' in text
    for tag in ("title", "desc"):
        assert text.partition(f'<{tag} id="{tag}">')[2].partition("</")[0].strip()
