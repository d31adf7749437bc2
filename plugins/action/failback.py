# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleError

from ansible_collections.asr.failback.plugins.module_utils.verbs.failback import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction

# What the role may be given.
_SPEC = Path(__file__).resolve().parents[2] / "roles" / "failback" / "meta" / "argument_specs.yml"


class ActionModule(VerbAction):
    """Runs failback. The role names what it knows besides its options, and may have files of tasks run."""

    contract = CONTRACT

    def _parameters(self, task_vars):
        """Return the options; of the role, with what is wrong with the files, and with the names that it knows."""
        parameters = super()._parameters(task_vars)
        if parameters["known_variables"] is None:
            return parameters
        known = self._loader.load_from_file(str(_SPEC))["argument_specs"]["main"]["options"]
        parameters["known_variables"] = [*known, *parameters["known_variables"]]
        parameters["replicated_items"] = [
            {**entry, **self._wrong_files(entry)} for entry in parameters["replicated_items"]
        ]
        return parameters

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
