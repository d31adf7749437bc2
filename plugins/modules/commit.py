#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: commit
short_description: Commit a failback, or the earlier failover
description:
  - Commits the failback of a VM or recovery plan. This deletes the Azure VM and its disks and cannot be undone, so it
    requires evidence that the on-premises VM works, unless O(policy) says otherwise.
  - Both copies must be seen first, regardless of O(policy). The Azure VM must be at its id, off, and not being changed;
    the on-premises VM must run on the host that it was failed back to. Evidence in O(validation) can stand in for an
    on-premises VM whose host cannot be queried, unless something speaks against it, such as a copy that runs on another
    host. For anything else that was not seen, see O(accept_unseen).
  - Refuses if the Azure VM has disks that no failback copies back, or whose size is unknown, unless O(discard_disks)
    names them.
  - Refuses if a lock protects the Azure VM or one of its disks, or makes the vault read-only.
  - After the commit, checks whether the Azure VM and its disks are gone, and lists what is left behind.
  - With O(direction=failover), commits the earlier failover to Azure, which deletes nothing; O(policy) and
    O(validation) then have no effect.
options:
  direction:
    description:
      - Which of the two to commit. Refused if the other one is pending.
    type: str
    default: failback
    choices:
      - failback
      - failover
  policy:
    description:
      - When a failback may be committed. For a recovery plan, one policy for all of its VMs.
      - V(after_validation) requires evidence in O(validation) that the VM works on-premises. It must be for the same VM
        and vault, have passed, and be newer than the cut-over.
      - V(not_before) requires the same, and holds the commit until O(not_before), by Azure's clock.
      - V(hold) commits nothing. A later task with another policy can commit.
      - V(now) needs no evidence if both copies are seen. Evidence that is given is evaluated and returned, but blocks
        nothing.
      - Holding a commit is not a failure, even if there is no evidence yet. The task returns RV(held) and RV(reason).
        Locks that will block the commit are listed in RV(locks).
      - The policy matters only while a commit is pending, not if the failback is already committed.
    type: str
    default: after_validation
    choices:
      - now
      - after_validation
      - hold
      - not_before
  not_before:
    description:
      - Date and time before which nothing is committed, in ISO 8601, such as V(2026-01-31T22:00+01:00). UTC if it has
        no offset. Quote it.
      - Only for O(policy=not_before), which requires it.
    type: str
  validation:
    description:
      - The evidence, as M(asr.failback.failback_validate) returned it in
        RV(asr.failback.failback_validate#module:validation).
    type: dict
  validation_max_age:
    description:
      - Maximum age in seconds of the oldest check in O(validation), by Azure's clock. What worked on an earlier day may
        no longer work.
    type: int
    default: 86400
  discard_azure_changes:
    description:
      - B(Dangerous.) Whether data that the Azure VM wrote since the cut-over may be deleted with it.
      - Without this option, a failback is not committed if the Azure VM was started, stopped or changed after the
        cut-over, regardless of O(policy) and even if it is off again. It may have been in use since, for example after
        an undo, and hold data that exists nowhere else.
      - With this option, it is committed if nothing else prevents it. Evidence that O(policy) requires must then also
        be newer than the last operation of the Azure VM.
      - With O(replicated_items), set it in the entry of the VM.
    type: bool
    default: false
  discard_disks:
    description:
      - B(Dangerous.) Disks of the Azure VM that may be deleted although no failback copies them back.
      - A failback copies back the disks of the replicated item, at their on-premises size. What was attached or has
        grown in Azure is not copied back, and the commit deletes it with the VM.
      - Name a disk as C(VM/DISK), such as V(web01/logs), by its resource id, or, if it is unmanaged, by its address.
        The name of the disk alone is accepted if no other VM of the target has a disk of that name, and with
        O(replicated_items) only in the entry of the VM. Otherwise it is refused, so that a name meant for one VM does
        not apply to another. If several VMs of the vault share a name, write the id of the replicated item instead.
      - A disk of unknown size may have grown, so it must be named as well. The size of a managed disk can be read by
        anyone who may read the disk. The size of an unmanaged disk is reported only with its VM, and Azure may omit it,
        for example for a deallocated VM. In that case, check that its page blob in the storage account is not larger
        than the on-premises disk, and name it in the task that commits.
    type: list
    elements: str
    default: []
  accept_unseen:
    description:
      - B(Dangerous.) Sides of a VM that were not seen, accepted by someone who has checked the VM by other means. The
        commit then proceeds without them. A dictionary for one VM, or a list of dictionaries for the VMs of a recovery
        plan.
      - C(vm) is the name or resource id of the replicated item that is committed, or of a VM of the plan. Any other
        name is refused, so that it cannot apply to another VM. A name that several VMs of a plan share is refused, too;
        use the id.
      - C(sides) is a list of V(azure), V(on_premises) or both. V(azure) accepts that the Azure VM could not be read or
        is not at its id, that its last operation failed, or that it is not known whether it was used since the
        cut-over. V(on_premises) accepts that the on-premises VM was not seen running.
      - It overrides nothing that was seen. A VM that runs in Azure, an on-premises VM that is off, or an operation in
        progress on the Azure VM still blocks the commit.
      - Write the name out. A template or group variable that fills in the name of each VM accepts all of them,
        including those that no one has checked.
      - With O(replicated_items), set it in the entry of the VM.
    type: raw
  confirmed:
    description:
      - Ids of the resources in Azure that may be deleted. If set, a commit is refused that would delete another one, or
        of which it is not known what it deletes.
    type: list
    elements: str
  confirmed_by:
    description: Who has named them, and when, in words. It is only returned, and appears in the report.
    type: str
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
  - asr.failback.assume
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.failback_validate
  - module: asr.failback.reverse_replicate
  - name: Fail back Hyper-V VMs from Azure
    description: Microsoft's description of the same steps in the portal.
    link: https://learn.microsoft.com/azure/site-recovery/hyper-v-azure-failback
"""

EXAMPLES = r"""
---
- name: Show what a commit would wait for, without committing
  asr.failback.commit:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
    policy: hold

- name: Commit the failback of one validated VM, which deletes the Azure VM
  asr.failback.commit:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
    validation: "{{ proof.validation }}" # from an earlier failback_validate task

# Run it from a scheduler as often as you like. It does nothing before that time, and nothing after the commit.
- name: Commit the failback of a recovery plan after the weekend, with evidence from an earlier day
  asr.failback.commit:
    resource_group: rg-recovery
    vault_name: vault-recovery
    recovery_plan: shop
    policy: not_before
    not_before: "2026-02-02T08:00+01:00"
    validation: "{{ lookup('ansible.builtin.file', evidence_file) | from_json }}"
    validation_max_age: 345600 # four days, so that evidence from Friday counts on Monday

# The hosts cannot be queried and nothing was validated, but J. Doe has checked the console of web01.
- name: Commit the failback of one VM that someone has checked by other means
  asr.failback.commit:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
    policy: now
    accept_unseen:
      vm: web01
      sides: [on_premises]

- name: Commit the failover to Azure, so that the VM can be failed back
  asr.failback.commit:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: print01
    direction: failover
"""

RETURN = r"""
---
held:
  description: Whether a pending commit is held. RV(reason) says why.
  returned: success
  type: bool
  sample: false
reason:
  description: Why it is held, how to continue, and what will block it; empty if it is not held.
  returned: success
  type: str
  sample: ""
not_before:
  description: The time of O(not_before), UTC, in ISO 8601; V(null) if the policy has none.
  returned: success
  type: str
  sample: "2026-02-02T07:00:00+00:00"
locks:
  description: Ids of the locks that will block the held commit.
  returned: success
  type: list
  elements: str
  sample: []
would_be_deleted:
  description:
    - Resources in Azure that the commit would delete, in check mode or while it is held; otherwise empty. For those
      that were deleted, see RV(azure_resources).
    - The data on a disk that no failback copies back is lost.
  returned: success
  type: list
  elements: dict
  contains:
    vm:
      description: Name of the VM.
      type: str
      sample: web01
    kind:
      description: V(vm) or V(disk).
      type: str
      sample: disk
    id:
      description: Resource id, or the address of an unmanaged disk.
      type: str
      sample: >-
        /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-azure/providers/Microsoft.Compute/disks/logs
    name:
      description: Name in Azure.
      type: str
      sample: logs
    size_gb:
      description: Size of a disk in GiB; V(null) if Azure does not report it, and for a VM.
      type: int
      sample: 64
    not_carried:
      description: Why no failback copies it back. V(attached) if it was attached in Azure, V(grown) if it has grown
        there, V(size_not_known) if it may have grown; otherwise V(null).
      type: str
      sample: attached
discarded:
  description: What the commit gave up, because O(discard_azure_changes) or O(discard_disks) allowed it; in check mode,
    what it would give up. Empty while the commit is held, and if this task sent none. If the commit failed after it was
    sent, RV(error) has it.
  returned: success
  type: list
  elements: dict
  contains:
    vm:
      description: Name of the VM.
      type: str
      sample: web01
    kind:
      description: V(azure_changes), the data that the Azure VM wrote since the cut-over, or V(disk).
      type: str
      sample: azure_changes
    id:
      description: Resource id of the Azure VM or of the disk, or the address of an unmanaged disk.
      type: str
      sample: >-
        /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-azure/providers/Microsoft.Compute/virtualMachines/web01
    name:
      description: Its name in Azure.
      type: str
      sample: web01
    reason:
      description: Why there is, or may be, something to give up. Whether the Azure VM was used, or what became of a
        disk, may also be unknown.
      type: str
      sample: >-
        its Azure VM was started, stopped or changed at 2026-02-01T10:00:00+00:00, after the cut-over at
        2026-01-31T09:12:07.102356+00:00
confirmed_by:
  description: O(confirmed_by), if this task committed, or in check mode would; otherwise V(null).
  returned: success
  type: str
  sample: null
validation:
  description: The evidence that was given for the commit of a failback, and how it was evaluated.
  returned: success
  type: dict
  contains:
    required:
      description: Whether evidence was required.
      type: bool
      sample: true
    vms:
      description: Each VM whose commit was pending; empty if evidence was neither given nor required.
      type: list
      elements: dict
      contains:
        vm:
          description: Name of the VM.
          type: str
          sample: web01
        id:
          description: Resource id of its replicated item.
          type: str
          sample: /Subscriptions/00000000-0000-0000-0000-000000000000/...
        cut_over_at:
          description: End of its failback job, UTC, in ISO 8601; V(null) if that is not known.
          type: str
          sample: "2026-01-31T09:12:07.102356+00:00"
        azure_use:
          description: Whether its Azure VM was used since the cut-over; V(null) if no commit is pending.
          type: dict
          contains:
            verdict:
              description: V(unused), V(runs), V(operated) if it was started, stopped or changed since, or
                V(not_checked).
              type: str
              sample: unused
            reason:
              description: The reason for the verdict; empty if it was not used.
              type: str
              sample: ""
            operated_at:
              description: End of its last operation, UTC, in ISO 8601; V(null) if Azure does not report it.
              type: str
              sample: "2026-01-31T09:10:41.000000+00:00"
        accepted:
          description: Whether the evidence proves that the VM has worked since the cut-over.
          type: bool
          sample: true
        reason:
          description: Why not; empty if it does.
          type: str
          sample: ""
unseen:
  description: The sides that were not seen before the commit of a failback, for each VM whose commit was pending, and
    what stood in for them. Empty if both copies of each VM were seen.
  returned: success
  type: list
  elements: dict
  contains:
    vm:
      description: Name of the VM.
      type: str
      sample: web01
    id:
      description: Resource id of the replicated item.
      type: str
      sample: /Subscriptions/00000000-0000-0000-0000-000000000000/.../replicationProtectedItems/web01
    side:
      description: V(azure) if its Azure VM was not seen off, V(on_premises) if its on-premises VM was not seen running.
      type: str
      sample: on_premises
    reason:
      description: Why it was not seen.
      type: str
      sample: "its host: not_checked (host hv01 is neither in the inventory nor in hyperv_hosts)"
    accepted_by:
      description: V(validation), V(accept_unseen), or V(null) if nothing stands in for it.
      type: str
      sample: validation
azure_resources:
  description: What happened to the Azure VM, its disks, network interfaces and addresses. Filled in by the commit of a
    failback.
  returned: success
  type: dict
  contains:
    deleted:
      description: Resource ids that were seen before the commit and no longer exist.
      type: list
      elements: str
      sample: []
    left_behind:
      description: Resource ids that still exist, and incur costs or hold addresses until they are deleted.
      type: list
      elements: str
      sample: []
    not_checked:
      description: Resource ids or URIs that could not be checked, each with the reason.
      type: list
      elements: dict
      sample: []
msg:
  description: The result in one line.
  returned: always
  type: str
  sample: "web01: failback_commit_pending -> failed_back; authoritative: on_premises"
error:
  description:
    - Details of the failure. The keys depend on RV(error.kind).
    - C(discarded), what a commit that was sent gives up (see RV(discarded)).
    - C(asked), C(candidates), C(instance_type) of the target; C(stages), C(locks), C(jobs), C(sides) as they were read;
      C(unproven), the VMs without the required evidence (see RV(validation.vms)); C(job_id), C(job_state), C(errors) of
      a job; C(started_jobs) of this task; C(status), C(code), C(message), C(action), C(request_id), C(method), C(url)
      of Azure's response; C(field), C(value) that are not recognized.
  returned: failure
  type: dict
  contains:
    kind:
      description: Type of failure, such as V(refused), V(job_failed), V(timeout), V(permission) or V(target).
      type: str
      sample: refused
# Copied by `make docs`: verb, job, members, split_brain_check, failure, many
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
vms:
  description:
    - With O(replicated_items), the result of each virtual machine by the name given there, with the keys that the task
      returns for one, and C(failed). Only C(changed), C(failed) and C(msg) are returned beside it then.
  returned: with O(replicated_items)
  type: dict
  sample: {web01: {changed: true, failed: false, stage: {before: failed_back, after: protected}}}
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.commit import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
