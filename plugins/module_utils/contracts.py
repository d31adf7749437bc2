# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module takes and which verb it asks: the one place that module and action plugin share.

Documentation lives in the modules; a test holds it against this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .failback.lifecycle import Stage

Parameters = Mapping[str, Any]
Run = Callable[[Any, Any, Any], dict[str, Any]]

AZURE_OPTIONS: dict[str, dict[str, Any]] = {
    "auth_source": {"type": "str", "choices": ["auto", "cli", "credential_file", "env", "msi"]},
    "profile": {"type": "str"},
    "subscription_id": {"type": "str"},
    "tenant": {"type": "str"},
    "client_id": {"type": "str"},
    "secret": {"type": "str", "no_log": True},
    "x509_certificate_path": {"type": "path"},
    "ad_user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "cloud_environment": {"type": "str"},
    "adfs_authority_url": {"type": "str"},
    "cert_validation_mode": {"type": "str", "choices": ["ignore", "validate"]},
    "disable_instance_discovery": {"type": "bool"},
}
VAULT_OPTIONS: dict[str, dict[str, Any]] = {
    "resource_group": {"type": "str", "required": True},
    "vault_name": {"type": "str", "required": True},
}
TARGET_OPTIONS: dict[str, dict[str, Any]] = {
    "replicated_item": {"type": "str"},
    "recovery_plan": {"type": "str"},
}
# A data synchronisation of 8.7 hours is recorded, so a day.
WAIT_OPTIONS: dict[str, dict[str, Any]] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 86400},
    "poll_interval": {"type": "float"},
}
ASSUME_OPTIONS: dict[str, dict[str, Any]] = {
    "assume_stage": {"type": "str", "choices": [stage.value for stage in Stage]},
}


@dataclass(frozen=True)
class Contract:
    """The contract of one module.

    C(load) returns the verb's run function and the maker of its wish, importing the Azure SDKs only then, so that a
    machine without them gets a clear message. C(writes) tells verbs from queries.
    """

    name: str
    options: Mapping[str, dict[str, Any]]
    load: Callable[[], tuple[Run, Callable[[Parameters, bool], Any]]]
    takes_target: bool = True
    waits: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def argument_spec(self) -> dict[str, dict[str, Any]]:
        """The whole argument spec, as AnsibleModule takes it."""
        spec = {**AZURE_OPTIONS, **VAULT_OPTIONS}
        if self.takes_target:
            spec |= TARGET_OPTIONS
        if self.waits:
            spec |= WAIT_OPTIONS
        return {**spec, **self.options}

    @property
    def rules(self) -> dict[str, Any]:
        """What AnsibleModule checks between options."""
        pair = ("replicated_item", "recovery_plan")
        return {"mutually_exclusive": [pair], "required_one_of": [pair]} if self.takes_target else {**self.extra}


def _common(parameters: Parameters, check_mode: bool) -> dict[str, Any]:
    return {
        "replicated_item": parameters["replicated_item"] or "",
        "recovery_plan": parameters["recovery_plan"] or "",
        "check_mode": check_mode,
        "wait": parameters["wait"],
        "poll_interval": parameters["poll_interval"],
        "assume_stage": parameters.get("assume_stage") or "",
    }


def _load_prereq() -> tuple[Run, Callable[[Parameters, bool], Any]]:
    from .verbs import failback_prereq
    from .verbs.wishes import PrereqWish

    def wish(parameters: Parameters, check_mode: bool) -> PrereqWish:
        extra = {key: parameters[key] for key in ("refresh_provider", "data_sync")}
        return PrereqWish(**_common(parameters, check_mode), **extra)

    return failback_prereq.run, wish


def _load_planned_failover() -> tuple[Run, Callable[[Parameters, bool], Any]]:
    from .failback.decisions import Verb
    from .verbs import planned_failover
    from .verbs.wishes import PlannedFailoverWish

    verbs = {"recovery_to_primary": Verb.FAIL_BACK, "primary_to_recovery": Verb.FAIL_OVER}

    def wish(parameters: Parameters, check_mode: bool) -> PlannedFailoverWish:
        return PlannedFailoverWish(
            **_common(parameters, check_mode),
            verb=verbs[parameters["direction"]],
            data_sync=parameters["data_sync"],
            create_vm_if_missing=parameters["create_vm_if_missing"],
            target_host=parameters["target_host"] or "",
            wait_for=parameters["wait_for"],
        )

    return planned_failover.run, wish


