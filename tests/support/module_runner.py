# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drives modules in this process with the real SDKs against a simulator over TLS. Waiting moves its clock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.asr.failback.plugins.module_utils.execution import (
    deadline_of,
    execute,
    report_interval_of,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from ansible_collections.asr.failback.plugins.module_utils.model.host_names import find_host
from ansible_collections.asr.failback.plugins.module_utils.option_checks import OF_ANOTHER_TYPE
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache
from ansible_collections.asr.failback.plugins.module_utils.runner.contract import Contract
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch
from ansible_collections.asr.failback.plugins.plugin_utils.programs import run_program
from asr_simulator.server import Simulator
from support.module_contracts import CONTRACTS


class OptionsRejectedError(Exception):
    """The argument spec does not take the options. `str()` is what Ansible would say."""


class OneFailedError(FailbackError):
    """The failed result of one virtual machine of many."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        super().__init__(result["cause"], result["remedy"], **result["error"])
        self._result = dict(result)

    def message(self) -> str:
        """The message of the result."""
        return str(self._result["msg"])

    def as_result(self) -> dict[str, Any]:
        """The result."""
        return self._result


def validated(contract: Contract, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as a module gets them: checked against the argument spec, converted, defaults filled in."""
    try:
        outcome = ArgumentSpecValidator(contract.argument_spec, **contract.rules).validate(dict(options))
    except OF_ANOTHER_TYPE as problem:
        raise OptionsRejectedError(str(problem)) from problem
    if outcome.error_messages:
        raise OptionsRejectedError("; ".join(outcome.error_messages))
    return dict(outcome.validated_parameters)


def accepted(*names: str, sides: tuple[str, ...] = ("on_premises",)) -> dict[str, Any]:
    """Options of a commit: somebody has looked at a side of these VMs himself, and says so VM by VM."""
    return {"accept_unseen": [{"vm": name, "sides": [*sides]} for name in names]}


def evidence(vault: ModuleRunner) -> dict[str, Any]:
    """That vm1 works on-premises, by somebody's word alone: nothing of it is seen."""
    given = {"attested": ["the shop answers"], "heartbeat": False, "addresses": False}
    return dict(vault.run("failback_validate", replicated_item="vm1", **given)["validation"])


