# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prerequisites of a failback, as findings. Pure: facts in, findings out.

A finding is C(pass), C(warn), C(fail) or C(not_checked). Only a failed one stands in the way; one that could not be
checked says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

from .azure_disks import how_to_settle, not_given_up
from .azure_resources import UNKNOWN_POWER, AzureVm, Lock
from .failures import NotFound, TargetError
from .findings import Finding, ItemFacts, Need, NotRead
from .health import causes_of, remedies_of
from .json_path import Document
from .lifecycle import NEVER_START, Observation, Stage

_USED_IN_AZURE = "The VM was cut over, and its Azure VM was used since."
_UNDONE = (
    "Do not commit. After undo_failback this is expected, and its documentation says what can follow. Otherwise find "
    "out which copy took the last writes, and stop the other."
)
# A provider calls in every few minutes; older than this, "Connected" is what the service still believes.
HEARTBEAT_LIMIT = timedelta(minutes=15)
# The current scenario of an item whose test failover is open.
_TEST = "TestFailover"
# How long before its version expires a provider is named.
EXPIRY_NOTICE = timedelta(days=60)
# Of the API definition: the states of a version that Azure does not take for a good one.
_OLD_VERSIONS = frozenset({"NotSupported", "Deprecated", "UpdateRequired", "SecurityUpdateRequired", "Expired"})
# Where there is no Azure VM: its commit has deleted it, or there was no failover since.
_WITHOUT_AZURE_VM = frozenset({Stage.FAILED_BACK, Stage.REVERSE_REPLICATING, Stage.PROTECTED})
_NONE_IN_AZURE = "none, as the VM is active on-premises"
_NO_VM_IN_AZURE = "Azure has no VM, as it is active on-premises"
# While the VM runs in Azure: no failback has written to the on-premises disks since the failover.
_UNTOUCHED_ON_PREMISES = frozenset({Stage.FAILOVER_COMMIT_PENDING, Stage.FAILED_OVER})

_VAULT = "Microsoft.RecoveryServices/vaults"
_FABRICS = f"{_VAULT}/replicationFabrics"
_CONTAINERS = f"{_FABRICS}/replicationProtectionContainers"
_ITEMS = f"{_CONTAINERS}/replicationProtectedItems"
_PLANS = f"{_VAULT}/replicationRecoveryPlans"
# What the steps need at the vault, from planned failover to reverse replicate, for one VM: without one of these, a
# step fails.
ITEM_ACTIONS = (
    f"{_ITEMS}/read",
    f"{_ITEMS}/plannedFailover/action",
    f"{_ITEMS}/failoverCommit/action",
    f"{_ITEMS}/reProtect/action",
    f"{_VAULT}/replicationJobs/read",
    f"{_VAULT}/replicationJobs/resume/action",
)
PLAN_ACTIONS = (f"{_PLANS}/read", f"{_PLANS}/plannedFailover/action", f"{_PLANS}/failoverCommit/action")
# What is looked at beside that: without one of these, the steps work, and something is not checked. The first are of
# the vault, the others of the VM in Azure and of what belongs to it.
LOOKS_AT_THE_VAULT = (
    f"{_FABRICS}/read",
    f"{_CONTAINERS}/read",
    f"{_FABRICS}/replicationRecoveryServicesProviders/read",
    "Microsoft.Authorization/permissions/read",
    "Microsoft.Authorization/locks/read",
)
# It names the job of a plan's operation at once; without it, the plan does a little later.
LOOKS_AT_A_PLAN = (f"{_VAULT}/replicationOperationStatus/read",)
# What a commit has to see: without it, it is refused.
SEES_THE_VM = ("Microsoft.Compute/virtualMachines/read",)
LOOKS_AT_LOCKS = ("Microsoft.Authorization/locks/read",)
# Whether a managed disk has grown in Azure: a commit refuses what it cannot compare.
SEES_A_DISK = ("Microsoft.Compute/disks/read",)
LOOKS_AT_A_NIC = ("Microsoft.Network/networkInterfaces/read",)


def check_item(facts: ItemFacts) -> list[Finding]:
    """Return the findings of one VM, in the order of the checks."""
    return [check(facts) for check in _CHECKS]