def _load_complete() -> tuple[Run, Callable[[Parameters, bool], Any]]:
    from .verbs import complete_failover
    from .verbs.wishes import CompleteWish

    def wish(parameters: Parameters, check_mode: bool) -> CompleteWish:
        return CompleteWish(**_common(parameters, check_mode), comments=parameters["comments"] or "")

    return complete_failover.run, wish


def _load_commit() -> tuple[Run, Callable[[Parameters, bool], Any]]:
    from .failback.decisions import Verb
    from .verbs import commit
    from .verbs.wishes import CommitWish

    verbs = {"failback": Verb.COMMIT_FAILBACK, "failover": Verb.COMMIT_FAILOVER}

    def wish(parameters: Parameters, check_mode: bool) -> CommitWish:
        return CommitWish(**_common(parameters, check_mode), verb=verbs[parameters["direction"]])

    return commit.run, wish


def _load_reverse_replicate() -> tuple[Run, Callable[[Parameters, bool], Any]]:
    from .verbs import reverse_replicate
    from .verbs.wishes import ReverseReplicateWish

    def wish(parameters: Parameters, check_mode: bool) -> ReverseReplicateWish:
        return ReverseReplicateWish(**_common(parameters, check_mode), wait_for=parameters["wait_for"])

    return reverse_replicate.run, wish


def _load_replicated_item_info() -> tuple[Run, Callable[[Parameters, bool], Any]]:
    from .verbs import info

    return info.run_replicated_item_info, lambda parameters, _check: info.InfoWish(name=parameters["name"] or "")


def _load_recovery_plan_info() -> tuple[Run, Callable[[Parameters, bool], Any]]:
    from .verbs import info

    return info.run_recovery_plan_info, lambda parameters, _check: info.InfoWish(name=parameters["name"] or "")


def _load_vault_info() -> tuple[Run, Callable[[Parameters, bool], Any]]:
    from .verbs import info

    return info.run_vault_info, lambda _parameters, _check: info.InfoWish()


def _load_job_info() -> tuple[Run, Callable[[Parameters, bool], Any]]:
    from .verbs import info

    def wish(parameters: Parameters, _check_mode: bool) -> info.JobInfoWish:
        return info.JobInfoWish(
            name=parameters["name"] or "",
            replicated_item=parameters["replicated_item"] or "",
            states=tuple(parameters["states"] or ()),
            limit=parameters["limit"],
        )

    return info.run_job_info, wish


_DATA_SYNC = {"type": "str", "default": "auto", "choices": ["auto", "before_failover", "during_failover"]}

CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        Contract(
            "failback_prereq",
            {"refresh_provider": {"type": "bool", "default": False}, "data_sync": _DATA_SYNC},
            _load_prereq,
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
                "create_vm_if_missing": {"type": "bool", "default": False},
                "target_host": {"type": "str"},
                "wait_for": {
                    "type": "str",
                    "default": "waiting_for_completion",
                    "choices": ["started", "waiting_for_completion", "end"],
                },
                **ASSUME_OPTIONS,
            },
            _load_planned_failover,
        ),
        Contract("complete_failover", {"comments": {"type": "str"}, **ASSUME_OPTIONS}, _load_complete),
        Contract(
            "commit",
            {
                "direction": {"type": "str", "default": "failback", "choices": ["failback", "failover"]},
                **ASSUME_OPTIONS,
            },
            _load_commit,
        ),
        Contract(
            "reverse_replicate",
            {"wait_for": {"type": "str", "default": "protected", "choices": ["job", "protected"]}, **ASSUME_OPTIONS},
            _load_reverse_replicate,
        ),
        Contract(
            "replicated_item_info",
            {"name": {"type": "str", "aliases": ["replicated_item"]}},
            _load_replicated_item_info,
            takes_target=False,
            waits=False,
        ),
        Contract(
            "recovery_plan_info",
            {"name": {"type": "str", "aliases": ["recovery_plan"]}},
            _load_recovery_plan_info,
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
            _load_job_info,
            takes_target=False,
            waits=False,
            extra={"mutually_exclusive": [("name", "replicated_item")]},
        ),
        Contract("vault_info", {}, _load_vault_info, takes_target=False, waits=False),
    )
}
