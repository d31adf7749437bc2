#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vault_status
short_description: Show how the VMs of a vault stand
description:
  - Shows a line for each VM of a Recovery Services vault, with its stage, the authoritative side, the running job and
    since when, how long the VM has run in Azure, and its host.
  - Read-only, so it can be run while a failback is in progress elsewhere.
  - Reads lists, and the running jobs one by one up to O(job_details). A stage that lists do not tell is shown as those
    that are possible; M(asr.failback.replicated_item_info) reads each VM.
options:
  job_details:
    description:
      - How many running jobs are read with their tasks, which lists do not show.
    type: int
    default: 100
extends_documentation_fragment:
  - asr.failback.attributes.info
  - asr.failback.attributes.group
  - asr.failback.azure
  - asr.failback.azure.tasks
  - asr.failback.vault
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.replicated_item_info
  - module: asr.failback.job_info
"""

EXAMPLES = r"""
---
- name: Show how the VMs stand
  asr.failback.vault_status:
    resource_group: rg-recovery
    vault_name: vault-recovery
"""

RETURN = r"""
---
lines:
  description:
    - A table with a line for each VM, the VMs that must not be started on-premises because their last failback was
      interrupted or may have been, and a sum. On the controller it is shown on the screen, too.
  returned: success
  type: list
  elements: str
  sample:
    - "VM     stage          side   job                                                   days in Azure  host"
    - "web01  synchronizing  azure  Planned failover: InProgress for 12 min, 50 % of its tasks  2         hv01"
    - "1 VM: 1 synchronizing"
vms:
  description: The variables of each VM, as P(asr.failback.site_recovery#inventory) sets them.
  returned: success
  type: list
  elements: dict
  sample: [{asr_friendly_name: web01, asr_stage: synchronizing}]
unread:
  description: What could not be read, a line each.
  returned: success
  type: list
  elements: str
  sample: []
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
from ansible_collections.asr.failback.plugins.module_utils.verbs.vault_status import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
