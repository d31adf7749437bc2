# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: result_of
short_description: Return the failback result of a host
description:
  - Returns the C(failback_result) that the role P(asr.failback.failback#role) set for a host, with the name of the host
    as C(host).
  - With O(fact), returns that of another role, such as C(undo_failback_result) of P(asr.failback.undo_failback#role).
  - For a host that has none, because it dropped out before the role could set one, returns a result with the outcome
    C(failed).
positional: hostvars, fact
options:
  _input:
    description:
      - Name of the host.
    type: str
    required: true
  hostvars:
    description:
      - The variables of all hosts.
    type: dict
    required: true
  fact:
    description:
      - Name of the fact that holds the result.
    type: str
    default: failback_result
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Show the results of all hosts
  ansible.builtin.debug:
    msg: "{{ groups['all'] | map('asr.failback.result_of', hostvars) | asr.failback.report_lines }}"
"""

RETURN = r"""
---
_value:
  description: The result with C(host). Its keys are always the same.
  type: dict
  sample: {host: web01, outcome: protected, stage: protected}
"""


from ansible_collections.asr.failback.plugins.module_utils.model.summary import FACT, named_result


def result_of(host, hostvars, fact=FACT):
    """Return the result of a host with its name; one that says that it failed where it has none."""
    return named_result(host, hostvars[host].get(fact), fact)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"result_of": result_of}
