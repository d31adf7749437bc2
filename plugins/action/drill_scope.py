# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.verbs.drill_scope import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.command_line import refuse_check_of_a_part
from ansible_collections.asr.failback.plugins.plugin_utils.drill_candidates import candidates_of, chosen_tags
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction


class ActionModule(VerbAction):
    """Runs drill_scope."""

    contract = CONTRACT

    def _parameters(self, task_vars):
        """Return the options of the task, with what is known of its hosts."""
        refuse_check_of_a_part(self._task, task_vars)
        parameters = super()._parameters(task_vars)
        known = (task_vars, self._templar, self._loader)
        candidates = candidates_of(*known, parameters["hosts"], parameters["level"])
        return {**parameters, "candidates": candidates, "chosen_tags": chosen_tags(task_vars)}
