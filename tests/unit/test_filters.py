# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the report: a host's result, and the line that shows it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.filter.result_line import FilterModule as ResultLine
from ansible_collections.asr.failback.plugins.filter.result_of import FilterModule as ResultOf

result_line = ResultLine().filters()["result_line"]
result_of = ResultOf().filters()["result_of"]


def steps(*stages: str) -> list[dict[str, Any]]:
    return [{"stage": {"before": before, "after": after}} for before, after in pairwise(stages)]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            {
                "host": "web01",
                "outcome": "protected",
                "steps": steps("failed_over", "failed_over", "failed_back", "protected"),
                "stage": "protected",
                "authoritative_side": "on_premises",
            },
            ["web01", "protected", "failed_over", ">", "failed_back", ">", "protected", "[on_premises]"],
        ),
        (
            {"host": "web02", "outcome": "failed", "stage": "failed_over", "reason": "no way"},
            ["web02", "failed", "failed_over", "no", "way"],
        ),
        ({"target": "shop", "outcome": "held", "stage": "x"}, ["shop", "held", "x"]),
    ],
    ids=["a whole cycle", "a failure before any step", "without a host"],
)
def test_a_line_tells_host_outcome_path_side_and_reason(result: dict[str, Any], words: list[str]) -> None:
    assert result_line(result).split() == words


@pytest.mark.parametrize(
    ("variables", "result"),
    [
        ({"failback_result": {"outcome": "held"}}, {"host": "web01", "outcome": "held"}),
        ({"failback_result": {}}, {}),
        ({}, {}),
    ],
)
def test_a_host_has_a_result_or_none(variables: dict[str, Any], result: dict[str, Any]) -> None:
    assert result_of("web01", {"web01": variables, "web02": {"failback_result": {"outcome": "other"}}}) == result
