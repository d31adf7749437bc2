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
  - Makes a virtual switch of the given name, or brings the one that is there into the given form. A VM that comes back
    is connected by the name of the switch, so a new host needs one of the same name.
  - It never removes or renames one, and changes its type only where O(change_type) allows it.
  - Type and network adapters of a switch with embedded teaming cannot be changed on Windows, nor can the type of an
    external one with SR-IOV. That is refused, in check mode as well, and so is a network adapter that is disabled or
    belongs to another switch.
  - The network of the host is interrupted for a moment when an external switch takes over its network adapter. When
    the answer is lost in it, the task fails and says so; running it again looks first.
options:
  host:
    description:
      - The host, by its name in the inventory, with or without the domain, or by its address.
      - Where it is not set, it is the host of the play. A task that is delegated to another machine must set it, and
        then knows no inventory.
    type: str
  name:
    description:
      - Name of the switch, in any case.
    type: str
    required: true
  type:
    description:
      - V(external) reaches the network of O(net_adapter), V(internal) the host, V(private) only the virtual machines
        that are connected to it.
    type: str
    default: external
    choices:
      - external
      - internal
      - private
  net_adapter:
    description:
      - Name or description of the network adapter of an external switch. Needed to make one, and where the adapter
        of one that is there is missing; else that keeps its own where this is not set.
      - Of a switch with embedded teaming each member is its adapter.
    type: str
  allow_management_os:
    description:
      - Whether the host itself uses an external switch. V(true) for a new one where this is not set; one that is there
        is then left as it is.
    type: bool
  change_type:
    description:
      - Allow to change a switch that is there with another type. What it connects loses its network meanwhile.
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
- name: Ensure that the host of the play has the switch that its VMs are connected to
  asr.failback.hyperv_switch:
    name: Production
    net_adapter: Ethernet

- name: Ensure a switch without a network on another host
  asr.failback.hyperv_switch:
    host: hv04
    name: Rehearsal
    type: private
"""

RETURN = r"""
---
before:
  description: The switch as it was; V(null) where there was none. Its entries are as of RV(after).
  returned: success
  type: dict
  sample: null
after:
  description: The switch as it is, or would be in check mode.
  returned: success
  type: dict
  contains:
    id:
      description: Its id; empty for one that check mode foretells.
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
        - Description of the network adapter that it uses, as Hyper-V says it; V(null) for none. Of a switch with
          embedded teaming it is no adapter, but V(Teamed-Interface), or that in the host's language.
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
    - What went wrong, in parts that depend on RV(error.kind).
    - C(host) and C(address) of the host, C(message), C(error_id), C(category) in its own words, C(exit_code) of
      PowerShell, C(status) of HTTP, C(fault_code) of WS-Management, C(before) the switch as it was.
  returned: failure
  type: dict
  contains:
    kind:
      description: Kind of failure, such as V(host_unreachable), V(host_authentication), V(host) or V(configuration).
      type: str
      sample: host_unreachable
# Copied by `make docs`: failure
cause:
  description: What went wrong, without what was requested and what to do.
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
