# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: fleet_tally
short_description: Count how the hosts of a fleet stand
description:
  - Returns in short how each host stands after a task for many of them. For the playbook C(asr.failback.fleet).
positional: run, stopped
options:
  _input:
    description:
      - What this filter returned after the task before; empty before the first one.
    type: dict
    required: true
  run:
    description:
      - What the task has returned.
    type: dict
    required: true
  stopped:
    description:
      - The hosts that were left out, by name.
    type: dict
    default: {}
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Count
  ansible.builtin.set_fact:
    tally: "{{ tally | default({}) | asr.failback.fleet_tally(run) }}"
"""

RETURN = r"""
---
_value:
  description: The outcome, stage and side of each host.
  type: dict
  sample: {web01: {outcome: protected, stage: protected}}
"""

from ansible_collections.asr.failback.plugins.module_utils.model.fleet import tally_of


def fleet_tally(tally, run, stopped=None):
    """Return how all hosts stand."""
    return tally_of(tally, run, stopped or {})


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"fleet_tally": fleet_tally}
