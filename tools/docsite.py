# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the site of the documentation; any warning of Sphinx is a failure.

    python tools/docsite.py BUILD_DIRECTORY

Its pages are the project's own Markdown, gathered in BUILD_DIRECTORY/docsite/source, and the pages of plugins and roles
that antsibull-docs writes there; these take the place of docs/reference/*.md, which GitHub shows. The site is in
BUILD_DIRECTORY/docsite/html.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from docsite_pages import Site
from fidelity_page import fidelity_page

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = "asr.failback"
CONFIGURATION = ROOT / "docs" / "docsite"
REFERENCE = "docs/reference"
PAGES = (
    "*.md",
    "docs/*.md",
    "docs/reference/README.md",
    "docs/reference/*_playbook.md",
    "roles/*/README.md",
    "simulator/*.md",
)
# For those who write code with the help of an agent; the contributor's guide says the same.
LEFT_OUT = {"AGENTS.md"}
CONTENTS = re.compile(r"^\.\. contents::\n(?: +:.*\n)*", re.MULTILINE)


def main(build: Path) -> int:
    """Gather the pages, build the site and return the exit status."""
    place = build / "docsite"
    source = place / "source"
    shutil.rmtree(source, ignore_errors=True)
    site = Site(ROOT, "index.md", CONFIGURATION / "index.md", own_pages(), written_reference())
    site.write(source)
    (source / "simulator" / "fidelity.md").write_text(
        fidelity_page(ROOT / "simulator" / "fidelity.yml"), encoding="utf-8"
    )
    write_plugins(source / REFERENCE)
    return build_site(source, place)


def own_pages() -> list[Path]:
    """Return the pages that are written by hand, and those of playbooks, which antsibull-docs does not know."""
    found = {path for place in PAGES for path in ROOT.glob(place)}
    return sorted(path for path in found if str(path.relative_to(ROOT)) not in LEFT_OUT)


def written_reference() -> list[str]:
    """Return the pages of the reference that antsibull-docs writes, as paths without their endings: those that GitHub
    shows, and one more."""
    names = [path.stem for path in (ROOT / REFERENCE).glob("*.md")]
    anew = [name for name in names if name != "README" and not name.endswith("_playbook")]
    return sorted(f"{REFERENCE}/{name}" for name in (*anew, "environment_variables"))


def write_plugins(folder: Path) -> None:
    """Let antsibull-docs write the pages of plugins and roles. Raises CalledProcessError.

    Without their tables of contents: the theme has one beside each page.
    """
    options = [
        "--use-current",
        "--squash-hierarchy",
        "--fail-on-error",
        "--no-indexes",
        "--no-add-antsibull-docs-version",
    ]
    run(["antsibull-docs", "collection", *options, "--dest-dir", str(folder), COLLECTION])
    for page in folder.glob("*.rst"):
        page.write_text(CONTENTS.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def build_site(source: Path, place: Path) -> int:
    """Run Sphinx, in an empty place, with warnings as errors; return its exit status."""
    html = place / "html"
    shutil.rmtree(html, ignore_errors=True)
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    strict = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
    places = ["-c", str(CONFIGURATION), "-d", str(place / "doctrees"), "-D", f"release={version}"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *strict, *places, str(source), str(html)], cwd=ROOT, check=False
    )
    print(f"docsite: {len(list(html.rglob('*.html')))} pages in {html}")
    return done.returncode


def run(command: Sequence[str]) -> None:
    """Run a command without a word. Raises CalledProcessError, and shows what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr)
        done.check_returncode()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
