# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill may touch: only what is marked, and only what it can bring back as it was."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.drills import LEVELS, MOVING, Candidate, drill_scope
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError

MOVED = sorted(MOVING)


def marked(item: str = "", own_item: str | None = None, **variables: Any) -> Candidate:
    return Candidate(True, {"failback_drill": True, **variables}, item, item if own_item is None else own_item)


@pytest.mark.parametrize("level", MOVED)
@pytest.mark.parametrize(
    "other",
    [
        Candidate(False, {}),
        # A group or the command marks it, or the command takes the mark back.
        Candidate(False, {"failback_drill": True}),
        Candidate(True, {"failback_drill": False}),
        Candidate(True, {"failback_drill": "perhaps"}),
    ],
    ids=["not marked", "marked by a group", "taken back", "neither yes nor no"],
)
def test_only_what_the_inventory_itself_marks_is_moved(level: str, other: Candidate) -> None:
    scope = drill_scope(level, {"web01": marked(), "db01": other})
    assert (scope["hosts"], [one["host"] for one in scope["excluded"]]) == (["web01"], ["db01"])
    with pytest.raises(ConfigurationError, match="None of the 1 hosts is marked"):
        drill_scope(level, {"db01": other})


@pytest.mark.parametrize("level", sorted(set(LEVELS) - MOVING))
def test_what_only_reads_takes_every_host(level: str) -> None:
    wrong = marked(failback_recovery_plan="shop")
    scope = drill_scope(level, {"web01": wrong, "db01": Candidate(False, {})}, ["commit"])
    assert (scope["hosts"], scope["excluded"], scope["confirmed_by"]) == (["web01", "db01"], [], None)


@pytest.mark.parametrize("level", MOVED)
@pytest.mark.parametrize(
    "variables",
    [
        {"failback_recovery_plan": "shop"},
        {"failback_target_host": "hv02"},
        {"failback_create_vm_if_missing": "yes"},
        {"failback_commit_not_before": "2026-01-01"},
        {"failback_discard_azure_changes": ["web01"]},
        {"failback_discard_disks": ["logs"]},
        {"failback_accept_unseen": {"vm": "web01", "sides": ["azure"]}},
        {"failback_confirm": ""},
        {"failback_check_prerequisites": False},
        {"failback_planned_failover": "no"},
        {"failback_complete_failover": False},
        {"failback_validate": None},
        {"failback_commit": 0},
        {"failback_reverse_replicate": "off"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_what_would_not_bring_a_vm_back_as_it_was_is_refused(level: str, variables: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(variables))):
        drill_scope(level, {"web01": marked(**variables)})
    empty = {name: "" for name in variables if name in ("failback_recovery_plan", "failback_target_host")}
    assert drill_scope(level, {"web01": marked(**empty)})["hosts"] == ["web01"]


@pytest.mark.parametrize("level", MOVED)
@pytest.mark.parametrize(
    ("candidates", "tags", "words"),
    [
        ({"web01": marked("db01", own_item="")}, (), "which its own variables do not name"),
        ({"web01": marked("vm1"), "app01": marked("VM1")}, (), "2 hosts for vm1"),
        ({"web01": marked(), "app01": marked("web01")}, (), "2 hosts for web01"),
        ({"web01": marked()}, ("commit",), "--skip-tags"),
    ],
    ids=["another VM", "one VM twice", "by its name, too", "tags"],
)
def test_a_mark_is_for_one_vm_and_for_the_whole_way(
    level: str, candidates: dict[str, Candidate], tags: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        drill_scope(level, candidates, tags)


def test_a_host_may_name_its_vm_itself() -> None:
    assert drill_scope("canary", {"web01": marked("vm1"), "vm2": marked()})["hosts"] == ["web01", "vm2"]
