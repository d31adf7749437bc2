#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: planned_failover
short_description: Start the failback of a VM or recovery plan, or fail it over to Azure
description:
  - Starts the planned failover of Azure Site Recovery from Azure to on-premises, which is the first step of a failback,
    and waits until the data is synchronized. With O(direction=primary_to_recovery), fails over to Azure, for example in
    a drill.
  - Attaches to a failback that is already running, starts an interrupted one again, and does nothing for a VM that has
    already been failed back.
  - If only some VMs of a plan still need it, they are failed back one by one, in the plan's order.
  - Shuts the running VM down at once if the data is copied during the failover, and in a failover to Azure. That
    happens only within O(window). When the copy has ended, Site Recovery starts the other VM regardless of the window;
    how long that takes is up to the service.
  - O(window) does not apply if the data is copied before the failover. That starts at once, and
    M(asr.failback.complete_failover) has a window of its own.
  - Do not start the on-premises VM or take checkpoints of it while its data is being synchronized.
options:
  direction:
    description:
      - V(recovery_to_primary) fails back from Azure to on-premises, V(primary_to_recovery) fails over to Azure.
    type: str
    default: recovery_to_primary
    choices:
      - recovery_to_primary
      - primary_to_recovery
  data_sync:
    description:
      - V(before_failover) copies the changes while the VM keeps running in Azure, then waits for
        M(asr.failback.complete_failover). The downtime is short.
      - V(during_failover) shuts the Azure VM down at once and downloads its disks in full. There is nothing to
        complete.
      - V(auto) chooses V(before_failover) for a failback to another host (O(target_host)). On the original host it
        chooses V(during_failover) for a VM that has run in Azure for a month or more, or whose on-premises VM may be
        gone (O(create_vm_if_missing)), else V(before_failover). The reason is returned in RV(data_sync).
    type: str
    default: auto
    choices:
      - auto
      - before_failover
      - during_failover
  create_vm_if_missing:
    description:
      - Whether to create the on-premises VM if it no longer exists. Refused if it is on another host that was queried.
    type: bool
    default: false
  target_host:
    description:
      - Friendly name of another Hyper-V host to fail back to. It must be registered in the same Hyper-V site and have a
        virtual switch of the same name. The VM is created there.
      - Site Recovery supports this for a single VM of a Hyper-V site, not for O(recovery_plan) and not for VMs of a VMM
        server.
    type: str
  wait_for:
    description:
      - With V(started), the task ends when the service has started the job.
      - With V(waiting_for_completion), it ends when the data is synchronized and the job waits, or when the job has
        ended if there is nothing to wait for.
      - With V(end), it ends when the job has ended, which after O(data_sync=before_failover) requires that someone
        completes the failover.
    type: str
    default: waiting_for_completion
    choices:
      - started
      - waiting_for_completion
      - end
  cut_over:
    description:
      - Whether a failback may be started that shuts the Azure VM down at once, because its data is copied during the
        failover. If not, it is not started and RV(held) is V(true).
      - So V(false) copies ahead what can be copied while the VMs run in Azure.
    type: bool
    default: true
extends_documentation_fragment:
  - asr.failback.attributes
  - asr.failback.attributes.group_verbs
  - asr.failback.azure
  - asr.failback.azure.tasks
  - asr.failback.vault
  - asr.failback.target
  - asr.failback.many
  - asr.failback.window
  - asr.failback.wait
  - asr.failback.hosts
  - asr.failback.winrm
  - asr.failback.assume
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.complete_failover
  - name: Fail back Hyper-V VMs from Azure
    description: Microsoft's description of the same steps in the portal.
    link: https://learn.microsoft.com/azure/site-recovery/hyper-v-azure-failback
"""

EXAMPLES = r"""
---
- name: Synchronize one VM while it runs in Azure
  asr.failback.planned_failover:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01

- name: Start the failback of a recovery plan without waiting
  asr.failback.planned_failover:
    resource_group: rg-recovery
    vault_name: vault-recovery
    recovery_plan: shop
    wait: false

