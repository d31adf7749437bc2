# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user asked for, as values. A request is for one replicated item or for one recovery plan, never both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ..model.acceptance import Acceptance
from ..model.arm_ids import last_segment
from ..model.attestation import Attestations
from ..model.commit_policy import CommitPolicy
from ..model.cutover_window import Window, parse_window
from ..model.decisions import Verb
from ..model.evidence import MAX_AGE
from ..probes.probe import Probe


@dataclass(frozen=True, kw_only=True)
class Request:
    """What every verb is asked.

    C(poll_interval) is in seconds; None means what the service asks for. C(check_mode) forbids every write;
    C(assume_stage) is for check mode alone: the stage that an earlier task of the same check predicted. C(begun) is
    what an earlier task has begun for this one, which was stopped: the names of the jobs by item id; C(attached) are
    those that it followed, and had not begun.
    """

    replicated_item: str = ""
    recovery_plan: str = ""
    check_mode: bool = False
    wait: bool = True
    poll_interval: float | None = None
    assume_stage: str = ""
    begun: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, str] = field(default_factory=dict)

    @property
    def predicts(self) -> bool:
        """Whether the target is taken to be at another stage than it is: what is read of it now proves nothing."""
        return self.check_mode and bool(self.assume_stage)

    @property
    def target(self) -> str:
        """The target as a person names it: of a resource id, its last part."""
        if self.recovery_plan:
            return f"recovery plan '{last_segment(self.recovery_plan)}'"
        return f"replicated item '{last_segment(self.replicated_item)}'"


@dataclass(frozen=True, kw_only=True)
class PlannedFailoverRequest(Request):
    """C(data_sync): auto, before_failover, during_failover. C(wait_for): started, waiting_for_completion, end.

    C(window) is when a failover may be started that shuts the running copy down at once; C(cut_over) is whether it may
    at all. C(checked) are the ids of the items whose prerequisites were checked when they could be failed back: no
    other is. None where nobody checks them.
    """

    verb: Verb = Verb.FAIL_BACK
    data_sync: str = "auto"
    create_vm_if_missing: bool = False
    target_host: str = ""
    wait_for: str = "waiting_for_completion"
    window: Window | None = None
    cut_over: bool = True
    checked: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class CompleteFailoverRequest(Request):
    """C(comments) stand in the job afterwards. C(window) is when the cut-over may be started."""

    comments: str = ""
    window: Window | None = None


@dataclass(frozen=True, kw_only=True)
class ValidateRequest(Request):
    """C(interval) is the seconds between two attempts. C(attested) is what was proved by other means, in words: for
    every VM of a plan."""

    interval: float = 10
    heartbeat: bool = True
    addresses: bool = True
    expected_addresses: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()
    attested: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CommitRequest(Request):
    """C(verb) tells the two commits apart. C(validation) is the record of a validation, or what was given for one.

    C(validation_max_age) is how old it may be. C(discard_azure_changes): what the Azure VM wrote since the cut-over may
    be deleted with it. C(discard_disks) are the names of disks in Azure that no failback carries and that may go.
    C(accept_unseen) is what a person accepts that was not seen. C(confirmed) are the resources that may be deleted,
    None where nobody has named them, C(confirmed_by) who has.
    """

    verb: Verb = Verb.COMMIT_FAILBACK
    policy: CommitPolicy
    validation: object = None
    validation_max_age: timedelta = MAX_AGE
    discard_azure_changes: bool = False
    discard_disks: tuple[str, ...] = ()
    accept_unseen: tuple[Acceptance, ...] = ()
    confirmed: tuple[str, ...] | None = None
    confirmed_by: str = ""


@dataclass(frozen=True, kw_only=True)
class UndoFailbackRequest(Request):
    """C(reason) is recorded, and so is C(attested_off): who saw to it, and how, that the copies on a host which cannot
    be asked are off, by host. C(shutdown_timeout) is in seconds; C(force_off) allows to turn off what does not shut
    down in that time. C(close_applications) lets a guest close those with unsaved data."""

    reason: str = ""
    attested_off: Attestations = field(default_factory=dict)
    force_off: bool = False
    shutdown_timeout: float = 600
    close_applications: bool = True


@dataclass(frozen=True, kw_only=True)
class ReverseReplicateRequest(Request):
    """C(wait_for): job (initial replication has been started) or protected."""

    wait_for: str = "protected"


@dataclass(frozen=True, kw_only=True)
class JobRequest(Request):
    """C(state): cancelled, restarted. C(name) is a job's name or id; without it the target's own job is meant."""

    state: str
    name: str = ""
    accept_inconsistent_disks: bool = False

    @property
    def target(self) -> str:
        """The job as a person names it."""
        return f"job '{last_segment(self.name)}'" if self.name else f"the job of {super().target}"


@dataclass(frozen=True, kw_only=True)
class PrereqRequest(Request):
    """C(refresh_provider) is the only thing that makes this verb write. C(discard_disks) as for the commit."""

    refresh_provider: bool = False
    data_sync: str = "auto"
    create_vm_if_missing: bool = False
    target_host: str = ""
    discard_disks: tuple[str, ...] = ()


def common_options(parameters: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Return what the options say that every verb takes, by the names of their attributes."""
    return {
        "replicated_item": parameters["replicated_item"] or "",
        "recovery_plan": parameters["recovery_plan"] or "",
        "check_mode": check_mode,
        "wait": parameters["wait"],
        "poll_interval": parameters["poll_interval"],
        "assume_stage": parameters.get("assume_stage") or "",
        # No option of a module: failback.py passes it on.
        "begun": parameters.get("begun") or {},
        "attached": parameters.get("attached") or {},
    }


def window_of(parameters: Mapping[str, Any]) -> Window | None:
    """Return the window that the options give; None without one. Raises ConfigurationError, and MissingLibrary for a
    rule."""
    given = parameters["window"]
    if given is None:
        return None
    return parse_window(
        given["not_before"] or "",
        given["not_after"] or "",
        given["time_zone"],
        rule=given["rule"] or "",
        duration=given["duration"] or "",
        freeze=given["freeze"] or (),
    )
