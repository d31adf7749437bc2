# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What the inventory says of a host itself, and not of a group that it is in."""

from __future__ import annotations

from ansible.vars.plugins import get_vars_from_inventory_sources

# Where plugins such as host_vars are asked, as ansible-core calls it.
_STAGES = ("inventory", "task")


def own_variables(task_vars, loader, name):
    """Return the variables of a host itself, as they are written: in the inventory, or in its file in host_vars.

    Groups, plays and extra variables do not count.
    """
    inventory = task_vars["hostvars"]._inventory
    host = inventory.get_host(name)
    if host is None:
        return {}
    own = dict(host.vars)
    for stage in _STAGES:
        own.update(get_vars_from_inventory_sources(loader, inventory._sources, [host], stage))
    return own
