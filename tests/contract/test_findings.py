# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every finding of failback_prereq has its rows in the documentation, and every row its finding."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from support.module_runner import ModuleRunner
from support.scenarios import scenario_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
# Present only where a host rejects the account.
SOMETIMES = {"host_credentials"}


def rows(file: str, heading: str) -> set[str]:
    """The names in the first column of the tables of a section."""
    text = (DOCS / file).read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {name for cell in re.findall(r"^\| (`[^|]+)\|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)}


def test_every_finding_has_its_rows_and_every_row_its_finding(driver: Callable[..., ModuleRunner]) -> None:
    plans = [{"name": "shop", "groups": [["web01"]]}]
    vault = driver(scenario_of("web01", recovery_plans=plans)).knows_hosts()
    found = {finding["id"] for finding in vault.run("failback_prereq", recovery_plan="shop")["findings"]}
    remedies = rows("troubleshooting.md", "Findings of failback_prereq")
    of_hosts = rows("hyperv-hosts.md", "What is checked")
    assert remedies == found | SOMETIMES
    vault.inventory = {}
    unasked = vault.run("failback_prereq", recovery_plan="shop")["findings"]
    assert of_hosts == (found - {finding["id"] for finding in unasked}) | SOMETIMES | {"host_reachable"}
