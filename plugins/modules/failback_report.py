#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: failback_report
short_description: Show the results of failbacks, or write the record of a run
description:
  - Shows the results of several hosts as a table, or writes them to a file on the controller, with what the run was,
    what it took, and a verdict. The playbooks of this collection use it for their reports.
  - The table is shown even if Ansible is configured not to display successful tasks
    (C(ANSIBLE_DISPLAY_OK_HOSTS=false)). Nothing is shown if the task runs as an ordinary module (delegated, C(async))
    or has C(no_log).
  - The file is replaced atomically, so it is complete even if the run is killed. Only its owner may read it; one that
    others may access is replaced even if its content is the same.
  - Nothing else is left behind. An unfinished C(PATH.part) of a killed run is removed by the next run.
options:
  path:
    description:
      - Path of the file. Its folder must exist. Anything that is not a file, such as a pipe or a device, is refused.
      - If not set, the results are shown and nothing is written.
    type: path
  results:
    description:
      - The results, as P(asr.failback.result_of#filter) returns them.
    type: list
    elements: dict
  hosts:
    description:
      - Names of hosts of the inventory whose results to report, instead of O(results). Works on the controller only,
        where it takes less memory if there are many.
    type: list
    elements: str
  records:
    description:
      - Files that were written earlier, such as those of the slices of a fleet, instead of O(results). They are
        reported as one. No host may be in more than one of them.
    type: list
    elements: path
  fact:
    description:
      - With O(hosts), the name of the fact that holds the result of each, such as V(undo_failback_result).
    type: str
    default: failback_result
  kind:
    description:
      - What kind of run it is. It is stored in the record.
    type: str
    default: failback
  ended:
    description:
      - Whether the run has ended with this. If not, the record says that it is running, and whoever reads it after an
        interruption sees that it is not whole.
    type: bool
    default: true
  drill:
    description:
      - What is to be stored about the drill that the run is, if it is one.
    type: dict
  html:
    description:
      - Path of an HTML page about the run, made of the record at O(path). It needs nothing else, neither network nor
        scripts, and can be printed.
      - This and the following options work on the controller only. Files are written like O(path), but not in check
        mode.
    type: path
  markdown:
    description:
      - Path of the same as Markdown.
    type: path
  junit:
    description:
      - Path of the same as JUnit XML, with a suite for each VM and a case for each check. Needs the Python library
        junitparser.
    type: path
  manifest:
    description:
      - Path of a list of the SHA-256 sums of the files above, which C(sha256sum -c) checks in its folder.
    type: path
  sign:
    description:
      - A program and its arguments that signs O(manifest), whose path is added, for example C([minisign, -S, -W, -s,
        /etc/failback/minisign.key, -m]). It runs without a shell and must not ask for anything. It runs only if one of
        the files has changed.
    type: list
    elements: str
  history:
    description:
      - Files with the records of earlier runs, and folders with such files, of which O(html) and O(markdown) show what
        each application took run by run. O(path) may be among them.
    type: list
    elements: path
  trace:
    description:
      - Whether to send the record at O(path) as a trace, with a span for the run, each VM, each phase and each task of
        a job, to a collector of OpenTelemetry (OTLP over HTTP). It is sent each time the task runs, if the record has
        ended, and not of a run in check mode.
      - Where it goes, with what headers and certificates, the standard variables of the environment say, such as
        C(OTEL_EXPORTER_OTLP_ENDPOINT). A trace that is not taken within C(OTEL_EXPORTER_OTLP_TIMEOUT) seconds, at most
        30, fails the task after everything else is written.
      - Needs the Python library opentelemetry-exporter-otlp-proto-http.
    type: bool
    default: false
attributes:
  idempotent:
    support: full
extends_documentation_fragment:
  - asr.failback.attributes.file
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - plugin: asr.failback.result_of
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Write the results of all VMs to a file
  asr.failback.failback_report:
    path: "{{ playbook_dir }}/report.json"
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true

- name: Make a page and the sums of a record that was written earlier
  asr.failback.failback_report:
    records: ["{{ playbook_dir }}/report.json"]
    path: "{{ playbook_dir }}/again.json"
    html: "{{ playbook_dir }}/report.html"
    manifest: "{{ playbook_dir }}/SHA256SUMS"
  run_once: true

- name: Show the results
  asr.failback.failback_report:
    results: "{{ ansible_play_hosts_all | map('asr.failback.result_of', hostvars) | list }}"
  run_once: true
"""

RETURN = r"""
---
path:
  description: The file; V(null) if the results were shown.
  returned: success
  type: str
  sample: /var/lib/failback/report.json
verdict:
  description: The verdict on the run, V(passed), V(passed_with_findings), V(not_proven) or V(failed); V(null) if the
    results were shown.
  returned: success
  type: str
  sample: passed
lines:
  description: The lines that were shown, as P(asr.failback.report_lines#filter) returns them.
  returned: success, without O(path)
  type: list
  elements: str
  sample:
    - "host   outcome    side         stages"
    - "web01  protected  on_premises  failed_over > waiting_for_completion > failed_back > protected"
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.failback_report import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
