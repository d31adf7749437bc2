# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: why_not_started
short_description: Return why a host of a later batch is not started
description:
  - Returns a sentence if more hosts failed in the previous batch than allowed, or if that batch itself was not started;
    an empty string if the host may start.
  - The role P(asr.failback.failback#role) rescues failures so that each host is reported. Ansible then counts no
    failures, and C(max_fail_percentage) has no effect. This filter replaces it.
positional: hosts, hostvars, serial, percentage, fact
options:
  _input:
    description:
      - Name of the host that is about to start.
    type: str
    required: true
  hosts:
    description:
      - The hosts of the play in their order, such as C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  hostvars:
    description:
      - The variables of all hosts.
    type: dict
    required: true
  serial:
    description:
      - The C(serial) of the play, a number, a percentage, or a list of them.
    type: raw
    required: true
  percentage:
    description:
      - Percentage of the hosts of a batch that may fail. If more fail, later batches are not started.
    type: float
    default: 0
  fact:
    description:
      - Name of the fact that holds the result of a host.
    type: str
    default: failback_result
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Stop if the previous batch failed
  ansible.builtin.assert:
    that: inventory_hostname | asr.failback.why_not_started(ansible_play_hosts_all, hostvars, 1) | length == 0
"""

RETURN = r"""
---
_value:
  description: Why it is not started; empty if it may start.
  type: str
  sample: web01 failed in the batch before, and failback_max_fail_percentage is 0. Nothing was read or written.
"""

from ansible.utils.helpers import pct_to_int

from ansible_collections.asr.failback.plugins.filter.result_of import result_of


def why_not_started(host, hosts, hostvars, serial, percentage=0, fact="failback_result"):
    """Say why a host does not begin; nothing where it may."""
    before = _batch_before(host, hosts, serial if isinstance(serial, list) else [serial])
    results = [result_of(name, hostvars, fact) for name in before]
    stopped = [result["reason"] for result in results if result["outcome"] == "not_started"]
    if stopped:
        return stopped[0]
    failed = [result["host"] for result in results if result["outcome"] == "failed"]
    if 100 * len(failed) <= float(percentage) * len(before):
        return ""
    limit = f"{float(percentage):g}"
    return (
        f"{', '.join(failed)} failed in the batch before, and failback_max_fail_percentage is {limit}. "
        "Nothing was read or written."
    )


def _batch_before(host, hosts, serial):
    batches = list(_batches(hosts, serial))
    place = next((place for place, batch in enumerate(batches) if host in batch), 0)
    return batches[place - 1] if place else []


def _batches(hosts, serial):
    """Yield the batches that Ansible makes of the hosts of a play: the last size counts for all that follow."""
    sizes, rest = list(serial), list(hosts)
    while rest:
        size = pct_to_int(sizes.pop(0) if len(sizes) > 1 else sizes[0], len(hosts))
        size = size if size > 0 else len(rest)
        yield rest[:size]
        rest = rest[size:]


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"why_not_started": why_not_started}
