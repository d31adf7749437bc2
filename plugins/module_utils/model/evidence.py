# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence that a virtual machine works on-premises: what was checked after its cut-over, when, and what was seen.

A commit deletes the other copy of the machine, so evidence is taken for what it is only where it is whole, of the same
machine and vault, passed, and newer than the cut-over. All times are Azure's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .arm_ids import same_resource
from .azure_use import OPERATED, AzureUse
from .durations import in_words
from .json_path import Document, field, items, stamp, text, time_or_none

SCHEMA_VERSION = 1
PASS, FAIL, NOT_CHECKED = "pass", "fail", "not_checked"
PASSED, FAILED, NOT_PROVEN = "passed", "failed", "not_proven"
HEARTBEAT, ADDRESSES, EXPECTED_ADDRESSES, ATTESTED = "heartbeat", "addresses", "expected_addresses", "attested"
# They are asked for by default. Where no host can be asked, other checks may prove enough; what the user has named must
# not be left out.
_MAY_BE_LEFT_OUT = frozenset({HEARTBEAT, ADDRESSES})
# Two answers of Azure come from two machines, whose clocks differ a little.
_CLOCKS_APART = timedelta(minutes=1)
# What worked so long ago may have stopped since: a commit on a later day asks for a new look.
MAX_AGE = timedelta(days=1)


@dataclass(frozen=True)
class Outcome:
    """What one attempt at a check found: C(status) pass, fail or not_checked, and what was seen, in short.

    C(cause) and C(remedy) are empty where it passed. C(is_final): another attempt would find the same, or do harm, as a
    password that is wrong does when it is tried again and again.
    """

    status: str
    seen: str
    cause: str = ""
    remedy: str = ""
    is_final: bool = False


@dataclass(frozen=True)
class Check:
    """A check by its last attempt. C(at) is Azure's time just before that; C(kind) heartbeat, addresses, tcp ..."""

    id: str
    kind: str
    status: str
    seen: str
    cause: str = ""
    remedy: str = ""
    at: datetime | None = None
    attempts: int = 0

    def as_result(self) -> dict[str, Any]:
        """Return the check for a result."""
        return {
            "id": self.id,
            "kind": self.kind,
            "status": self.status,
            "seen": self.seen,
            "cause": self.cause,
            "remedy": self.remedy,
            "at": stamp(self.at),
            "attempts": self.attempts,
        }


@dataclass(frozen=True)
class VmEvidence:
    """The checks of one machine. C(id) is its replicated item, C(cut_over_at) the end of its failback job."""

    id: str
    name: str
    cut_over_at: datetime | None
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> str:
        """C(passed), C(failed), or C(not_proven): nothing could be checked, or not all that was asked for by name."""
        statuses = {check.status for check in self.checks}
        if not statuses <= {PASS, NOT_CHECKED}:
            return FAILED
        left_out = {check.kind for check in self.checks if check.status == NOT_CHECKED}
        return PASSED if PASS in statuses and left_out <= _MAY_BE_LEFT_OUT else NOT_PROVEN

    @property
    def passed_at(self) -> list[datetime]:
        """When its checks passed, in order; nothing where the time of one is missing."""
        times = [check.at for check in self.checks if check.status == PASS]
        known = [time for time in times if time is not None]
        return sorted(known) if len(known) == len(times) else []

    @property
    def validated_at(self) -> datetime | None:
        """When the last of its checks passed."""
        return max(self.passed_at, default=None)

    def as_result(self) -> dict[str, Any]:
        """Return the machine's evidence for a result."""
        return {
            "id": self.id,
            "name": self.name,
            "cut_over_at": stamp(self.cut_over_at),
            "checks": [check.as_result() for check in self.checks],
            "verdict": self.verdict,
            "validated_at": stamp(self.validated_at),
        }


