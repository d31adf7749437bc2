# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``asr-simulator verify``: reads recordings of Azure, and says where the simulator would have answered otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from asr_simulator import specimens
from asr_simulator.routes import all_routes
from asr_simulator.scenarios.load import FOLDER
from asr_simulator.verify.exchanges import Exchange, Unreadable, exchanges_of
from asr_simulator.verify.findings import Verdict
from asr_simulator.verify.judging import explained, names_in
from asr_simulator.verify.reference import Learned, learn, named_variants
from asr_simulator.verify.report import report_of
from asr_simulator.wire import RouteTable

# In a package it is beside the code, in the source tree two folders above it.
TABLES = (Path(__file__).parent / "fidelity.yml", Path(__file__).parents[2] / "fidelity.yml")


def read(paths: Iterable[Path]) -> list[Exchange]:
    """The exchanges in these files, in order.

    Raises:
        Unreadable: a file cannot be read, or is no recording.
    """
    found: list[Exchange] = []
    for path in paths:
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise Unreadable(f"{path} cannot be read: {problem}.") from problem
        found += exchanges_of(str(path), content)
    if not found:
        raise Unreadable("There is no exchange in it.")
    return found


def judged(exchanges: Sequence[Exchange]) -> list[Verdict]:
    """A verdict on each exchange."""
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    return explained(_table(), _learned(), exchanges, named_variants(schema, names_in(exchanges)))


def verify(paths: Iterable[Path]) -> dict[str, Any]:
    """The report on these files.

    Raises:
        Unreadable: as for read().
    """
    return report_of(judged(read(paths)), fidelity())


def fidelity() -> list[dict[str, Any]]:
    """The table of what is known of Azure and how."""
    path = next(path for path in TABLES if path.exists())
    table: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table


@lru_cache
def _table() -> RouteTable:
    return RouteTable(all_routes())


@lru_cache
def _learned() -> Learned:
    return learn(specimens.live())
