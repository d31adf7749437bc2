# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: is_true
short_description: Read a variable as module options read a yes or no
description:
  - Options of modules, and the argument specs of roles, take V(y) and V(t) for yes. The filter
    P(ansible.builtin.bool#filter) takes them for no.
options:
  _input:
    description:
      - The value of the variable.
    type: raw
    required: true
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - plugin: ansible.builtin.bool
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Fail the host
  ansible.builtin.fail:
    msg: It did not come back.
  when: failback_fail_on_error | asr.failback.is_true
"""

RETURN = r"""
---
_value:
  description: Whether it says yes. What says neither yes nor no, says no.
  type: bool
  sample: true
"""

from ansible_collections.asr.failback.plugins.module_utils.model.drills import is_true


class FilterModule:
    """The filter for playbooks."""

    def filters(self):
        """Return it by its name."""
        return {"is_true": is_true}
