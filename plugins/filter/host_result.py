# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: host_result
short_description: Return how the failback of a host ended
description:
  - Returns the result of a host out of what M(asr.failback.failback) has returned for it. For the role
    P(asr.failback.failback#role), which also has to say how a run ended that failed outside of the module.
positional: host, failure
options:
  _input:
    description:
      - The entry of the host in RV(asr.failback.failback#module:vms); empty if there is none.
    type: dict
    required: true
  host:
    description:
      - Name of the host.
    type: str
    required: true
  failure:
    description:
      - Why the host failed outside of the module; empty if it did not.
    type: str
    default: ''
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Store the result
  ansible.builtin.set_fact:
    failback_result: "{{ run.vms[inventory_hostname] | asr.failback.host_result(inventory_hostname) }}"
"""

RETURN = r"""
---
_value:
  description: The result, as RV(asr.failback.failback#module:result).
  type: dict
  sample: {outcome: protected, stage: protected}
"""

from ansible_collections.asr.failback.plugins.module_utils.model.summary import result_of_host


def host_result(own, host, failure=""):
    """Return the result of a host."""
    return result_of_host(host, own, failure)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"host_result": host_result}
