# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.verbs.failback_report import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.host_results import HostResults
from ansible_collections.asr.failback.plugins.plugin_utils.programs import run_program
from ansible_collections.asr.failback.plugins.plugin_utils.report_writer import (
    FORMS,
    HISTORY,
    MANIFEST,
    SIGN,
    write_forms,
)
from ansible_collections.asr.failback.plugins.plugin_utils.run_about import about_run
from ansible_collections.asr.failback.plugins.plugin_utils.shown_lines import ShownLines, results_are_reported


class ActionModule(ShownLines):
    """Runs failback_report."""

    contract = CONTRACT

    def _parameters(self, task_vars):
        """Return the options of the task, with the results of its hosts, and with what is known of the run."""
        parameters = super()._parameters(task_vars)
        hosts = parameters["hosts"]
        if hosts is not None:
            parameters["results"] = HostResults(hosts, parameters["fact"], task_vars["hostvars"])
        if parameters["path"]:
            parameters["about"] = about_run(
                task_vars, self._templar, self._loader, self._environment(), hosts or (), parameters["kind"]
            )
        self._made = {option: parameters[option] for option in (*FORMS, MANIFEST, SIGN, HISTORY)}
        self._is_traced = parameters["trace"]
        return {**parameters, **dict.fromkeys((*self._made, "trace"))}

    def _finished(self, outcome):
        """Return the result. The forms of the record are made here, on the controller, of the file itself."""
        if self._task.check_mode:
            return outcome
        written = any(self._made.values()) and self._write_forms(outcome["path"])
        if self._is_traced:
            # What it stands on takes its time to import.
            from ansible_collections.asr.failback.plugins.plugin_utils.report_trace import send_trace

            send_trace(outcome["path"])
        return {**outcome, "changed": outcome["changed"] or written}

    def _write_forms(self, record):
        made = dict(self._made)
        manifest, sign, history = made.pop(MANIFEST), made.pop(SIGN), made.pop(HISTORY)
        forms = {form: path for form, path in made.items() if path}
        return write_forms(record, forms, manifest, sign, run_program, history or ())

    def run(self, tmp=None, task_vars=None):
        """Return the result of the task."""
        result = super().run(tmp, task_vars)
        if result.get("lines") is not None:
            results_are_reported()
        return result
