# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of hosts that a rehearsal takes along."""

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.model.rehearsals import OF_RUN, VARIABLES
from ansible_collections.asr.failback.plugins.plugin_utils.hosts_of_inventory import HostVariables, require_hosts


def rehearsed_variables(task_vars, templar, names):
    """Return by host what is rehearsed with it, and what is of the whole run, each rendered here: nothing there may be
    looked up again."""
    require_hosts(names, task_vars)
    hosts = {name: _of(task_vars, templar, name, VARIABLES) for name in names}
    first = next(iter(names), None)
    return hosts, _of(task_vars, templar, first, OF_RUN) if first else {}


def _of(task_vars, templar, name, wanted):
    source = task_vars["hostvars"][name]
    variables = HostVariables(name, source, templar, set())
    return {one: variables[one] for one in wanted if one in source}
