# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .azure_disks import UncarriedDisk
from .azure_locks import ItemLocks
from .azure_resources import AzureVm, Permission
from .fabrics import Fabric, Provider
from .failures import FailbackError
from .lifecycle import Observation


@dataclass(frozen=True)
class NotRead:
    """In the place of a fact that could not be read: why not. C(problem) is the failure, where it was tried."""

    reason: str
    problem: FailbackError | None = None


@dataclass(frozen=True)
class Need:
    """Actions that a run does at a scope, and what the caller may do there. C(is_of_a_step): without one of them a step
    fails; without one of the others something is not checked."""

    scope: str
    actions: tuple[str, ...]
    granted: Sequence[Permission] | NotRead
    is_of_a_step: bool = False

    @property
    def missing(self) -> list[str]:
        """The actions that are certainly not granted."""
        if isinstance(self.granted, NotRead):
            return []
        granted = self.granted
        return [action for action in self.actions if not any(entry.allows(action) for entry in granted)]


@dataclass(frozen=True)
class ItemFacts:
    """All that the checks of one VM look at. C(azure_vm) is None where Azure has no such machine; C(now) is the
    service's time. C(uncarried) are the disks there that no failback is known to carry, C(given_up) what may go,
    C(deletion) is what a commit would delete, None where that is not known."""

    seen: Observation
    provider: Provider | NotRead
    fabric: Fabric | NotRead
    azure_vm: AzureVm | NotRead | None
    locks: ItemLocks
    uncarried: Sequence[UncarriedDisk] | NotRead
    given_up: Collection[str]
    needs: Sequence[Need]
    now: datetime
    deletion: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Finding:
    """The result of one check. C(seen) is what was read; C(cause) and C(remedy) are empty where it passed."""

    id: str
    status: str
    seen: str
    cause: str = ""
    remedy: str = ""

    def as_result(self) -> dict[str, Any]:
        """Return the finding for a result."""
        return asdict(self)


def sentence_of(finding: Mapping[str, Any]) -> str:
    """Return a finding as one line: what is wrong, what was seen, what to do."""
    return " ".join(filter(None, (cause_of(finding), finding["remedy"])))


def cause_of(finding: Mapping[str, Any]) -> str:
    """Return what is wrong by a finding, and what was seen."""
    seen = finding["seen"]
    is_told = not seen or seen.rstrip(".") in finding["cause"]
    return " ".join(filter(None, (finding["cause"], "" if is_told else f"Seen: {seen.rstrip('.')}.")))


def readiness(target: str, name: str, findings: Sequence[Mapping[str, Any]]) -> str:
    """Say whether a C(target) can be failed back: what stands in the way, else what to be warned of. C(name) is its
    name; of a plan, findings are of its VMs."""
    wrong = [f"{_of_vm(one, name)}{one['id']}: {sentence_of(one)}" for one in findings if one["status"] == "fail"]
    if wrong:
        return f"{target} is not ready to be failed back: {' '.join(wrong)}"
    words = {"warn": "warnings", "not_checked": "not checked"}
    ids = {status: [_of_vm(one, name) + one["id"] for one in findings if one["status"] == status] for status in words}
    told = [f"{words[status]}: {', '.join(found)}" for status, found in ids.items() if found]
    return "; ".join([f"{target} is ready to be failed back", *told])


def _of_vm(finding: Mapping[str, Any], name: str) -> str:
    """Return which VM of a plan a finding is of."""
    return f"{finding['vm']}: " if finding["vm"] not in (None, name) else ""


def is_ready(findings: Sequence[Finding]) -> bool:
    """Say whether nothing stands in the way."""
    return not any(finding.status == "fail" for finding in findings)
