# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation after the cut-over: whether the machines work on-premises, before a commit deletes those in Azure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..copies.uncommitted import refuse_uncommitted
from ..copies.validation import Validation
from ..model.attestation import is_sentence
from ..model.decisions import Verb
from ..model.evidence import FAILED, NOT_CHECKED, NOT_PROVEN, PASS, PASSED, Evidence, VmEvidence
from ..model.failures import ConfigurationError, FailbackError, Refused, ValidationFailed, asked
from ..model.guest_checks import is_address
from ..model.lifecycle import NEVER_START, Side, Stage
from ..model.look_age import Age
from ..probes.options import PROBE_OPTIONS, read_probes
from ..runner.authority import MIXED, authority_of
from ..runner.contract import Contract
from ..runner.loop import VerbRun
from ..runner.options import ASSUME_OPTIONS
from ..runner.request import ValidateRequest
from ..runner.result import verb_outcome
from ..runner.services import Services
from ..runner.target import TargetView, find_target
from ..watch import Watch

_CUT_OVER = "Cut over first, with complete_failover."
_START = "Start with planned_failover."
# What comes before a validation, by the stage of a VM in Azure; of every other, the cut-over.
_FIRST = {
    Stage.FAILOVER_COMMIT_PENDING: _START,
    Stage.FAILED_OVER: _START,
    Stage.INTERRUPTED: NEVER_START,
}
_VERDICTS = {PASSED: "works on-premises", FAILED: "does not work", NOT_PROVEN: "nothing is proved"}


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> ValidateRequest:
    """Return what the module's options ask for. Raises ConfigurationError for a probe that cannot be."""
    return ValidateRequest(
        replicated_item=parameters["replicated_item"] or "",
        recovery_plan=parameters["recovery_plan"] or "",
        check_mode=check_mode,
        assume_stage=parameters["assume_stage"] or "",
        interval=parameters["interval"],
        heartbeat=parameters["heartbeat"],
        addresses=parameters["addresses"],
        expected_addresses=tuple(parameters["expected_addresses"] or ()),
        probes=read_probes(parameters["probes"] or ()),
        attested=_attested(parameters["attested"] or ()),
    )


def _attested(given: Sequence[str]) -> tuple[str, ...]:
    """Return what was proved by other means. Words that say nothing prove nothing: raises ConfigurationError."""
    for words in given:
        if not is_sentence(words):
            raise ConfigurationError(
                f"attested holds {words!r}, which does not say what was checked.",
                "Nothing was read or written. Say what was checked, and how, in at least two words.",
            )
    return tuple(given)


async def run(request: ValidateRequest, services: Services, watch: Watch) -> dict[str, Any]:
    """Check the target and return the result of the module. Raises ValidationFailed where a check does not pass."""
    with asked(f"Validation of {request.target}"):
        _refuse_addresses(request)
        _refuse_probes_of_no_vm(request)
        view = find_target(services.azure, request).look(Age.OWN)
        _refuse_unknown_vms(request, view)
        if request.predicts:
            # The machine is not there yet: there is nothing to look at.
            return _outcome(services, _assumed(request, view), Evidence(services.azure.vault_id, ()))
        try:
            _refuse_in_azure(view)
            refuse_uncommitted(view)
            evidence = await Validation(services, request, watch, view.members).run()
            for vm in evidence.vms:
                watch.report(_line(vm))
            if evidence.verdict == FAILED:
                raise _failure(view, evidence)
        except FailbackError as problem:
            problem.authority = problem.authority or authority_of(view, view)
            raise
        return _outcome(services, view, evidence)


def _assumed(request: ValidateRequest, view: TargetView) -> TargetView:
    """Return the target as an earlier task predicted it: of one whose VMs differ, what is in Azure is cut over then."""
    if request.assume_stage != MIXED:
        return view.assumed(Stage(request.assume_stage))
    return view.assumed(Stage.FAILBACK_COMMIT_PENDING, lambda member: member.authoritative_side is Side.AZURE)


def _refuse_addresses(request: ValidateRequest) -> None:
    wrong = [address for address in request.expected_addresses if not is_address(address)]
    if wrong:
        raise ConfigurationError(f"expected_addresses: {', '.join(wrong)} is not an IP address.", "Nothing was read.")
    if request.recovery_plan and request.expected_addresses:
        raise ConfigurationError(
            "expected_addresses applies to one VM, but this is a recovery plan.",
            "Nothing was read. Give each VM a probe, with vm and host, or validate the VMs one by one.",
        )


