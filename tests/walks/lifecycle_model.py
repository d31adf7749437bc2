# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each verb has to do in each stage, written down a second time: from the documentation, not from the code.

Stages are the simulator's truth. What follows on `busy` depends on the job that runs: the model says of it only what
must hold whatever the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

BACK, COMPLETE, COMMIT, REPROTECT = "planned_failover", "complete_failover", "commit", "reverse_replicate"
COMMIT_FAILOVER, OVER = "commit to azure", "planned_failover to azure"
VERBS = (BACK, COMPLETE, COMMIT, REPROTECT, COMMIT_FAILOVER, OVER)

STARTS, FOLLOWS, NOTHING, REFUSES, EITHER = "starts", "follows", "nothing", "refuses", "either"
IN_AZURE = frozenset(
    {"failover_commit_pending", "failed_over", "synchronizing", "waiting_for_completion", "completing", "interrupted"}
)
ON_PREMISES = frozenset({"protected", "failback_commit_pending", "failed_back", "reverse_replicating"})

# The columns are VERBS. S starts, F follows what runs, W waits for what runs and then starts, N nothing, R refuses.
_TABLE = """
protected                N N N N R S
failover_commit_pending  R R R R S N
failed_over              S R R R N N
synchronizing            F W R R N R
waiting_for_completion   F S R R N R
completing               F F R R N R
failback_commit_pending  N N S R R R
failed_back              N N N S N R
reverse_replicating      N N N F N W
interrupted              S R R R N R
busy                     E E E E E E
"""
_WORDS = MappingProxyType({"S": STARTS, "F": FOLLOWS, "W": STARTS, "N": NOTHING, "R": REFUSES, "E": EITHER})
_ROWS = {cells[0]: cells[1:] for cells in (line.split() for line in _TABLE.strip().splitlines())}
WAITS_FIRST = frozenset(
    (stage, verb) for stage, cells in _ROWS.items() for verb, cell in zip(VERBS, cells, strict=True) if cell == "W"
)
MODEL = {(stage, verb): _WORDS[cell] for stage, cells in _ROWS.items() for verb, cell in zip(VERBS, cells, strict=True)}
# Where a verb that waits ends. A planned failover that copies first stops before the cut-over.
GOALS = MappingProxyType(
    {
        BACK: frozenset({"waiting_for_completion", "failback_commit_pending"}),
        COMPLETE: frozenset({"failback_commit_pending"}),
        COMMIT: frozenset({"failed_back"}),
        REPROTECT: frozenset({"protected"}),
        COMMIT_FAILOVER: frozenset({"failed_over"}),
        OVER: frozenset({"failover_commit_pending"}),
    }
)
# What a verb that does not wait leaves behind, the moment after.
UNDER_WAY = MappingProxyType(
    {
        BACK: "synchronizing",
        COMPLETE: "completing",
        COMMIT: "busy",
        REPROTECT: "reverse_replicating",
        COMMIT_FAILOVER: "busy",
        OVER: "busy",
    }
)


@dataclass(frozen=True)
class Expected:
    """What must come of a call: one of the five words, and the stages that it may end in."""

    does: str
    ends: frozenset[str]


def expected(stage: str, verb: str, *, waits: bool, full: bool = False) -> Expected:
    """What a call of a verb has to do where nothing else interferes.

    `full`: the failback that runs downloads the whole disks, and asks nobody before it cuts over.
    """
    does = MODEL[stage, verb]
    if full and waits and (stage, verb) == ("synchronizing", COMPLETE):
        does = FOLLOWS
    if does in (NOTHING, REFUSES):
        return Expected(does, frozenset({stage}))
    if does == EITHER:
        return Expected(does, IN_AZURE | ON_PREMISES | {"busy"})
    if not waits:
        if (stage, verb) in WAITS_FIRST:
            # It may not wait for what has to end first.
            return Expected(REFUSES, frozenset({stage}))
        return Expected(does, frozenset({UNDER_WAY[verb] if does == STARTS else stage}))
    if stage == "completing":
        return Expected(does, GOALS[COMPLETE])
    return Expected(does, GOALS[verb])


def side_of(stage: str) -> str | None:
    """The side that is authoritative in a stage; None: it depends."""
    return "azure" if stage in IN_AZURE else "on_premises" if stage in ON_PREMISES else None
