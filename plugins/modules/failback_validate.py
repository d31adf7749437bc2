#!/usr/bin/python

# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: failback_validate
short_description: Check after the cut-over whether a VM works on-premises
description:
  - Checks a VM or recovery plan that was failed back but is not committed yet. Its Hyper-V host must receive the
    guest's heartbeat and report an address of the guest, and the probes that you choose must succeed.
  - Retries until all checks have passed, and fails if they have not within O(timeout). A guest without a heartbeat is
    not probed.
  - Returns what was seen, with the time by Azure's clock, as evidence for O(asr.failback.commit#module:validation).
  - Probes run on the machine that runs the task, which is the controller unless the task is delegated.
  - If no Hyper-V host may be queried, heartbeat and addresses are V(not_checked). Other checks are then sufficient;
    without any, the verdict is V(not_proven).
  - Changes nothing. Check mode runs no command in a VM, so probes of type V(ssh) and V(winrm) are then V(not_checked).
options:
  heartbeat:
    description:
      - Whether the Hyper-V host must receive the guest's heartbeat. This needs the guest's integration services.
    type: bool
    default: true
  addresses:
    description:
      - Whether the Hyper-V host must report an address of the guest that is not link-local.
    type: bool
    default: true
  expected_addresses:
    description:
      - Addresses that the guest must have. For a single VM only; with O(replicated_items), in its entry.
    type: list
    elements: str
  attested:
    description:
      - Checks that you have made by other means after the cut-over, one sentence each. They are kept with the evidence
        and count as passed, in a recovery plan for every VM. With O(replicated_items), set it in the entry of the VM.
      - Each sentence says what was checked, in at least two words. Anything shorter is refused, as it proves nothing.
    type: list
    elements: str
  timeout:
    description:
      - Seconds within which all checks must pass.
    type: int
    default: 600
  interval:
    description:
      - Seconds between two attempts.
    type: float
    default: 10
extends_documentation_fragment:
  - asr.failback.attributes.info
  - asr.failback.attributes.group
  - asr.failback.azure
  - asr.failback.azure.tasks
  - asr.failback.vault
  - asr.failback.probes
  - asr.failback.target
  - asr.failback.many
  - asr.failback.hosts
  - asr.failback.winrm
  - asr.failback.assume
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.complete_failover
  - module: asr.failback.commit
"""

EXAMPLES = r"""
---
- name: Validate a VM and the shop that it serves
  asr.failback.failback_validate:
    resource_group: rg-recovery
    vault_name: vault-recovery
    replicated_item: web01
    probes:
      - name: shop
        type: http
        url: "{{ shop_url }}/health" # https://shop.example.com/health
        contains: '"status": "ok"'
  register: proof

- name: Validate the VMs of a plan and the database on one of them
  asr.failback.failback_validate:
    resource_group: rg-recovery
    vault_name: vault-recovery
    recovery_plan: shop
    timeout: 900
    probes:
      - name: database
        type: ssh
        vm: db01
        user: probe
        private_key: ~/.ssh/probe
        command: systemctl is-active postgresql
  register: proof_of_plan

- name: Keep the evidence for a commit on another day
  ansible.builtin.copy:
    content: "{{ proof_of_plan.validation | to_nice_json }}"
    dest: "{{ evidence_file }}"
    mode: "0600"
"""

RETURN = r"""
---
validation:
  description: The evidence, to be passed to a commit unchanged.
  returned: success
  type: dict
  contains:
    schema_version:
      description: Version of the evidence format.
      type: int
      sample: 1
    vault:
      description: Resource id of the vault.
      type: str
      sample: /subscriptions/00000000-0000-0000-0000-000000000000/...
    verdict:
      description: V(passed), or V(not_proven) if nothing, or not everything that was requested, could be checked. In
        RV(error) also V(failed).
      type: str
      sample: passed
    validated_at:
      description: When the last check passed, by Azure's clock, UTC, in ISO 8601; V(null) if none did.
      type: str
      sample: "2026-01-31T09:14:30+00:00"
    vms:
      description: Each VM of the target; empty if check mode only predicts.
      type: list
      elements: dict
      contains:
        id:
          description: Resource id of the replicated item.
          type: str
          sample: /Subscriptions/00000000-0000-0000-0000-000000000000/...
        name:
          description: Name of the VM.
          type: str
          sample: web01
        cut_over_at:
          description: End of its failback job, UTC, in ISO 8601; V(null) if it is not known, or the failback is
            committed.
          type: str
          sample: "2026-01-31T09:12:07.102356+00:00"
        verdict:
          description: The verdict for this VM, as RV(validation.verdict).
          type: str
          sample: passed
        validated_at:
          description: When the last of its checks passed.
          type: str
          sample: "2026-01-31T09:14:30+00:00"
        checks:
          description: Its checks, each with the result of its last attempt.
          type: list
          elements: dict
          contains:
            id:
              description: V(heartbeat), V(addresses), V(expected_addresses), C(attested_1) and so on, or the name
                of the probe.
              type: str
              sample: shop
            kind:
              description: V(heartbeat), V(addresses), V(expected_addresses), V(attested), or the type of the probe.
              type: str
              sample: http
            status:
              description: V(pass), V(fail) or V(not_checked).
              type: str
              sample: pass
            seen:
              description: Summary of what was seen.
              type: str
              sample: HTTP 200 from https://shop.example.com/health, with the text looked for
            cause:
              description: Why it did not pass; empty if it did.
              type: str
              sample: ""
            remedy:
              description: What to do.
              type: str
              sample: ""
            at:
              description: Azure's time just before the attempt, UTC, in ISO 8601.
              type: str
              sample: "2026-01-31T09:14:30+00:00"
            attempts:
              description: Number of attempts.
              type: int
              sample: 3
