# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of every module: its verb in the controller's own process, with progress on the screen."""

from __future__ import annotations

import os

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.asr.failback.plugins.module_utils.contracts import CONTRACTS
from ansible_collections.asr.failback.plugins.module_utils.execution import diff_of, execute
from ansible_collections.asr.failback.plugins.module_utils.failback.failures import FailbackError

display = Display()


class ActionModule(ActionBase):
    """Run the module that the task names, here."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        """Return the result of the task."""
        result = super().run(tmp, task_vars)
        if self._belongs_elsewhere():
            return {**result, **self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)}
        contract = CONTRACTS[self._task.action.rsplit(".", 1)[-1]]
        _checked, parameters = self.validate_argument_spec(argument_spec=contract.argument_spec, **contract.rules)
        host = (task_vars or {}).get("inventory_hostname", "localhost")
        try:
            outcome = execute(
                contract,
                parameters,
                self._environment(),
                check_mode=self._task.check_mode,
                report=lambda line: display.display(f"[{host}] {line}"),
            )
        except FailbackError as problem:
            return {**result, "failed": True, **problem.as_result()}
        if self._task.diff:
            outcome["diff"] = diff_of(outcome) or {}
        return {**result, **outcome}

    def _belongs_elsewhere(self):
        if self._task.async_val:
            return True
        return bool(self._task.delegate_to) and self._connection.transport != "local"

    def _environment(self):
        """Return the environment that an ordinary module would see: the controller's, then the task's own."""
        layers = self._task.environment or []
        merged = dict(os.environ)
        for layer in layers if isinstance(layers, list) else [layers]:
            values = self._templar.template(layer)
            if isinstance(values, dict):
                merged.update({str(name): str(value) for name, value in values.items()})
        return merged