def _is_hyper_v(facts: ItemFacts) -> Finding:
    kind = facts.seen.item.instance_type
    if facts.seen.item.is_hyper_v_to_azure:
        return Finding("provider_type", "pass", kind)
    return Finding(
        "provider_type", "fail", kind, "The VM is not replicated from Hyper-V to Azure.", "Use its own procedure."
    )


def _runs_in_azure(facts: ItemFacts) -> Finding:
    seen = f"active location {facts.seen.item.active_location or 'unknown'}, stage {facts.seen.stage.value}"
    if facts.seen.item.is_active_in_azure:
        return Finding("active_in_azure", "pass", seen)
    if facts.seen.doubt:
        return Finding("active_in_azure", "fail", seen, _USED_IN_AZURE, _UNDONE)
    return Finding(
        "active_in_azure",
        "fail",
        seen,
        "The VM is active on-premises already.",
        "There is nothing to fail back; continue with commit or reverse_replicate where they are pending.",
    )


def _failover_committed(facts: ItemFacts) -> Finding:
    seen = facts.seen.item.protection_state_description or facts.seen.item.protection_state
    if facts.seen.stage is not Stage.FAILOVER_COMMIT_PENDING:
        return Finding("failover_committed", "pass", seen)
    return Finding(
        "failover_committed",
        "fail",
        seen,
        "The failover to Azure is not committed yet.",
        "Check the VM in Azure, then commit the failover (commit, direction: failover).",
    )


def _disks_consistent(facts: ItemFacts) -> Finding:
    past = facts.seen.interruption
    if past is None and not facts.seen.gap:
        return Finding("on_premises_disks", "pass", "no failback was interrupted")
    if past is None or not past.is_certain:
        return Finding(
            "on_premises_disks",
            "not_checked",
            f"not known: {past.reason if past else facts.seen.gap}",
            "Whether an earlier failback stopped while it wrote to the on-premises disks cannot be determined.",
            f"Treat them as inconsistent. {past.remedy if past else NEVER_START}",
        )
    return Finding(
        "on_premises_disks",
        "warn",
        past.reason,
        "The last failback stopped while it wrote to the on-premises disks: they are not consistent.",
        past.remedy,
    )


def _no_operation(facts: ItemFacts) -> Finding:
    job = facts.seen.job
    if job is not None and job.is_running:
        return Finding(
            "no_operation",
            "fail",
            f"job {job.name} ({job.friendly_name or job.scenario}) is {job.state}",
            "Another operation is in progress.",
            "Wait until the job has ended, or finish what it waits for.",
        )
    if facts.seen.item.scenario == _TEST and facts.seen.item.has_open_test_failover:
        # To wait for its end would be to wait for ever: it ends when somebody cleans it up.
        return Finding("no_operation", "pass", "none but the open test failover")
    if facts.seen.item.scenario:
        seen = f"current operation {facts.seen.item.scenario}"
        return Finding("no_operation", "fail", seen, "Another operation is in progress.", "Wait until it has ended.")
    return Finding("no_operation", "pass", "no job runs")


def _no_test_failover(facts: ItemFacts) -> Finding:
    state = facts.seen.item.test_failover_state
    if not facts.seen.item.has_open_test_failover:
        return Finding("no_test_failover", "pass", "none")
    return Finding(
        "no_test_failover",
        "fail",
        state,
        "A test failover has not been cleaned up.",
        "Clean up the test failover in the portal.",
    )


def _provider_connected(facts: ItemFacts) -> Finding:
    provider = facts.provider
    if isinstance(provider, NotRead) and isinstance(provider.problem, NotFound):
        return Finding(
            "provider_connected",
            "fail",
            "absent",
            "The vault no longer has the provider that the replicated item names: it was removed, or its host was "
            "registered again, under another id. No failback through it can work.",
            "List the providers of the site in the portal. Fail back to a host that is registered (target_host), or "
            "let Microsoft's support repair the item.",
        )
    if isinstance(provider, NotRead) and isinstance(provider.problem, TargetError):
        return Finding("provider_connected", "fail", "not registered", provider.reason, provider.problem.remedy)
    if isinstance(provider, NotRead):
        return _not_checked("provider_connected", provider)
    seen = f"{provider.friendly_name} is {provider.connection_status}"
    if provider.is_connected:
        return Finding("provider_connected", "pass", seen)
    return Finding(
        "provider_connected",
        "fail",
        seen,
        "Site Recovery has no connection to the Hyper-V host or VMM server.",
        f"On {provider.friendly_name}, start the services of the Azure Site Recovery provider and check its "
        "connection to Azure, or fail back to another host (target_host).",
    )