@dataclass(frozen=True)
class Evidence:
    """The evidence of every machine of a target. C(vault) is the vault's resource id."""

    vault: str
    vms: tuple[VmEvidence, ...]

    @property
    def verdict(self) -> str:
        """The worst of its machines' verdicts."""
        verdicts = {vm.verdict for vm in self.vms} or {NOT_PROVEN}
        return next(verdict for verdict in (FAILED, NOT_PROVEN, PASSED) if verdict in verdicts)

    @property
    def validated_at(self) -> datetime | None:
        """When the last check of all passed."""
        return max((vm.validated_at for vm in self.vms if vm.validated_at), default=None)

    def as_result(self) -> dict[str, Any]:
        """Return the record that a commit takes."""
        return {
            "schema_version": SCHEMA_VERSION,
            "vault": self.vault,
            "verdict": self.verdict,
            "validated_at": stamp(self.validated_at),
            "vms": [vm.as_result() for vm in self.vms],
        }


def parse_evidence(document: object) -> Evidence | None:
    """Read a record that as_result() returned; None where a document is anything else, or was changed since."""
    read = Evidence(text(document, "vault"), tuple(_parse_vm(vm) for vm in items(document, "vms")))
    return read if read.as_result() == document else None


def _parse_vm(document: Document) -> VmEvidence:
    checks = tuple(_parse_check(check) for check in items(document, "checks"))
    return VmEvidence(text(document, "id"), text(document, "name"), _time(document, "cut_over_at"), checks)


def _parse_check(document: Document) -> Check:
    attempts = field(document, "attempts")
    return Check(
        id=text(document, "id"),
        kind=text(document, "kind"),
        status=text(document, "status"),
        seen=text(document, "seen"),
        cause=text(document, "cause"),
        remedy=text(document, "remedy"),
        at=_time(document, "at"),
        attempts=attempts if isinstance(attempts, int) else 0,
    )


def _time(document: Document, name: str) -> datetime | None:
    return time_or_none(field(document, name))


@dataclass(frozen=True)
class CutOver:
    """A machine that is about to be committed. C(id) is its replicated item, C(at) the end of its failback job.

    C(azure_use) is what became of its Azure VM since: what was proved before that was used proves nothing any more.
    """

    id: str
    name: str
    at: datetime | None
    azure_use: AzureUse | None = None


def objection_to(validation: object, vault: str, machine: CutOver, now: datetime, max_age: timedelta = MAX_AGE) -> str:
    """Say why a record is no evidence that this machine works since its cut-over; empty where it is.

    C(validation) is what the user gave, C(now) Azure's time, C(max_age) how old its oldest check may be.
    """
    if validation is None:
        return "there is no evidence that it works on-premises"
    evidence = parse_evidence(validation)
    if evidence is None:
        return "what was given is not the record of a validation by this release"
    if not same_resource(evidence.vault, vault):
        return f"the evidence is of another vault ({evidence.vault or 'none'})"
    mine = [vm for vm in evidence.vms if same_resource(vm.id, machine.id)]
    if not mine:
        return f"the evidence is of another VM ({', '.join(vm.name for vm in evidence.vms) or 'none'})"
    return next(filter(None, (_objection_to_one(vm, machine, now, max_age) for vm in mine)), "")


def _objection_to_one(evidence: VmEvidence, machine: CutOver, now: datetime, max_age: timedelta) -> str:
    if evidence.verdict != PASSED:
        return f"its validation has not passed: {_shortcomings(evidence.checks) or 'nothing was checked'}"
    times = evidence.passed_at
    if not times:
        return "the evidence does not say when its checks passed"
    if machine.at is None:
        return "the time of its cut-over is not known"
    if times[0] <= machine.at:
        return f"the evidence ({stamp(times[0])}) is not newer than the cut-over ({stamp(machine.at)})"
    if machine.azure_use is not None and machine.azure_use.verdict == OPERATED:
        operated_at = machine.azure_use.operated_at
        if operated_at is None:
            return "an operation of its Azure VM is under way"
        if times[0] <= operated_at:
            return f"the evidence ({stamp(times[0])}) is not newer than the use of its Azure VM ({stamp(operated_at)})"
    if times[-1] > now + _CLOCKS_APART:
        return f"the evidence ({stamp(times[-1])}) is from the future: Azure's time is {stamp(now)}"
    if now - times[0] > max_age:
        age, limit = (in_words(one.total_seconds()) for one in (now - times[0], max_age))
        return f"the evidence ({stamp(times[0])}) is {age} old, and validation_max_age allows {limit}"
    return ""


def _shortcomings(checks: Sequence[Check]) -> str:
    return ", ".join(f"{check.id} ({check.seen})" for check in checks if check.status != PASS)
