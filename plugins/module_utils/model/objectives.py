# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application may take to come home, and whether it did: each objective against what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .failures import ConfigurationError
from .recurrence import parse_duration

MET, MISSED, NOT_MEASURED = "met", "missed", "not_measured"
# The measure of a timeline that each objective is held against.
_MEASURES = {"downtime": "downtime", "rto": "recovery_time", "rpo": "data_loss"}
NAMES = {"rto": "RTO", "downtime": "Downtime", "rpo": "RPO"}
_REMEDY = 'Write failback_objectives as a mapping of seconds or of durations such as "PT30M": {rto: PT4H, rpo: 0}.'


def parse_objectives(given: object) -> dict[str, float]:
    """Return objectives in seconds, by their names: C(downtime), C(rto), C(rpo). Raises ConfigurationError."""
    if not isinstance(given, Mapping):
        raise ConfigurationError("failback_objectives is not a mapping.", _REMEDY)
    unknown = [str(name) for name in given if name not in _MEASURES]
    if unknown:
        raise ConfigurationError(f"failback_objectives has no {', '.join(unknown)}.", _REMEDY)
    return {name: _seconds(name, given[name]) for name in _MEASURES if name in given}


def _seconds(name: str, given: object) -> float:
    if isinstance(given, (int, float)) and not isinstance(given, bool) and 0 <= given < math.inf:
        return float(given)
    text = str(given).strip()
    if text.isdigit():
        return float(text)
    try:
        return parse_duration(text).whole.total_seconds()
    except ConfigurationError as problem:
        raise ConfigurationError(f"failback_objectives.{name} is {given!r}.", _REMEDY) from problem


def held_against(objectives: Mapping[str, float], timeline: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each objective with its C(target), what was C(measured) (seconds), its C(status), and the C(basis) of
    that."""
    return [_held(name, target, timeline[_MEASURES[name]]) for name, target in objectives.items()]


def _held(name: str, target: float, measure: Mapping[str, Any]) -> dict[str, Any]:
    seconds = measure["seconds"]
    status = NOT_MEASURED if seconds is None else MET if seconds <= target else MISSED
    return {"objective": name, "target": target, "measured": seconds, "status": status, "basis": measure["basis"]}
