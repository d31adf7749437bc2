# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.verbs.drill_scope import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.own_variables import is_marked
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction

_MARK = "failback_drill"


class ActionModule(VerbAction):
    """Runs drill_scope."""

    contract = CONTRACT

    def _parameters(self, task_vars):
        """Return the options of the task, with the marks of its hosts."""
        parameters = super()._parameters(task_vars)
        marks = {name: is_marked(task_vars, self._loader, name, _MARK) for name in parameters["hosts"]}
        return {**parameters, "marks": marks}
