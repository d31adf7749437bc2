#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: undo_failback
short_description: Undo a cut-over before its commit by going back to the Azure VM
description:
  - For a VM that was cut over and does not work on-premises. Stops it there, starts the Azure VM again, and leaves the
    failback uncommitted. Site Recovery has no such step and is not informed of it.
  - Data written on-premises since the cut-over stays on the on-premises disks, and nowhere else. The Azure VM continues
    with its data as of the cut-over.
  - Nothing is started in Azure while an on-premises copy is up, or while it is not known to be off, because its host
    could not be queried, has no such VM or only its name is known, and O(attested_off) does not vouch for that host;
    nor once another operation, such as a commit in the portal, has begun. Whether permissions and locks let the caller
    start the Azure VM is checked before anything is stopped.
  - Prevents the host from starting the on-premises VM by itself, whether or not this task stopped it. Its automatic
    start action is set to Nothing, unless its host reports it as clustered. The previous one is only in the result of
    the run that changed it, in RV(steps) or, if the run failed, in C(error.steps).
  - With O(wait=false), does not wait until the Azure VM runs. It does wait until the on-premises VM is off.
  - In a recovery plan, if Azure does not start one VM, the others are still started, and the task fails at the end.
  - Never stops a VM in a failover cluster, which would start it again. Shut its role down in the cluster, then run the
    task.
  - Do not commit afterwards. Site Recovery still offers the commit, which deletes the Azure VM. M(asr.failback.commit)
    refuses it while that VM runs. The next steps are described in C(docs/undo-failback.md) of the collection.
options:
  reason:
    description:
      - Why the failback is undone. Recorded in RV(undone).
    type: str
  force_off:
    description:
      - Whether to turn the on-premises VM off if it has not shut down within O(shutdown_timeout). Data that its guest
        has not written yet is lost.
      - Without this, no VM is ever turned off. If it happens, RV(steps) says so, and why.
    type: bool
    default: false
  shutdown_timeout:
    description:
      - Seconds that the guest may take to shut down, counted from the shutdown request. If a guest is not ready yet or
        is locked, the request is repeated for up to this time; with O(force_off=true), whatever the reason that it was
        not accepted.
    type: int
    default: 600
  close_applications:
    description:
      - Whether the shutdown closes applications that have unsaved data, which is then lost. They are closed by default,
        because the on-premises copy is given up.
      - With V(false), an application with unsaved data or a locked desktop can prevent the VM from shutting down.
    type: bool
    default: true
  attested_off:
    description:
      - Who has confirmed, and how, that the VM does not run on a host that cannot be queried. The key is the name of
        the host, the value a sentence, such as V(J. Doe has unplugged it).
      - It applies only to hosts that it names and that cannot be queried, and never overrides what a host reports. A
        short name that could mean either of two hosts applies to neither.
      - It also applies to a host that has a VM of the same name, off, if Site Recovery does not report the Hyper-V id
        of the replicated VM. It then means that the replicated VM is off, whichever it is. This task changes nothing on
        such a VM, so set its automatic start action to Nothing yourself.
      - It also applies to the host that the VM was failed back to, if that has no such VM. It then means that the VM no
        longer exists, or runs nowhere but where it was seen, and is stopped there.
      - With O(replicated_items), set it in the entry of each VM that it vouches for. In a recovery plan, it vouches for
        all of its VMs, except that a host that does not have several of them needs a word for each, one by one.
      - Recorded in RV(undone).
    type: dict
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
  - module: asr.failback.failback_validate
  - module: asr.failback.commit
  - name: Set-VM
    description: Microsoft's description of the automatic start action.
    link: https://learn.microsoft.com/powershell/module/hyper-v/set-vm
"""

EXAMPLES = r"""
---
- name: Go back to the Azure VM
  asr.failback.undo_failback:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: crm01
    reason: The database does not start on-premises, incident 4711

- name: Go back to it after a fire has destroyed the host
  asr.failback.undo_failback:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: mail01
    reason: Fire in room 2
    attested_off:
      hv01.contoso.example: "J. Doe has unplugged it"
