# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of a run of the role: how it ended for one target, why, and what to do next.

The role keeps what it saw in facts; what they add up to is decided here. It is asked after every step, since a run may
stop at any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .failures import as_sentence, said_once
from .lifecycle import NEVER_START
from .packed import whole

_Result = Mapping[str, Any]

# The fact that the role failback sets. What the results of other roles have besides, and what Ansible adds to one that
# is registered.
FACT = "failback_result"
_MORE: Mapping[str, _Result] = {"undo_failback_result": {"undone": {}, "changes": []}}
_OF_ANSIBLE = frozenset({"changed", "failed"})

_EARLY = "It ended early: one of your tasks could not reach its host, or Ansible was stopped."
_UNSEEN = "Nothing was read: the role was not run from its first task. To run one step, choose it with --tags."
_HELD = "The failback awaits its commit, which needs evidence from the same run that the VM works."
_DOUBTED = "Its Azure VM was used since the cut-over"
_MIXED = "The VMs of the plan are at different stages: "
_PREDICTED = "Nothing was changed (check mode). A real run would stop here: "
_UNKNOWN_SINCE = "What the request did since is not known."
_UNSAID = "A task failed; see Ansible's output for the reason."

# Where a run that failed or is held left the VM, by its stage: what Site Recovery shows, as no copy was looked at.
_SITUATIONS = {
    "failover_commit_pending": "Site Recovery shows it as failed over to Azure, not committed.",
    "failed_over": "Site Recovery shows it as failed over to Azure, with no failback begun.",
    "interrupted": f"Site Recovery shows it as failed over to Azure. {NEVER_START} This role does that.",
    "synchronizing": "Its failback is in progress.",
    "waiting_for_completion": "Its data is synchronized; it is not cut over yet.",
    "completing": "Its cut-over is in progress. Do not start either VM.",
    "failback_commit_pending": "It was cut over to on-premises; it is not committed yet.",
    "failed_back": "Its failback is committed; it is not protected.",
    "reverse_replicating": "Its failback is committed, its replication to Azure is in progress.",
    "protected": "Site Recovery shows it as protected on-premises.",
}
_VARIABLES = "Set an option that it names as the variable failback_NAME."
# What to do then: by how the run failed, most of them kinds of errors of the modules, or by why it is held.
_REMEDIES = {
    "configuration": "Correct the variable, then run again.",
    "missing_library": "Install it, then run again.",
    "target": "Correct the name, then run again.",
    "not_found": "Correct the name, then run again.",
    "permission": "Assign the role, then run again.",
    "authentication": "Correct the credential, then run again.",
    "host_authentication": "Correct the credential, then run again.",
    "host_unreachable": "Run again once the host can be reached.",
    "throttled": "Run again later.",
    "unreachable": "Run again once Azure can be reached.",
    "timeout": "Run again later, to go on with it.",
    "fate_unknown": "Run again, which first reads what became of it.",
    "refused": f"Do what the reason says, then run again. {_VARIABLES}",
    "job_failed": "See the reason, then run again.",
    "contradiction": f"Do what the reason says, then run again. {_VARIABLES}",
    "validation": "Repair the VM or the validation, then run again; or go back to Azure, with undo_failback.",
    "hook": "Repair the hook, or what it found, then run again.",
    "early": "See that its host can be reached, then run again.",
    "unseen": "Run it from its first task, or one step by its tag.",
    "doubt": (
        "Do not commit: section Afterwards in the documentation of undo_failback says what can follow, and how "
        "failback_discard_azure_changes gives up what Azure wrote."
    ),
    "other": "See the reason, then run again.",
    "held": (
        "Give the role access to its host, or set failback_probes or failback_validation_tasks (whose tasks register "
        "failback_proof), then run again. Or commit it with asr.failback.commit once it works there."
    ),
    "window_before": "Run again when its window is open.",
    "window_over": "Run again with a new failback_window.",
    "hold": "Run again with another failback_commit_policy, once the VM in Azure may be deleted.",
    "not_before": "Run again then.",
    "only_copies": (
        "Run again with complete_failover when it may go down. Or set failback_data_sync: before_failover to copy its "
        "data while it runs; during_failover takes it down even without complete_failover."
    ),
    "left_out": "Run again with its validation, or commit it with asr.failback.commit once it works there.",
    "mixed": "Run again with all steps, or take single VMs further with the modules of the collection.",
}

# The result for a host that never got to one, with every key but its target: the other results have the same.
NO_RESULT: _Result = {
    "outcome": "failed",
    "reason": "It ended without a result: its host could not be reached, its turn never came, or Ansible was stopped.",
    "next": "Check Ansible's output about it, then run again.",
    "stage": "unknown",
    "authoritative_side": None,
    "reversible": None,
    "vms": {},
    "steps": [],
    "findings": [],
    "validation": {},
    "discarded": [],
}


