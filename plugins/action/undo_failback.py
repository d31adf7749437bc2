# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.verbs.undo_failback import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.command_line import refuse_check_of_a_part
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction


class ActionModule(VerbAction):
    """Runs undo_failback."""

    contract = CONTRACT

    def _parameters(self, task_vars):
        """Return the options of the task."""
        refuse_check_of_a_part(self._task, task_vars)
        return super()._parameters(task_vars)
