# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: finding_sentence
short_description: Return a finding of failback_prereq as one line
description:
  - Says what is wrong, what was seen, and what to do.
options:
  _input:
    description:
      - A finding of M(asr.failback.failback_prereq).
    type: dict
    required: true
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Show what blocks the failback
  ansible.builtin.debug:
    msg: "{{ prereq.failed_findings | map('asr.failback.finding_sentence') | list }}"
"""

RETURN = r"""
---
_value:
  description: The line.
  type: str
  sample: 'The virtual switch is missing. Seen: missing: Production; existing: none. Create it with hyperv_switch.'
"""

from ansible_collections.asr.failback.plugins.module_utils.model.findings import sentence_of


class FilterModule:
    """The filter."""

    def filters(self):
        """Return it by its name."""
        return {"finding_sentence": sentence_of}
