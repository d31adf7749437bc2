#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: replicated_item_info
short_description: Show replicated items and their stage
description:
  - Lists the replicated items of a vault, or shows one, with the stage of its failback and the side that is
    authoritative.
  - Items replicated by other providers are listed without a stage.
options:
  name:
    description:
      - Friendly name, name or resource id of one item; all items if not set.
    type: str
    aliases: [replicated_item]
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
- name: Show every VM of the vault
  asr.failback.replicated_item_info:
    resource_group: rg-recovery
    vault_name: vault-recovery
  register: vms

- name: Show one VM
  asr.failback.replicated_item_info:
    resource_group: rg-recovery
    vault_name: vault-recovery
    name: web01
"""

RETURN = r"""
---
replicated_items:
  description: The items.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the replicated item.
      type: str
      sample: web01
    friendly_name:
      description: Name of the VM.
      type: str
      sample: web01
    id:
      description: Resource id.
      type: str
      sample: /Subscriptions/00000000-0000-0000-0000-000000000000/...
    stage:
      description: Stage of the failback; V(null) if it cannot be determined.
      type: str
      sample: failed_over
    authoritative_side:
      description: The copy that is authoritative.
      type: str
      sample: azure
    reversible:
      description: Whether the Azure VM still exists to return to.
      type: bool
      sample: true
    reason:
      description: The facts that the stage was derived from.
      type: str
      sample: active location Recovery, Site Recovery allows Failback
    job:
      description: The job that owns the VM, or that determined its stage; V(null) if there is none.
      type: dict
      sample: null
    replicated_item:
      description: The item as the service returns it, with keys in snake case.
      returned: with O(full)
      type: dict
      sample: {name: web01, properties: {friendly_name: web01, active_location: Recovery}}
summary:
  description: One line for each entry.
  returned: success
  type: list
  elements: str
  sample: ["web01: failed_over, authoritative: azure"]
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
from ansible_collections.asr.failback.plugins.module_utils.verbs.info import REPLICATED_ITEM_INFO


def main() -> None:
    """Run the module."""
    run_module(REPLICATED_ITEM_INFO)


if __name__ == "__main__":
    main()
