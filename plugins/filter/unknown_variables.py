# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: unknown_variables
short_description: Find variables with a role's prefix that the role does not know
description:
  - Returns each unknown name, with the known name that it resembles most.
  - A mistyped variable would otherwise be ignored, and the role would use its default.
positional: known
options:
  _input:
    description:
      - The names of the variables that are set.
    type: list
    elements: str
    required: true
  known:
    description:
      - The known names.
    type: list
    elements: str
    required: true
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Stop if a variable is unknown
  ansible.builtin.assert:
    that: query('ansible.builtin.varnames', '^failback_') | asr.failback.unknown_variables(known) | length == 0
  vars:
    known: [failback_commit, failback_commit_policy]
"""

RETURN = r"""
---
_value:
  description: The unknown names, sorted.
  type: list
  elements: str
  sample: ["failback_comit_policy (did you mean failback_commit_policy?)"]
"""

from ansible_collections.asr.failback.plugins.module_utils.model.spelling import unknown_variables


class FilterModule:
    """The filter for playbooks."""

    def filters(self):
        """Return it by its name."""
        return {"unknown_variables": unknown_variables}
