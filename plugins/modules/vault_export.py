#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vault_export
short_description: Write a vault and its Hyper-V hosts to a scenario of the simulator
description:
  - Reads a Recovery Services vault and, where they may be queried, its Hyper-V hosts and VMM servers, and writes what a
    failback depends on to a scenario of the simulator, so that the failback of this vault can be rehearsed.
  - The scenario has replicated items with their stages, disks, locks, health and time in Azure, recovery plans, hosts
    with their hardware, volumes, switches and other VMs, and the time at which all of this was read. It has the names
    of the real ones, but other ids, and no secrets.
  - RV(not_exported) and the comments in the file say what is not in it, or not as it is.
  - Azure and the hosts are only read.
  - The file is replaced atomically. Only its owner may read it.
options:
  path:
    description:
      - Path of the file. Its folder must exist. Anything that is not a file, such as a pipe or a device, is refused.
    type: path
    required: true
attributes:
  idempotent:
    support: none
    details: The scenario says when it was read.
extends_documentation_fragment:
  - asr.failback.attributes.file
  - asr.failback.attributes.group
  - asr.failback.azure
  - asr.failback.azure.tasks
  - asr.failback.vault
  - asr.failback.hosts
  - asr.failback.winrm
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.failback_prereq
  - module: asr.failback.vault_info
"""

EXAMPLES = r"""
---
- name: Export the vault to rehearse its failback
  asr.failback.vault_export:
    resource_group: rg-recovery
    vault_name: vault-recovery
    path: vault-recovery.yml
"""

RETURN = r"""
---
path:
  description: The path of the file.
  returned: success
  type: str
  sample: vault-recovery.yml
scenario:
  description: The scenario, as it is in the file.
  returned: success
  type: dict
  sample: {name: vault-recovery, items: [{name: web01, host: hv01.contoso.example, stage: failed_over}]}
not_exported:
  description: What is not in the scenario, or not as it is, one per line.
  returned: success
  type: list
  elements: str
  sample: ["Host hv02.contoso.example was not read: neither the inventory nor hyperv_hosts has it"]
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.vault_export import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
