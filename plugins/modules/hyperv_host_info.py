#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: hyperv_host_info
short_description: Show what a Hyper-V host or VMM server is and holds
description:
  - Asks a Hyper-V host over WinRM for its version, role and services, volumes, virtual switches and virtual machines
    with state, checkpoints, disks, heartbeat and addresses, and the owner of each in a failover cluster; a VMM server
    also for the hosts, clouds and virtual machines that it manages.
  - One session is enough, whatever the number of virtual machines. Nothing on the host is changed, and nothing is
    installed there.
  - What the host cannot tell is in RV(host.problems) in its own words; the rest is returned all the same.
options:
  host:
    description:
      - The host, by its name in the inventory, with or without the domain, or by its address.
      - Where it is not set, it is the host of the play. A task that is delegated to another machine must set it, and
        then knows no inventory.
    type: str
  vms:
    description:
      - Return only these virtual machines, given by name or id. All of them where it is not set.
      - Names are compared as they are; they are no patterns.
    type: list
    elements: str
extends_documentation_fragment:
  - asr.failback.attributes.info
  - asr.failback.attributes.group_hosts
  - asr.failback.winrm
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.failback_prereq
  - module: asr.failback.hyperv_switch
"""

EXAMPLES = r"""
---
- name: Look at the host of the play
  asr.failback.hyperv_host_info:
  register: this

- name: Look at one VM on a host of the inventory
  asr.failback.hyperv_host_info:
    host: hv01
    vms: [web01]
  register: found

- name: Stop unless the VM is off
  ansible.builtin.assert:
    that: found.host.vms | map(attribute='state') | list == ['Off']
