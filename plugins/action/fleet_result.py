# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.verbs.fleet_result import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction


class ActionModule(VerbAction):
    """Runs fleet_result, by default on the facts that the playbook keeps.

    They are read as they are: a template would go through all that the task has returned for all hosts, for each of
    them.
    """

    contract = CONTRACT

    def _parameters(self, task_vars):
        parameters = super()._parameters(task_vars)
        host = parameters["host"] or task_vars["inventory_hostname"]
        facts = {
            "own": ((task_vars.get("__failback_run") or {}).get("vms") or {}).get(host),
            "stopped": (task_vars.get("__failback_stopped") or {}).get(host),
            "earlier": task_vars.get("failback_result"),
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        return {**parameters, **facts, **given, "host": host}
