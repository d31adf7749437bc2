# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module takes, and which verb it asks. Each verb has the contract of its module and action plugin.

Documentation lives in the modules; a test holds it against this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from ..model.failures import asked
from ..waiting import Steps
from ..watch import Watch
from .authority import authority_or_none_read
from .options import (
    AZURE_OPTIONS,
    HOSTS_OPTIONS,
    MANY_OPTIONS,
    TARGET_OPTIONS,
    VAULT_OPTIONS,
    WAIT_OPTIONS,
    WINRM_OPTIONS,
)
from .services import Services


@dataclass(frozen=True)
class Contract:
    """The contract of one module.

    C(run) is the verb, which awaits nothing but pauses (waiting.py); C(request) makes what it is asked from the options
    and check mode. C(asks_azure) and C(asks_hosts) tell which sides it talks to; one that asks a host only works on the
    host of the task.
    C(takes_many): it can be asked for many virtual machines at the same time; C(of_all) are the options that are then
    those of the task, never of one of them. C(other_targets) are options that stand
    for a replicated item or recovery plan.
    """

    name: str
    options: Mapping[str, dict[str, Any]]
    run: Callable[[Any, Services, Watch], Steps[dict[str, Any]]]
    request: Callable[[Mapping[str, Any], bool], Any]
    takes_target: bool = True
    takes_many: bool = False
    of_all: tuple[str, ...] = ()
    other_targets: tuple[str, ...] = ()
    waits: bool = True
    asks_azure: bool = True
    asks_hosts: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    async def steps(
        self, parameters: Mapping[str, Any], services: Services, watch: Watch, *, check_mode: bool
    ) -> dict[str, Any]:
        """Do what the options say and return the result. What goes wrong before a verb has begun to look at its target
        is told as all else is.
        """
        request = self.request(parameters, check_mode)
        authority = authority_or_none_read() if self.takes_target else nullcontext()
        with asked(f"{self.name} of '{_named(parameters)}'"), authority:
            return await self.run(request, services, watch)

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
        if self.takes_many:
            spec |= MANY_OPTIONS
        if self.waits:
            spec |= WAIT_OPTIONS
        return {**spec, **self.options}

    @property
    def rules(self) -> dict[str, Any]:
        """What AnsibleModule checks between options."""
        names = (*self.other_targets, *(TARGET_OPTIONS), *(MANY_OPTIONS if self.takes_many else ()))
        return {"mutually_exclusive": [names], "required_one_of": [names]} if self.takes_target else {**self.extra}


def _named(parameters: Mapping[str, Any]) -> str:
    names = (parameters.get(option) for option in ("recovery_plan", "replicated_item", "name", "host", "vault_name"))
    return str(next(filter(None, names), ""))
