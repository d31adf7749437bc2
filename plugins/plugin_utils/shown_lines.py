# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin of a module whose result is lines for a person."""

from __future__ import annotations

from ansible.utils.display import Display

from ansible_collections.asr.failback.plugins.module_utils.execution import RUN_CACHE
from ansible_collections.asr.failback.plugins.module_utils.run_record import reported
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction

display = Display()


class ShownLines(VerbAction):
    """Shows the lines, also where the output of tasks that went well is not shown."""

    def run(self, tmp=None, task_vars=None):
        """Return the result of the task."""
        result = super().run(tmp, task_vars)
        for line in () if self._task.no_log else result.get("lines") or ():
            display.display(line)
        return result


def results_are_reported():
    """Say that the results of the run have been shown."""
    reported(RUN_CACHE)
