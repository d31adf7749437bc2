# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: failback_summary
short_description: Return the result of a run of the role failback so far
description:
  - Returns what P(asr.failback.failback#role) stores in C(failback_result), from the state that the role keeps while it
    runs.
  - The role calls it after every step, since a run may stop at any of them. It is of no use outside the role.
options:
  _input:
    description:
      - The state of the role, with the fields of C(RoleRun) in C(plugins/module_utils/model/summary.py) as keys.
    type: dict
    required: true
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Store the result so far
  ansible.builtin.set_fact:
    failback_result: "{{ __failback_run | asr.failback.failback_summary }}"
"""

RETURN = r"""
---
_value:
  description: The result, as P(asr.failback.failback#role) describes it.
  type: dict
  sample: {target: web01, outcome: protected, stage: protected}
"""

from ansible_collections.asr.failback.plugins.module_utils.model.summary import RoleRun, summary_of


def failback_summary(role_run):
    """Return the result of the role for what it keeps."""
    return summary_of(RoleRun(**role_run))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"failback_summary": failback_summary}
