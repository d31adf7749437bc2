# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.playbook.block import Block

from ansible_collections.asr.failback.plugins.module_utils.verbs.failback import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction


class ActionModule(VerbAction):
    """Runs failback: for all hosts of a batch where they go on together, else for the host of the task alone."""

    contract = CONTRACT

    def _parameters(self, task_vars):
        """Return the options. Where each host goes on by itself, another task of this run works for each other host."""
        parameters = super()._parameters(task_vars)
        host = task_vars.get("inventory_hostname")
        entries = parameters["replicated_items"] or []
        labels = [entry.get("label") for entry in entries if isinstance(entry, dict)]
        if host in labels and not self._hosts_go_on_together():
            parameters["replicated_items"] = [entry for entry in entries if entry.get("label") == host]
        return parameters

    def _hosts_go_on_together(self):
        """Whether run_once is what the strategy does: only linear does it."""
        parent = self._task
        while not isinstance(parent, Block):
            parent = parent._parent
        return str(parent._play.strategy).rpartition(".")[2] == "linear"
