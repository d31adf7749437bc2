#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: failback
short_description: Fail VMs back from Azure to on-premises, from the prerequisites to the reverse replication
description:
  - Runs the steps of a failback one after the other, for one VM, one recovery plan, or many at the same time. Each
    proceeds as fast as it can, and each step first reads the current stage, so that an interrupted run can be started
    again.
  - The role P(asr.failback.failback#role) uses it for each host. Use the role, unless you need one task for many VMs
    without any tasks of your own between the steps.
  - RV(result) says how each ended, why, and what to do next.
options:
  steps:
    description:
      - The steps to run, if the stage calls for them.
      - With V(prerequisites), no failback is started unless they are met. If another operation owned the VM when they
        were checked, or since, they are checked again before the start.
    type: list
    elements: str
    choices: [prerequisites, planned_failover, complete_failover, validate, commit, reverse_replicate]
    default: [prerequisites, planned_failover, complete_failover, validate, commit, reverse_replicate]
  only_prerequisites:
    description: Whether to check the prerequisites alone, whatever else O(steps) has.
    type: bool
    default: false
  until:
    description:
      - How far to go. With V(prerequisites), until the prerequisites are checked.
      - With V(synchronized), as far as the VMs can keep running in Azure. VMs whose data is copied during the failover
        are not started.
      - A later task continues from there with O(state).
    type: str
    default: end
    choices: [prerequisites, synchronized, end]
  wave_tasks:
    description:
      - Whether tasks have to run before any of the VMs is cut over or committed. Each VM for which that is due stops
        before it, with a RV(handover) for V(wave).
    type: bool
    default: false
  at_once:
    description:
      - How many VMs of O(replicated_items) may copy their data at the same time; no limit if not set. The others wait
        for their turn, which does not count towards O(wait_timeout).
      - What is limited must be known of each VM, see O(place).
    type: dict
    suboptions:
      per_host:
        description: VMs of one Hyper-V host.
        type: int
      per_cluster:
        description: VMs of one failover cluster. VMs without one are in none.
        type: int
      per_site:
        description: VMs of one site.
        type: int
      per_vault:
        description: VMs of one vault.
        type: int
  place:
    description:
      - Where a VM belongs, for O(at_once). The VMs that P(asr.failback.failback_waves#filter) returns have these keys.
    type: dict
    suboptions:
      host:
        description: The Hyper-V host that it comes back to.
        type: str
      cluster:
        description: Its failover cluster.
        type: str
      site:
        description: Its Hyper-V site or VMM server.
        type: str
      vault:
        description: Its vault.
        type: str
  data_sync:
    description:
      - As O(asr.failback.planned_failover#module:data_sync).
      - With V(auto), and O(steps) without V(complete_failover), a planned failover that would take the VM down is held.
    type: str
    default: auto
    choices: [auto, before_failover, during_failover]
  create_vm_if_missing:
    description: As O(asr.failback.planned_failover#module:create_vm_if_missing).
    type: bool
    default: false
  target_host:
    description: As O(asr.failback.planned_failover#module:target_host).
    type: str
  refresh_provider:
    description: As O(asr.failback.failback_prereq#module:refresh_provider).
    type: bool
    default: false
  fail_on_error:
    description: Whether to fail if the failback fails. If not, RV(result) says so. Wrong options always fail.
    type: bool
    default: true
  comments:
    description: As O(asr.failback.complete_failover#module:comments).
    type: str
  commit_policy:
    description: As O(asr.failback.commit#module:policy).
    type: str
    default: after_validation
    choices: [now, after_validation, hold, not_before]
  commit_not_before:
    description: As O(asr.failback.commit#module:not_before).
    type: str
  discard_azure_changes:
    description: As O(asr.failback.commit#module:discard_azure_changes). B(Dangerous.)
    type: bool
    default: false
  discard_disks:
    description: As O(asr.failback.commit#module:discard_disks), but with the name of the VM, as C(VM/DISK).
      B(Dangerous.)
    type: list
    elements: str
    default: []
  accept_unseen:
    description: As O(asr.failback.commit#module:accept_unseen). B(Dangerous.)
    type: raw
  confirmed:
    description: As O(asr.failback.commit#module:confirmed).
    type: list
    elements: str
  confirmed_by:
    description: As O(asr.failback.commit#module:confirmed_by).
    type: str
  heartbeat:
    description: As O(asr.failback.failback_validate#module:heartbeat).
    type: bool
    default: true
  addresses:
    description: As O(asr.failback.failback_validate#module:addresses).
    type: bool
    default: true
  expected_addresses:
    description: As O(asr.failback.failback_validate#module:expected_addresses).
    type: list
    elements: str
  validation_timeout:
    description: As O(asr.failback.failback_validate#module:timeout).
    type: int
    default: 600
  hooks:
    description:
      - Absolute paths of task files to run before and after the steps. The module does not run them. It stops there and
        returns RV(handover), so that the role can.
    type: dict
    suboptions:
      before_prerequisites:
        description: Before the prerequisites are checked.
        type: str
      after_prerequisites:
        description: After the prerequisites are checked.
        type: str
      before_planned_failover:
        description: Before the planned failover, also if it has nothing left to do.
        type: str
      after_planned_failover:
        description: After the planned failover, when the data is synchronized; with V(during_failover), after the
          cut-over.
        type: str
      before_complete_failover:
        description: Before the complete failover, the cut-over of a VM whose data was copied before. Does not run
          with V(during_failover).
        type: str
      after_complete_failover:
        description: After the complete failover, before the validation.
        type: str
      before_cut_over:
        description: Right before the cut-over, after the hook before its step, which is the complete failover, or
          with V(during_failover) the planned failover.
        type: str
      after_cut_over:
        description: Right after the cut-over, before the hook after its step. Also runs if an earlier run has begun
          the cut-over.
        type: str
      before_validate:
        description: Before the validation.
        type: str
      after_validate:
        description: After the validation.
        type: str
      before_commit:
        description: Before the commit.
        type: str
      after_commit:
        description: After the commit.
        type: str
      before_reverse_replicate:
        description: Before the VM is replicated to Azure again.
        type: str
      after_reverse_replicate:
        description: After the VM is replicated to Azure again.
        type: str
  validation_tasks:
    description: Absolute path of a task file that validates the VM. Handed over as O(hooks) are.
    type: str
  unusable_files:
    description: Why files of O(hooks) or O(validation_tasks) cannot be used, by path. If there are any, nothing begins.
    type: dict
  proof:
    description: The results that the tasks of O(validation_tasks) have registered. For one VM.
    type: raw
  preparation_tasks:
    description: Absolute path of a task file that fixes O(preparation_findings). Handed over as O(hooks) are.
    type: str
  preparation_findings:
    description: Ids of findings of the prerequisites that O(preparation_tasks) fixes.
    type: list
    elements: str
  failed_task:
    description: The result of the task that failed in the file that was handed over. For one VM.
    type: dict
  state:
    description: The RV(state) that an earlier task returned for this target when it handed over or stopped, to continue
      from there. In a fleet, C(packed) of RV(vms). For one VM.
    type: raw
  report:
    description:
      - Path of a file to keep up to date with the results of O(replicated_items), as M(asr.failback.failback_report)
        writes it. Results of others in it are kept. The outcome of a VM that is not done is V(in_progress).
    type: path
  wrong_variables:
    description: What is wrong with the variables of the host. If not empty, nothing begins.
    type: str
  unknown_variables:
    description: Variables of the host that the role does not know. If there are any, nothing begins.
    type: list
    elements: str
  hosts:
    description:
      - Names of hosts of the inventory to fail back, instead of O(replicated_items). What to do with each is read from
        its variables, those of P(asr.failback.failback#role). Works on the controller only.
      - Those that have ended according to O(continues) are left out.
    type: list
    elements: str
  continues:
    description:
      - With O(hosts), the name of the variable in which an earlier task was registered, to continue from there.
    type: str
  places:
    description: With O(hosts), the O(place) of each host, by its name.
    type: dict
  confirmations:
    description:
      - With O(hosts), what was O(confirmed) for each host, by its name. If set, a host that is not in it commits
        nothing.
    type: dict
extends_documentation_fragment:
  - asr.failback.attributes
  - asr.failback.attributes.group_verbs
  - asr.failback.azure
  - asr.failback.vault
  - asr.failback.probes
  - asr.failback.target
  - asr.failback.many
  - asr.failback.wait
  - asr.failback.hosts
  - asr.failback.winrm
  - asr.failback.window
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.planned_failover
  - module: asr.failback.complete_failover
  - module: asr.failback.failback_validate
  - module: asr.failback.commit
  - module: asr.failback.reverse_replicate
"""

EXAMPLES = r"""
---
- name: Copy the data of many VMs while they run in Azure
  asr.failback.failback:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_items:
      - {replicated_item: file01, place: {host: hv01}}
      - {replicated_item: file02, place: {host: hv02}, data_sync: before_failover}
    until: synchronized
    at_once: {per_host: 2}
  register: copied

- name: Show how each of them stands
  ansible.builtin.debug:
    msg: "{{ item.key }}: {{ item.value.result.outcome }} {{ item.value.result.reason }}"
  loop: "{{ copied.vms | dict2items }}"
  loop_control:
    label: "{{ item.key }}"
"""

RETURN = r"""
---
result:
  description:
    - How the run ended or stands, as C(failback_result) of P(asr.failback.failback#role).
    - C(steps), C(findings) and C(validation) are empty if a later task has to continue, unless there is a RV(handover),
      and with O(until=synchronized).
  returned: success, and on failure if the run had begun
  type: dict
  contains:
    target:
      description: The VM or plan.
      type: str
      sample: web01
    outcome:
      description: The last stage, V(waiting_for_window), V(held), V(ready), V(predicted) or V(failed).
      type: str
      sample: protected
    reason:
      description: Why it failed, waits or is held; otherwise empty.
      type: str
      sample: ""
    next:
      description: What to do then; otherwise empty.
      type: str
      sample: ""
    stage:
      description: The stage read last, or predicted; V(mixed) for a plan whose VMs differ.
      type: str
      sample: protected
    authoritative_side:
      description: V(azure), V(on_premises) or V(mixed); V(null) if it is not known.
      type: str
      sample: on_premises
    reversible:
      description: Whether the Azure VM still exists to return to; V(null) if it is not known.
      type: bool
      sample: false
    vms:
      description: The stage of each VM, by its name.
      type: dict
      sample: {web01: protected}
    steps:
      description: What each step has returned, with its name as C(step).
      type: list
      elements: dict
      sample: [{step: reverse_replicate, changed: true}]
    findings:
      description: What the prerequisites have found, as RV(asr.failback.failback_prereq#module:findings).
      type: list
      elements: dict
      sample: []
    validation:
      description: The evidence that it works, as RV(asr.failback.failback_validate#module:validation).
      type: dict
      sample: {}
    discarded:
      description: What commits gave up, as RV(asr.failback.commit#module:discarded).
      type: list
      elements: dict
      sample: []
handover:
  description: The file whose tasks have to run before the target can continue, and what it is for; V(null) if there is
    none.
  returned: success
  type: dict
  sample: null
  contains:
    kind:
      description: V(hook), V(validation) or V(preparation); V(wave) for the tasks before a wave, see O(wave_tasks).
      type: str
      sample: hook
    file:
      description: Path of the file; empty for V(wave).
      type: str
      sample: /etc/ansible/hooks/stop_users.yml
state:
  description:
    - What a later task needs to continue, see O(state); V(null) if the run has ended.
    - If a VM of O(replicated_items) has to be handed over, the others stop, too, as soon as a later task can continue
      them. Jobs that they have started go on in Azure.
  returned: success
  type: dict
  sample: null
stage:
  description: Stage of the target, C(before) and C(after) the step that failed.
  returned: on failure if it was read
  type: dict
  sample: {before: failed_over, after: failed_over}
authoritative_side:
  description: The copy that is authoritative now, V(azure) or V(on_premises); V(mixed) if the VMs of a plan differ or
    it cannot be determined; V(null) if a request was sent and nothing could be read after it.
  returned: on failure if it was read
  type: str
  sample: azure
reversible:
  description: Whether the Azure VM still exists to return to; V(null) if a request was sent and nothing could be read
    after it.
  returned: on failure if it was read
  type: bool
  sample: true
error:
  description:
    - Details of the failure. The keys depend on RV(error.kind).
    - C(file), the file with the task of yours that failed; C(validation), the results of a validation that did not
      pass; C(discarded), C(disks), C(unproven), C(unseen) of a commit, see M(asr.failback.commit); and what else the
      steps report, see their modules.
    - C(asked), C(candidates), C(instance_type) of the target; C(stages), C(locks), C(jobs), C(sides) as they were read;
      C(job_id), C(job_state), C(errors) of a job; C(started_jobs) of this task; C(status), C(code), C(message),
      C(action), C(request_id), C(method), C(url) of Azure's response; C(field), C(value) that are not recognized.
  returned: failure
  type: dict
  contains:
    kind:
      description: Type of failure, such as V(refused), V(job_failed), V(timeout), V(permission) or V(target);
        V(task_failed) if a task in one of your files failed.
      type: str
      sample: refused
# Copied by `make docs`: failure, many
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
from ansible_collections.asr.failback.plugins.module_utils.verbs.failback import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
