#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rehearsal
short_description: Rehearse the failback of a vault on the simulator
description:
  - Starts the simulator with a scenario, as M(asr.failback.vault_export) writes it, and runs the playbook of this
    collection against it that the vault calls for. If VMs of the vault run in Azure, that is C(asr.failback.fleet). If
    all are at home, it is C(asr.failback.drill), which takes them to Azure and back.
  - Takes along from the inventory what decides how and in which order the VMs are failed back, such as
    C(failback_tier) and C(failback_data_sync). It leaves out what would reach real systems, such as credentials, hosts,
    hooks, probes and validation tasks. The playbook gets the credentials of the simulator only.
  - A VM that fails in the rehearsal does not fail the task; RV(exit_code) and the record say so.
  - Needs the Python package C(asr-simulator) on the controller. Works on the controller only.
options:
  scenario:
    description:
      - Path of the scenario.
    type: path
    required: true
  hosts:
    description:
      - Names of the hosts of the inventory to rehearse.
    type: list
    elements: str
    required: true
  record:
    description:
      - Path of the record that the rehearsal leaves. Its times are those of the simulator.
    type: path
    required: true
  log:
    description:
      - Path of a file for everything that simulator and playbook print. Only its owner may read it.
    type: path
    required: true
  speed:
    description:
      - Simulated seconds per second.
    type: float
    default: 240
  simulator:
    description:
      - Path of the program C(asr-simulator), if it is neither in the C(PATH) nor beside the controller's Python.
    type: path
  timeout:
    description:
      - How many seconds the playbook may take.
    type: int
    default: 7200
attributes:
  diff_mode:
    details: The record says what happened.
  idempotent:
    support: none
    details: Each rehearsal is a new one.
extends_documentation_fragment:
  - asr.failback.attributes.file
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.vault_export
  - module: asr.failback.failback_report
"""

EXAMPLES = r"""
---
- name: Rehearse the failback of all hosts
  asr.failback.rehearsal:
    scenario: "{{ playbook_dir }}/vault-recovery.yml"
    hosts: [print01]
    record: "{{ playbook_dir }}/rehearsal.json"
    log: "{{ playbook_dir }}/rehearsal.log"
    speed: 1200
  run_once: true
"""

RETURN = r"""
---
playbook:
  description: The playbook that was run; V(null) in check mode.
  returned: success
  type: str
  sample: asr.failback.fleet
exit_code:
  description: How it ended, V(0) if no VM failed; V(null) in check mode.
  returned: success
  type: int
  sample: 0
record:
  description: Path of the record; V(null) in check mode.
  returned: success
  type: str
  sample: /var/lib/failback/rehearsal.json
log:
  description: Path of what was printed; V(null) in check mode.
  returned: success
  type: str
  sample: /var/lib/failback/rehearsal.log
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.rehearsal import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
