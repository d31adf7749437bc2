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
  - Commits the failback of a VM or recovery plan. This deletes the VM in Azure and its disks, and cannot be undone,
    so it takes evidence that the on-premises VM works, unless O(policy) says otherwise.
  - Both copies have to be seen first, whatever O(policy). The VM in Azure must be at its id, off, and not being
    changed; the on-premises VM must run on the host that it was failed back to. Evidence in O(validation) stands for
    an on-premises VM whose host cannot be asked; for anything else that was not seen, see O(accept_unseen).
  - Refuses where the VM in Azure has disks that no failback carries, or whose size is not known, unless
    O(discard_disks) names them.
  - Refuses where a lock protects the VM in Azure or one of its disks, or makes the vault read-only.
  - Looks afterwards whether the VM in Azure and its disks are gone, and names what is left behind.
  - With O(direction=failover) commits the earlier failover to Azure, which deletes nothing; O(policy) and
    O(validation) do not matter then.
options:
  direction:
    description:
      - Which of the two commits. Each is refused where it is the other that is pending.
    type: str
    default: failback
    choices:
      - failback
      - failover
  policy:
    description:
      - When a failback may be committed. For a recovery plan, one policy for all of its VMs.
      - V(after_validation) refuses it without evidence in O(validation) that the VM works on-premises. It must be of
        the same VM and vault, passed, and newer than the cut-over.
      - V(not_before) is the same, and holds the commit until O(not_before), by Azure's clock.
      - V(hold) commits nothing. A later task with another policy goes on.
      - V(now) needs no evidence where both copies are seen. Evidence that is given is judged and returned, and stops
        nothing.
      - A commit that is held is not a failure, also where there is no evidence yet. The task returns RV(held) and why.
        Locks that will be in its way are named in RV(locks).
      - What another stage than a pending commit calls for does not depend on the policy. A commit that is done is done.
    type: str
    default: after_validation
    choices:
      - now
      - after_validation
      - hold
      - not_before
  not_before:
    description:
      - Date and time before which nothing is committed, in ISO 8601, such as V(2026-01-31T22:00+01:00). UTC where it
        has no offset. Put it between quotes.
      - For O(policy=not_before), and only for that.
    type: str
  validation:
    description:
      - The evidence, as M(asr.failback.failback_validate) returned it in
        RV(asr.failback.failback_validate#module:validation).
    type: dict
  validation_max_age:
    description:
      - Seconds. How old the oldest check of O(validation) may be, by Azure's clock. What worked on an earlier day may
        have stopped since.
    type: int
    default: 86400
  discard_azure_changes:
    description:
      - B(Dangerous.) Whether whatever the VM in Azure wrote since the cut-over may be deleted with it.
      - A failback is not committed where that VM was started, stopped or changed after the cut-over, whatever
        O(policy), although it is off again. It may have served since, after an undo for one, and hold what is
        nowhere else.
      - With this option it is, where nothing else speaks against it. The evidence that O(policy) asks for must then be
        newer than the last operation of that VM, too.
    type: bool
    default: false
  discard_disks:
    description:
      - B(Dangerous.) Disks of the VM in Azure that may be deleted although no failback carries them.
      - A failback carries the disks of the replicated item, in their size on-premises. What was attached in Azure, or
        has grown there, does not come home, and the commit deletes it with the VM.
      - A disk is named as C(VM/DISK), such as V(web01/logs), by its resource id, or an unmanaged one by its address.
        The name of the disk alone will do where no other VM of the target has a disk of that name; else it is refused,
        so that a word for one VM does not count for another.
      - A disk whose size is not known may have grown, so it has to be named as well. A managed disk tells its size to
        whoever may read it. An unmanaged one tells it in its VM alone, and Azure may leave it out there, as of a VM
        that is deallocated. See then at its page blob in the storage account that it is not larger than the disk
        on-premises, and name it in the task that commits.
    type: list
    elements: str
    default: []
  accept_unseen:
    description:
      - B(Dangerous.) What a person accepts who has looked at the VM by other means. The commit then goes on although a
        side of that VM was not seen. A dictionary for one VM, or a list of them for the VMs of a recovery plan.
      - C(vm) is the name of the VM. It must be the name, or the resource id, of the replicated item that is
        committed or of a VM of the plan; any other is refused, so that it counts for no other VM. So is a name that
        several VMs of a plan have, which takes the id.
      - C(sides) is a list of V(azure), V(on_premises) or both. V(azure) accepts that the VM in Azure could not
        be read or is not at its id, that its last operation failed, or that it is not known whether it was used since
        the cut-over. V(on_premises) accepts that the on-premises VM was not seen running.
      - It excuses nothing that was seen. A VM that runs in Azure, an on-premises VM that is off, or an operation of the
        VM in Azure that is under way stops the commit all the same.
      - Write the name out. A template or a variable of a group, which names each VM by itself, accepts for all what
        nobody has looked at.
    type: raw
extends_documentation_fragment:
  - asr.failback.attributes
  - asr.failback.attributes.group_verbs
  - asr.failback.azure
  - asr.failback.vault
  - asr.failback.target
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
- name: See what a commit would wait for, and commit nothing
  asr.failback.commit:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
    policy: hold

- name: Commit the failback of one VM, which deletes it in Azure, on the evidence that it works
  asr.failback.commit:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
    validation: "{{ proof.validation }}" # of an earlier task failback_validate

# Run it from a scheduler as often as you like: it does nothing before that time, and nothing once it is committed.
- name: Commit the failback of a recovery plan that was validated another day, but not over the weekend
  asr.failback.commit:
    resource_group: rg-recovery
    vault_name: vault-recovery
    recovery_plan: shop
    policy: not_before
    not_before: "2026-02-02T08:00+01:00"
    validation: "{{ lookup('ansible.builtin.file', evidence_file) | from_json }}"
    validation_max_age: 345600 # of Friday, on Monday

# The hosts cannot be asked, and nothing was validated: J. Doe has looked at the console of web01.
- name: Commit the failback of one VM that somebody has looked at
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
  description: Whether a commit is pending that RV(reason) holds.
  returned: success
  type: bool
  sample: false
reason:
  description: Why it is held, how it goes on, and what will be in its way; empty where it is not held.
  returned: success
  type: str
  sample: ""
not_before:
  description: The time of O(not_before), UTC, in ISO 8601; V(null) where the policy has none.
  returned: success
  type: str
  sample: "2026-02-02T07:00:00+00:00"
locks:
  description: Ids of the locks that will be in the way of a commit that is held.
  returned: success
  type: list
  elements: str
  sample: []
would_be_deleted:
  description:
    - What the commit deletes in Azure, in check mode and where it is held; empty else. For what was deleted see
      RV(azure_resources).
    - A disk that no failback carries is lost with it.
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
      description: Size of a disk in GiB, V(null) where Azure does not tell it, and of a VM.
      type: int
      sample: 64
    not_carried:
      description: V(attached) in Azure, V(grown) there, V(size_not_known) where it may have grown, or V(null) for what
        the failback has carried.
      type: str
      sample: attached
validation:
  description: The evidence that a failback's commit was given, and what it was worth.
  returned: success
  type: dict
  contains:
    required:
      description: Whether it was required.
      type: bool
      sample: true
    vms:
      description: Each VM whose commit was pending; empty where neither evidence was given nor required.
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
          description: End of its failback job, UTC, in ISO 8601; V(null) where that is not known.
          type: str
          sample: "2026-01-31T09:12:07.102356+00:00"
        azure_use:
          description: What became of its Azure VM since the cut-over; V(null) where no commit is pending.
          type: dict
          contains:
            verdict:
              description: V(unused), V(runs), V(operated) where it was started, stopped or changed since, or
                V(not_checked).
              type: str
              sample: unused
            reason:
              description: Why; empty where it was not used.
              type: str
              sample: ""
            operated_at:
              description: End of its last operation, UTC, in ISO 8601; V(null) where Azure does not tell it.
              type: str
              sample: "2026-01-31T09:10:41.000000+00:00"
        accepted:
          description: Whether the evidence proves that the VM works since.
          type: bool
          sample: true
        reason:
          description: Why it does not; empty where it does.
          type: str
          sample: ""
unseen:
  description: The sides that were not seen before a failback's commit, for each VM whose commit was pending, and what
    stood for them. Empty where both copies of each VM were seen.
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
      description: V(azure) where its Azure VM was not seen off, V(on_premises) where its on-premises VM was not seen
        running.
      type: str
      sample: on_premises
    reason:
      description: Why it was not seen.
      type: str
      sample: "its host: not_checked (host hv01 is neither in the inventory nor in hyperv_hosts)"
    accepted_by:
      description: V(validation), V(accept_unseen), or V(null) where nothing stands for it.
      type: str
      sample: validation
azure_resources:
  description: What became of the VM in Azure, its disks, network interfaces and addresses. Filled in by a failback's
    commit.
  returned: success
  type: dict
  contains:
    deleted:
      description: Resource ids that were seen before the commit and are gone.
      type: list
      elements: str
      sample: []
    left_behind:
      description: Resource ids that still exist, and cost money or addresses until somebody deletes them.
      type: list
      elements: str
      sample: []
    not_checked:
      description: Resource ids or URIs that could not be looked at, each with the reason.
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
    - What went wrong, in parts that depend on RV(error.kind).
    - C(asked), C(candidates), C(instance_type) of the target; C(stages), C(locks), C(jobs), C(sides) as they were
      read; C(unproven), the VMs without the evidence that is required, as RV(validation.vms); C(job_id),
      C(job_state), C(errors) of a job; C(started_jobs) of this task; C(status), C(code), C(message), C(action),
      C(request_id), C(method), C(url) of Azure's answer; C(field), C(value) of what is not known here.
  returned: failure
  type: dict
  contains:
    kind:
      description: Kind of failure, such as V(refused), V(job_failed), V(timeout), V(permission) or V(target).
      type: str
      sample: refused
# Copied by `make docs`: verb, job, members, split_brain_check, failure
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
  description: Direction of the operation, V(recovery_to_primary) towards on-premises or V(primary_to_recovery).
  returned: success
  type: str
  sample: recovery_to_primary
authoritative_side:
  description: The copy that is authoritative now, V(azure), V(on_premises), or V(mixed) for a plan whose VMs differ;
    V(null) if a request was sent and nothing could be read after it.
  returned: success, and on failure if it was read
  type: str
  sample: on_premises
reversible:
  description: Whether it is still possible to go back to the Azure VM. Committing the failback ends that. V(null) if a
    request was sent and nothing could be read after it.
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
      description: What the job does, such as V(failback), V(failover), V(commit) or V(reverse_replicate).
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
      description: The service's more detailed state.
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
      description: How much of the job is done, in percent of its tasks; V(null) while the service lists none.
      type: int
      sample: 45
    allowed_actions:
      description: Actions that Site Recovery allows on the job now.
      type: list
      elements: str
      sample: [Cancel, Resume]
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
      description: Whether it is still possible to go back to the Azure VM.
      type: bool
      sample: true
    reason:
      description: What the stage was derived from.
      type: str
      sample: active location Recovery, Site Recovery allows Failback
    job:
      description: The VM's job, as RV(job).
      type: dict
      sample: null
split_brain_check:
  description: What was seen of both copies of each VM, to ensure that only one of them runs. What Site Recovery reports
    is not part of it.
  returned: success
  type: dict
  contains:
    verdict:
      description: V(proved) if both sides reported their state, V(not_checked) if one could not be queried, if Azure
        does not report whether its VM was used since the cut-over, or if no VM was checked.
      type: str
      sample: proved
    before:
      description: What was seen before the request was sent, in the form of RV(split_brain_check.after).
      type: list
      elements: dict
      sample: []
    after:
      description: What was seen at the end.
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
          description: Each on-premises copy that was found, or host on which none could be found.
          type: list
          elements: dict
          contains:
            host:
              description: The Hyper-V host.
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
from ansible_collections.asr.failback.plugins.module_utils.verbs.commit import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
