#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: hyperv_host_info
short_description: Show the configuration and VMs of a Hyper-V host or VMM server
description:
  - Queries a Hyper-V host over WinRM for its version, role and services, volumes, virtual switches and virtual machines
    with state, checkpoints, disks, heartbeat and addresses, and the owner of each in a failover cluster. A VMM server
    is also queried for the hosts, clouds and virtual machines that it manages.
  - Uses a single session, regardless of the number of virtual machines. Nothing is changed or installed on the host.
  - Anything that could not be read is listed in RV(host.problems) with the host's message. The rest is still returned.
options:
  host:
    description:
      - The host, by its inventory name, with or without the domain, or by its address.
      - If not set, the host of the play. A task that is delegated to another machine must set it, and cannot use the
        inventory.
    type: str
  vms:
    description:
      - Return only these virtual machines, given by name or id; all of them if not set.
      - Names are compared literally, not as patterns.
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
- name: Query the host of the play
  asr.failback.hyperv_host_info:
  register: this

- name: Query one VM on another host
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
  description: Facts about the host.
  returned: success
  type: dict
  contains:
    name:
      description: The name given in the task.
      type: str
      sample: hv01
    address:
      description: The address that was queried.
      type: str
      sample: hv01.contoso.example
    port:
      description: WinRM port.
      type: int
      sample: 5986
    computer:
      description: Its computer name.
      type: str
      sample: HV01
    fqdn:
      description: Its fully qualified domain name.
      type: str
      sample: hv01.contoso.example
    machine_guid:
      description:
        - The id of its Windows installation. Machines cloned from one disk may share it.
        - It and the names are read from the registry, which needs no CIM permissions.
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
      description: Number of logical processors.
      type: int
      sample: 32
    memory_bytes:
      description: Total memory.
      type: int
      sample: 137438953472
    free_memory_bytes:
      description: Free memory.
      type: int
      sample: 68719476736
    hyper_v:
      description:
        - Hyper-V. C(installed) says whether the role is installed, C(module) whether its PowerShell module is.
          C(version) is that of its management service.
        - C(virtual_machine_path) and C(virtual_hard_disk_path) are its default folders.
      type: dict
      sample: {installed: true, module: true, version: 10.0.20348.2227}
    may_administer_hyper_v:
      description:
        - Whether the account is one of the host's Administrators or Hyper-V Administrators. To any other account
          Hyper-V may show no VMs, without an error. V(null) if the host could not determine it.
      type: bool
      sample: true
    services:
      description:
        - The relevant services that are installed, each with C(name), C(display_name), C(state), C(start_mode).
        - V(vmms) is Hyper-V, V(dra) the Site Recovery provider, V(obengine) the Recovery Services agent;
          V(SCVMMService) is VMM, V(ClusSvc) the failover cluster.
      type: list
      elements: dict
      sample: [{name: dra, display_name: Microsoft Azure Site Recovery Service, state: Running, start_mode: Auto}]
    volumes:
      description:
        - Volumes with a path, including cluster shared volumes (C(is_cluster_volume)), each with C(path), C(label),
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
        - Virtual switches, each with C(id), C(name), C(type) (V(External), V(Internal) or V(Private)), C(adapter), the
          network adapter that it uses, as Hyper-V describes it, and C(adapters), the descriptions of all adapters that
          it uses and the host still has. If C(embedded_teaming) is true, C(adapter) is V(Teamed-Interface), or its
          equivalent in the host's language.
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
      description: Virtual machines. A cluster node shows those that it owns.
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
          description: Its state as Hyper-V reports it, such as V(Off) or V(Running).
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
          description: How long it has been running.
          type: int
          sample: 0
        processors:
          description: Number of its processors.
          type: int
          sample: 4
        memory_bytes:
          description: Its startup memory.
          type: int
          sample: 8589934592
        heartbeat:
          description: Heartbeat reported by its integration services, such as V(OkApplicationsHealthy) or V(NoContact).
          type: str
          sample: OkApplicationsHealthy
        status:
          description: Its status in Hyper-V Manager, in the host's language.
          type: str
          sample: Operating normally
        operational_status:
          description:
            - Its status by Hyper-V's own names, such as V(Ok); V(InService) and V(MergingDisks) while its disks are
              being merged.
          type: list
          elements: str
          sample: [Ok]
        automatic_stop_action:
          description: Action when the host shuts down, V(TurnOff), V(Save) or V(ShutDown).
          type: str
          sample: Save
        security:
          description:
            - Whether it has a virtual TPM (C(tpm)) and is shielded (C(shielded)); V(null) if that cannot be read.
          type: dict
          sample: {tpm: false, shielded: false}
        automatic_start_action:
          description: Action after the host restarts, V(Nothing), V(StartIfRunning) or V(Start).
          type: str
          sample: StartIfRunning
        is_clustered:
          description: Whether it is a role of a failover cluster.
          type: bool
          sample: false
        replication:
          description: Its replication by Hyper-V Replica, which Site Recovery uses, with C(mode), C(state) and
            C(health).
          type: dict
          sample: {mode: Primary, state: Replicating, health: Normal}
        checkpoints:
          description: Its checkpoints, each with C(name), C(type), and C(created), UTC.
          type: list
          elements: dict
          sample: [{name: before the update, created: "2026-01-30T20:00:00.0000000Z", type: Standard}]
        disks:
          description:
            - Its disks, each with C(path), C(format) (V(VHD) or V(VHDX)), C(type) (V(Dynamic), V(Fixed),
              V(Differencing) or V(PassThrough)), C(parent), C(shared) (whether other machines may use it), C(size) as
              seen by the virtual machine and C(file_size), both in bytes.
            - If the file cannot be read, C(unread) has the host's message, and all but C(path) and C(shared) are
              V(null). Without CredSSP or delegation, files on SMB shares cannot be read, even if they exist.
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
            - Its network adapters, each with C(name), C(mac), C(switch), the switch that it is connected to, if any,
              and C(addresses), as its integration services report them. C(vlan) has C(mode) (V(Untagged), V(Access),
              V(Trunk) or V(Private)), C(id) (of an access port, the native VLAN of a trunk or the primary VLAN of a
              private VLAN) and C(others) (the allowed or secondary VLANs); it is V(null) if it cannot be read.
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
        - The failover cluster that the host is a node of; V(null) if there is none. It has C(name), C(node), the host's
          name in it, C(nodes) with name and state, and the cluster's virtual machines.
        - The virtual machines are in C(groups), the resources of type V(Virtual Machine), and C(configurations), those
          of type V(Virtual Machine Configuration), each with C(vm_id), the C(name) and C(group_state) of its group,
          C(resource), its own name, C(owner) and C(state). The owner lists the virtual machine only while the
          configuration is V(Online).
      type: dict
      sample: null
    vmm:
      description:
        - Facts from System Center Virtual Machine Manager, if the host is a VMM server; otherwise V(null). It has
          C(version), the C(hosts) that it manages with name, state and cluster, C(clouds) with name, and C(vms) with id
          (in Hyper-V), name, state, host and cloud.
      type: dict
      sample: null
    problems:
      description:
        - Parts that could not be read, or not completely, each with the C(part) and the host's C(message).
      type: list
      elements: dict
      sample: [{part: volumes, message: Access denied}]
summary:
  description: The main results, one per line.
  returned: success
  type: list
  elements: str
  sample: ["hv01: Microsoft Windows Server 2022 Datacenter 10.0.20348, Hyper-V 10.0.20348.2227, 1 of its VMs read"]
error:
  description:
    - Details of the failure. The keys depend on RV(error.kind).
    - C(host) and C(address) of the host, its C(message), C(error_id) and C(category), C(exit_code) of PowerShell,
      C(status) of HTTP, C(fault_code) of WS-Management.
  returned: failure
  type: dict
  contains:
    kind:
      description: Type of failure, such as V(host_unreachable), V(host_authentication), V(host) or V(configuration).
      type: str
      sample: host_unreachable
# Copied by `make docs`: failure
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
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.hyperv_host_info import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
