# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: report_lines
short_description: Show the results of failbacks as lines of text
description:
  - Turns the C(failback_result) of several hosts, left by the role P(asr.failback.failback#role), into aligned lines.
  - Those that need somebody come last.
options:
  _input:
    description:
      - The results, each with the host's name as C(host), as P(asr.failback.result_of#filter) returns them.
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
    - For each result a line with host, outcome, the side that holds the truth and the path of stages.
    - Where a failback failed or is held, a line with the reason and one with what to do next follow.
  type: list
  elements: str
  sample:
    - "web01  protected  on_premises  failed_over > waiting_for_completion > failed_back > protected"
    - "web02  failed     azure        failed_over"
    - "       why:  The failover to Azure is not committed yet."
    - "       next: It runs in Azure as before. Correct this, then run again."
"""

_NEEDS_SOMEBODY = ("held", "failed")


def report_lines(results):
    """Return the results as aligned lines, with reason and next step where somebody is needed."""
    ordered = sorted(results, key=lambda result: (_rank(result), result["host"]))
    rows = [_row(result) for result in ordered]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for result, row in zip(ordered, rows, strict=True):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        notes = (("why: ", result.get("reason")), ("next:", result.get("next")))
        lines += [f"{'':{widths[0]}}  {label} {text}" for label, text in notes if text]
    return lines


def _rank(result):
    outcome = result["outcome"]
    return _NEEDS_SOMEBODY.index(outcome) if outcome in _NEEDS_SOMEBODY else -1


def _row(result):
    stages = [stage for step in result["steps"] for stage in (step["stage"]["before"], step["stage"]["after"])]
    path = " > ".join(dict.fromkeys([*stages, result["stage"]]))
    return result["host"], result["outcome"], result["authoritative_side"] or "-", path


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"report_lines": report_lines}
