# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.verbs.failback import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.command_line import (
    refuse_one_for_all,
    refuse_skipped_guards,
)
from ansible_collections.asr.failback.plugins.plugin_utils.role_options import RoleOptions
from ansible_collections.asr.failback.plugins.plugin_utils.run_about import about_run
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction


class ActionModule(VerbAction):
    """Runs failback. Hosts of the inventory have the options that the variables of the role say."""

    contract = CONTRACT

    def _parameters(self, task_vars):
        """Return the options of the task, with an entry for each of its hosts."""
        parameters = super()._parameters(task_vars)
        if not parameters["hosts"]:
            return parameters
        refuse_skipped_guards(task_vars)
        refuse_one_for_all(task_vars)
        is_fleet = parameters["places"] is not None
        read = RoleOptions(self._loader, self._templar, task_vars, of_fleet=is_fleet)
        if is_fleet:
            read.refuse_of_play()
        before = _vms_of(task_vars, parameters)
        entries = read.entries(parameters["hosts"], before, parameters["places"] or {}, parameters["confirmations"])
        return {**parameters, "replicated_items": entries, "about": self._about(task_vars, parameters)}

    def _about(self, task_vars, parameters):
        if not parameters["report"]:
            return None
        return about_run(task_vars, self._templar, self._loader, self._environment(), parameters["hosts"])

    def run(self, tmp=None, task_vars=None):
        """Return the result of the task. Hosts that had ended before it have the result that they had."""
        result = super().run(tmp, task_vars)
        names = self._task.args.get("hosts")
        if names and "vms" in result:
            known = {**_vms_of(task_vars, self._task.args), **result["vms"]}
            result["vms"] = {name: known[name] for name in names if name in known}
        return result


def _vms_of(task_vars, options):
    """Return what an earlier task has returned, by host."""
    return (task_vars.get(options.get("continues")) or {}).get("vms") or {}
