# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a source adds to an inventory, all of it or nothing.

Ansible keeps what a plugin added before it failed, only warns, and runs playbooks on that part of the hosts.
"""

from __future__ import annotations

from ansible.inventory.data import InventoryData


class Draft(InventoryData):
    """Hosts and groups that are to be added to C(inventory), which is left as it is until C(finish) is called.

    Expressions see what the inventory holds of a host from other sources already.
    """

    def __init__(self, inventory):
        super().__init__()
        self._inventory = inventory
        self.current_source = inventory.current_source
        self._known = {host.name.lower(): host for host in inventory.hosts.values()}
        # The groups of each host, by the names of both, that other sources have put it into.
        self._groups_of = {}
        for group in inventory.groups:
            self.add_group(group)
        # What cannot be added to them, such as a group that would be above itself, fails here.
        for group in inventory.groups.values():
            for child in group.child_groups:
                self.add_child(group.name, child.name)

    def known_in(self, group):
        """Return the names of the hosts that other sources have put into a group."""
        known = self._inventory.groups.get(group)
        return [host.name for host in known.get_hosts()] if known else []

    def variables_of(self, name):
        """Return the variables that other sources have set for the host with this name, in any case; none without."""
        host = self._known.get(name.lower())
        return host.vars if host else {}

    def add_host(self, host, group=None, port=None):
        """Add a host, with what the inventory holds of it."""
        known = self._inventory.hosts.get(host)
        if known is not None and host not in self.hosts:
            super().add_host(host, port=port)
            self.hosts[host].vars = dict(known.vars)
            self._groups_of[host] = {one.name for one in known.get_groups()}
            for one in self._groups_of[host]:
                self.add_child(one, host)
        return super().add_host(host, group, port)

    def finish(self):
        """Add everything to the inventory."""
        for group in self.groups:
            self._inventory.add_group(group)
        for host in self.hosts.values():
            self._add_to_inventory(host)
        for group in self.groups.values():
            for child in group.child_groups:
                self._inventory.add_child(group.name, child.name)
            for host in group.hosts:
                if group.name not in self._groups_of.get(host.name, ()):
                    self._inventory.add_child(group.name, host.name)

    def _add_to_inventory(self, host):
        self._inventory.add_host(host.name)
        before = dict(self._inventory.hosts[host.name].vars)
        for name, value in host.vars.items():
            # What other sources have set stays as they have set it.
            if name not in before or before[name] is not value:
                self._inventory.set_variable(host.name, name, value)
