# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module takes and which verb it asks: the one place that module and action plugin share.

Documentation lives in the modules; a test holds it against this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from . import report_file
from .failback import commit_policy
from .failback.acceptance import parse_acceptances
from .failback.attestation import parse_attestations
from .failback.commit_policy import CommitPolicy, parse_policy
from .failback.decisions import Verb
from .failback.windows import AnyWindow, parse_window
from .options import (
    ASSUME_OPTIONS,
    AZURE_OPTIONS,
    HOSTS_OPTIONS,
    TARGET_OPTIONS,
    VAULT_OPTIONS,
    WAIT_OPTIONS,
    WINDOW_OPTIONS,
    WINRM_OPTIONS,
)
from .probes.options import PROBE_OPTIONS
from .verbs import (
    abandon,
    commit,
    complete_failover,
    failback_prereq,
    failback_validate,
    hyperv_host_info,
    hyperv_switch,
    info,
    job,
    planned_failover,
    reverse_replicate,
)
from .verbs.info import InfoWish, JobInfoWish
from .verbs.services import Services
from .verbs.wishes import (
    AbandonWish,
    CommitWish,
    CompleteWish,
    JobWish,
    PlannedFailoverWish,
    PrereqWish,
    ReverseReplicateWish,
)
from .watch import Watch

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Contract:
    """The contract of one module.

    C(run) is the verb, C(wish) makes what it is asked from the module's options and check mode. C(asks_azure) and
    C(asks_hosts) tell which sides it talks to; one that asks a host only works on the host of the task.
    C(other_targets) are options that stand for a replicated item or recovery plan.
    """

    name: str
    options: Mapping[str, dict[str, Any]]
    run: Callable[[Any, Services, Watch], dict[str, Any]]
    wish: Callable[[Parameters, bool], Any]
    takes_target: bool = True
    other_targets: tuple[str, ...] = ()
    waits: bool = True
    asks_azure: bool = True
    asks_hosts: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def argument_spec(self) -> dict[str, dict[str, Any]]:
        """The whole argument spec, as AnsibleModule takes it."""
        spec = {**AZURE_OPTIONS, **VAULT_OPTIONS} if self.asks_azure else {}
        if self.asks_hosts:
            spec |= WINRM_OPTIONS
        if self.asks_azure and self.asks_hosts:
            spec |= HOSTS_OPTIONS
        if self.takes_target:
            spec |= TARGET_OPTIONS
        if self.waits:
            spec |= WAIT_OPTIONS
        return {**spec, **self.options}

    @property
    def rules(self) -> dict[str, Any]:
        """What AnsibleModule checks between options."""
        names = (*self.other_targets, "replicated_item", "recovery_plan")
        return {"mutually_exclusive": [names], "required_one_of": [names]} if self.takes_target else {**self.extra}


def _common(parameters: Parameters, check_mode: bool) -> dict[str, Any]:
    return {
        "replicated_item": parameters["replicated_item"] or "",
        "recovery_plan": parameters["recovery_plan"] or "",
        "check_mode": check_mode,
        "wait": parameters["wait"],
        "poll_interval": parameters["poll_interval"],
        "assume_stage": parameters.get("assume_stage") or "",
    }


def _prereq_wish(parameters: Parameters, check_mode: bool) -> PrereqWish:
    extra = {name: parameters[name] for name in ("refresh_provider", "data_sync", "create_vm_if_missing")}
    return PrereqWish(
        **_common(parameters, check_mode),
        **extra,
        target_host=parameters["target_host"] or "",
        discard_disks=tuple(parameters["discard_disks"]),
    )


def _planned_failover_wish(parameters: Parameters, check_mode: bool) -> PlannedFailoverWish:
    verbs = {"recovery_to_primary": Verb.FAIL_BACK, "primary_to_recovery": Verb.FAIL_OVER}
    return PlannedFailoverWish(
        **_common(parameters, check_mode),
        verb=verbs[parameters["direction"]],
        data_sync=parameters["data_sync"],
        create_vm_if_missing=parameters["create_vm_if_missing"],
        target_host=parameters["target_host"] or "",
        wait_for=parameters["wait_for"],
        window=_window(parameters),
    )


