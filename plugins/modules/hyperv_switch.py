#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: hyperv_switch
short_description: Ensure that a Hyper-V host has a virtual switch
description:
  - Creates a virtual switch, or updates the existing one of that name. A VM that is failed back is connected to its
    switch by name, so a new host needs a switch of the same name.
  - Never removes or renames a switch, and changes its type only if O(change_type) allows it.
  - Windows cannot change the type or the network adapters of a switch with embedded teaming, nor the type of an
    external switch with SR-IOV. Such a change is refused, in check mode as well, and so is a network adapter that is
    disabled or belongs to another switch.
  - The host's network is interrupted for a moment when an external switch takes over its network adapter. If the
    response is lost meanwhile, the task fails and says so; run again, it reads the switch first.
options:
  host:
    description:
      - The host, by its inventory name, with or without the domain, or by its address.
      - If not set, the host of the play. A task that is delegated to another machine must set it, and cannot use the
        inventory.
    type: str
  name:
    description:
      - Name of the switch, case-insensitive.
    type: str
    required: true
  type:
    description:
      - V(external) connects virtual machines to the network of O(net_adapter), V(internal) to the host, V(private) only
        to each other.
    type: str
    default: external
    choices:
      - external
      - internal
      - private
  net_adapter:
    description:
      - Name or description of the network adapter of an external switch. Required to create one, and if the adapter of
        an existing one is missing. Otherwise, if not set, an existing switch keeps its adapter.
      - For a switch with embedded teaming, each of its members is accepted.
    type: str
  allow_management_os:
    description:
      - Whether the host itself uses an external switch. If not set, V(true) for a new switch; an existing one is left
        as it is.
    type: bool
  change_type:
    description:
      - Whether an existing switch of another type may be changed. Everything connected to it loses its network
        meanwhile.
    type: bool
    default: false
extends_documentation_fragment:
  - asr.failback.attributes
  - asr.failback.attributes.group_hosts
  - asr.failback.winrm
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.hyperv_host_info
  - module: asr.failback.failback_prereq
"""

EXAMPLES = r"""
---
- name: Ensure that the host of the play has the switch that its VMs use
  asr.failback.hyperv_switch:
    name: Production
    net_adapter: Ethernet

- name: Ensure that another host has a private switch
  asr.failback.hyperv_switch:
    host: hv04
    name: Rehearsal
    type: private
"""

RETURN = r"""
---
before:
  description: The switch before the task; V(null) if there was none. Its keys are those of RV(after).
  returned: success
  type: dict
  sample: null
after:
  description: The switch after the task, or as check mode predicts it.
  returned: success
  type: dict
  contains:
    id:
      description: Its id; empty if the switch is only predicted by check mode.
      type: str
      sample: 6d1f1e0a-7a0c-4f5e-9c0e-0c5a3b1d2e3f
    name:
      description: Its name.
      type: str
      sample: Production
    type:
      description: V(External), V(Internal) or V(Private).
      type: str
      sample: External
    adapter:
      description:
        - Description of the network adapter that it uses, as Hyper-V reports it; V(null) if there is none. For a switch
          with embedded teaming it is not an adapter but V(Teamed-Interface), or its equivalent in the host's language.
      type: str
      sample: Intel(R) Ethernet Adapter X710
    adapters:
      description:
        - Descriptions of all network adapters that it uses and the host still has. An external switch without any has
          lost its adapter.
      type: list
      elements: str
      sample: [Intel(R) Ethernet Adapter X710]
    embedded_teaming:
      description: Whether it has embedded teaming (SET).
      type: bool
      sample: false
    allow_management_os:
      description: Whether the host itself uses it.
      type: bool
      sample: true
error:
  description:
    - Details of the failure. The keys depend on RV(error.kind).
    - C(host) and C(address) of the host, its C(message), C(error_id) and C(category), C(exit_code) of PowerShell,
      C(status) of HTTP, C(fault_code) of WS-Management, C(before), the switch before the task.
  returned: failure
  type: dict
  contains:
    kind:
      description: Type of failure, such as V(host_unreachable), V(host_authentication), V(host) or V(configuration).
      type: str
      sample: host_unreachable
# Copied by `make docs`: failure
cause:
  description: Cause of the failure, without the request and the remedy.
  returned: failure
  type: str
  sample: The failover to Azure is not committed yet.
remedy:
  description: What to do next; empty if that is not known.
  returned: failure
  type: str
  sample: Check the VM in Azure, then commit the failover (commit, direction failover).
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.hyperv_switch import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
