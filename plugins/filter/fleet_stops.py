# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: fleet_stops
short_description: Return which hosts of a wave are not started, and why
description:
  - A wave is not started if too many VMs of the fleet have failed, a VM not if one that it depends on is not back. For
    the playbook C(asr.failback.fleet), which keeps what it needs in facts of the hosts.
positional: tally, plan, max_failed, gates
options:
  _input:
    description:
      - Names of the hosts of the wave.
    type: list
    elements: str
    required: true
  tally:
    description:
      - How all hosts of the fleet stand, as P(asr.failback.fleet_tally#filter) returned it.
    type: dict
    required: true
  plan:
    description:
      - What P(asr.failback.fleet_plan#filter) returned.
    type: dict
    required: true
  max_failed:
    description:
      - How many VMs of the fleet may have failed, as a number or a percentage.
    type: raw
    default: 0
  gates:
    description:
      - For the tasks C(before) and C(after) waves, the wave in which they were C(begun) last, and that in which they
        C(passed) last. If these differ, the whole wave is not started.
    type: dict
    default: {}
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Hold back those that may not start
  ansible.builtin.set_fact:
    stopped: "{{ ansible_play_batch | asr.failback.fleet_stops(tally, plan, '10%') }}"
  run_once: true
"""

RETURN = r"""
---
_value:
  description: What is known of these hosts, with the C(reason), by host.
  type: dict
  sample: {web01: {outcome: not_started, reason: "It comes after db01, not back on-premises."}}
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from ansible_collections.asr.failback.plugins.module_utils.model.fleet import closed_gate, stops


def fleet_stops(names, tally, plan, max_failed=0, gates=None):
    """Return the results of hosts that are not started."""
    try:
        return stops(names, tally, plan, max_failed, closed_gate(gates or {}))
    except FailbackError as problem:
        raise AnsibleFilterError(str(problem)) from problem


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"fleet_stops": fleet_stops}
