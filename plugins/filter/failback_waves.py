# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: failback_waves
short_description: Plan the waves in which VMs are cut over
description:
  - Puts VMs into waves. A VM comes after the VMs that it depends on and after those of earlier tiers, or of earlier
    groups of a recovery plan. A wave has no more VMs of a host, cluster, site or vault than the caps allow. The same
    input always returns the same waves, in whichever order the VMs are listed.
  - Checks that the memory of the hosts suffices for all of the VMs, and that each cluster can still run all of its VMs
    without any one of its nodes.
  - Estimates how long the data of each VM is copied and how long it is down. What an estimate needs and is not known
    makes it V(null), with the reason.
  - Fails with all reasons at once if VMs depend on each other in a circle, or on a VM that is not known, if a VM fits
    no host, or if memory does not suffice. What was not read is no reason to fail; the memory is then C(not_checked).
  - Reads and changes nothing.
options:
  _input:
    description:
      - The VMs, each a dictionary. Only C(name) is required. Entries of M(asr.failback.replicated_item_info) can be
        used as they are, with more keys added to them. Other keys are ignored.
      - C(name), C(friendly_name) and C(id) as M(asr.failback.replicated_item_info) returns them. C(site), the Hyper-V
        site or VMM fabric, and C(vault) are taken from C(id) if not set.
      - C(host) is the Hyper-V host that the VM comes back to, C(cluster) its failover cluster, V(null) if it is in
        none. C(target_host) is another host that it is failed back to. Without a C(host), a VM comes back to the one of
        O(hosts) that has it, else to the node of its C(cluster) with the most memory left.
      - C(tier) is a number, the lowest comes first; VMs without one come last. C(group) is the number of a group.
        C(depends_on) is a list of names of other VMs. What a VM of an early tier depends on comes early, too.
      - C(memory_bytes) is its startup memory, C(disk_bytes) the size of its disks, or C(disks) a list of them with
        C(size). If not set, they are taken from O(hosts). C(changed_bytes) is how much has changed in Azure.
      - C(days_in_azure), or C(data_sync), an option of M(asr.failback.planned_failover) or what
        M(asr.failback.failback_prereq) returns, and C(create_vm_if_missing) say how its data will be copied.
      - C(replicated_item), which M(asr.failback.replicated_item_info) returns with
        O(asr.failback.replicated_item_info#module:full), tells the sizes of its disks, and by which id a host knows it.
    type: list
    elements: dict
    required: true
  order_by:
    description:
      - Whether the tiers or the groups of the VMs count. If not set, the groups if O(recovery_plan) is set or the VMs
        have a C(group), else the tiers.
      - Dependencies count in both cases. A VM that depends on one of a later group is refused.
    type: str
    choices: [tier, group]
  recovery_plan:
    description:
      - A recovery plan whose groups are used, an entry of M(asr.failback.recovery_plan_info) with
        O(asr.failback.recovery_plan_info#module:full). Each VM must be in one of its groups.
    type: dict
  already_back:
    description:
      - Names that VMs may depend on although they are not among the VMs, because they already run on-premises.
    type: list
    elements: str
    default: []
  per_host:
    description:
      - How many VMs of one host a wave may have; no limit if not set.
      - The host of each VM must be known, and likewise for the other caps.
    type: int
  per_cluster:
    description:
      - How many VMs of one cluster a wave may have. Set C(cluster) to V(null) for VMs that are in none and whose host
        is not one of O(hosts).
    type: int
  per_site:
    description:
      - How many VMs of one site a wave may have.
    type: int
  per_vault:
    description:
      - How many VMs of one vault a wave may have.
    type: int
  hosts:
    description:
      - The Hyper-V hosts, each as M(asr.failback.hyperv_host_info) returns it in
        RV(asr.failback.hyperv_host_info#module:host), if it was queried without
        O(asr.failback.hyperv_host_info#module:vms). Without them the memory is not checked.
    type: list
    elements: dict
    default: []
  n_plus_1:
    description:
      - Whether each cluster that VMs come to must be able to run all of its VMs without any one of its nodes. What runs
        there counts by its startup memory.
    type: bool
    default: true
  bytes_per_second:
    description:
      - How fast the data of one VM is copied.
    type: int
  compare_bytes_per_second:
    description:
      - How fast the disks of one VM are compared before what differs is copied.
    type: int
  earlier_runs:
    description:
      - What earlier failbacks took, oldest first. Each has C(name) and C(data_sync) (V(before_failover) or
        V(during_failover)), and as far as known C(synchronization_seconds), C(downtime_seconds) and C(disk_bytes).
      - Used where the rates and sizes do not tell, first the VM's own, else the median of the others.
    type: list
    elements: dict
    default: []
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.replicated_item_info
  - module: asr.failback.hyperv_host_info
  - module: asr.failback.recovery_plan_info
"""

EXAMPLES = r"""
---
- name: Plan by tiers, with at most two VMs of a host in a wave
  ansible.builtin.set_fact:
    plan: "{{ vms | asr.failback.failback_waves(per_host=2, hosts=hosts) }}"
  vars:
    vms:
      - {name: db01, host: hv01, tier: 1, memory_bytes: 8589934592}
      - {name: web01, host: hv01, tier: 2, memory_bytes: 4294967296, depends_on: [db01]}
    hosts:
      - {name: hv01, free_memory_bytes: 68719476736, cluster: null, vms: []}

- name: Show who goes when, and why
  ansible.builtin.debug:
    msg: "wave {{ item.0.wave }}: {{ item.1.name }}: {{ item.1.why | join('; ') }}"
  loop: "{{ plan.waves | subelements('vms') }}"
  loop_control:
    label: "{{ item.1.name }}"

- name: Read the VMs of the vault
  asr.failback.replicated_item_info:
    resource_group: rg-recovery
    vault_name: vault-recovery
    full: true
  register: found

- name: Read a recovery plan
  asr.failback.recovery_plan_info:
    resource_group: rg-recovery
    vault_name: vault-recovery
    name: shop
    full: true
  register: shop

- name: Read the Hyper-V hosts
  asr.failback.hyperv_host_info:
    host: "{{ item }}"
  loop: [hv01, hv02]
  register: read

- name: Plan by the groups of the recovery plan, with at most ten VMs of a site in a wave
  ansible.builtin.set_fact:
    plan: >-
      {{ found.replicated_items | asr.failback.failback_waves(
        recovery_plan=shop.recovery_plans[0], hosts=read.results | map(attribute='host'), per_site=10) }}
"""

RETURN = r"""
---
_value:
  description: The plan.
  type: dict
  contains:
    waves:
      description: The waves in their order.
      type: list
      elements: dict
      contains:
        wave:
          description: Its number, from 1.
          type: int
          sample: 1
        vms:
          description:
            - Its VMs, with what is known of them under the names of the input. C(host) is the one that it was placed
              on, C(depends_on) has the names of those among the VMs, and C(cluster) is empty if it is in none.
            - C(why) has the reasons why it is in this wave, and not in an earlier one.
            - C(data_sync) has C(option) and C(reason) of the data synchronization, as far as it can be foreseen.
            - C(synchronization) and C(downtime) are estimates, each with C(seconds), what they rest on in C(rests_on),
              and C(reason) if C(seconds) is V(null).
          type: list
          elements: dict
          sample:
            - name: web01
              host: hv01
              tier: 2
              depends_on: [db01]
              why: [tier 2, 'depends on db01, which is in wave 1']
              downtime:
                seconds: null
                rests_on: []
                reason: no earlier run shows how long the last changes and the start take (earlier_runs)
        downtime:
          description: Estimate of the longest downtime in the wave.
          type: dict
          sample: {seconds: 600, rests_on: ['the longest, of web01'], reason: ''}
    memory:
      description:
        - Whether the memory suffices, in C(status), V(pass) or V(not_checked), with the C(reason) if hosts are missing.
        - C(hosts) has for each host its C(vms), C(free_memory_bytes), C(needed_bytes), C(left_bytes), C(status) and
          C(reason), C(clusters) for each cluster that VMs come to its C(nodes), C(status) and C(reason).
      type: dict
      sample:
        status: pass
        reason: ''
        hosts:
          - host: hv01
            cluster: ''
            vms: [db01, web01]
            free_memory_bytes: 68719476736
            needed_bytes: 12884901888
            left_bytes: 55834574848
            status: pass
            reason: ''
        clusters: []
    totals:
      description:
        - The numbers of C(vms) and C(waves), the sums C(memory_bytes) and C(disk_bytes), V(null) if one is not known,
          and estimates.
        - C(synchronization) is for all VMs that synchronize before the failover, each begun as soon as the caps allow.
          C(cut_over) is the sum of the longest downtimes of the waves, without gates and windows between them.
          C(downtime) is the longest of any VM.
      type: dict
      sample: {vms: 2, waves: 2, memory_bytes: 12884901888}
"""

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from ansible_collections.asr.failback.plugins.module_utils.model.waves import WaveOptions, plan_waves


def wave_options(options):
    """Return the options of the filter. Raises TypeError for one that it does not have."""
    return WaveOptions(**{**options, "n_plus_1": boolean(options.get("n_plus_1", True))})


def failback_waves(vms, **options):
    """Return the waves of the VMs; fail with all reasons where there are none."""
    try:
        return plan_waves(vms, wave_options(options))
    except (FailbackError, TypeError) as problem:
        raise AnsibleFilterError(f"asr.failback.failback_waves: {problem}") from problem


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"failback_waves": failback_waves}
