# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rehearsal of a failback on the simulator: what of the inventory goes into it, and what is rehearsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .drills import MARK, WAVE
from .failures import ConfigurationError

# What decides how a VM is failed back, and reaches nothing: no credentials, no hosts, no tasks or probes of the user's.
VARIABLES = (
    "failback_application",
    "failback_create_vm_if_missing",
    "failback_data_sync",
    "failback_depends_on",
    "failback_discard_disks",
    "failback_group",
    "failback_objectives",
    "failback_recovery_plan",
    "failback_replicated_item",
    "failback_target_host",
    "failback_tier",
)
# Those of the whole run.
OF_RUN = ("failback_copies_at_once", "failback_max_failed", "failback_waves")
# The vault of the simulator, which its environment tells.
OF_VAULT = {
    "failback_resource_group": "{{ lookup('ansible.builtin.env', 'ASR_RESOURCE_GROUP') }}",
    "failback_vault_name": "{{ lookup('ansible.builtin.env', 'ASR_VAULT_NAME') }}",
}
FLEET, DRILL = "fleet", "drill"
_HOME = "protected"
# Simulated seconds between two polls: real ones would be hours there.
_POLL_SECONDS = 60.0


def playbook_for(scenario: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the playbook that the hosts call for: where all their VMs are at home, they have to leave it first.

    Raises ConfigurationError where the vault has none of them.
    """
    stages = {str(item.get("stage")) for item in scenario.get("items") or () if _is_meant(item, hosts)}
    with_plan = any(told.get("failback_recovery_plan") for told in hosts.values())
    if not stages and not with_plan:
        raise ConfigurationError(
            "The vault protects none of the VMs that are to be rehearsed.",
            "Nothing was rehearsed. See whether the vault and the names of the VMs are right.",
        )
    return DRILL if stages == {_HOME} and not with_plan else FLEET


def _is_meant(item: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a replicated item is that of a host: by the variable of the host, or by its name."""
    names = {str(told.get("failback_replicated_item") or host).lower() for host, told in hosts.items()}
    own = {str(item.get(key) or "").lower() for key in ("name", "friendly_name")}
    return bool(names & own) or any(name.rsplit("/", 1)[-1] in own for name in names)


def inventory_for(hosts: Mapping[str, Mapping[str, Any]], run: Mapping[str, Any], speed: float) -> dict[str, Any]:
    """Return an inventory for the simulator: the hosts with what VARIABLES says of each, and OF_RUN of all."""
    # Every VM is marked there: nothing there is real.
    of_hosts = {name: {**told, MARK: True} for name, told in hosts.items()}
    settings = {
        **OF_VAULT,
        "failback_poll_interval": max(0.2, _POLL_SECONDS / speed),
        "failback_wait_timeout": 3600,
        "failback_commit_policy": "after_validation",
    }
    return {"all": {"hosts": of_hosts, "vars": {**settings, **run}}}


def options_for(playbook: str) -> dict[str, Any]:
    """Return the extra variables of the playbook that is rehearsed."""
    return {"failback_drill_level": WAVE} if playbook == DRILL else {}
