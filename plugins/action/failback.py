# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleError
from ansible.playbook.block import Block

from ansible_collections.asr.failback.plugins.module_utils.verbs.failback import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction


class ActionModule(VerbAction):
    """Runs failback. In the role, one host's task works for all hosts of the batch, where they go on together."""

    contract = CONTRACT

    def run(self, tmp=None, task_vars=None):
        """Return the result of the task; of a host that another one works for, which one that is."""
        host, driver = task_vars["inventory_hostname"], self._driver(task_vars)
        if self._labels() and host != driver:
            return {"skipped": True, "changed": False, "driven_by": driver}
        return super().run(tmp, task_vars)

    def _driver(self, task_vars):
        """Return the host whose task works for this one: the first of the batch, else itself."""
        batch = task_vars.get("ansible_play_batch") or []
        return batch[0] if batch and self._hosts_go_on_together() else task_vars["inventory_hostname"]

    def _hosts_go_on_together(self):
        """Whether all hosts of a batch finish a task before the next one: that is what linear does."""
        parent = self._task
        while not isinstance(parent, Block):
            parent = parent._parent
        return str(parent._play.strategy).rpartition(".")[2] == "linear"

    def _labels(self):
        return [entry["label"] for entry in self._entries(self._task.args) if entry.get("label")]

    def _entries(self, parameters):
        return [entry for entry in parameters.get("replicated_items") or () if isinstance(entry, dict)]

    def _parameters(self, task_vars):
        """Return the options: of the role, those of the hosts that this task works for, with what is wrong with the
        files of theirs."""
        parameters = super()._parameters(task_vars)
        if self._labels():
            own = None if self._hosts_go_on_together() else task_vars["inventory_hostname"]
            entries = [entry for entry in self._entries(parameters) if own in (None, entry.get("label"))]
            parameters["replicated_items"] = [
                {**entry, "unusable_files": self._unusable(entry)} if not entry.get("state") else entry
                for entry in entries
            ]
        return parameters

    def _unusable(self, entry):
        """Return, by path, what is wrong with the files of tasks: what cannot be read would stop Ansible on the way."""
        files = [entry.get("validation_tasks"), *(entry.get("hooks") or {}).values()]
        wrong = {file: self._objection(file) for file in files if file}
        return {file: reason for file, reason in wrong.items() if reason}

    def _objection(self, file):
        if not (Path(file).is_absolute() and Path(file).is_file()):
            return "not a file on the controller, or not an absolute path"
        try:
            tasks = self._loader.load_from_file(file)
        except AnsibleError as problem:
            return f"not YAML: {str(problem).splitlines()[0]}"
        return "" if isinstance(tasks, list) or tasks is None else "not a list of tasks"
