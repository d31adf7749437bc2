# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: fleet_plan
short_description: Plan the waves of the hosts of a fleet
description:
  - Puts hosts whose prerequisites were checked into waves, as P(asr.failback.failback_waves#filter) does. For the
    playbook C(asr.failback.fleet), which keeps what it needs in facts of the hosts.
positional: hostvars, run, max_failed, wave_hooks
options:
  _input:
    description:
      - Names of the hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description:
      - The variables of all hosts.
    type: dict
    required: true
  run:
    description:
      - What the task that checked the prerequisites has returned.
    type: dict
    required: true
  max_failed:
    description:
      - How many VMs may have failed, as a number or a percentage, for the next wave to start.
    type: raw
    default: 0
  wave_hooks:
    description:
      - Absolute paths of task files, C(before) and C(after) each wave. Fails if it is anything but a dictionary.
    type: dict
    default: {}
  hosts:
    description:
      - The Hyper-V hosts, as O(asr.failback.failback_waves#filter:hosts).
    type: list
    elements: dict
    default: []
  waves:
    description:
      - Other options of P(asr.failback.failback_waves#filter).
    type: dict
    default: {}
  confirm:
    description:
      - What a person has confirmed, a token or a dictionary with C(token), C(by) and C(until). It does not count if it
        is empty, or if the commits of the hosts would delete anything else. Nobody has to confirm only if it is not
        given at all.
    type: raw
author:
  - Contributors to the asr.failback project (@asr-failback)
"""

EXAMPLES = r"""
---
- name: Plan the waves of all hosts
  ansible.builtin.set_fact:
    plan: "{{ ansible_play_hosts | asr.failback.fleet_plan(hostvars, checked, waves={'per_vault': 10}) }}"
  run_once: true
"""

RETURN = r"""
---
_value:
  description:
    - The plan of P(asr.failback.failback_waves#filter), with the C(order) of the hosts, the C(sizes) of the waves, and
      by host C(wave_of), C(needs), C(ranks) and C(places).
    - C(max_failed) and C(hooks) are the options, checked.
    - C(token) confirms what the commits would delete, C(confirmed_by) and C(confirmations) are set if someone did,
      C(unconfirmed) says why what they gave does not count. C(lines) and C(to_confirm) tell that to a person.
    - C(objection) says why there is no plan; it is empty where there is one.
  type: dict
  sample: {order: [web01], sizes: [1]}
"""

import os
from datetime import datetime, timezone
from types import MappingProxyType

from ansible_collections.asr.failback.plugins.filter.failback_waves import wave_options
from ansible_collections.asr.failback.plugins.module_utils.model import fleet
from ansible_collections.asr.failback.plugins.module_utils.model.confirmation import parse_confirmation
from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from ansible_collections.asr.failback.plugins.module_utils.model.packed import whole

# Of a confirmation, nothing that a user can give says that there is none.
_NOT_GIVEN = object()
_NO_HOOKS = MappingProxyType({})
_VARIABLES = ("tier", "depends_on", "group", "target_host", "create_vm_if_missing")


def _member(name, variables, run):
    own = {key: value for key in _VARIABLES if (value := variables.get(f"failback_{key}")) not in ("", None)}
    return fleet.Member(name, own, {key: value for key, value in whole(run or {}).items() if key != "result"})


def _objection(path):
    """Say what is wrong with a file of tasks."""
    return "" if os.path.isabs(path) and os.path.isfile(path) else "not a file, or not an absolute path"


def _confirmation(deletions, confirm):
    """Return what was confirmed. Whoever looks has to see the plan, and what there is to confirm, before it fails."""
    try:
        given = None if confirm is _NOT_GIVEN else parse_confirmation(confirm)
        return {**fleet.confirmation_of(deletions, given, datetime.now(timezone.utc)), "unconfirmed": ""}
    except FailbackError as problem:
        return {"confirmed_by": None, "confirmations": {}, "unconfirmed": str(problem)}


def fleet_plan(
    names,
    hostvars,
    run,
    max_failed=0,
    wave_hooks=_NO_HOOKS,
    hosts=(),
    waves=None,
    confirm=_NOT_GIVEN,
):
    """Return the plan; all reasons where there is none, which Ansible would bury in words of its own."""
    vms = run.get("vms") or {}
    try:
        members = [_member(name, hostvars[name], vms.get(name)) for name in names]
        settings = fleet.settings_of(fleet.Settings(max_failed, wave_hooks), len(members), _objection)
        deletions = fleet.deletions_of(members)
        confirmation = _confirmation(deletions, confirm)
        plan = fleet.fleet_plan(members, wave_options(dict(hosts=hosts, **(waves or {}))))
        told = {"token": deletions.token, "to_confirm": deletions.lines, "objection": ""}
        return {**plan, **settings, **told, **confirmation}
    except (FailbackError, TypeError) as problem:
        return {"order": [], "objection": str(problem)}


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"fleet_plan": fleet_plan}