class ModuleRunner:
    """Runs modules as one principal of a simulator; `principal` is its name in the scenario, by default the first.

    Options given here go to every module and may be overridden at each call; None leaves one out. `lines` collects the
    progress that was reported; `meanwhile`, where set, is called with the simulated seconds so far after each wait.
    `real_counts_for`: how many seconds a real one counts for by the clock of the modules, so that what takes real time
    takes long.
    """

    def __init__(self, simulator: Simulator, principal: str | None = None, **options: Any) -> None:
        connection = simulator.connection
        named = {spec["name"]: spec for spec in connection["principals"]}
        who = named[principal] if principal else connection["principals"][0]
        self.simulator = simulator
        self.lines: list[str] = []
        self.seconds = 0.0
        self.real_counts_for = 0.0
        self.meanwhile: Callable[[float], None] | None = None
        self.inventory: dict[str, dict[str, Any]] = {}
        self.environ = {"REQUESTS_CA_BUNDLE": connection["ca_bundle"]}
        self.options = {
            "resource_group": connection["resource_group"],
            "vault_name": connection["vault_name"],
            "subscription_id": connection["subscription_id"],
            "tenant": connection["tenant_id"],
            "client_id": who["client_id"],
            "secret": who["client_secret"],
            "cloud_environment": connection["resource_manager"],
            "disable_instance_discovery": True,
            **options,
        }
        self.cache = RunCache()
        self.as_one_of_many = bool(os.environ.get("AS_ONE_OF_MANY"))

    def knows_hosts(self, *, transport: str = "basic") -> ModuleRunner:
        """Put every simulated Hyper-V host and VMM server into the inventory; return the driver.

        NTLM signs in anew for each session, which takes its time: tests of other things use basic over TLS.
        """
        winrm = self.simulator.connection["winrm"]
        self.inventory = {
            host["name"].lower(): {
                "ansible_host": host["address"],
                "ansible_port": host["port"],
                "ansible_user": winrm["username"],
                "ansible_password": winrm["password"],
                "ansible_winrm_transport": transport,
                "ansible_winrm_ca_trust_path": winrm["ca_bundle"],
            }
            for host in winrm["hosts"]
        }
        return self

    def trouble(self, **fault: Any) -> None:
        """Let something go wrong: a service fault of the simulator."""
        control = f"{self.simulator.connection['control']}/faults"
        answer = requests.post(control, json={"service": fault}, timeout=10, verify=self.environ["REQUESTS_CA_BUNDLE"])
        answer.raise_for_status()

    def run(self, module: str, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """The result of a module that succeeds.

        Raises:
            FailbackError: it failed.
            OptionsRejectedError: its argument spec does not take the options.
        """
        if self.as_one_of_many and CONTRACTS[module].takes_many and options.get("replicated_item"):
            return self._as_one_of_many(module, check_mode=check_mode, **options)
        contract = CONTRACTS[module]
        own = {name: value for name, value in self.options.items() if name in contract.argument_spec}
        given = {name: value for name, value in {**own, **options}.items() if value is not None}
        parameters = validated(contract, given)
        watch = Watch(
            deadline_of(parameters),
            self.lines.append,
            report_interval=report_interval_of(parameters),
            clock=lambda: self.seconds + self.real_counts_for * time.monotonic(),
            pause=self.pass_time,
        )
        return execute(
            contract,
            parameters,
            self.environ,
            watch=watch,
            cache=self.cache,
            check_mode=check_mode,
            inventory=self._variables_of,
            hyperv_hosts=[*self.inventory],
            run_program=run_program,
        )

    def _as_one_of_many(self, module: str, *, replicated_item: str, check_mode: bool, **options: Any) -> dict[str, Any]:
        """The result that a list of one gives for it. Its options are its own where they can be."""
        names = CONTRACTS[module].options
        own = {name: value for name, value in {**self.options, **options}.items() if name in names}
        # Not for all: some may only be its own.
        options = {**options, **dict.fromkeys(own)}
        entry = {
            "replicated_item": replicated_item,
            **{name: value for name, value in own.items() if value is not None},
        }
        told = self.run(module, check_mode=check_mode, replicated_items=[entry], **options)
        result = dict(told["vms"][replicated_item])
        if result.pop("failed"):
            raise OneFailedError(result)
        return result

    def _variables_of(self, name: str) -> dict[str, Any] | None:
        found = find_host(name, self.inventory)
        return None if found is None else self.inventory[found]

    def fail(self, module: str, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """The failed result of a module that must fail; `msg` alone where the argument spec refuses the options."""
        try:
            result = self.run(module, check_mode=check_mode, **options)
        except OptionsRejectedError as refusal:
            return {"msg": str(refusal)}
        except FailbackError as problem:
            return problem.as_result()
        raise AssertionError(f"{module} succeeded: {result}")

    def pass_time(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.seconds += seconds
        self.simulator.locked(lambda world: world.clock.advance(seconds))
        if self.meanwhile is not None:
            self.meanwhile(self.seconds)

    def writes(self, since: int = 0) -> list[str]:
        """The writes in the journal after entry `since`, such as "POST web01/plannedFailover", in order."""
        entries = self.simulator.journal.entries(since, writes=True)
        return [f"{entry['method']} {'/'.join(entry['path'].split('/')[-2:])}" for entry in entries]

    def requests(self) -> int:
        """How many requests there were; for `writes(since)`."""
        return len(self.simulator.journal.entries())

    def state(self, name: str) -> dict[str, Any]:
        """The simulator's truth about an item: stage, active_location, operation, azure_vm, on_premises_vm."""
        return next(item for item in self.simulator.state()["items"] if item["name"] == name)

    def jobs(self, name: str) -> list[dict[str, Any]]:
        """The simulator's jobs for an item or plan, newest first."""
        return [job for job in self.simulator.state()["jobs"] if job["target"] == name]
