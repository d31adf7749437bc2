#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: job
short_description: Cancel or restart a Site Recovery job
description:
  - Cancels a running or waiting job, or restarts a failed one, then waits for it to end and reads the target back.
  - "B(Cancelling a failback is dangerous.) Once it has begun to copy data, the on-premises disks are neither the old
    nor the new copy (Microsoft's documentation: I(corrupted state)). The on-premises VM must then not be started, and
    M(asr.failback.planned_failover) must be run again. So a failback job is cancelled only with
    O(accept_inconsistent_disks=true). This applies even before it has begun to copy, as it may begin at any moment, and
    while it waits for Complete Failover."
  - Cancelling is rarely necessary. A failback that has copied its data waits for M(asr.failback.complete_failover), for
    days if necessary, and the VM keeps running in Azure meanwhile.
  - A failed failback, failover or commit is not restarted. Run its own module, which checks both sides before it starts
    it again.
  - The job of a recovery plan acts on every VM that the plan had when it began, so O(replicated_item) never affects it,
    and O(recovery_plan) cancels it only if the plan still names all of them. O(name) cancels it for all of them.
options:
  state:
    description:
      - V(cancelled) ends a running job. If the job is already cancelled, or no job owns the target, nothing is done. If
        the job ended in another way, the task fails and says how.
      - V(restarted) repeats the work of a failed job if Site Recovery allows that, for example of a reverse
        replication. Refused if the job is out of date, because another one came after it or the stage shows that its
        step is done. A job that is already being restarted is followed.
    type: str
    required: true
    choices: [cancelled, restarted]
  name:
    description:
      - Name or resource id of the job.
      - Exactly one of this, O(replicated_item) and O(recovery_plan) is required.
    type: str
    aliases: [job]
  replicated_item:
    description:
      - The VM whose job to cancel or restart, by friendly name, name or resource id. With O(state=cancelled), the job
        that owns it now. With O(state=restarted), its last job that has ended, and only if that is a reverse
        replication; any other failed job may belong to someone else, and must be named with O(name).
    type: str
  recovery_plan:
    description:
      - The recovery plan whose own job to cancel or restart, by name or resource id. The job is chosen in the same way.
    type: str
  accept_inconsistent_disks:
    description:
      - Cancel a failback even though that may leave the on-premises disks of its VMs inconsistent.
      - Has no effect on other jobs.
    type: bool
    default: false
extends_documentation_fragment:
  - asr.failback.attributes
  - asr.failback.attributes.group_verbs
  - asr.failback.azure
  - asr.failback.azure.tasks
  - asr.failback.vault
  - asr.failback.wait
attributes:
  idempotent:
    support: partial
    details: A second V(cancelled) changes nothing. A second V(restarted) is refused, as the job is then out of date.
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.job_info
  - module: asr.failback.planned_failover
  - name: Fail back Hyper-V VMs from Azure
    description: Microsoft's description of the same steps in the portal.
    link: https://learn.microsoft.com/azure/site-recovery/hyper-v-azure-failback
"""

EXAMPLES = r"""
---
- name: Cancel the job that owns web01, unless it is a failback
  asr.failback.job:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
    state: cancelled

- name: Cancel the failback of a plan, accepting inconsistent on-premises disks
  asr.failback.job:
    resource_group: rg-recovery
    vault_name: vault-recovery
    recovery_plan: shop
    state: cancelled
    accept_inconsistent_disks: true

- name: Protect web01 again
  asr.failback.reverse_replicate:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
  register: protection
  ignore_errors: true

- name: Restart the failed job, once its cause is fixed
  asr.failback.job:
    resource_group: rg-recovery
    vault_name: vault-recovery
    name: "{{ protection.error.job_id }}"
    state: restarted
  when: protection.error.job_id is defined
"""

RETURN = r"""
---
msg:
  description: The result in one line.
  returned: always
  type: str
  sample: "Planned failover of web01: Cancelled (job fb9ac911-...); synchronizing -> interrupted; authoritative: azure"
stage:
  description: Stage of the target before and after; V(mixed) if the VMs of a recovery plan differ; V(null) for a job
    that belongs to no VM or plan of the vault. The keys below that describe a VM or plan are then V(null) as well.
  returned: success, and on failure if it was read
  type: dict
  contains:
    before:
      description: Stage when the task began.
      type: str
      sample: synchronizing
    after:
      description: Stage read last, or in check mode the predicted stage; for a failback, the worst case.
      type: str
      sample: interrupted
direction:
  description: Direction of the job, V(recovery_to_primary) to on-premises or V(primary_to_recovery) to Azure; V(null)
    if it has none.
  returned: success
  type: str
  sample: recovery_to_primary
# Copied by `make docs`: verb, job, members, failure, azure_error
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
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.job import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
