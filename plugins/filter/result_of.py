# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: result_of
short_description: Return the result of a failback of one host
description:
  - Returns the C(failback_result) that the role P(asr.failback.failback#role) left for a host, with the host's name as
    C(host); nothing for a host that has none.
positional: hostvars
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
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Show the results of all hosts
  ansible.builtin.debug:
    msg: "{{ groups['all'] | map('asr.failback.result_of', hostvars) | select | map('asr.failback.result_line') }}"
"""

RETURN = r"""
---
_value:
  description: The result with C(host), or an empty dictionary.
  type: dict
  sample: {host: web01, outcome: protected, stage: protected}
"""


def result_of(host, hostvars):
    """Return the failback_result of a host with its name, or an empty dictionary."""
    result = hostvars[host].get("failback_result")
    return {"host": host, **result} if result else {}


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"result_of": result_of}
