# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Hyper-V hosts that the inventory holds, by the names that Site Recovery knows them by."""

from __future__ import annotations

from collections.abc import Mapping

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
        return None if found is None else _Variables(self._source(found), self._templar, self.secrets)

    def _find(self, name):
        wanted = name.lower()
        hosts = {str(host).lower(): host for host in self._task_vars.get("hostvars") or {}}
        if wanted in hosts:
            return hosts[wanted]
        # Two whole names that differ in their domain are two hosts.
        near = [host for key, host in hosts.items() if _is_short_for(key, wanted) or _is_short_for(wanted, key)]
        return near[0] if len(near) == 1 else None

    def _source(self, host):
        """Return the variables of a host. Those of the play and the task count for the task's own host alone."""
        if host == self._task_vars.get("inventory_hostname"):
            return self._task_vars
        return self._task_vars["hostvars"][host]


def _is_short_for(short, whole):
    return "." not in short and whole.startswith(f"{short}.")


class _Variables(Mapping):
    """Variables of a host, each rendered when it is read: most of them are never needed, and some may fail."""

    def __init__(self, source, templar, secrets):
        self._source = source
        self._templar = templar
        self._secrets = secrets

    def __getitem__(self, name):
        value = self._templar.template(self._source[name])
        if isinstance(value, str) and name.rsplit("_", 1)[-1] in _SECRETS:
            self._secrets.add(value)
        return value

    def __iter__(self):
        return iter(self._source)

    def __len__(self):
        return len(self._source)
