# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleError
from ansible.playbook.block import Block

from ansible_collections.asr.failback.plugins.module_utils.verbs.failback import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction

# What the role may be given.
_SPEC = Path(__file__).resolve().parents[2] / "roles" / "failback" / "meta" / "argument_specs.yml"


class ActionModule(VerbAction):
    """Runs failback.

    The role gives C(options_of_hosts), the name of the fact in which each host of the batch has its options. One host's
    task works for all of them then, where they go on together. It is no option of the module: as an argument, the
    options of all would be rendered for each.
    """

    contract = CONTRACT

    def run(self, tmp=None, task_vars=None):
        """Return the result of the task; of a host that another one works for, which one that is."""
        fact = self._task.args.pop("options_of_hosts", None)
        if fact is not None:
            hosts = self._hosts(fact, task_vars)
            driver = next(hosts, None)
            if driver != task_vars["inventory_hostname"]:
                return {"skipped": True, "changed": False, "driven_by": driver}
            self._task.args.update(self._options_of_role([driver, *hosts], fact, task_vars["hostvars"]))
        return super().run(tmp, task_vars)

    def _hosts(self, fact, task_vars):
        """Yield the hosts that one task works for: those of the batch that run the role, and have not ended in it."""
        host, hostvars = task_vars["inventory_hostname"], task_vars["hostvars"]
        batch = task_vars["ansible_play_batch"] if self._hosts_go_on_together() else [host]
        return (name for name in batch if hostvars[name].get(fact))

    def _hosts_go_on_together(self):
        """Whether all hosts of a batch finish a task before the next one: that is what linear does."""
        parent = self._task
        while not isinstance(parent, Block):
            parent = parent._parent
        return str(parent._play.strategy).rpartition(".")[2] == "linear"

    def _options_of_role(self, hosts, fact, hostvars):
        """Return the options of the module for hosts."""
        entries = [hostvars[host][fact] for host in hosts]
        known = self._loader.load_from_file(str(_SPEC))["argument_specs"]["main"]["options"]
        return {
            "replicated_items": [{**entry, **self._wrong_files(entry)} for entry in entries],
            "known_variables": [*known, *self._task.args["known_variables"]],
        }

    def _wrong_files(self, entry):
        # Who goes on has been told before.
        return {} if entry.get("state") else {"unusable_files": self._unusable(entry)}

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