msg:
  description: The result in one line.
  returned: always
  type: str
  sample: "web01: works on-premises: heartbeat OkApplicationsHealthy, addresses 192.0.2.17, shop HTTP 200"
job:
  description: V(null), as a validation starts no job.
  returned: success
  type: dict
  sample: null
error:
  description:
    - Details of the failure. The keys depend on RV(error.kind).
    - C(validation), the results (see RV(validation)); C(asked), C(candidates), C(instance_type) of the target;
      C(stages) as they were read; C(status), C(code), C(message), C(action), C(request_id), C(method), C(url) of
      Azure's response; C(field), C(value) that are not recognized.
  returned: failure
  type: dict
  contains:
    kind:
      description: Type of failure, such as V(validation) if a check did not pass, V(refused), V(permission) or
        V(target).
      type: str
      sample: validation
# Copied by `make docs`: verb, members, failure, many
stage:
  description: Stage of the target before and after; V(mixed) if the VMs of a recovery plan differ.
  returned: success, and on failure if it was read
  type: dict
  contains:
    before:
      description: Stage when the task began.
      type: str
      sample: waiting_for_completion
    after:
      description: Stage read last, or in check mode the predicted stage.
      type: str
      sample: failback_commit_pending
direction:
  description: Direction of the operation, V(recovery_to_primary) to on-premises or V(primary_to_recovery) to Azure.
  returned: success
  type: str
  sample: recovery_to_primary
authoritative_side:
  description: The copy that is authoritative now, V(azure) or V(on_premises); V(mixed) if the VMs of a plan differ or
    it cannot be determined; V(null) if a request was sent and nothing could be read after it.
  returned: success, and on failure if it was read
  type: str
  sample: on_premises
reversible:
  description: Whether the Azure VM still exists to return to. Committing the failback deletes it. V(null) if a request
    was sent and nothing could be read after it.
  returned: success, and on failure if it was read
  type: bool
  sample: true
replicated_item:
  description:
    - The replicated item as the service returns it, with keys in snake case; V(null) for a recovery plan.
  returned: success
  type: dict
  sample: {name: web01, properties: {friendly_name: web01, active_location: Recovery}}
recovery_plan:
  description: The recovery plan as the service returns it, with keys in snake case; V(null) for a replicated item.
  returned: success
  type: dict
  sample: null
members:
  description: Each VM of a recovery plan, in start order; empty for a replicated item.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the replicated item.
      type: str
      sample: web01
    friendly_name:
      description: Name of the VM.
      type: str
      sample: web01
    id:
      description: Resource id of the replicated item.
      type: str
      sample: /Subscriptions/00000000-0000-0000-0000-000000000000/...
    stage:
      description: Stage of the VM, C(before) and C(after).
      type: dict
      sample: {before: failed_over, after: waiting_for_completion}
    authoritative_side:
      description: The copy of the VM that is authoritative.
      type: str
      sample: azure
    reversible:
      description: Whether the Azure VM still exists to return to.
      type: bool
      sample: true
    reason:
      description: The facts that the stage was derived from.
      type: str
      sample: active location Recovery, Site Recovery allows Failback
    job:
      description: The VM's job, as RV(job).
      type: dict
      sample: null
cause:
  description: Cause of the failure, without the request and the remedy.
  returned: failure
  type: str
  sample: The failover to Azure is not committed yet.
remedy:
  description: What to do next; empty if that is not known.
  returned: failure
  type: str
  sample: Check the VM in Azure, then commit the failover (commit, direction failover).
vms:
  description:
    - With O(replicated_items), the result of each virtual machine by the name given there, with the keys that the task
      returns for one, and C(failed). Only C(changed), C(failed) and C(msg) are returned beside it then.
  returned: with O(replicated_items)
  type: dict
  sample: {web01: {changed: true, failed: false, stage: {before: failed_back, after: protected}}}
"""

from ansible_collections.asr.failback.plugins.module_utils.module_main import run_module
from ansible_collections.asr.failback.plugins.module_utils.verbs.failback_validate import CONTRACT


def main() -> None:
    """Run the module."""
    run_module(CONTRACT)


if __name__ == "__main__":
    main()
