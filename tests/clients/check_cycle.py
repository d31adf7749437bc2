# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds a simulator against what a client must have done: one whole failback, four writes, in this order.

Usage: check_cycle.py STATE_DIR. Exit status 0 when it was so.
"""

from __future__ import annotations

import json
import pathlib
import ssl
import sys
import urllib.request
from typing import Any

EXPECTED_WRITES = ["plannedFailover", "resume", "failoverCommit", "reProtect"]


def read(connection: dict[str, Any], path: str) -> dict[str, Any]:
    """A document of the control API."""
    context = ssl.create_default_context(cafile=connection["ca_bundle"])
    with urllib.request.urlopen(f"{connection['control']}/{path}", context=context, timeout=20) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


def main(state_dir: str) -> int:
    """Compare the journal and the state with what is expected; print what differs."""
    connection = json.loads((pathlib.Path(state_dir) / "connection.json").read_text(encoding="utf-8"))
    writes = [entry["path"].rsplit("/", 1)[1] for entry in read(connection, "journal?writes=true")["value"]]
    stages = {item["name"]: item["stage"] for item in read(connection, "state")["items"]}
    seen = {"writes": writes, "stages": stages}
    wanted = {"writes": EXPECTED_WRITES, "stages": {"web01": "protected"}}
    sys.stdout.write(f"the simulator saw {seen}{'' if seen == wanted else f', not {wanted}'}\n")
    return int(seen != wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
