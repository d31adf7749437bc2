# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults inside the service: jobs that fail in a task, providers that lose their connection.

A service fault is one of::

    {"job_task": "MonitorDataSync", "item": "web01", "times": 1, "code": "539", "message": "..."}
    {"provider": "hv01.contoso.example", "connected": false}
    {"provider": "hv01.contoso.example", "registered": "no"}
    {"provider": "hv01.contoso.example", "version_state": "UpdateRequired", "expires_in_days": 3}
    {"provider": "hv01.contoso.example", "health_error": "...", "action": "..."}

``item`` is optional (any), ``times`` 1 unless said (0: always), ``code`` and ``message`` those of an internal error;
``expires_in_days`` and ``action`` are optional too, and an empty ``health_error`` is none. The task fails when its time
is over. A provider changes at once: one that is registered ``no`` more, or ``anew`` with another id, is gone for good,
and its items keep the id that the vault has no more. What somebody else does is in `other_actors`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from asr_simulator.fault_values import kind_of, listed, number, one_of, text, whole
from asr_simulator.site_recovery.model.catalog import TASKS
from asr_simulator.site_recovery.model.fabrics import Provider
from asr_simulator.site_recovery.workflows.vault import Vault

TASK_FAULT = frozenset({"job_task", "item", "times", "code", "message"})
MOST_DAYS = 3650
# Of the API definition; Latest was recorded.
VERSION_STATES = (
    *("Latest", "Supported", "NotSupported", "Deprecated", "UpdateRequired", "SecurityUpdateRequired"),
    "Expired",
)


def change_of(vault: Vault, fault: dict[str, Any]) -> Callable[[], None]:
    """Understand a fault, and return what does at once what it does at once.

    Raises:
        ValueError: it is not understood, or names what is not there.
    """
    said = frozenset(fault) - {"added"}
    if "provider" in said:
        return _provider_change(vault, fault, said - {"provider"})
    if "job_task" not in said or said - TASK_FAULT:
        raise ValueError(
            f"a service fault has {', '.join(sorted(TASK_FAULT))}; or provider, and {listed(OF_PROVIDERS)}"
        )
    _check_task(vault, fault)
    return lambda: None


def _check_task(vault: Vault, fault: dict[str, Any]) -> None:
    for key in {"job_task", "item", "code", "message"} & set(fault):
        text(fault, key)
    if fault["job_task"] not in TASKS:
        raise ValueError(f"no task is named {fault['job_task']}; known are {', '.join(sorted(TASKS))}")
    if "item" in fault and fault["item"] not in {item.name for item in vault.items}:
        raise ValueError(f"no item is named {fault['item']}")
    if "times" in fault:
        whole(fault, "times")


def _provider_change(vault: Vault, fault: dict[str, Any], said: frozenset[str]) -> Callable[[], None]:
    name, every = text(fault, "provider"), _providers(vault)
    if name not in every:
        raise ValueError(f"no provider is named {name}; known are {', '.join(sorted(every))}")
    make = kind_of(OF_PROVIDERS, said, OPTIONAL)
    if make is None:
        raise ValueError(f"a fault of a provider has one of: {listed(OF_PROVIDERS)}")
    return make(vault, every[name], fault)


def _connection(vault: Vault, provider: Provider, fault: dict[str, Any]) -> Callable[[], None]:
    if one_of(fault, "connected", True, False) is True:
        return provider.reconnect
    return lambda: provider.disconnect(vault.clock.now())


def _registration(vault: Vault, provider: Provider, fault: dict[str, Any]) -> Callable[[], None]:
    return partial(vault.unregister, provider, anew=one_of(fault, "registered", "no", "anew") == "anew")


def _version(vault: Vault, provider: Provider, fault: dict[str, Any]) -> Callable[[], None]:
    state, days = one_of(fault, "version_state", *VERSION_STATES), None
    if fault.get("expires_in_days") is not None:
        days = timedelta(days=number(fault, "expires_in_days", -MOST_DAYS, MOST_DAYS))

    def change() -> None:
        provider.version_state = state
        provider.version_expires = None if days is None else vault.clock.now() + days

    return change


def _health(vault: Vault, provider: Provider, fault: dict[str, Any]) -> Callable[[], None]:
    action = text(fault, "action") if "action" in fault else ""
    errors = [] if fault["health_error"] == "" else [_health_error(text(fault, "health_error"), action)]
    return lambda: setattr(provider, "health_errors", errors)


OPTIONAL = frozenset({"expires_in_days", "action"})
OF_PROVIDERS: dict[frozenset[str], Callable[[Vault, Provider, dict[str, Any]], Callable[[], None]]] = {
    frozenset({"connected"}): _connection,
    frozenset({"registered"}): _registration,
    frozenset({"version_state", "expires_in_days"}): _version,
    frozenset({"health_error", "action"}): _health,
}


def _health_error(words: str, action: str) -> dict[str, str]:
    return {
        "errorSource": "DRA",
        "errorLevel": "Warning",
        "errorCode": "0",
        "errorMessage": words,
        "recommendedAction": action,
    }


def _providers(vault: Vault) -> dict[str, Provider]:
    return {provider.friendly_name: provider for fabric in vault.fabrics for provider in fabric.providers}