def _heartbeat_fresh(facts: ItemFacts) -> Finding:
    provider = facts.provider
    if isinstance(provider, NotRead):
        return _not_checked("provider_heartbeat", provider)
    if provider.last_heartbeat is None:
        return _not_checked("provider_heartbeat", NotRead("the service gives no time of the last heartbeat"))
    age = (provider.read_at or facts.now) - provider.last_heartbeat
    seen = f"{max(0, round(age.total_seconds()))} seconds ago"
    if age <= HEARTBEAT_LIMIT:
        return Finding("provider_heartbeat", "pass", seen)
    return Finding(
        "provider_heartbeat",
        "fail",
        seen,
        f"The last heartbeat of {provider.friendly_name} is older than {HEARTBEAT_LIMIT.seconds // 60} minutes.",
        "Check the host, then run this again with refresh_provider: true.",
    )


def _provider_up_to_date(facts: ItemFacts) -> Finding:
    """An old provider may go on for a while: that Azure has stopped to support it is said, and stops nothing."""
    provider = facts.provider
    if isinstance(provider, NotRead):
        return _not_checked("provider_version", provider)
    seen = f"{provider.version or 'no version'}, {provider.version_state or 'state not reported'}"
    expires = provider.version_expires
    is_old = provider.version_state in _OLD_VERSIONS
    if not is_old and (expires is None or expires - facts.now > EXPIRY_NOTICE):
        return Finding("provider_version", "pass", seen)
    when = "is out of date"
    if expires is not None:
        when = f"{'has expired' if expires <= facts.now else 'expires'} on {expires:%Y-%m-%d}"
    return Finding(
        "provider_version",
        "warn",
        seen,
        f"The version of the Site Recovery provider on {provider.friendly_name} {when}.",
        f"Update the provider and the Recovery Services agent on {provider.friendly_name} before the failback.",
    )


def _provider_healthy(facts: ItemFacts) -> Finding:
    provider = facts.provider
    if isinstance(provider, NotRead):
        return _not_checked("provider_health", provider)
    if not provider.health_errors:
        return Finding("provider_health", "pass", "no error")
    seen = f"{provider.friendly_name} has {len(provider.health_errors)} errors"
    return Finding("provider_health", "warn", seen, *_health(provider.health_errors))


def _fabric_healthy(facts: ItemFacts) -> Finding:
    if isinstance(facts.fabric, NotRead):
        return _not_checked("fabric_health", facts.fabric)
    health = facts.fabric.health or "unknown"
    # Recorded: a fabric is Normal although one of its errors says that a provider is not heard any more.
    if health == "Normal" and not facts.fabric.health_errors:
        return Finding("fabric_health", "pass", f"{facts.fabric.friendly_name} is {health}")
    return Finding(
        "fabric_health", "warn", f"{facts.fabric.friendly_name} is {health}", *_health(facts.fabric.health_errors)
    )


def _replication_healthy(facts: ItemFacts) -> Finding:
    item = facts.seen.item
    seen = f"replication {item.replication_health or 'unknown'}, failover {item.failover_health or 'unknown'}"
    if item.replication_health in ("", "Normal", "None"):
        return Finding("replication_health", "pass", seen)
    return Finding("replication_health", "warn", seen, *_health(item.health_errors))


def _health(errors: Sequence[Document]) -> tuple[str, str]:
    """Return cause and remedy of health errors, in the service's words."""
    return causes_of(errors) or "The service names no cause.", remedies_of(
        errors
    ) or "Look at the health in the portal."


def _encryption_off(facts: ItemFacts) -> Finding:
    seen = facts.seen.item.encryption or "unknown"
    if seen.lower() != "enabled":
        return Finding("data_encryption", "pass", seen)
    return Finding(
        "data_encryption",
        "fail",
        seen,
        "Data encryption was retired by Azure on 30 April 2022; the failback API no longer accepts its certificate.",
        "Have encryption disabled for the VM, with Microsoft's support, before failing back.",
    )


