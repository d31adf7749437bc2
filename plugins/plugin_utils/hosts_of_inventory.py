# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Hyper-V hosts that the inventory holds, by the names that Site Recovery knows them by."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible.errors import AnsibleError

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.host_names import find_host
from ansible_collections.asr.failback.plugins.plugin_utils.templates import may_be_template

# How Jinja names a variable that is not there.
_UNDEFINED = re.compile(r"'([A-Za-z_][A-Za-z0-9_]*)' is undefined")
GROUP = "hyperv_hosts"
_SECRETS = ("pass", "password", "secret")


class HostsOfInventory:
    """Finds the host of the inventory that stands for a Hyper-V host, and notes the secrets that are read of it."""

    def __init__(self, task_vars, templar):
        self._task_vars = task_vars
        self._templar = templar
        self.secrets = set()

    def variables_of(self, name):
        """Return the variables of the host with this name, whole or without its domain; None where there is none."""
        found = self._find(name)
        return None if found is None else HostVariables(found, self._source(found), self._templar, self.secrets)

    def hyperv_hosts(self):
        """Return the names of the hosts in the group that the playbooks ask instead of failing back."""
        return [str(host) for host in (self._task_vars.get("groups") or {}).get(GROUP) or ()]

    def _find(self, name):
        hosts = {str(host): host for host in self._task_vars.get("hostvars") or {}}
        return hosts.get(find_host(name, hosts))

    def _source(self, host):
        """Return the variables of a host. Those of the play and the task count for the task's own host alone."""
        if host == self._task_vars.get("inventory_hostname"):
            return self._task_vars
        return self._task_vars["hostvars"][host]


def require_hosts(names, task_vars):
    """See that the inventory has hosts of these names. Raises ConfigurationError."""
    missing = [str(name) for name in names if name not in task_vars["hostvars"]]
    if missing:
        raise ConfigurationError(
            f"The inventory has no host {', '.join(missing)}.", "Nothing was read or written. Correct hosts, or -i."
        )


def _cannot_be_told(host, name, problem):
    """Return what to say of a variable that cannot be rendered. The words of Ansible may hold what it is made of."""
    missing = _UNDEFINED.search(str(problem))
    reason = f"{missing.group(1)} is not set" if missing else type(problem).__name__
    return ConfigurationError(
        f"The variable {name} of the inventory host {host} cannot be determined: {reason}.",
        "Correct the variable in the inventory, or the variables that it uses.",
        host=str(host),
        variable=name,
    )


class HostVariables(Mapping):
    """Variables of a host, each rendered when it is read: most of them are never needed, and some may fail."""

    def __init__(self, host, source, templar, secrets):
        self._host = host
        self._source = source
        self._templar = templar
        self._secrets = secrets

    def __getitem__(self, name):
        try:
            value = self._source[name]
            # Ansible has rendered it already, but where something in it is undefined, or of the host of the task.
            if may_be_template(value):
                value = self._templar.template(value)
        except AnsibleError as problem:
            raise _cannot_be_told(self._host, name, problem) from None
        if isinstance(value, str) and name.rsplit("_", 1)[-1] in _SECRETS:
            self._secrets.add(value)
        return value

    def __iter__(self):
        return iter(self._source)

    def __len__(self):
        return len(self._source)
