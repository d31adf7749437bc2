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
    - A header, then for each result a line with host, outcome, the side that is authoritative and the path of stages,
      which is left out where it is the outcome alone.
    - Where a failback failed, was undone or not started, is held or waits for its window, a line with the reason and
      one with what to do next follow.
    - Each finding of the prerequisites that warns has a line, as has each check that could not be made.
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
"""

_HEADER = ("host", "outcome", "side", "stages")
_NEEDS_SOMEBODY = ("waiting_for_window", "held", "not_started", "undone", "failed")


def report_lines(results):
    """Return the results as aligned lines, with reason, next step and findings below those that have them."""
    ordered = sorted(results, key=lambda result: (_rank(result), result["host"]))
    if not ordered:
        return []
    rows = [_HEADER, *map(_row, ordered)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    header, *lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    shown = [header]
    for result, line in zip(ordered, lines, strict=True):
        shown += [line, *(f"{'':{widths[0]}}  {note}" for note in _notes(result))]
    return shown


def _rank(result):
    outcome = result["outcome"]
    return _NEEDS_SOMEBODY.index(outcome) if outcome in _NEEDS_SOMEBODY else -1


def _row(result):
    stages = [stage for step in result["steps"] for stage in (step["stage"]["before"], step["stage"]["after"])]
    path = list(dict.fromkeys([*stages, result["stage"]]))
    shown = [] if path == [result["outcome"]] else path
    return result["host"], result["outcome"], result["authoritative_side"] or "-", " > ".join(shown)


def _notes(result):
    pairs = (("why: ", result.get("reason")), ("next:", result.get("next")))
    findings = filter(None, (_finding(one, result["stage"]) for one in result.get("findings") or ()))
    # What hides one thing often hides it of every VM of a plan.
    return [*(f"{label} {text}" for label, text in pairs if text), *dict.fromkeys(findings)]


def _finding(finding, stage):
    # It was found before the run, which has written the disks anew since.
    if finding["id"] == "on_premises_disks" and stage != "interrupted":
        return None
    if finding["status"] == "not_checked":
        return f"not checked: {finding['id']}: {finding['cause']}"
    if finding["status"] == "warn":
        about = f"{finding['vm']}: " if finding["vm"] else ""
        return f"warn: {about}{finding['cause']} {finding['remedy']}".rstrip()
    return None


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"report_lines": report_lines}