def named_result(host: str, result: _Result | None, fact: str = FACT) -> dict[str, Any]:
    """Return the result that a host has in a fact, with its name; one that says that it failed where it has none."""
    known = result or {"target": host, **NO_RESULT, **_MORE.get(fact, {})}
    return {"host": host, **{key: value for key, value in known.items() if key not in _OF_ANSIBLE}}


def stage_of(result: _Result, vm: str) -> str:
    """Return the stage of a virtual machine of a host's result, which is the host's own where it is one."""
    return str((result.get("vms") or {}).get(vm) or result["stage"])


def result_of_host(host: str, own: _Result, failure: str = "") -> dict[str, Any]:
    """Return how a host ended, by what a task has returned for it. C(failure) is why it failed outside of that."""
    own = whole(own)
    if "result" in own and not failure:
        return dict(own["result"])
    reason = failure or own.get("msg") or _UNSEEN
    if "result" in own:
        remedy = "See the reason, then run again."
    elif own.get("remedy") and not failure:
        reason, remedy = own["cause"], own["remedy"]
    elif failure or own:
        remedy = "Correct its variables, then run again."
    else:
        remedy = "Run it from its first task, or one step by its tag."
    known = own.get("result") or {"host": host, "target": host, **NO_RESULT}
    return {**known, "outcome": "failed", "reason": reason, "next": remedy}


@dataclass(frozen=True)
class RoleRun:
    """What the role kept of a run for one target.

    C(where) has a name and a stage for each VM, C(stage) is theirs, C(mixed) where they differ. C(last) is the result
    of the last step, C(failed) that of the task that failed, C(part) the file of the step or hook that runs; C(fresh)
    says that the VM was seen after the failure. C(commits), C(validates) and C(discards), of what Azure wrote since the
    cut-over, are what the user asked for.
    """

    target: str
    stage: str
    where: list[list[str]]
    steps: Sequence[_Result]
    findings: Sequence[_Result]
    validation: _Result
    last: _Result
    failed: _Result
    part: str
    hooks: list[str]
    ended: bool
    fresh: bool
    ready: bool
    awaits_commit: bool
    check_mode: bool
    commits: bool
    commit_policy: str
    validates: bool
    discards: bool

    @cached_property
    def problems(self) -> list[_Result]:
        """The results that tell what failed: of a loop, those that failed, not the words that Ansible has for it."""
        told = [result for result in self.failed.get("results") or [self.failed] if "msg" in result]
        return [result for result in told if result.get("failed")] or told

    @cached_property
    def kind(self) -> str:
        """The kind of error of a module of this collection; empty where another task failed, or none did."""
        return str(error_of(self.problems[0]).get("kind", "")) if self.problems else ""

    @cached_property
    def in_hook(self) -> bool:
        """Whether a task of the user's, before or after a step, is what runs."""
        return self.part in self.hooks

    @property
    def is_unknown_since(self) -> bool:
        """Whether a step sent its request, failed, and nothing could be read since."""
        return bool(self.kind) and bool(self.failed.get("changed")) and not self.fresh

    @property
    def is_predicted(self) -> bool:
        """Whether its stage is where a real run would be by now, not what anything shows."""
        looked_at = bool(self.failed) and self.fresh
        return self.check_mode and not looked_at and any(step.get("changed") for step in self.steps)

    @property
    def waits_for_window(self) -> bool:
        """Whether the last step did nothing since its window was not open."""
        return bool(self.last.get("waiting_for_window"))

    @property
    def waits(self) -> bool:
        """Whether the last step did nothing since it is to wait."""
        return self.waits_for_window or bool(self.last.get("held"))

    @property
    def doubt(self) -> str:
        """Why neither copy can be taken for the newer one, which no further run settles; empty where one can."""
        doubted = self.stage == "failback_commit_pending" and self.last.get("authoritative_side") == "mixed"
        return str(self.last.get("reason") or _DOUBTED) if doubted and not self.discards else ""

    @property
    def danger(self) -> str:
        """Why the on-premises VM must not be started, as it was last read; empty where nothing speaks against it."""
        return next((one for one in self.last.get("warnings") or () if NEVER_START in one), "")

    @property
    def held(self) -> bool:
        """Whether the next step is not taken without a person."""
        is_held = bool(self.last.get("held")) or (self.commits and self.awaits_commit) or self.stage == "mixed"
        return not self.ready and is_held


def error_of(result: _Result) -> _Result:
    """The error of a module of this collection; other modules call other things so."""
    error = result.get("error")
    return error if isinstance(error, Mapping) else {}


