# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What the inventory and the command say of hosts that a drill may move."""

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.model.drills import MARK, MOVING, REFUSED, is_true
from ansible_collections.asr.failback.plugins.module_utils.model.failback_steps import STEPS
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.plugin_utils.command_line import given_with_command
from ansible_collections.asr.failback.plugins.plugin_utils.hosts_of_inventory import HostVariables, require_hosts
from ansible_collections.asr.failback.plugins.plugin_utils.own_variables import own_variables

_ITEM = "failback_replicated_item"
# Where a VM of the same name would be another one.
_VAULT = ("failback_vault_name", "failback_resource_group")
# Those of the steps of a failback, and those that stand for many.
_OF_STEPS = frozenset({*STEPS, "all", "always", "tagged", "untagged"})


def candidates_of(task_vars, templar, loader, names, level):
    """Return by host what a Candidate has. Raises ConfigurationError."""
    require_hosts(names, task_vars)
    if level in MOVING:
        _refuse_of_play(task_vars, templar)
    return {name: _candidate(task_vars, templar, loader, name) for name in names}


def _refuse_of_play(task_vars, templar):
    """Refuse variables that a play or the command says otherwise than the inventory, of a drill that moves VMs.

    The mark of a host is for what the inventory says that it is. Raises ConfigurationError.
    """
    host = task_vars["inventory_hostname"]
    here = HostVariables(host, task_vars, templar, set())
    there = HostVariables(host, task_vars["hostvars"][host], templar, set())
    # The defaults of the role failback, which may be in the play, are none of these.
    is_refused = {_ITEM: lambda value: value not in ("", host), **REFUSED}
    wrong = [
        one
        for one, refused in is_refused.items()
        if one in here and refused(here[one]) and (one not in there or here[one] != there[one])
    ]
    wrong += [one for one in _VAULT if one in here and one in there and here[one] != there[one]]
    wrong += [one for one in _VAULT if one in given_with_command(task_vars)]
    if wrong:
        raise ConfigurationError(
            f"{', '.join(wrong)} does not come from the inventory, whose marks say what a drill may move.",
            "Nothing was read or written. Set it in the inventory.",
        )


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
