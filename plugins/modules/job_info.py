#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: job_info
short_description: Show Site Recovery jobs with tasks, progress and errors
description:
  - Shows one job, or the newest jobs of a vault or VM, with their tasks, the jobs that a recovery plan started for its
    VMs, progress if it can be determined, and errors with cause and action.
options:
  name:
    description:
      - Name or resource id of one job.
      - Mutually exclusive with O(replicated_item).
    type: str
    aliases: [job]
  replicated_item:
    description:
      - Show only jobs of this VM, given by friendly name, name or resource id.
    type: str
  states:
    description:
      - Show only jobs in these states, such as V(InProgress), V(Suspended) or V(Failed).
    type: list
    elements: str
  limit:
    description:
      - Maximum number of jobs to show, newest first.
    type: int
    default: 20
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
- name: Show running and waiting jobs
  asr.failback.job_info:
    resource_group: rg-recovery
    vault_name: vault-recovery
    states: [InProgress, Suspended]

- name: Show the last job of one VM
  asr.failback.job_info:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
    limit: 1
"""

RETURN = r"""
---
jobs:
  description: The jobs, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Resource id of the job.
      type: str
      sample: >-
        /Subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/vault/replicationJobs/fb9ac911-1496-40e0-a58e-d183de51512e
    name:
      description: Name of the job, shown in the portal as its id.
      type: str
      sample: fb9ac911-1496-40e0-a58e-d183de51512e
    operation:
      description: Operation of the job, such as V(failback), V(failover), V(commit) or V(reverse_replicate).
      type: str
      sample: failback
    scenario_name:
      description: The service's name for the type of job.
      type: str
      sample: PlannedFailover
    state:
      description: State of the job.
      type: str
      sample: Suspended
    state_description:
      description: The service's description of the state.
      type: str
      sample: WaitingForUserInputAfterDataSync
    started:
      description: When the job started, UTC, in ISO 8601.
      type: str
      sample: "2026-01-31T08:59:33.335047+00:00"
    ended:
      description: When the job ended, UTC, in ISO 8601; V(null) while it runs.
      type: str
      sample: null
    percent_complete:
      description: Percentage of the job's tasks that are done; V(null) while the service lists none.
      type: int
      sample: 45
    allowed_actions:
      description: Actions that Site Recovery allows on the job now.
      type: list
      elements: str
      sample: [Cancel, Resume]
    timeline:
      description: The job's tasks that have begun, in order, with their times by Azure's clock.
      type: list
      elements: dict
      contains:
        name:
          description: The service's name for the task.
          type: str
          sample: ShutdownVmOnAzure
        friendly_name:
          description: Its name in the portal.
          type: str
          sample: Shut down the Azure virtual machine
        group:
          description: Name of the task that it is part of, of several the outermost; V(null) if it is part of none.
          type: str
          sample: StartAzureVmFailback
        vm:
          description: The VM of a recovery plan that it is for; V(null) if it is for none in particular.
          type: str
          sample: null
        state:
          description: State of the task.
          type: str
          sample: Succeeded
        started:
          description: When it started, UTC, in ISO 8601; V(null) if that is not told.
          type: str
          sample: "2026-01-31T09:04:33.335047+00:00"
        ended:
          description: When it ended, UTC, in ISO 8601; V(null) while it runs.
          type: str
          sample: "2026-01-31T09:06:56.335047+00:00"
    progress:
      description: Progress of the job, in one line.
      type: str
      sample: "Planned failover of web01: synchronized, waits for Complete Failover"
    target:
      description: Target of the job, with C(id), C(name) and C(type).
      type: dict
      sample: {id: 4468b400-1393-4d08-a81e-0e3c19c04a0b, name: web01, type: ProtectionEntity}
    tasks:
      description: The job's tasks as the service returns them, with keys in snake case.
      returned: with O(full)
      type: list
      elements: dict
      sample: []
    child_jobs:
      description: The jobs that a recovery plan's job started for its VMs, each with C(name), C(task), C(target),
        C(state).
      type: list
      elements: dict
      sample: []
    errors:
      description:
        - Errors of the job and its tasks, each with C(code), C(message), C(possible_causes), C(recommended_action),
          C(provider_code), C(provider_message) and C(task_id).
      type: list
      elements: dict
      sample: []
summary:
  description: One line for each entry.
  returned: success
  type: list
  elements: str
  sample: ["Planned failover of web01: Succeeded (job fb9ac911-1496-40e0-a58e-d183de51512e)"]
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
from ansible_collections.asr.failback.plugins.module_utils.verbs.info import JOB_INFO


def main() -> None:
    """Run the module."""
    run_module(JOB_INFO)


if __name__ == "__main__":
    main()
