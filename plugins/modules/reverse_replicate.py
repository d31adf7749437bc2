#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: reverse_replicate
short_description: Protect a failed-back VM or recovery plan again
description:
  - Starts replication from on-premises to Azure again after the failback has been committed.
  - Handles a recovery plan VM by VM, as Site Recovery's call for a whole plan no longer works.
options:
  wait_for:
    description:
      - With V(job), the task ends when the initial replication has been started, with V(protected) when the VM is
        protected again.
    type: str
    default: protected
    choices:
      - job
      - protected
extends_documentation_fragment:
  - asr.failback.attributes
  - asr.failback.attributes.group_verbs
  - asr.failback.azure
  - asr.failback.azure.tasks
  - asr.failback.vault
  - asr.failback.target
  - asr.failback.many
  - asr.failback.wait
  - asr.failback.assume
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.commit
  - name: Fail back Hyper-V VMs from Azure
    description: Microsoft's description of the same steps in the portal.
    link: https://learn.microsoft.com/azure/site-recovery/hyper-v-azure-failback
"""

EXAMPLES = r"""
---
- name: Protect one VM again
  asr.failback.reverse_replicate:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01

- name: Start the replication of every VM of a plan
  asr.failback.reverse_replicate:
    resource_group: rg-recovery
    vault_name: vault-recovery
    recovery_plan: shop
    wait_for: job
"""

RETURN = r"""
---
msg:
  description: The result in one line.
  returned: always
  type: str
  sample: "web01: failed_back -> protected; authoritative: on_premises"
replication:
  description:
    - The data sent to Azure for each VM whose replication was started or attached to; empty in check mode and if the VM
      is already protected.
    - The VM is not protected until an initial replication ends.
  returned: success
  type: list
  elements: dict
  contains:
    vm:
      description: Name of the VM.
      type: str
      sample: web01
    kind:
      description:
        - V(initial_replication) sends all data, V(resynchronization) only changes; V(unknown) if neither the job nor
          the state of the VM shows which.
      type: str
      sample: initial_replication
    reason:
      description: The kind of replication as text.
      type: str
      sample: "initial replication: all data is sent to Azure"
    job:
      description: Name of the job that was read last; V(null) if it no longer exists.
      type: str
      sample: fb9ac911-1496-40e0-a58e-d183de51512e
    tasks:
      description: The tasks of the job that have started, as the service names them.
      type: list
      elements: str
      sample: [Identifying the replication target, Enable replication, Starting initial replication]
    percent_complete:
      description:
        - Progress of an initial replication in percent when the task ended; V(null) if Azure does not report it, for
          example for a protected VM.
      type: int
      sample: 2
# Copied by `make docs`: verb, job, members, failure, azure_error, many
stage:
  description: Stage of the target before and after; V(mixed) if the VMs of a recovery plan differ.
  returned: success, and on failure if it was read
  type: dict
  contains:
    before:
      description: Stage when the task began.
      type: str
      sample: waiting_for_completion
    after:
      description: Stage read last, or in check mode the predicted stage.
      type: str
      sample: failback_commit_pending
direction:
  description: Direction of the operation, V(recovery_to_primary) to on-premises or V(primary_to_recovery) to Azure.
  returned: success
  type: str
  sample: recovery_to_primary
authoritative_side:
  description: The copy that is authoritative now, V(azure) or V(on_premises); V(mixed) if the VMs of a plan differ or
    it cannot be determined; V(null) if a request was sent and nothing could be read after it.
  returned: success, and on failure if it was read
  type: str
  sample: on_premises
reversible:
  description: Whether the Azure VM still exists to return to. Committing the failback deletes it. V(null) if a request
    was sent and nothing could be read after it.
  returned: success, and on failure if it was read
  type: bool
  sample: true
replicated_item:
  description:
    - The replicated item as the service returns it, with keys in snake case; V(null) for a recovery plan.
  returned: success
  type: dict
  sample: {name: web01, properties: {friendly_name: web01, active_location: Recovery}}
recovery_plan:
  description: The recovery plan as the service returns it, with keys in snake case; V(null) for a replicated item.
  returned: success
  type: dict
  sample: null
job:
  description: The job that was started, attached to, waited for, cancelled or restarted; V(null) if there was none.
  returned: success
  type: dict
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
      description: The job's tasks that have begun, in order, with their times by Azure's clock. In RV(members), those
        of the VM, and those that are of no VM.
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
members:
  description: Each VM of a recovery plan, in start order; empty for a replicated item.
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
      description: Resource id of the replicated item.
      type: str
      sample: /Subscriptions/00000000-0000-0000-0000-000000000000/...
    stage:
      description: Stage of the VM, C(before) and C(after).
      type: dict
      sample: {before: failed_over, after: waiting_for_completion}
    authoritative_side:
      description: The copy of the VM that is authoritative.
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
      description: The VM's job, as RV(job).
      type: dict
      sample: null
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
vms:
  description:
    - With O(replicated_items), the result of each virtual machine by the name given there, with the keys that the task
      returns for one, and C(failed). Only C(changed), C(failed) and C(msg) are returned beside it then.
  returned: with O(replicated_items)
  type: dict
  sample: {web01: {changed: true, failed: false, stage: {before: failed_back, after: protected}}}
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.reverse_replicate import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
