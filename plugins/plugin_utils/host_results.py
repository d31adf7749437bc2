# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of hosts, one after the other: a thousand in a list take as much memory as everything else."""

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.model.summary import named_result


class HostResults:
    """The results of hosts, by their names: what is in a fact of each, read anew whenever it is its turn."""

    def __init__(self, names, fact, hostvars):
        self._names = names
        self._fact = fact
        self._hostvars = hostvars

    def __iter__(self):
        return map(self._result, self._names)

    def _result(self, name):
        # As it is: a task has set it, so there is nothing left to render in it.
        return named_result(name, self._hostvars.raw_get(name).get(self._fact), self._fact)