def summary_of(role_run: RoleRun) -> dict[str, Any]:
    """Return the result of the role so far."""
    failure = why_failed(role_run)
    held = "" if failure else why_held(role_run)
    # What both sides show says more than what Site Recovery believes.
    told = role_run.failed if role_run.kind == "contradiction" or role_run.is_unknown_since else role_run.last
    return {
        "target": role_run.target,
        "outcome": outcome(role_run, failure),
        "reason": failure or held,
        "next": next_step(role_run, failure, held),
        "stage": role_run.stage,
        "authoritative_side": told.get("authoritative_side"),
        "reversible": (role_run.failed if role_run.is_unknown_since else role_run.last).get("reversible"),
        "vms": dict(role_run.where),
        "steps": role_run.steps,
        "findings": role_run.findings,
        "validation": role_run.validation or error_of(role_run.failed).get("validation") or {},
        "discarded": _discarded(role_run),
    }


def _discarded(role_run: RoleRun) -> list[_Result]:
    """What the commit gave up: of one that failed after it was sent, the error tells it."""
    told = [*role_run.steps, error_of(role_run.failed)]
    return [one for result in told for one in result.get("discarded") or ()]


def outcome(role_run: RoleRun, failure: str) -> str:
    """Return in a word how it ended."""
    if failure:
        return "failed"
    if role_run.ready:
        return "ready"
    if role_run.check_mode:
        return "predicted"
    if role_run.waits_for_window:
        return "waiting_for_window"
    return "held" if role_run.held else role_run.stage


def why_failed(role_run: RoleRun) -> str:
    """Say why it failed; empty where it did not."""
    if role_run.failed:
        return _introduction(role_run) + _message(role_run.problems)
    if not role_run.ended:
        return _EARLY
    if not role_run.where:
        return _UNSEEN
    return as_sentence(role_run.doubt) if role_run.doubt else ""


def why_held(role_run: RoleRun) -> str:
    """Say why it goes no further; empty where nothing holds it."""
    if role_run.waits:
        return f"{role_run.last['reason']}."
    if not role_run.held:
        return ""
    if not role_run.awaits_commit:
        return _MIXED + ", ".join(f"{name}: {stage}" for name, stage in role_run.where) + "."
    unproved = list(dict.fromkeys(_unproved(role_run)))
    return f"{_HELD} Not checked: {'; '.join(unproved)}." if unproved else _HELD


def next_step(role_run: RoleRun, failure: str, held: str) -> str:
    """Say where the VM is, what to do and what never; empty where nothing has to be done."""
    told = _next_step(role_run, failure, held)
    return said_once(told, role_run.danger) if role_run.danger else told


def _next_step(role_run: RoleRun, failure: str, held: str) -> str:
    if not failure and not held:
        return ""
    remedy = _REMEDIES.get(_failure(role_run) if failure else _holding(role_run), _REMEDIES["other"])
    situation = "" if role_run.kind == "contradiction" else _SITUATIONS.get(role_run.stage, "")
    if role_run.is_unknown_since and situation:
        return f"Before its request was sent: {situation} {_UNKNOWN_SINCE} {remedy}"
    seen = "" if role_run.fresh else "When it was last read: "
    if role_run.is_predicted:
        seen = _PREDICTED
    return f"{seen}{situation} {remedy}" if situation else remedy


def _failure(role_run: RoleRun) -> str:
    """How it failed: of the role's own steps the kind of the error says what to do, other tasks fail for any reason."""
    if role_run.doubt:
        return "doubt"
    if not role_run.failed:
        return "unseen" if role_run.ended else "early"
    if role_run.in_hook:
        return "hook"
    if role_run.part == "validate":
        return role_run.kind or "validation"
    return role_run.kind or ("refused" if role_run.part else "configuration")


def _holding(role_run: RoleRun) -> str:
    if role_run.waits_for_window:
        return "window_over" if role_run.last["window"]["state"] == "over" else "window_before"
    if role_run.waits:
        return role_run.commit_policy if role_run.awaits_commit else "only_copies"
    if not role_run.awaits_commit:
        return "mixed"
    return "held" if role_run.validates else "left_out"


def _introduction(role_run: RoleRun) -> str:
    if role_run.in_hook:
        return f"The hook {role_run.part.rpartition('/')[2]} failed: "
    return "The validation failed: " if role_run.part == "validate" and not role_run.kind else ""


def _message(problems: list[_Result]) -> str:
    said = filter(None, (str(problem["msg"]).strip() for problem in problems))
    return " ".join(re.sub(r"([^.!?])$", r"\1.", text) for text in dict.fromkeys(said)) or _UNSAID


def _unproved(role_run: RoleRun) -> Iterator[str]:
    """What could not be checked, or is not checked yet but known to be closed to checks."""
    if not role_run.validates:
        return
    checks = [check for vm in role_run.validation.get("vms") or () for check in vm["checks"]]
    hosts = [finding for finding in role_run.findings if finding["id"] == "host_reachable"]
    for check in checks or hosts:
        if check["status"] == "not_checked":
            yield check["cause"].removesuffix(".")
