# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What the inventory and the command say of hosts that a drill may move."""

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.model.drills import MARK, REFUSED, is_true
from ansible_collections.asr.failback.plugins.module_utils.model.failback_steps import STEPS
from ansible_collections.asr.failback.plugins.plugin_utils.hosts_of_inventory import HostVariables, require_hosts
from ansible_collections.asr.failback.plugins.plugin_utils.own_variables import own_variables

_ITEM = "failback_replicated_item"
# Those of the steps of a failback, and those that stand for many.
_OF_STEPS = frozenset({*STEPS, "all", "always", "tagged", "untagged"})


def candidates_of(task_vars, templar, loader, names):
    """Return by host what a Candidate has."""
    require_hosts(names, task_vars)
    return {name: _candidate(task_vars, templar, loader, name) for name in names}


def _candidate(task_vars, templar, loader, name):
    own = own_variables(task_vars, loader, name)
    source = task_vars["hostvars"][name]
    counting = HostVariables(name, source, templar, set())
    item = str(counting[_ITEM] or "") if _ITEM in source else ""
    return {
        "is_marked": is_true(own.get(MARK, False)),
        "variables": {one: counting[one] for one in (MARK, *REFUSED) if one in source},
        "item": item,
        # Whatever its text is made of, it is that of the host itself.
        "own_item": item if own.get(_ITEM) and str(own[_ITEM]) in (item, str(source.get(_ITEM))) else "",
    }


def chosen_tags(task_vars):
    """Return the tags that the command chose, and those of a step that it left out; nothing where it takes all."""
    chosen = [tag for tag in task_vars.get("ansible_run_tags") or () if tag != "all"]
    return [*chosen, *(tag for tag in task_vars.get("ansible_skip_tags") or () if tag in _OF_STEPS)]
