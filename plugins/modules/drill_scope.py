#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: drill_scope
short_description: Decide which VMs a failback drill may touch
description:
  - Says which of the hosts take part in a drill of a level, which do not and why, and what such a drill does not prove.
  - V(readiness) and V(rehearsal) change nothing, so all hosts take part. V(canary) and V(wave) move VMs to Azure and
    back, so only hosts take part for which the inventory itself says C(failback_drill=true). A group, a play or an
    extra variable does not count.
  - Reads the inventory only. Works on the controller only.
options:
  level:
    description:
      - Level of the drill.
    type: str
    choices: [readiness, rehearsal, canary, wave]
    default: readiness
  hosts:
    description:
      - Names of the hosts of the inventory to choose from.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - asr.failback.attributes.info
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.failback_report
"""

EXAMPLES = r"""
---
- name: See which VMs a readiness drill takes
  asr.failback.drill_scope:
    level: readiness
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
  register: scope
"""

RETURN = r"""
---
level:
  description: Level of the drill.
  returned: success
  type: str
  sample: canary
hosts:
  description: The hosts that take part.
  returned: success
  type: list
  elements: str
  sample: [web01]
excluded:
  description: The other hosts, each with C(host) and C(reason).
  returned: success
  type: list
  elements: dict
  sample:
    - host: db01
      reason: "failback_drill: true is not set for the host itself (a group does not count)"
does_not_prove:
  description: What a drill of this level does not prove.
  returned: success
  type: list
  elements: str
  sample: ["That the other VMs come back: only those that are marked for drills were moved."]
confirmed_by:
  description: What stands for the confirmation of the commits; V(null) if the level commits nothing.
  returned: success
  type: str
  sample: "failback_drill: true of each host in the inventory"
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.drill_scope import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
