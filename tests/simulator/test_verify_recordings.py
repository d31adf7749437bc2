# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public recordings of Azure held against the simulator: every difference is known, with its reason."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from asr_simulator.verification import judged, read
from asr_simulator.verify.findings import Difference, Verdict

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "recordings"
pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the folder of recordings is not here")


@dataclass(frozen=True)
class Known:
    """A difference that is known: in which recordings (a pattern of their names), where, and why it is none to mend."""

    recordings: str
    place: str
    why: str
    variant: str = ""


KNOWN = (
    Known(
        r".*_POST_202.*",
        r"location|azure-asyncoperation",
        "Poll URLs are signed since the end of August 2023; these are older. Both are variants.",
        "signed_poll_urls=false",
    ),
    Known(
        r"rp2017_.*_job_.*",
        "status",
        "In 2017 a plan's job was found by its operation's id as well; of later years that is not recorded.",
        "plan_job_by_operation=true",
    ),
    Known(
        r"rp2017_reprotect_1_POST_202",
        "status",
        "In 2017 the reverse replication of a plan worked; the definition has said since 2025 that it does not.",
        "plan_reprotect=works",
    ),
    Known(
        r"e2a2015_job_.*",
        r"\$\.properties\.tasks .*\.state",
        "In 2015 skipped tasks were Succeeded; since 2017 they are Other.",
        "skipped_tasks=2015",
    ),
    Known(
        r"e2a2015_job_.*",
        r"\$\.properties\.allowedActions",
        "The preview of 2015 left Cancel and Restart on jobs that were over; no later recording has that.",
    ),
    Known(
        r"e2a2023_04_protectableItems_list|rpi2017_reprotect_1_protectableItems",
        r"\$\.nextLink",
        "Machines that can be protected come in pages of the hosts' sizes. The simulator has one size for every list.",
        r"page_size=\d",
    ),
    Known(
        r"e2a2023_05_protecteditem_InitialReplicationInProgress",
        r"\$\.properties\.providerSpecificDetails\.lastRecoveryPointReceived",
        "Protection was just being enabled, and there was no recovery point yet: a stage that is not modeled.",
    ),
    Known(
        r"ps2017_e2a_reprotect_POST_202",
        "status",
        "An input of a class without an instance of its own was accepted, and its job failed. Whatever is sent that is "
        "no input for Hyper-V is refused here at once, which is stricter.",
    ),
)


def recordings() -> list[Path]:
    return [
        path
        for path in sorted(RECORDINGS.glob("*.recorded.json"))
        if "status" in json.loads(path.read_text()).get("response", {})
    ]


@pytest.fixture(scope="module")
def verdicts() -> list[tuple[str, Verdict]]:
    """The verdict on each recording by its name; they are read in their order, as one."""
    files = recordings()
    found = judged(read(files))
    assert len(found) == len(files) > 100
    return [(file.name.removesuffix(".recorded.json"), verdict) for file, verdict in zip(files, found, strict=True)]


def is_known(known: Known, name: str, difference: Difference) -> bool:
    return (
        re.fullmatch(known.recordings, name) is not None
        and re.fullmatch(known.place, difference.place) is not None
        and re.fullmatch(known.variant, difference.variant) is not None
    )


def test_given_the_public_recordings_when_verified_then_every_difference_is_known(
    verdicts: list[tuple[str, Verdict]],
) -> None:
    new = [
        (name, difference)
        for name, verdict in verdicts
        for difference in verdict.differences
        if not any(is_known(known, name, difference) for known in KNOWN)
    ]
    assert new == []


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.recordings} {known.place}")
def test_given_a_known_difference_when_verified_then_it_is_still_there(
    known: Known, verdicts: list[tuple[str, Verdict]]
) -> None:
    assert any(is_known(known, name, one) for name, verdict in verdicts for one in verdict.differences)


# What cannot be judged, and why.
UNKNOWN = {
    "b2a2021_cycle_3_FAILBACK_item_opstatus_Succeeded": "does not say what was asked",
    "b2a2021_plan_failback_2_opstatus_InProgress_name_is_job": "does not say what was asked",
    "b2a2021_plan_failback_3_operationresults_204": "does not say what was asked",
    "b2a2023_02_enable_protection_PUT_202": "does not model it",
    "b2a2023_05_recoveryplan_PUT_202": "does not model it",
    "b2a2023_16_remove_POST_202": "does not model it",
    "http_error_400_BadRequest_ArmResourceNameNotAvailable": "no route of the simulator",
}


def test_given_the_public_recordings_when_verified_then_only_what_is_not_modeled_is_unknown(
    verdicts: list[tuple[str, Verdict]],
) -> None:
    unknown = {name: verdict.unknown[0] for name, verdict in verdicts if verdict.outcome == "unknown"}
    assert set(unknown) == set(UNKNOWN)
    assert [name for name, why in UNKNOWN.items() if why not in unknown[name]] == []


def test_given_the_public_recordings_when_verified_then_they_confirm_what_was_recorded(
    verdicts: list[tuple[str, Verdict]],
) -> None:
    held = {point for _name, verdict in verdicts for point in verdict.held}
    differs = {point for _name, verdict in verdicts for one in verdict.differences for point in one.points}
    assert held - differs >= {
        *("asr.accepted", "asr.direction-absent", "asr.fabric-bodies", "asr.item-failback-pending", "asr.item-states"),
        *("asr.plan-body", "asr.plan-jobs", "asr.reverse-replicating", "asr.target-disks", "asr.test-failover"),
    }
    # Nobody has recorded a failback that waits.
    assert held.isdisjoint({"asr.failback-before-downtime", "asr.waiting-description", "asr.operation-status-waiting"})
