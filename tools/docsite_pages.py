# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The project's Markdown as the pages of a site: the same text, with links that lead somewhere there as well."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SOURCE_TREE = "https://github.com/asr-failback/asr.failback/blob/main/"
PICTURES = {".svg", ".png"}
CODE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")
# Sphinx wants to know the pages below a page; the index of the reference lists them for a reader.
BELOW = """
```{{toctree}}
:hidden:

{names}
```
"""


@dataclass(frozen=True)
class Site:
    """A site of some pages of the tree below `root`.

    `start` is the name of the first page, which is `first` in the tree. `written` are pages of the tree that something
    else writes for the site, as reStructuredText: paths without their endings.
    """

    root: Path
    start: str
    first: Path
    pages: Sequence[Path]
    written: Sequence[str]

    def write(self, folder: Path) -> None:
        """Write all pages below `folder`, with their pictures."""
        for page in (self.first, *self.pages):
            place = folder / self._place(page)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(self.text_of(page), encoding="utf-8")
        for picture in (self.root / "docs" / "images").iterdir():
            place = folder / picture.relative_to(self.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, place)

    def text_of(self, page: Path) -> str:
        """Return the text of a page for the site."""
        parts = CODE.split(page.read_text(encoding="utf-8"))
        text = "".join(part if CODE.fullmatch(part) else self._with_links(part, page) for part in parts)
        below = [_entry(name) for name in self._below(page) if page.stem == "README"]
        return text + BELOW.format(names="\n".join(sorted(below))) if below else text

    def _below(self, page: Path) -> list[str]:
        """Return the documents of the site in a page's folder that are written for the site, and those beside them."""
        folder = str(page.parent.relative_to(self.root))
        beside = [str(other.relative_to(self.root).with_suffix("")) for other in self.pages if other != page]
        if not any(str(PurePosixPath(name).parent) == folder for name in self.written):
            return []
        return sorted(name for name in (*self.written, *beside) if str(PurePosixPath(name).parent) == folder)

    def _with_links(self, text: str, page: Path) -> str:
        return LINK.sub(lambda found: f"]({self._link(found[1], page)}{found[2] or ''})", text)

    def _link(self, link: str, page: Path) -> str:
        """Return a link of a page as the site needs it: relative in the site, else to the source tree."""
        # Published pages give the address of what is not published with them; some of that is on the site.
        in_tree = link.startswith(SOURCE_TREE)
        if not in_tree and ("://" in link or link.startswith("mailto:")):
            return link
        target = self.root / link.removeprefix(SOURCE_TREE) if in_tree else Path(os.path.normpath(page.parent / link))
        place = self._place(target)
        return os.path.relpath(place, self._place(page).parent) if self._is_here(target) else f"{SOURCE_TREE}{place}"

    def _is_here(self, target: Path) -> bool:
        return target in (self.first, *self.pages) or target.suffix in PICTURES or self._is_written(target)

    def _is_written(self, target: Path) -> bool:
        return str(target.relative_to(self.root).with_suffix("")) in self.written

    def _place(self, target: Path) -> PurePosixPath:
        if target == self.first:
            return PurePosixPath(self.start)
        place = PurePosixPath(target.relative_to(self.root).as_posix())
        return place.with_suffix(".rst") if self._is_written(target) else place


def _entry(document: str) -> str:
    """Return the line of a page of the reference in the navigation, such as `fleet (playbook) </docs/...>`."""
    name, _unused, kind = PurePosixPath(document).name.rpartition("_")
    return f"{name} ({kind}) </{document}>"
