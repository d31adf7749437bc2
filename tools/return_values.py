# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy the return values that several modules share from plugins/doc_fragments/return_values.py into the modules.

    python tools/return_values.py            write them
    python tools/return_values.py --check    list the modules that are out of date, and fail if there are any

ansible-core merges fragments into RETURN from 2.20 on, which is above the oldest that the collection supports. Until
then a module names the fragments in a comment, and what is below the comment is written by this program. A value that
the module documents above the comment is not copied.
"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PLUGINS = Path(__file__).resolve().parent.parent / "plugins"
FRAGMENT = PLUGINS / "doc_fragments" / "return_values.py"
COMMENT = "# Copied by `make docs`: "
SHARED = re.compile(
    rf'^(?P<own>RETURN = r""".*?)(?P<comment>^{re.escape(COMMENT)}(?P<names>[^\n]*)\n)(?P<copied>.*?)"""',
    re.DOTALL | re.MULTILINE,
)
TOP_LEVEL_KEY = re.compile(r"^(?=\w)", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    """Write or check the modules; return the exit status."""
    fragments = vars(runpy.run_path(str(FRAGMENT))["ModuleDocFragment"])
    modules = {file: file.read_text(encoding="utf-8") for file in sorted((PLUGINS / "modules").glob("*.py"))}
    written = {file: with_shared_values(text, fragments) for file, text in modules.items()}
    outdated = [file for file, text in written.items() if text != modules[file]]
    if "--check" in arguments:
        for file in outdated:
            print(f"{file.name} is out of date: run `make docs`")
        return int(bool(outdated))
    for file in outdated:
        file.write_text(written[file], encoding="utf-8")
    return 0


def with_shared_values(text: str, fragments: Mapping[str, str]) -> str:
    """Return a module's source with what its comment names copied below the comment."""

    def copied(found: re.Match[str]) -> str:
        own = set(entries(found["own"]))
        shared: dict[str, str] = {}
        for name in found["names"].split(", "):
            for key, entry in entries(fragments[name.upper()]).items():
                # A second one adds to what the first contains.
                shared[key] = shared[key] + entry.partition("  contains:\n")[2] if key in shared else entry
        added = "".join(entry for key, entry in shared.items() if key not in own)
        return f'{found["own"]}{found["comment"]}{added}"""'

    return SHARED.sub(copied, text)


def entries(documentation: str) -> dict[str, str]:
    """Return the text of each top-level key of a YAML document, by key."""
    parts = [part for part in TOP_LEVEL_KEY.split(documentation) if re.match(r"\w+:", part)]
    return {part.partition(":")[0]: part for part in parts}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