"""

RETURN = r"""
---
undone:
  description: The record of the undo. A run that continues an interrupted one records only what it did itself.
  returned: success
  type: dict
  contains:
    schema_version:
      description: Version of the record.
      type: int
      sample: 1
    vault:
      description: Resource id of the vault.
      type: str
      sample: /subscriptions/00000000-0000-0000-0000-000000000000/...
    reason:
      description: Why it was undone, as O(reason).
      type: str
      sample: The database does not start on-premises, incident 4711
    attested_off:
      description: Who vouches for hosts that could not be queried, as O(attested_off).
      type: dict
      sample: {}
    note:
      description: Where the data written since the cut-over is.
      type: str
      sample: What was written on-premises since the cut-over stays on the on-premises disks, and nowhere else.
    vms:
      description: Each VM.
      type: list
      elements: dict
      contains:
        id:
          description: Resource id of its replicated item.
          type: str
          sample: /Subscriptions/00000000-0000-0000-0000-000000000000/...
        name:
          description: Name of the VM.
          type: str
          sample: crm01
        cut_over_at:
          description: End of its failback job, UTC, in ISO 8601; V(null) if that is not known.
          type: str
          sample: "2026-01-31T09:12:07.102356+00:00"
        stopped_at:
          description: When this run saw that it was off on-premises, by Azure's clock; V(null) if it was already off.
          type: str
          sample: "2026-01-31T11:02:00+00:00"
        hosts:
          description: The hosts that have a copy of it.
          type: list
          elements: str
          sample: [hv01.contoso.example]
        started_at:
          description: When this run saw it running in Azure; with O(wait=false), when the request was sent. V(null) if
            it was already running.
          type: str
          sample: "2026-01-31T11:03:10+00:00"
        azure_vm:
          description: Resource id of the Azure VM.
          type: str
          sample: /subscriptions/00000000-0000-0000-0000-000000000000/...
        automatic_start_action:
          description: Changes that prevent the host from starting it by itself, each with C(where), C(before) and
            C(after).
          type: list
          elements: dict
          sample: [{where: hv01.contoso.example, before: StartIfRunning, after: Nothing}]
        vouched_for:
          description: The hosts that O(attested_off) vouches for, because they could not be queried, have no such VM,
            or only the name of the VM is known there.
          type: list
          elements: str
          sample: []
steps:
  description: Every change that this run made, or requested without knowing whether it was made, in order. Nothing else
    was changed.
  returned: success
  type: list
  elements: dict
  contains:
    vm:
      description: Name of the VM.
      type: str
      sample: crm01
    what:
      description: V(shut_down), V(turn_off), V(await_off) if it was already shutting down, V(keep_off) if the automatic
        start action was set, V(start) in Azure.
      type: str
      sample: shut_down
    where:
      description: The host, or the resource id of the Azure VM.
      type: str
      sample: hv01.contoso.example
    before:
      description: State or automatic start action before the change.
      type: str
      sample: Running
    after:
      description: State or automatic start action after the change; V(null) if it was not seen yet, was not waited for,
        or could not be read.
      type: str
      sample: "Off"
    at:
      description: When the change was seen, or when it was sent if it was not seen yet, by Azure's clock, UTC, in ISO
        8601.
      type: str
      sample: "2026-01-31T11:02:00+00:00"
    seen_by:
      description: Who reported it, or V(nobody yet).
      type: str
      sample: host hv01.contoso.example
    detail:
      description: Why a VM was turned off, why the outcome of a change on a host is unknown, or why Azure could not
        start its VM; otherwise V(null).
      type: str
      sample: null
msg:
  description: The result in one line.
  returned: always
  type: str
  sample: "crm01: failback_commit_pending; authoritative: azure"
authoritative_side:
  description: The copy that is authoritative now, V(azure), according to both sides rather than to Site Recovery.
    V(mixed) if it cannot be determined, as with O(wait=false) until the Azure VM is seen to run, or if the VMs of a
    plan differ; on failure also V(on_premises), or V(null) if nothing could be read after a change. If check mode finds
    that something else runs, the side that the stage indicates.
  returned: success, and on failure if it was read
  type: str
  sample: azure
reversible:
  description: Whether the Azure VM still exists to return to; V(null) on failure if nothing could be read after a
    change. Committing the failback deletes it.
  returned: success, and on failure if it was read
  type: bool
  sample: true
job:
  description: The job of another operation that was waited for; V(null) if there was none. An undo starts none.
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
error:
  description:
    - Details of the failure. The keys depend on RV(error.kind).
    - C(asked), C(candidates), C(instance_type) of the target; C(stages), C(jobs), C(sides) as they were read; C(steps),
      changes made so far (see RV(steps)); C(status), C(code), C(message), C(action), C(request_id), C(method), C(url)
      of Azure's response; C(host), C(address), C(message) of a Hyper-V host; C(field), C(value) that are not
      recognized.
  returned: failure
  type: dict
  contains:
    kind:
      description: Type of failure, such as V(refused), V(contradiction), V(host), V(service), V(timeout) or V(target).
      type: str
      sample: refused
# Copied by `make docs`: verb, members, failure, split_brain_check, many
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
vms:
  description:
    - With O(replicated_items), the result of each virtual machine by the name given there, with the keys that the task
      returns for one, and C(failed). Only C(changed), C(failed) and C(msg) are returned beside it then.
  returned: with O(replicated_items)
  type: dict
  sample: {web01: {changed: true, failed: false, stage: {before: failed_back, after: protected}}}
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.undo_failback import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
