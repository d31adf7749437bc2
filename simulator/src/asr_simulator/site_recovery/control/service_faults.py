# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults inside the service: jobs that fail in a task, providers that lose their connection.

A service fault is one of::

    {"job_task": "MonitorDataSync", "item": "web01", "times": 1, "code": "539", "message": "..."}
    {"provider": "hv01.contoso.example", "connected": false}
    {"provider": "hv01.contoso.example", "registered": "no"}

``item`` is optional (any), ``times`` 1 unless said (0: always), ``code`` and ``message`` those of an internal error.
The task fails when its time is over. A provider changes at once: one that is registered ``no`` more, or ``anew`` with
another id, is gone for good, and its items keep the id that the vault has no more. What somebody else does is in
`other_actors`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from asr_simulator.site_recovery.model.catalog import TASKS
from asr_simulator.site_recovery.workflows.vault import Vault

TASK_FAULT = frozenset({"job_task", "item", "times", "code", "message", "added"})
PROVIDER_FAULT = frozenset(
    {"provider", "connected", "registered", "version_state", "expires_in_days", "health_error", "action", "added"}
)


def change_of(vault: Vault, fault: dict[str, Any]) -> Callable[[], None]:
    """Understand a fault, and return what does at once what it does at once.

    Raises:
        ValueError: it is not understood, or names what is not there.
    """
    known = PROVIDER_FAULT if "provider" in fault else TASK_FAULT
    unknown = sorted(set(fault) - known)
    if unknown or not {"provider", "job_task"} & set(fault):
        raise ValueError(
            f"a service fault has {sorted(TASK_FAULT - {'added'})} or {sorted(PROVIDER_FAULT - {'added'})}"
        )
    if "job_task" in fault and fault["job_task"] not in TASKS:
        raise ValueError(f"no task is named {fault['job_task']}; known are {', '.join(sorted(TASKS))}")
    if "item" in fault and fault["item"] not in {item.name for item in vault.items}:
        raise ValueError(f"no item is named {fault['item']}")
    if {"connected", "registered"} <= set(fault) or fault.get("registered", "no") not in ("no", "anew"):
        raise ValueError("a provider is connected (true or false), or registered (no or anew)")
    if "provider" in fault and fault["provider"] not in _providers(vault):
        raise ValueError(f"no provider is named {fault['provider']}; known are {', '.join(sorted(_providers(vault)))}")
    return partial(_apply, vault, fault)


def _apply(vault: Vault, fault: dict[str, Any]) -> None:
    if "provider" not in fault:
        return
    provider = _providers(vault)[fault["provider"]]
    if "version_state" in fault:
        days = fault.get("expires_in_days")
        provider.version_state = str(fault["version_state"])
        provider.version_expires = None if days is None else vault.clock.now() + timedelta(days=days)
    elif "health_error" in fault:
        provider.health_errors = [_health_error(fault)]
    elif "registered" in fault:
        vault.unregister(provider, anew=fault["registered"] == "anew")
    elif fault.get("connected", False):
        provider.reconnect()
    else:
        provider.disconnect(vault.clock.now())


def _health_error(fault: dict[str, Any]) -> dict[str, str]:
    return {
        "errorSource": "DRA",
        "errorLevel": "Warning",
        "errorCode": "0",
        "errorMessage": str(fault["health_error"]),
        "recommendedAction": str(fault.get("action", "")),
    }


def _providers(vault: Vault) -> dict[str, Any]:
    return {provider.friendly_name: provider for fabric in vault.fabrics for provider in fabric.providers}
