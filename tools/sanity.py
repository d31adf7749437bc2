# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run `ansible-test sanity` whole, without Docker, on a copy of the source tree.

    python tools/sanity.py BUILD_DIRECTORY [argument of ansible-test ...]

ansible-test makes an environment of its own for each tool and keeps it in its home directory: BUILD_DIRECTORY/home, so
that the user's stays untouched. The copy is BUILD_DIRECTORY/sanity. Everything that it prints is in
BUILD_DIRECTORY/log/ansible-test.log. The last line says what ran, and what did not and why.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from collection_copy import copy_collection
from commands import run_command

# ansible-test would download this file. It only has to put pip into a new environment, which Python can do by itself.
PUT_PIP = "import ensurepip\n\nensurepip.bootstrap(upgrade=True)\n"
TELLING = re.compile(r"^(ERROR|FATAL|WARNING: (Required program|Skipping)|[a-z-]+$)")
NOT_NEEDED = "No tests applicable."


def main(build: Path, arguments: list[str]) -> int:
    """Run the tests, print what matters of their output and return the exit status."""
    home = prepare_home(build / "home")
    where = copy_collection(build / "sanity")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "sanity", "--python", python, "--color", "no", "-v", *arguments]
    status, output = run_command(command, where, {"HOME": str(home)})
    log = build / "log" / "ansible-test.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(output, encoding="utf-8")
    lines = output.splitlines()
    print("\n".join(line for line in lines if TELLING.match(line)))
    tests = results(lines)
    print(summary(tests))
    return status or not tests


def prepare_home(home: Path) -> Path:
    """Give ansible-test a home that holds the pip script and the user's settings of pip, and return it.

    It passes no PIP_ variables on, so what they say has to be in a file.
    """
    script = home / ".ansible" / "test" / "cache" / f"get_pip_{bundled_pip_version().replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(PUT_PIP, encoding="utf-8")
    settings = home / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[global]\n" + "\n".join(pip_settings()) + "\n", encoding="utf-8")
    return home


def bundled_pip_version() -> str:
    """Return the version of pip that this ansible-test asks for; it is part of the script's name.

    Raises SystemExit when ansible-test no longer says it where it did.
    """
    import ansible_test  # installed with ansible-core

    source = Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text(encoding="utf-8")
    found = re.search(r"pip='([0-9.]+)'", source)
    if not found:
        raise SystemExit("ansible-test no longer names its version of pip in python_requirements.py")
    return found[1]


def pip_settings() -> Iterable[str]:
    """Yield pip's settings, from files and environment, as lines of a configuration file."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    settings = {}
    for name, value in re.findall(r"^(?:global|install|:env:)\.([a-z-]+)='(.*)'$", listed, re.MULTILINE):
        settings[name] = value.replace("\\n", "\n  ")
    return (f"{name} = {value}" for name, value in settings.items())


def results(lines: Iterable[str]) -> dict[str, str]:
    """Return each test that was started, with the reason why it did nothing, or an empty text when it ran."""
    tests: dict[str, str] = {}
    current = ""
    for line in lines:
        if started := re.match(r'Running sanity test "([^"]+)"', line):
            current = started[1]
            tests[current] = ""
        elif lacking := re.match(r"WARNING: (Required program .*|Skipping .*)", line):
            tests[current] = lacking[1]
        elif line == NOT_NEEDED:
            tests[current] = "no file of its kind"
    return tests


def summary(tests: Mapping[str, str]) -> str:
    """Say how many tests ran, and which found nothing to look at or lacked a program."""
    idle = [f"{name} ({reason})" for name, reason in tests.items() if reason]
    without = f"; did not: {', '.join(idle)}" if idle else ""
    return f"ansible-test sanity: {len(tests) - len(idle)} of {len(tests)} tests ran{without}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
