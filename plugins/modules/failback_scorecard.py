#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: failback_scorecard
short_description: Show the state of the failback drills of a fleet
description:
  - Reads the records of runs that M(asr.failback.failback_report) has written, and says for each application of the
    inventory when its VMs were last failed back for real, how that ended, what it took, whether its objectives were
    met, and what has changed since.
  - Drills at the levels V(canary) and V(wave) count, and so do real failbacks. A drill at V(readiness) or V(rehearsal)
    shows only what has changed since.
  - What no record shows counts as not drilled. Only the newest failback of a host counts, passed or not, and only if it
    was of the same VM or plan in the same vault. What was done on a simulator does not count.
  - Works on the controller only, without Azure.
options:
  records:
    description:
      - Files with records, and folders, in which each C(.json) file is read, those in folders below included.
      - Records that show nothing are listed with the reason, such as those of check mode, or slices of a run whose
        merged record is there, too.
    type: list
    elements: path
    required: true
  hosts:
    description:
      - Names of the hosts of the inventory. C(failback_application) and C(failback_objectives) of each say what it
        belongs to, and how it is to be judged. A host without an application is one of its own.
    type: list
    elements: str
    required: true
  valid_days:
    description:
      - How many days a failback counts.
    type: int
    default: 92
  simulated:
    description:
      - Whether failbacks on a simulator count too, to try this out. Page and lines say so.
    type: bool
    default: false
  html:
    description:
      - Path of an HTML page with the scorecard and the trend of each application. It needs nothing else, neither
        network nor scripts, and can be printed. Not written in check mode.
    type: path
  prometheus:
    description:
      - Path of a text file with metrics for Prometheus, as the textfile collector of node_exporter reads them. Unlike
        other files of this collection, all users may read it, as node_exporter is another user. Not written in check
        mode. Needs the Python library prometheus_client.
    type: path
attributes:
  idempotent:
    support: none
    details: Page and metrics say how old each drill is.
extends_documentation_fragment:
  - asr.failback.attributes.file
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.failback_report
"""

EXAMPLES = r"""
---
- name: Show which applications have to be drilled
  asr.failback.failback_scorecard:
    records: ["{{ playbook_dir }}"]
    hosts: "{{ groups['all'] | difference(groups['hyperv_hosts'] | default([])) }}"
    html: "{{ playbook_dir }}/scorecard.html"
    prometheus: "{{ playbook_dir }}/asr_failback.prom"
  run_once: true
"""

RETURN = r"""
---
when:
  description: The time of the scorecard.
  returned: success
  type: str
  sample: "2026-03-02T06:00:00+00:00"
valid_days:
  description: How many days a failback counts.
  returned: success
  type: int
  sample: 92
runs:
  description:
    - The records that count, the newest first, each with its C(path) and the C(id), C(title) and C(when) of its run.
  returned: success
  type: list
  elements: dict
  sample:
    - path: /var/lib/failback/drills/20260301T030000.123456Z_canary/run.json
      id: 8d9f1a52-6a5f-4f7b-9d5e-1a3f0c2b7e44
      title: "Failback drill: canary"
      when: "2026-03-01T03:58:12+00:00"
applications:
  description: The applications, those that need somebody first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name; of a host without an application, that of the host.
      type: str
    status:
      description:
        - V(failed) or V(not_proven) if the last failback of one of its hosts was; V(never_drilled), V(overdue) or
          V(partly_drilled) if none, none in time, or not all of its hosts were drilled; otherwise
          V(passed_with_findings) or V(passed).
      type: str
    why:
      description: The reasons for the status.
      type: list
      elements: str
    hosts:
      description: Its hosts.
      type: list
      elements: str
    drilled_hosts:
      description: Those whose last failback still counts.
      type: list
      elements: str
    last_drill:
      description: When the last run ended that failed one of them back; V(null) if none is recorded.
      type: str
    last_title:
      description: What that run was.
      type: str
    days_since:
      description: Days since.
      type: float
    objectives:
      description: Each of its objectives with the VM that did worst. C(target) and C(measured) are in seconds.
      type: list
      elements: dict
    recovery_time:
      description: The longest recovery, in words.
      type: str
    recovery_seconds:
      description: The same in seconds; V(null) if it was not measured for all.
      type: float
    downtime:
      description: The longest downtime, in words.
      type: str
    downtime_seconds:
      description: The same in seconds; V(null) if it was not measured for all.
      type: float
    next:
      description: What somebody has to do about it.
      type: list
      elements: str
    unmeasured:
      description: VMs whose last failback counts, and whose recovery was not measured, each with the reason.
      type: list
      elements: str
    drift:
      description:
        - What has changed since. New and removed hosts, other objectives, checks that have become worse, another
          release of this collection.
      type: list
      elements: str
  sample:
    - name: shop
      status: overdue
      why: ["last drilled more than 92 days ago: web01 (2025-11-02)"]
      hosts: [web01]
      drilled_hosts: []
      last_drill: "2025-11-02T23:40:10+00:00"
      last_title: "Failback drill: canary"
      days_since: 119.3
      objectives: []
      recovery_time: not measured
      recovery_seconds: null
      downtime: not measured
      downtime_seconds: null
      next: ["Mark web01 with failback_drill: true, and run a canary drill."]
      unmeasured: []
      drift: []
counts:
  description: How many applications have which status.
  returned: success
  type: dict
  sample:
    {failed: 0, not_proven: 0, never_drilled: 1, overdue: 1, partly_drilled: 0, passed_with_findings: 2, passed: 9}
gone:
  description: Applications that were drilled, and are not in the inventory.
  returned: success
  type: list
  elements: str
  sample: [old-shop]
left_out:
  description: Hosts of the inventory that O(hosts) does not name.
  returned: success
  type: list
  elements: str
  sample: [lab01]
simulated:
  description: Whether failbacks on a simulator count.
  returned: success
  type: bool
  sample: false
ignored:
  description: Files that show nothing, each with its C(path) and the C(reason).
  returned: success
  type: list
  elements: dict
  sample:
    - path: /var/lib/failback/check.json
      reason: the run was in check mode
lines:
  description: The lines that were shown.
  returned: success
  type: list
  elements: str
  sample:
    - "application  status   last drill          hosts  recovery      downtime"
    - "shop         overdue  2025-11-02 (119 d)  0/1    1 h 2 min 5 s  9 min 1 s"
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.failback_scorecard import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
