# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: report_lines
short_description: Show the results of failbacks as lines of text
description:
  - Turns the C(failback_result) of several hosts, as set by the role P(asr.failback.failback#role), into aligned lines.
  - Results that need attention come last.
options:
  _input:
    description:
      - The results, each with the name of its host as C(host), as P(asr.failback.result_of#filter) returns them.
    type: list
    elements: dict
    required: true
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
  description:
    - A header, then one line for each result with host, outcome, authoritative side and the path of stages, which is
      omitted if it is just the outcome.
    - If a failback failed, was undone or not started, is held or waits for its window, a line with the reason and one
      with what to do next follow.
    - Further lines show the host that a VM runs on if it may have another copy on-premises, what a commit gave up and
      what it left in Azure, each finding of the prerequisites that warns, and each check that could not be made.
    - The last line counts the outcomes if there is more than one result.
  type: list
  elements: str
  sample:
    - "host   outcome    side         stages"
    - "web01  protected  on_premises  failed_over > waiting_for_completion > failed_back > protected"
    - "       warn: web01: The VM is off. Start it, unless it is off on purpose."
    - "       not checked: delete_lock: The caller may not read locks."
    - "web02  failed     azure        failover_commit_pending"
    - "       why:  The failover to Azure is not committed yet."
    - "       next: Site Recovery shows it as failed over to Azure, not committed. Do what the reason says."
    - "2 hosts: 1 failed, 1 protected"
"""

from ansible_collections.asr.failback.plugins.module_utils.model.report_lines import report_lines


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"report_lines": report_lines}
