# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objectives as a user writes them, and what is held against them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.objectives import held_against, parse_objectives


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(0, 0.0), (90, 90.0), (1.5, 1.5), ("90", 90.0), (" PT30M ", 1800.0), ("pt4h", 14400.0), ("P1D", 86400.0)],
)
def test_an_objective_is_seconds_or_a_duration(given: Any, seconds: float) -> None:
    assert parse_objectives({"downtime": given}) == {"downtime": seconds}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"downtime": -1}, "downtime"),
        ({"downtime": True}, "downtime"),
        ({"downtime": "30 minutes"}, "downtime"),
        ({"downtime": None}, "downtime"),
        ({"downtme": 1}, "downtme"),
        (30, "not a mapping"),
        ("", "not a mapping"),
    ],
)
def test_what_is_no_objective_is_named(given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        parse_objectives(given)


def test_each_objective_is_held_against_its_own_measure() -> None:
    def measure(seconds: float | None) -> dict[str, Any]:
        return {"seconds": seconds, "basis": f"{seconds}"}

    timeline = {"downtime": measure(61.0), "recovery_time": measure(60.0), "data_loss": measure(None)}
    held = held_against({"downtime": 60.0, "rto": 60.0, "rpo": 0.0}, timeline)
    assert [(one["objective"], one["measured"], one["status"]) for one in held] == [
        ("downtime", 61.0, "missed"),
        ("rto", 60.0, "met"),
        ("rpo", None, "not_measured"),
    ]