def _managed_disks(facts: ItemFacts) -> Finding:
    if not facts.seen.item.managed_disks:
        return Finding("managed_disks", "pass", "unmanaged disks")
    return Finding(
        "managed_disks",
        "warn",
        "managed disks",
        "Microsoft's documentation contradicts itself on failing managed disks back to Hyper-V.",
        "Try it first with a VM that you can afford to lose.",
    )


def _azure_vm_runs(facts: ItemFacts) -> Finding:
    vm = facts.azure_vm
    name = facts.seen.item.azure_vm_name or "(none)"
    if isinstance(vm, NotRead):
        return _not_checked("azure_vm", vm)
    if vm is not None and vm.power == UNKNOWN_POWER:
        return _not_checked("azure_vm", NotRead(f"Azure does not report whether {name} runs"))
    if not facts.seen.item.is_active_in_azure:
        return _azure_vm_is_down(name, vm)
    if vm is None:
        return Finding(
            "azure_vm",
            "fail",
            f"{name} is not at the id that the replicated item names",
            "There is no VM in Azure to fail back from: Site Recovery uses only the VM at that id.",
            _instead_of_azure(facts.seen),
        )
    if vm.is_running:
        return Finding("azure_vm", "pass", f"{name} is {vm.power}")
    if _was_shut_down_by_its_failback(facts.seen):
        return Finding("azure_vm", "pass", f"{name} is {vm.power}: its failback has shut it down")
    return Finding(
        "azure_vm",
        "warn",
        f"{name} is {vm.power}",
        "The VM is off: nothing changes while its data is copied, and its users have no service.",
        "Start it, unless it is off on purpose; during_failover works with it off.",
    )


def _was_shut_down_by_its_failback(seen: Observation) -> bool:
    """Starting it then would lose what its users write: nothing copies that any more."""
    full = seen.stage is Stage.SYNCHRONIZING and seen.job is not None and seen.job.is_full_download
    return full or seen.stage in (Stage.COMPLETING, Stage.FAILBACK_COMMIT_PENDING)


def _instead_of_azure(seen: Observation) -> str:
    """Say what is left where the Azure VM is gone. Disks that a failback has written to in part boot nothing good."""
    restore = (
        "Look for it in other resource groups and subscriptions: if it was moved, move it back. "
        "Only if it was deleted, restore it under the same name, from its disks or a backup"
    )
    if seen.stage in _UNTOUCHED_ON_PREMISES and seen.interruption is None:
        return f"{restore}. The on-premises copy is as old as the failover: starting it gives up all later changes."
    return f"{restore}. Never start the on-premises copy: a failback wrote to its disks, which are not consistent."


def _azure_vm_is_down(name: str, vm: AzureVm | None) -> Finding:
    """While the VM is active on-premises."""
    if vm is None or not vm.is_running:
        return Finding("azure_vm", "pass", f"{name} is {vm.power}" if vm else _NONE_IN_AZURE)
    return Finding(
        "azure_vm",
        "fail",
        f"{name} is {vm.power}",
        "The VM in Azure runs although Site Recovery considers the on-premises copy the running one.",
        _UNDONE,
    )


def _has_none_in_azure(facts: ItemFacts) -> bool:
    """Whether its commit has deleted the Azure VM, or none was made yet. Before the commit, one that is not found may
    be elsewhere."""
    return facts.seen.stage in _WITHOUT_AZURE_VM and facts.azure_vm is None


def _disks_carried(facts: ItemFacts) -> Finding:
    if _has_none_in_azure(facts):
        return Finding("azure_disks", "pass", _NO_VM_IN_AZURE)
    if isinstance(facts.uncarried, NotRead):
        return _not_checked("azure_disks", facts.uncarried)
    if not facts.uncarried:
        return Finding("azure_disks", "pass", "every disk of the Azure VM is one of the replicated item's")
    item = facts.seen.item
    kept = not_given_up(item, facts.uncarried, facts.given_up)
    if not kept:
        return Finding("azure_disks", "pass", f"given up: {', '.join(one.sentence for one in facts.uncarried)}")
    seen = ", ".join(one.sentence for one in kept)
    settled = how_to_settle([(item.friendly_name, one) for one in kept])
    if not any(one.is_lost for one in kept):
        unknown = (
            "A size is missing, so whether a failback carries these disks whole is not known: a commit is refused."
        )
        return Finding("azure_disks", "not_checked", seen, unknown, settled)
    return Finding(
        "azure_disks",
        "fail",
        seen,
        "No failback carries these disks: what is on them is not copied on-premises, and the commit deletes them.",
        settled,
    )