- name: Attach to it and wait, also after an interrupted run
  asr.failback.planned_failover:
    resource_group: rg-recovery
    vault_name: vault-recovery
    recovery_plan: shop
    wait_timeout: 43200

- name: Download a VM in full over the weekend, with the VM off
  asr.failback.planned_failover:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: files01
    data_sync: during_failover
    window:
      not_before: "2026-01-30T20:00"
      not_after: "2026-01-31T02:00"
      time_zone: Europe/Amsterdam

- name: Fail back to a new host
  asr.failback.planned_failover:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: app02
    target_host: hv04
"""

RETURN = r"""
---
msg:
  description: The result in one line.
  returned: always
  type: str
  sample: "web01: failed_over -> waiting_for_completion; authoritative: azure"
held:
  description: Whether a failback that would shut the Azure VM down is held because O(cut_over=false).
  returned: success
  type: bool
  sample: false
# Copied by `make docs`: verb, job, members, split_brain_check, data_sync, window, failure, azure_error, many
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
split_brain_check:
  description: The state of both copies of each VM, as read from each side, to ensure that only one of them runs. Does
    not rely on what Site Recovery reports.
  returned: success
  type: dict
  contains:
    verdict:
      description: V(proved) if both sides reported their state, V(not_checked) if one could not be queried, if the
        host that the VM is failed back to does not have it, if Azure does not report whether its VM was used since the
        cut-over, or if no VM was checked.
      type: str
      sample: proved
    before:
      description: The state before the request was sent, in the form of RV(split_brain_check.after).
      type: list
      elements: dict
      sample: []
    after:
      description: The state at the end.
      type: list
      elements: dict
      contains:
        vm:
          description: Name of the VM.
          type: str
          sample: web01
        runs:
          description: V(on_premises), V(azure), V(several), V(none), V(other_copy) if the only running copy is not on
            the host that the VM is failed back to, or V(not_checked) if a side could not be queried.
          type: str
          sample: on_premises
        azure:
          description: The Azure VM.
          type: dict
          contains:
            id:
              description: Its resource id.
              type: str
              sample: /subscriptions/00000000-0000-0000-0000-000000000000/...
            state:
              description: Its power state, such as V(deallocated) or V(running); V(absent), or V(not_checked) if it
                could not be read.
              type: str
              sample: deallocated
            reason:
              description: Where this was read from, or why it was not.
              type: str
              sample: read from Azure compute
        on_premises:
          description: Each on-premises copy that was found, or each host on which none was found.
          type: list
          elements: dict
          contains:
            host:
              description: The Hyper-V host. Hosts of the site that are neither in the inventory nor in
                O(hyperv_hosts) share one entry, which names up to five of them and counts the others.
              type: str
              sample: hv01.contoso.example
            state:
              description: State of the VM as the host reports it, such as V(Running) or V(Off); V(absent), or
                V(not_checked).
              type: str
              sample: Running
            reason:
              description: Where this was read from, or why it was not.
              type: str
              sample: read from the host
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
waiting_for_window:
  description: Whether a cut-over was due but outside its window. Nothing was sent for it; run the task again.
  returned: success
  type: bool
  sample: false
reason:
  description: Why it waits, and until when, in the window's time zone; empty if it does not wait.
  returned: success
  type: str
  sample: ""
window:
  description: The window as last evaluated, at the moment of the request; V(null) if none was given or nothing was due.
  returned: success
  type: dict
  contains:
    state:
      description: V(before) it opens, V(open), or V(over) once it will not open again. A window that opens every day is
        never over.
      type: str
      sample: open
    now:
      description: The time by Azure's clock, UTC, in ISO 8601.
      type: str
      sample: "2026-01-31T23:12:07+00:00"
    opens_at:
      description: When it opened, or opens next, UTC, in ISO 8601; V(null) if it has no beginning.
      type: str
      sample: "2026-01-31T21:00:00+00:00"
    closes_at:
      description: When it closes after that, UTC, in ISO 8601; V(null) if it has no end.
      type: str
      sample: "2026-02-01T03:00:00+00:00"
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
from ansible_collections.asr.failback.plugins.module_utils.verbs.planned_failover import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
