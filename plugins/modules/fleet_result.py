#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fleet_result
short_description: Return how the failback of one host of a fleet ended
description:
  - Returns for one host what one task of M(asr.failback.failback) has returned for many. Register it as
    C(failback_result).
  - The playbook C(asr.failback.fleet) uses it. On the controller, what is not set is read from the facts that the
    playbook keeps.
options:
  host:
    description: Name of the host; by default that of the task.
    type: str
  own:
    description: The entry of the host in RV(asr.failback.failback#module:vms).
    type: dict
  stopped:
    description: The entry of the host in what P(asr.failback.fleet_stops#filter) returned.
    type: dict
  earlier:
    description: The result that the host has already. Returned if there is nothing else.
    type: dict
extends_documentation_fragment:
  - asr.failback.attributes.info
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Store the result of one of many VMs
  asr.failback.fleet_result:
    own: "{{ copied.vms.file01 }}"
  register: file01
"""

RETURN = r"""
---
host:
  description: Name of the host, if it has no result of its own.
  returned: success
  type: str
  sample: web01
target:
  description: The VM or plan.
  returned: success
  type: str
  sample: web01
outcome:
  description: The last stage, V(waiting_for_window), V(held), V(ready), V(predicted) or V(failed).
  returned: success
  type: str
  sample: protected
reason:
  description: Why it failed, waits or is held; otherwise empty.
  returned: success
  type: str
  sample: ""
next:
  description: What to do then; otherwise empty.
  returned: success
  type: str
  sample: ""
stage:
  description: The stage read last, or predicted; V(mixed) for a plan whose VMs differ.
  returned: success
  type: str
  sample: protected
authoritative_side:
  description: V(azure), V(on_premises) or V(mixed); V(null) if it is not known.
  returned: success
  type: str
  sample: on_premises
reversible:
  description: Whether the Azure VM still exists to return to; V(null) if it is not known.
  returned: success
  type: bool
  sample: false
vms:
  description: The stage of each VM, by its name.
  returned: success
  type: dict
  sample: {web01: protected}
steps:
  description: What each step has returned, with its name as C(step).
  returned: success
  type: list
  elements: dict
  sample: [{step: reverse_replicate, changed: true}]
findings:
  description: What the prerequisites have found, as RV(asr.failback.failback_prereq#module:findings).
  returned: success
  type: list
  elements: dict
  sample: []
validation:
  description: The evidence that it works, as RV(asr.failback.failback_validate#module:validation).
  returned: success
  type: dict
  sample: {}
discarded:
  description: What commits gave up, as RV(asr.failback.commit#module:discarded).
  returned: success
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.fleet_result import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
