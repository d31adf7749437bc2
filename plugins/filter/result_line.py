# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: result_line
short_description: Show the result of a failback in one line
description:
  - Turns the C(failback_result) of the role P(asr.failback.failback#role) into one line for a report.
options:
  _input:
    description:
      - The result, with the host's name as C(host).
    type: dict
    required: true
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Show the result of one host
  ansible.builtin.debug:
    msg: "{{ failback_result | asr.failback.result_line }}"
"""

RETURN = r"""
---
_value:
  description: Host, outcome, the path of stages, the side that holds the truth, and the reason where there is one.
  type: str
  sample: "web01        protected   failed_over > waiting_for_completion > failed_back > protected  [on_premises]"
"""


def result_line(result):
    """Return host, outcome, path of stages, authoritative side and reason as one line."""
    path = " > ".join(dict.fromkeys(_stages(result)))
    side = f"  [{result['authoritative_side']}]" if result.get("authoritative_side") else ""
    reason = f"  {result['reason']}" if result.get("reason") else ""
    return f"{result.get('host', result.get('target', '')):<14} {result['outcome']:<12} {path}{side}{reason}"


def _stages(result):
    steps = [stage for step in result.get("steps", []) for stage in (step["stage"]["before"], step["stage"]["after"])]
    return [*steps, result["stage"]]


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"result_line": result_line}
