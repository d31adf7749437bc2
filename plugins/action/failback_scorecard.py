# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.verbs.failback_scorecard import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.run_about import about_run
from ansible_collections.asr.failback.plugins.plugin_utils.scorecard_writer import FORMS, write_scorecard
from ansible_collections.asr.failback.plugins.plugin_utils.shown_lines import ShownLines


class ActionModule(ShownLines):
    """Runs failback_scorecard."""

    contract = CONTRACT

    def _parameters(self, task_vars):
        """Return the options of the task, with what the inventory says of its hosts."""
        parameters = super()._parameters(task_vars)
        self._paths = {form: parameters[form] for form in FORMS if parameters[form]}
        about = about_run(task_vars, self._templar, self._loader, self._environment(), parameters["hosts"])
        return {**parameters, "about": about}

    def _finished(self, outcome):
        """Return the result. Page and metrics are made here, on the controller."""
        card = outcome.pop("card")
        written = bool(self._paths) if self._task.check_mode else write_scorecard(card, self._paths)
        return {**outcome, "changed": written}