"""

RETURN = r"""
---
host:
  description: What the host says.
  returned: success
  type: dict
  contains:
    name:
      description: The name that the task gave.
      type: str
      sample: hv01
    address:
      description: Where it was asked.
      type: str
      sample: hv01.contoso.example
    port:
      description: Port of WinRM.
      type: int
      sample: 5986
    computer:
      description: Its name for itself.
      type: str
      sample: HV01
    fqdn:
      description: Its full name.
      type: str
      sample: hv01.contoso.example
    machine_guid:
      description:
        - The id of its installation of Windows. Machines that were made of one disk may share it.
        - It and the names are read from the registry, which needs no right to CIM.
      type: str
      sample: 0d1c2b3a-7a0c-4f5e-9c0e-0c5a3b1d2e3f
    time:
      description: Its clock, UTC.
      type: str
      sample: "2026-01-31T08:59:33.3350470Z"
    os:
      description: The operating system, by C(caption), C(version) and C(installation), which is V(Server) or
        V(Server Core).
      type: dict
      sample: {caption: Microsoft Windows Server 2022 Datacenter, version: "10.0.20348", installation: Server}
    powershell:
      description: Version of Windows PowerShell.
      type: str
      sample: 5.1.20348.2227
    processors:
      description: Logical processors.
      type: int
      sample: 32
    memory_bytes:
      description: Memory.
      type: int
      sample: 137438953472
    free_memory_bytes:
      description: Memory that is free.
      type: int
      sample: 68719476736
    hyper_v:
      description:
        - Hyper-V. C(installed) tells whether the role is there, C(module) whether its PowerShell module is, C(version)
          is that of its management service.
        - C(virtual_machine_path) and C(virtual_hard_disk_path) are where it puts new ones.
      type: dict
      sample: {installed: true, module: true, version: 10.0.20348.2227}
    may_administer_hyper_v:
      description:
        - Whether the account is one of the host's Administrators or Hyper-V Administrators. To any other account
          Hyper-V may show no VMs, without an error. Null when the host could not tell.
      type: bool
      sample: true
    services:
      description:
        - The services that matter and are installed, each with C(name), C(display_name), C(state), C(start_mode).
        - V(vmms) is Hyper-V, V(dra) the Site Recovery provider, V(obengine) the Recovery Services agent;
          V(SCVMMService) is VMM, V(ClusSvc) the failover cluster.
      type: list
      elements: dict
      sample: [{name: dra, display_name: Microsoft Azure Site Recovery Service, state: Running, start_mode: Auto}]
    volumes:
      description:
        - Volumes with a path, cluster shared volumes among them (C(is_cluster_volume)), each with C(path), C(label),
          C(file_system), and C(size) and C(free) in bytes.
      type: list
      elements: dict
      sample:
        - path: D:\
          label: VMs
          file_system: NTFS
          size: 1099511627776
          free: 549755813888
          is_cluster_volume: false
    switches:
      description:
        - Virtual switches, each with C(id), C(name), C(type) (V(External), V(Internal) or V(Private)), the network
          adapter that it uses as Hyper-V says it, C(adapter), and the descriptions of all adapters that it uses and the
          host still has, C(adapters). Where C(embedded_teaming) is true, C(adapter) is V(Teamed-Interface), or that in
          the host's language.
      type: list
      elements: dict
      sample:
        - id: 6d1f1e0a-7a0c-4f5e-9c0e-0c5a3b1d2e3f
          name: Production
          type: External
          adapter: Teamed-Interface
          embedded_teaming: true
          adapters: [Intel X710, 'Intel X710 #2']
    vms:
      description: Virtual machines. A node of a cluster shows those that it owns.
      type: list
      elements: dict
      contains:
        id:
          description: Its id.
          type: str
          sample: 6d1f1e0a-7a0c-4f5e-9c0e-0c5a3b1d2e3f
        name:
          description: Its name.
          type: str
          sample: web01
        state:
          description: Its state in Hyper-V's words, such as V(Off) or V(Running).
          type: str
          sample: "Off"
        generation:
          description: Its generation.
          type: int
          sample: 2
        path:
          description: Folder of its configuration.
          type: str
          sample: D:\Hyper-V\web01
        uptime_seconds:
          description: How long it has run.
          type: int
          sample: 0
        processors:
          description: Its processors.
          type: int
          sample: 4
        memory_bytes:
          description: The memory that it starts with.
          type: int
          sample: 8589934592
        heartbeat:
          description: What its integration services say, such as V(OkApplicationsHealthy) or V(NoContact).
          type: str
          sample: OkApplicationsHealthy
        status:
          description: What Hyper-V Manager shows as its status, in the host's language.
          type: str
          sample: Operating normally
        operational_status:
          description:
            - The same in Hyper-V's names, such as V(Ok); while its disks are merged V(InService) and V(MergingDisks).
          type: list
          elements: str
          sample: [Ok]
        automatic_stop_action:
          description: What the host does with it when it goes down itself, V(TurnOff), V(Save) or V(ShutDown).
          type: str
          sample: Save
        security:
          description:
            - Whether it has a virtual TPM, C(tpm), and is C(shielded); V(null) where that cannot be read.
          type: dict
          sample: {tpm: false, shielded: false}
        automatic_start_action:
          description: What the host does with it after a restart of its own, V(Nothing), V(StartIfRunning) or V(Start).
          type: str
          sample: StartIfRunning
        is_clustered:
          description: Whether it is a role of a failover cluster.
          type: bool
          sample: false
        replication:
          description: Its replication by Hyper-V Replica, which Site Recovery uses; C(mode), C(state) and C(health).
          type: dict
          sample: {mode: Primary, state: Replicating, health: Normal}
        checkpoints:
          description: Its checkpoints, each with C(name), C(type), and when it was C(created), UTC.
          type: list
          elements: dict
          sample: [{name: before the update, created: "2026-01-30T20:00:00.0000000Z", type: Standard}]
        disks:
          description:
            - Its disks, each with C(path), C(format) (V(VHD) or V(VHDX)), C(type) (V(Dynamic), V(Fixed),
              V(Differencing) or V(PassThrough)), C(parent), whether other machines may use it (C(shared)), the C(size)
              that the machine sees and C(file_size), in bytes.
            - Where the file cannot be read, C(unread) has the host's words, and all but C(path) and C(shared) is
              V(null). Without CredSSP or delegation that is so for files on SMB shares, which need not be missing.
          type: list
          elements: dict
          sample:
            - path: D:\Hyper-V\web01\os.vhdx
              format: VHDX
              type: Dynamic
              size: 137438953472
              file_size: 42949672960
              parent: null
              shared: false
              unread: null
        nics:
          description:
            - Its network adapters, each with C(name), C(mac), the C(switch) that it is connected to, if any, and the
              C(addresses) that its integration services tell. C(vlan) has its C(mode) (V(Untagged), V(Access), V(Trunk)
              or V(Private)), the C(id) of an access port, the native one of a trunk or the primary one of a private
              VLAN, and the allowed or secondary ones, C(others); it is V(null) where it cannot be read.
          type: list
          elements: dict
          sample:
            - name: Network Adapter
              mac: 00155D010203
              switch: Production
              vlan: {mode: Access, id: 42, others: null}
              addresses: [10.1.0.4]
    cluster:
      description:
        - The failover cluster that the host is a node of; V(null) for none. C(name), the host's name in it C(node),
          its C(nodes) with name and state, and its virtual machines.
        - These are C(groups), the resources of type V(Virtual Machine), and C(configurations), those of type V(Virtual
          Machine Configuration), each with C(vm_id), the C(name) and C(group_state) of its group, its own name
          C(resource), its C(owner) and its C(state). Only while a configuration is V(Online) does its owner list the
          virtual machine.
      type: dict
      sample: null
    vmm:
      description:
        - What System Center Virtual Machine Manager knows, on its own server; V(null) elsewhere. Its C(version), the
          C(hosts) that it manages with name, state and cluster, its C(clouds) with name, and its C(vms) with id (in
          Hyper-V), name, state, host and cloud.
      type: dict
      sample: null
    problems:
      description:
        - What could not be read, each with the C(part) that misses or is not whole, and the host's own words,
          C(message).
      type: list
      elements: dict
      sample: [{part: volumes, message: Access denied}]
summary:
  description: A line for each thing that matters.
  returned: success
  type: list
  elements: str
  sample: ["hv01: Microsoft Windows Server 2022 Datacenter 10.0.20348, Hyper-V 10.0.20348.2227, 1 of its VMs read"]
error:
  description:
    - What went wrong, in parts that depend on RV(error.kind).
    - C(host) and C(address) of the host, C(message), C(error_id), C(category) in its own words, C(exit_code) of
      PowerShell, C(status) of HTTP, C(fault_code) of WS-Management.
  returned: failure
  type: dict
  contains:
    kind:
      description: Kind of failure, such as V(host_unreachable), V(host_authentication), V(host) or V(configuration).
      type: str
      sample: host_unreachable
# Copied by `make docs`: failure
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
from ansible_collections.asr.failback.plugins.module_utils.verbs.hyperv_host_info import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
