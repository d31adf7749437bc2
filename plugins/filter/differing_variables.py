# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: differing_variables
short_description: Return the variables that differ among hosts
description:
  - Returns those of the given variables that are not the same for all hosts, or not set for all. For the playbooks,
    which read such variables once for the whole run.
positional: hostvars, variables
options:
  _input:
    description:
      - Names of the hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description:
      - The variables of all hosts.
    type: dict
    required: true
  variables:
    description:
      - Names of the variables to compare.
    type: list
    elements: str
    required: true
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: See that there is one report
  ansible.builtin.assert:
    that: ansible_play_hosts | asr.failback.differing_variables(hostvars, ['failback_report']) | length == 0
"""

RETURN = r"""
---
_value:
  description: Their names.
  type: list
  elements: str
  sample: [failback_report]
"""


def differing_variables(hosts, hostvars, variables):
    """Return the names of the variables that differ."""
    found = {name: set() for name in variables}
    for host in hosts:
        own = hostvars[host]
        for name in variables:
            found[name].add(repr(own.get(name)))
    return [name for name in variables if len(found[name]) > 1]


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"differing_variables": differing_variables}