def _no_read_only_lock(facts: ItemFacts) -> Finding:
    in_azure = () if _has_none_in_azure(facts) else facts.locks.unread_in_azure
    return _locked(
        "read_only_lock",
        (*facts.locks.against_writes, *facts.locks.against_power_off),
        (*facts.locks.unread_at_vault, *in_azure),
        "A ReadOnly lock blocks every Site Recovery operation, or keeps the VM in Azure from being turned off: "
        "the failback would be refused, or fail half-way.",
        "Remove before the failback",
    )


def _no_delete_lock(facts: ItemFacts) -> Finding:
    if _has_none_in_azure(facts) and not facts.locks.against_deletion:
        return Finding("delete_lock", "pass", _NO_VM_IN_AZURE)
    return _locked(
        "delete_lock",
        facts.locks.against_deletion,
        facts.locks.unread_in_azure,
        "A lock keeps Azure from deleting the VM and its disks, so the commit would fail.",
        "Remove before the commit",
    )


def _locked(identifier: str, locks: Sequence[Lock], unread: Sequence[str], cause: str, remedy: str) -> Finding:
    """Return a finding on locks. That none is known shows nothing where some could not be read."""
    if locks:
        known = {lock.id: f"{lock.name} ({lock.level})" for lock in locks}
        return Finding(identifier, "fail", ", ".join(known.values()), cause, f"{remedy}: {', '.join(known)}.")
    if unread:
        return _not_checked(identifier, NotRead("; ".join(dict.fromkeys(unread))))
    return Finding(identifier, "pass", "no lock")


def _permissions(facts: ItemFacts) -> Finding:
    steps, looks = ([need for need in facts.needs if need.is_of_a_step is of_a_step] for of_a_step in (True, False))
    missing, unseen = _missing(steps), _missing(looks)
    seen = f"missing: {'; '.join(_listed(missing) + _listed(unseen))}"
    unread = next((need.granted for need in (*steps, *looks) if isinstance(need.granted, NotRead)), None)
    if missing:
        is_blind = any(set(actions) & set(SEES_THE_VM) for actions in missing.values())
        return Finding(
            "permissions",
            "fail",
            seen,
            "The caller's roles do not contain all actions that the run needs."
            + (" A VM in Azure that may not be read is not seen to be off: a commit is refused." if is_blind else ""),
            " ".join(_assignments(missing)),
        )
    if unseen:
        return Finding(
            "permissions",
            "warn",
            seen,
            "The steps work, but what these actions show is not checked, such as whether only one copy runs.",
            "Assign Reader there, or a custom role with these actions.",
        )
    if unread is not None:
        return _not_checked("permissions", unread)
    needed = {action for need in facts.needs for action in need.actions}
    return Finding("permissions", "pass", f"all {len(needed)} actions")


def _missing(needs: Sequence[Need]) -> dict[str, list[str]]:
    """Return the actions that are missing, by the scope at which they are."""
    found: dict[str, list[str]] = {}
    for need in needs:
        if need.missing:
            of_scope = found.setdefault(need.scope, [])
            of_scope += [action for action in need.missing if action not in of_scope]
    return found


def _listed(missing: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{', '.join(actions)} at {scope}" for scope, actions in missing.items()]


def _assignments(missing: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for scope, actions in missing.items():
        role = "Site Recovery Operator" if any(action.startswith(_VAULT) for action in actions) else "Reader"
        yield f"Assign {role} at {scope}, or a custom role with {', '.join(actions)}."


def _not_checked(identifier: str, unread: NotRead) -> Finding:
    return Finding(identifier, "not_checked", "not read", unread.reason, "Make it readable, or check it by hand.")


_CHECKS: tuple[Callable[[ItemFacts], Finding], ...] = (
    _is_hyper_v,
    _runs_in_azure,
    _failover_committed,
    _disks_consistent,
    _no_operation,
    _no_test_failover,
    _provider_connected,
    _heartbeat_fresh,
    _provider_up_to_date,
    _provider_healthy,
    _fabric_healthy,
    _replication_healthy,
    _encryption_off,
    _managed_disks,
    _azure_vm_runs,
    _disks_carried,
    _no_read_only_lock,
    _no_delete_lock,
    _permissions,
)
