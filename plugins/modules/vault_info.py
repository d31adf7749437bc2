#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vault_info
short_description: Show a Recovery Services vault, its fabrics and their connection status
description:
  - Shows the vault, its Hyper-V sites and VMM servers, the registered hosts, and whether they are connected to Site
    Recovery.
options:
  full:
    description:
      - Whether to also return everything that the service reports.
    type: bool
    default: false
extends_documentation_fragment:
  - asr.failback.attributes.info
  - asr.failback.attributes.group
  - asr.failback.azure
  - asr.failback.azure.tasks
  - asr.failback.vault
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.failback_prereq
  - name: Fail back Hyper-V VMs from Azure
    description: Microsoft's description of the same steps in the portal.
    link: https://learn.microsoft.com/azure/site-recovery/hyper-v-azure-failback
"""

EXAMPLES = r"""
---
- name: Show which hosts are connected
  asr.failback.vault_info:
    resource_group: rg-recovery
    vault_name: vault-recovery
  register: vault
"""

RETURN = r"""
---
vault:
  description: The vault as Azure returns it, with keys in snake case.
  returned: success, with O(full)
  type: dict
  sample: {name: vault-recovery, location: westeurope}
fabrics:
  description: The fabrics of the vault.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the fabric.
      type: str
      sample: site-berlin
    friendly_name:
      description: The fabric's name in the portal.
      type: str
      sample: site-berlin
    id:
      description: Resource id.
      type: str
      sample: /Subscriptions/00000000-0000-0000-0000-000000000000/...
    type:
      description: V(HyperVSite), V(VMM) or another type.
      type: str
      sample: HyperVSite
    health:
      description: Health of the fabric.
      type: str
      sample: Normal
    connected:
      description: Whether every provider of the fabric is connected; V(null) if it has none.
      type: bool
      sample: true
    providers:
      description: The registered Hyper-V hosts or VMM server.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the provider.
          type: str
          sample: a4757706-0f42-4913-9455-2bcb0f6a7f11
        friendly_name:
          description: Name of the host or server.
          type: str
          sample: hv01.example.com
        id:
          description: Resource id.
          type: str
          sample: /Subscriptions/00000000-0000-0000-0000-000000000000/...
        connection_status:
          description: V(Connected) or V(NotConnected).
          type: str
          sample: Connected
        last_heartbeat:
          description: When the service last received the provider's heartbeat, UTC, in ISO 8601.
          type: str
          sample: "2026-01-31T08:59:33+00:00"
        heartbeat_age:
          description: Seconds since then, by the service's clock.
          type: int
          sample: 20
        version:
          description: Version of the provider.
          type: str
          sample: 5.1.2250.0
        version_state:
          description: Whether that is the latest version.
          type: str
          sample: Latest
summary:
  description: One line for each entry.
  returned: success
  type: list
  elements: str
  sample: ["site-berlin: hv01.example.com is Connected"]
# Copied by `make docs`: failure, azure_error
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
error:
  description:
    - Details of the failure. The keys depend on RV(error.kind).
    - C(asked), C(candidates), C(instance_type) of the target; C(stages), C(locks), C(jobs), C(sides) as they were read;
      C(job_id), C(job_state), C(errors) of a job; C(started_jobs) of this task; C(status), C(code), C(message),
      C(action), C(request_id), C(method), C(url) of Azure's response; C(field), C(value) that are not recognized.
  returned: failure
  type: dict
  contains:
    kind:
      description: Type of failure, such as V(refused), V(job_failed), V(timeout), V(permission) or V(target).
      type: str
      sample: refused
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.info import VAULT_INFO


def main() -> None:
    """Run the module."""
    run_module(VAULT_INFO)


if __name__ == "__main__":
    main()
