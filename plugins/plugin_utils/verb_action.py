# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of every module: its verb in the controller's own process, with progress on the screen."""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
from contextlib import contextmanager
from datetime import datetime, timezone

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.asr.failback.plugins.module_utils.execution import (
    RUN_CACHE,
    deadline_of,
    diff_of,
    execute,
    report_interval_of,
    secrets_around,
)
from ansible_collections.asr.failback.plugins.module_utils.hidden_results import without_secrets
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    ConfigurationError,
    FailbackError,
)
from ansible_collections.asr.failback.plugins.module_utils.model.packed import hidden
from ansible_collections.asr.failback.plugins.module_utils.option_checks import OF_ANOTHER_TYPE, WRONG_TYPE, texts
from ansible_collections.asr.failback.plugins.module_utils.run_record import under_way, unreported
from ansible_collections.asr.failback.plugins.module_utils.runner.contract import Contract
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch
from ansible_collections.asr.failback.plugins.plugin_utils.command_line import refuse_forged
from ansible_collections.asr.failback.plugins.plugin_utils.hosts_of_inventory import HostsOfInventory
from ansible_collections.asr.failback.plugins.plugin_utils.programs import run_program

display = Display()

# Ansible loads this once, then forks a worker for every task of every host. What is here by now, the SDKs above all, is
# shared with the workers as long as their garbage collectors leave it alone: a sixth of a run's processor time.
gc.freeze()
# And so is what the run knows by the time that a worker starts: the results of a thousand hosts, say.
os.register_at_fork(after_in_child=gc.freeze)


def _tell_what_goes_on():
    """Say how far a run was that ended early: the workers that know are gone by then."""
    for line in [*unreported(RUN_CACHE), *under_way(RUN_CACHE)]:
        display.display(line, stderr=True)


# In the process that loads this; its workers end without it.
atexit.register(_tell_what_goes_on)


def _is_mapping(value):
    return isinstance(value, dict)


def _secrets_in(spec, parameters):
    """Yield the values that must not be shown: those of options, and of options inside of options."""
    for name, option in spec.items():
        value = parameters.get(name)
        if option.get("no_log"):
            yield from texts(value)
        if "options" in option:
            # Of one of many, nothing was checked yet.
            for entry in filter(_is_mapping, [value] if _is_mapping(value) else value or ()):
                yield from _secrets_in(option["options"], entry)


def _run_is_alive():
    """Say whether the process that forked this worker is still there.

    Since ansible-core 2.19 each worker has a session of its own, so it outlives a run whose process group is killed.
    """
    run = multiprocessing.parent_process()
    return run is None or os.getppid() == run.pid


def _show(whose, line):
    """Show a line of progress, with the time."""
    display.display(f"{whose}{datetime.now(timezone.utc):%H:%M:%S} {line}")


class VerbAction(ActionBase):
    """Runs a module's verb here. C(contract) is that of the module."""

    contract: Contract
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        """Return the result of the task."""
        result = super().run(tmp, task_vars)
        try:
            return {**result, **self._result(task_vars)}
        except AnsibleActionFail as refusal:
            # Of options, or of where the task is to run: with the keys of every failure.
            return {**result, "failed": True, **ConfigurationError(str(refusal), "Correct the task.").as_result()}
        except FailbackError as refusal:
            return {**result, "failed": True, **refusal.as_result()}

    def _result(self, task_vars):
        if self._belongs_elsewhere():
            return self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)
        if task_vars:
            refuse_forged(task_vars)
        contract, parameters = self.contract, self._parameters(task_vars or {})
        host = (task_vars or {}).get("inventory_hostname", "localhost")
        inventory = HostsOfInventory(task_vars or {}, self._templar)
        with self._own_environment():
            around = secrets_around(os.environ)
            # What a task with no_log does is nobody's business, the names in its progress included.
            # Of many, each line has the name of its own.
            whose = "" if parameters.get("replicated_items") else f"[{host}] "
            told = {} if self._task.no_log else {"report": lambda line: _show(whose, line)}
            interval = report_interval_of(parameters)
            watch = Watch(deadline_of(parameters), report_interval=interval, is_wanted=_run_is_alive, **told)
            entries = filter(_is_mapping, parameters.get("replicated_items") or ())
            secrets = around.union(*(_secrets_in(contract.argument_spec, given) for given in (parameters, *entries)))

            def hide(value):
                # Those of hosts are known once they are asked.
                return without_secrets(value, (secrets | inventory.secrets) - {None, ""})

            return hidden(self._outcome(contract, parameters, watch, inventory, hide), hide)

    def _parameters(self, task_vars):
        """Return the options of the task, checked and converted."""
        contract = self.contract
        try:
            _checked, parameters = self.validate_argument_spec(argument_spec=contract.argument_spec, **contract.rules)
        except OF_ANOTHER_TYPE as problem:
            raise AnsibleActionFail(WRONG_TYPE) from problem
        if contract.asks_hosts and not contract.asks_azure:
            parameters["host"] = parameters["host"] or task_vars.get("inventory_hostname", "localhost")
        return parameters

    def _outcome(self, contract, parameters, watch, inventory, hide):
        try:
            outcome = self._finished(
                execute(
                    contract,
                    parameters,
                    os.environ,
                    check_mode=self._task.check_mode,
                    watch=watch,
                    inventory=inventory.variables_of,
                    hyperv_hosts=inventory.hyperv_hosts(),
                    run_program=run_program,
                    hide=hide,
                    notes=not self._task.no_log,
                )
            )
        except FailbackError as problem:
            return {"failed": True, **problem.as_result()}
        if self._task.diff:
            outcome["diff"] = diff_of(outcome) or {}
        return outcome

    def _finished(self, outcome):
        """Return the result, after whatever only the controller can do. Raises FailbackError."""
        return outcome

    def _belongs_elsewhere(self):
        local = self._connection.transport == "local"
        if self._task.async_val and not (self._task.delegate_to or local):
            # Ansible would start it on the inventory host, and ask for its end there.
            raise AnsibleActionFail(
                "With async the task would run on the inventory host instead of the controller. Use wait: false, and a "
                "later task that waits; or add delegate_to: localhost."
            )
        return bool(self._task.async_val) or bool(self._task.delegate_to and not local)

    def _environment(self):
        """Return the environment that the task's own C(environment) makes of the controller's."""
        own = {}
        self._compute_environment_string(own)
        return {**os.environ, **{str(name): str(value) for name, value in own.items()}}

    @contextmanager
    def _own_environment(self):
        """Let the task see the environment that an ordinary module would: the controller's, then the task's own.

        The SDKs, requests and the Azure CLI read it from the process. The process runs this one task only.
        """
        before = dict(os.environ)
        os.environ.update(self._environment())
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