def _window(parameters: Parameters) -> AnyWindow | None:
    given = parameters["window"]
    if given is None:
        return None
    return parse_window(given["not_before"] or "", given["not_after"] or "", given["time_zone"])


def _complete_wish(parameters: Parameters, check_mode: bool) -> CompleteWish:
    common = _common(parameters, check_mode)
    return CompleteWish(**common, comments=parameters["comments"] or "", window=_window(parameters))


def _commit_wish(parameters: Parameters, check_mode: bool) -> CommitWish:
    policy = parse_policy(parameters["policy"], parameters["not_before"] or "")
    of_failback = parameters["direction"] == "failback"
    return CommitWish(
        **_common(parameters, check_mode),
        verb=Verb.COMMIT_FAILBACK if of_failback else Verb.COMMIT_FAILOVER,
        # The other commit deletes nothing: there is nothing to prove before it, and nothing to hold it for.
        policy=policy if of_failback else CommitPolicy(commit_policy.NOW),
        validation=parameters["validation"],
        validation_max_age=timedelta(seconds=parameters["validation_max_age"]),
        discard_azure_changes=parameters["discard_azure_changes"],
        discard_disks=tuple(parameters["discard_disks"]),
        accept_unseen=parse_acceptances(parameters["accept_unseen"]),
    )


def _abandon_wish(parameters: Parameters, check_mode: bool) -> AbandonWish:
    return AbandonWish(
        **_common(parameters, check_mode),
        reason=parameters["reason"] or "",
        attested_off=parse_attestations(parameters["attested_off"] or {}),
        force_off=parameters["force_off"],
        shutdown_timeout=parameters["shutdown_timeout"],
        close_applications=parameters["close_applications"],
    )


def _reverse_replicate_wish(parameters: Parameters, check_mode: bool) -> ReverseReplicateWish:
    return ReverseReplicateWish(**_common(parameters, check_mode), wait_for=parameters["wait_for"])


def _job_wish(parameters: Parameters, check_mode: bool) -> JobWish:
    return JobWish(
        **_common(parameters, check_mode),
        state=parameters["state"],
        name=parameters["name"] or "",
        accept_inconsistent_disks=parameters["accept_inconsistent_disks"],
    )


def _info_wish(parameters: Parameters, _check_mode: bool) -> InfoWish:
    return InfoWish(name=parameters.get("name") or "")


def _job_info_wish(parameters: Parameters, _check_mode: bool) -> JobInfoWish:
    return JobInfoWish(
        name=parameters["name"] or "",
        replicated_item=parameters["replicated_item"] or "",
        states=tuple(parameters["states"] or ()),
        limit=parameters["limit"],
    )


_PLACE: dict[str, dict[str, Any]] = {
    "create_vm_if_missing": {"type": "bool", "default": False},
    "target_host": {"type": "str"},
}
_DATA_SYNC = {"type": "str", "default": "auto", "choices": ["auto", "before_failover", "during_failover"]}
_DISCARD_DISKS = {"type": "list", "elements": "str", "default": []}

CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        Contract(
            "failback_prereq",
            {
                "refresh_provider": {"type": "bool", "default": False},
                "data_sync": _DATA_SYNC,
                **_PLACE,
                "discard_disks": _DISCARD_DISKS,
            },
            failback_prereq.run,
            _prereq_wish,
            asks_hosts=True,
        ),
        Contract(
            "planned_failover",
            {
                "direction": {
                    "type": "str",
                    "default": "recovery_to_primary",
                    "choices": ["recovery_to_primary", "primary_to_recovery"],
                },
                "data_sync": _DATA_SYNC,
                **_PLACE,
                "wait_for": {
                    "type": "str",
                    "default": "waiting_for_completion",
                    "choices": ["started", "waiting_for_completion", "end"],
                },
                **WINDOW_OPTIONS,
                **ASSUME_OPTIONS,
            },
            planned_failover.run,
            _planned_failover_wish,
            asks_hosts=True,
        ),
        Contract(
            "complete_failover",
            {"comments": {"type": "str"}, **WINDOW_OPTIONS, **ASSUME_OPTIONS},
            complete_failover.run,
            _complete_wish,
            asks_hosts=True,
        ),
        Contract(
            "commit",
            {
                "direction": {"type": "str", "default": "failback", "choices": ["failback", "failover"]},
                "policy": {
                    "type": "str",
                    "default": commit_policy.AFTER_VALIDATION,
                    "choices": list(commit_policy.CHOICES),
                },
                "not_before": {"type": "str"},
                "validation": {"type": "dict"},
                "validation_max_age": {"type": "int", "default": 86400},
                "discard_azure_changes": {"type": "bool", "default": False},
                "discard_disks": _DISCARD_DISKS,
                "accept_unseen": {"type": "raw"},
                **ASSUME_OPTIONS,
            },
            commit.run,
            _commit_wish,
            asks_hosts=True,
        ),
        Contract(
            "reverse_replicate",
            {"wait_for": {"type": "str", "default": "protected", "choices": ["job", "protected"]}, **ASSUME_OPTIONS},
            reverse_replicate.run,
            _reverse_replicate_wish,
        ),
        Contract(
            "job",
            {
                "state": {"type": "str", "required": True, "choices": ["cancelled", "restarted"]},
                "name": {"type": "str", "aliases": ["job"]},
                "accept_inconsistent_disks": {"type": "bool", "default": False},
            },
            job.run,
            _job_wish,
            other_targets=("name",),
        ),
        Contract(
            "replicated_item_info",
            {"name": {"type": "str", "aliases": ["replicated_item"]}},
            info.run_replicated_item_info,
            _info_wish,
            takes_target=False,
            waits=False,
        ),
        Contract(
            "recovery_plan_info",
            {"name": {"type": "str", "aliases": ["recovery_plan"]}},
            info.run_recovery_plan_info,
            _info_wish,
            takes_target=False,
            waits=False,
        ),
        Contract(
            "job_info",
            {
                "name": {"type": "str", "aliases": ["job"]},
                "replicated_item": {"type": "str"},
                "states": {"type": "list", "elements": "str"},
                "limit": {"type": "int", "default": 20},
            },
            info.run_job_info,
            _job_info_wish,
            takes_target=False,
            waits=False,
            extra={"mutually_exclusive": [("name", "replicated_item")]},
        ),
        Contract(
            "hyperv_host_info",
            {"host": {"type": "str"}, "vms": {"type": "list", "elements": "str"}},
            hyperv_host_info.run,
            hyperv_host_info.wish_of,
            takes_target=False,
            waits=False,
            asks_azure=False,
            asks_hosts=True,
        ),
        Contract(
            "hyperv_switch",
            {
                "host": {"type": "str"},
                "name": {"type": "str", "required": True},
                "type": {"type": "str", "default": "external", "choices": ["external", "internal", "private"]},
                "net_adapter": {"type": "str"},
                "allow_management_os": {"type": "bool"},
                "change_type": {"type": "bool", "default": False},
            },
            hyperv_switch.run,
            hyperv_switch.wish_of,
            takes_target=False,
            waits=False,
            asks_azure=False,
            asks_hosts=True,
        ),
        Contract(
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
            failback_validate.run,
            failback_validate.wish_of,
            waits=False,
            asks_hosts=True,
        ),
        Contract(
            "failback_report",
            {
                "path": {"type": "path", "required": True},
                "results": {"type": "list", "elements": "dict", "required": True},
            },
            report_file.run,
            report_file.wish_of,
            takes_target=False,
            waits=False,
            asks_azure=False,
        ),
        Contract(
            "abandon",
            {
                "reason": {"type": "str"},
                "force_off": {"type": "bool", "default": False},
                "shutdown_timeout": {"type": "int", "default": 600},
                "close_applications": {"type": "bool", "default": True},
                "attested_off": {"type": "dict"},
            },
            abandon.run,
            _abandon_wish,
            asks_hosts=True,
        ),
        Contract("vault_info", {}, info.run_vault_info, _info_wish, takes_target=False, waits=False),
    )
}