def _refuse_probes_of_no_vm(request: ValidateRequest) -> None:
    """Refuse what could count for the wrong machines: an answer from one place is no evidence for all of a plan."""
    loose = [probe.name for probe in request.probes if not probe.vm and not probe.needs_address]
    if request.recovery_plan and loose:
        raise ConfigurationError(
            f"This is a recovery plan, and {', '.join(loose)} names no VM: host or url lead to one "
            "place, which proves nothing about the others.",
            "Nothing was read. Set vm for each such probe; one without host and url runs for every VM.",
        )


def _refuse_unknown_vms(request: ValidateRequest, view: TargetView) -> None:
    names = [member.item.friendly_name for member in view.members]
    for probe in request.probes:
        meant = [member.item.id for member in view.members if member.item.answers_to(probe.vm)]
        if probe.vm and not meant:
            raise ConfigurationError(
                f"Probe '{probe.name}' is for VM '{probe.vm}', but the only VMs are: {', '.join(names)}.",
                "Nothing was checked. Correct the probe.",
            )
        if probe.vm and len(meant) > 1:
            raise ConfigurationError(
                f"Probe '{probe.name}' is for VM '{probe.vm}', which is the name of several VMs.",
                f"Nothing was checked. Give the id of one replicated item as vm: {', '.join(meant)}.",
            )


def _refuse_in_azure(view: TargetView) -> None:
    away = [member for member in view.members if member.authoritative_side is Side.AZURE]
    if away:
        lines = "; ".join(f"{member.item.friendly_name} is {member.stage.value} ({member.reason})" for member in away)
        remedies = dict.fromkeys(_FIRST.get(member.stage, _CUT_OVER) for member in away)
        raise Refused(
            f"There is nothing on-premises to validate yet: {lines}.",
            " ".join(remedies),
            stages={member.item.friendly_name: member.stage.value for member in away},
        )


def _failure(view: TargetView, evidence: Evidence) -> ValidationFailed:
    failed = [(vm, check) for vm in evidence.vms for check in vm.checks if check.status not in (PASS, NOT_CHECKED)]
    lines = [f"{vm.name} did not pass {check.id} ({check.seen}): {check.cause.rstrip('.')}" for vm, check in failed]
    remedies = dict.fromkeys(check.remedy for _vm, check in failed if check.remedy)
    return ValidationFailed("; ".join(lines), " ".join([*remedies, _way_out(view)]), validation=evidence.as_result())


def _way_out(view: TargetView) -> str:
    if all(member.reversible for member in view.members):
        return (
            "Do not commit: that deletes the VM in Azure, and with it the way back. Repair the VM on-premises, then "
            "run the task again."
        )
    whose = "Of some VMs the" if view.plan else "Its"
    return (
        f"{whose} failback is committed, so there is no way back to Azure: repair the VM on-premises, then run the "
        "task again."
    )


def _outcome(services: Services, view: TargetView, evidence: Evidence) -> dict[str, Any]:
    outcome = verb_outcome(services.azure, Verb.COMPLETE, VerbRun(view, view), None)
    lines = [_line(vm) for vm in evidence.vms] or ["nothing was checked"]
    return {**outcome, "msg": "; ".join(lines), "validation": evidence.as_result()}


def _line(vm: VmEvidence) -> str:
    verdict = _VERDICTS[vm.verdict]
    told = (f"{check.id} {check.seen if check.status == PASS else check.cause}" for check in vm.checks)
    return f"{vm.name}: {verdict}: {', '.join(told) or 'no check was asked for'}"


CONTRACT = Contract(
    "failback_validate",
    {
        "heartbeat": {"type": "bool", "default": True},
        "addresses": {"type": "bool", "default": True},
        "expected_addresses": {"type": "list", "elements": "str"},
        "probes": {"type": "list", "elements": "dict", "options": PROBE_OPTIONS},
        "attested": {"type": "list", "elements": "str"},
        "timeout": {"type": "int", "default": 600},
        "interval": {"type": "float", "default": 10},
        **ASSUME_OPTIONS,
    },
    run,
    request_of,
    takes_many=True,
    waits=False,
    asks_hosts=True,
)
