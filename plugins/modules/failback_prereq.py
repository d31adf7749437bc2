#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: failback_prereq
short_description: Check whether a VM or recovery plan can be failed back
description:
  - Reads everything that a failback with Azure Site Recovery depends on, and reports what blocks it, with cause and
    remedy. A failed check is a result, not a failure of the task; see RV(ready).
  - Checks that the item is a Hyper-V VM replicated to Azure and active there, that its failover is committed, that no
    operation or test failover is in progress, and that its recovery services provider is connected with a recent
    heartbeat.
  - Also checks the health of fabric and replication, data encryption, managed disks, locks and the permissions of the
    caller, and that the Azure VM exists, runs, and has no disks that a failback does not copy back.
options:
  refresh_provider:
    description:
      - Whether to have Site Recovery refresh the provider of each VM before the checks. This is the only write request
        of this module, and check mode does not send it.
    type: bool
    default: false
  data_sync:
    description:
      - Planned data synchronization. V(auto) recommends one in RV(data_sync).
    type: str
    default: auto
    choices:
      - auto
      - before_failover
      - during_failover
  create_vm_if_missing:
    description:
      - Whether the failback will create the on-premises VM if it no longer exists.
    type: bool
    default: false
  target_host:
    description:
      - Friendly name of another Hyper-V host in the same Hyper-V site to fail back to. It is checked instead of the
        VM's own host.
    type: str
  discard_disks:
    description:
      - B(Dangerous.) Disks of the Azure VM that the commit will discard. They then do not block the failback.
      - A failback copies back the disks of the replicated item, at their on-premises size. What was attached or has
        grown in Azure is not copied back, and the commit deletes it with the VM.
      - Name a disk as C(VM/DISK), such as V(web01/logs), by its resource id, or, if it is unmanaged, by its address.
        The name of the disk alone is accepted if no other VM of the target has a disk of that name, and with
        O(replicated_items) only in the entry of the VM. If several VMs of the vault share a name, write the id of the
        replicated item instead.
      - A disk of unknown size is C(not_checked), which does not block the failback, but blocks the commit. The size of
        a disk that is named is not checked, so name a disk of unknown size only if you have checked its size yourself.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - asr.failback.attributes
  - asr.failback.attributes.group_verbs
  - asr.failback.azure
  - asr.failback.azure.tasks
  - asr.failback.vault
  - asr.failback.target
  - asr.failback.many
  - asr.failback.wait
  - asr.failback.hosts
  - asr.failback.winrm
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.planned_failover
  - name: Fail back Hyper-V VMs from Azure
    description: Microsoft's description of the same steps in the portal.
    link: https://learn.microsoft.com/azure/site-recovery/hyper-v-azure-failback
"""

EXAMPLES = r"""
---
- name: Check one VM
  asr.failback.failback_prereq:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
  register: prerequisites

- name: Stop if a check failed
  ansible.builtin.assert:
    that: prerequisites.ready
    fail_msg: "{{ prerequisites.failed_findings | map(attribute='cause') | join(' ') }}"

- name: Refresh the providers, then check a recovery plan
  asr.failback.failback_prereq:
    resource_group: rg-recovery
    vault_name: vault-recovery
    recovery_plan: shop
    refresh_provider: true
"""

RETURN = r"""
---
ready:
  description: Whether no check failed.
  returned: success
  type: bool
  sample: true
findings:
  description: The result of every check, first those of the plan, then those of each VM.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Name of the check.
      type: str
      sample: provider_connected
    status:
      description: V(pass), V(warn), V(fail) or V(not_checked).
      type: str
      sample: fail
    seen:
      description: What was read.
      type: str
      sample: hv02.example.com is NotConnected
    cause:
      description: Why that is a problem; empty if it is not.
      type: str
      sample: Site Recovery has no connection to the Hyper-V host or VMM server.
    remedy:
      description: What to do.
      type: str
      sample: Start the services of the Azure Site Recovery provider.
    vm:
      description: The VM that the finding is about; V(null) for the plan as a whole.
      type: str
      sample: web01
host:
  description: The Hyper-V host that the VM comes back to; V(null) for a recovery plan or a VMM cloud, and if it is not
    known.
  returned: success
  type: str
  sample: hv01.example.com
would_be_deleted:
  description: Resources in Azure that a commit would delete, as RV(asr.failback.commit#module:would_be_deleted);
    V(null) if that was not seen.
  returned: success
  type: list
  elements: dict
  sample: []
failed_findings:
  description: The entries of RV(findings) that failed.
  returned: success
  type: list
  elements: dict
  sample: []
msg:
  description: The result in one line.
  returned: always
  type: str
  sample: "web01: failed_over -> failed_over; authoritative: azure"
# Copied by `make docs`: verb, job, members, readiness_of_members, data_sync, failure, azure_error, many
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
    host:
      description: The Hyper-V host that the VM comes back to; V(null) for a VMM cloud, and if it is not known.
      type: str
      sample: hv01.example.com
    would_be_deleted:
      description: What the commit of the VM would delete, as RV(would_be_deleted).
      type: list
      elements: dict
      sample: []
    ready:
      description: Whether no check of the VM failed.
      type: bool
      sample: true
    findings:
      description: The VM's findings, as RV(findings).
      type: list
      elements: dict
      sample: []
data_sync:
  description: The data synchronization that was chosen, and why; V(null) if there was none to choose.
  returned: success
  type: dict
  contains:
    option:
      description: V(before_failover) or V(during_failover).
      type: str
      sample: before_failover
    reason:
      description: Why it was chosen.
      type: str
      sample: "web01 was failed over 12 days ago, less than a month: only what changed is copied, with little downtime"
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
from ansible_collections.asr.failback.plugins.module_utils.verbs.failback_prereq import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
