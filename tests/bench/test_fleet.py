# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to bring a fleet home, beside a script that does the same with the SDK alone.

FLEET_VMS=10,200 make bench asks for other numbers of VMs, BENCH=long for 3,000 as well. The figures are printed, and
written to build/bench/bench.json. There are no bounds.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from support.fleet_bench import Measured, measured, table

COUNTS = [int(count) for count in os.environ.get("FLEET_VMS", "1,10,100,1000").split(",")]
COUNTS += [3000] if os.environ.get("BENCH") == "long" else []
VARIANTS = os.environ.get("FLEET_VARIANTS", "fleet;fleet, hosts asked;sdk script").split(";")
# Simulated seconds a second: jobs of half an hour take half a minute.
SPEED = float(os.environ.get("FLEET_SPEED", "60"))
OUTPUT = Path(__file__).resolve().parents[2] / "build" / "bench" / "bench.json"


@pytest.fixture(scope="module")
def runs() -> list[Measured]:
    return []


@pytest.mark.parametrize("vms", COUNTS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_fleet(variant: str, vms: int, tmp_path: Path, runs: list[Measured]) -> None:
    runs.append(measured(variant, vms, tmp_path, speed=SPEED))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps([asdict(run) for run in runs], indent=2), encoding="utf-8")
    print(f"\n{table(runs)}")
