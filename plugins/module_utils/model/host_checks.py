# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prerequisites on the Hyper-V side, as findings. Pure: what the hosts said in, findings out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from .data_sync import DURING_FAILOVER
from .failures import as_sentence
from .findings import Finding, NotRead
from .host_side import HostSide
from .host_unread import (
    DISK_FILES,
    REMEDY_IF_HIDDEN,
    SECOND_HOP_REMEDY,
    disks_not_read,
    not_asked,
    not_read,
    not_told,
    stops_at_second_hop,
)
from .host_vm_checks import (
    all_disks_replicated,
    host_replicates,
    is_at_rest,
    keeps_vlan,
    no_left_chain,
    security_comes_along,
    stays_off,
)
from .hyperv_hosts import HostFacts
from .power_states import LEFT_ALONE
from .sizes import in_gb
from .split_brain import Copy

# Kerberos allows five minutes; more also puts the times of logs and of Site Recovery's jobs out of order.
CLOCK_LIMIT = timedelta(minutes=5)
# Windows Server 2012 R2, the oldest host that Site Recovery supports (Microsoft documentation).
_OLDEST = (6, 3)
# Hosts: "including server core installation of these operating systems, except Windows Server 2019" (Microsoft
# documentation, support matrix).
_SERVER_2019, _SERVER_CORE = "10.0.17763", "Server Core"
# Below it Hyper-V Replica stops to replicate (Microsoft documentation): 300 MB.
_LEAST_FREE = 300 * 2**20
_REPAIR = {
    "vmms": "Hyper-V Virtual Machine Management",
    "dra": "Microsoft Azure Site Recovery Service",
    "obengine": "Microsoft Azure Recovery Services Agent",
    "SCVMMService": "System Center Virtual Machine Manager",
}
# The type of a checkpoint that a backup makes, and takes away again when it ends.
_OF_BACKUP = "Recovery"
_BACKUP_REMEDY = (
    "Wait for the end of the backup, which removes its checkpoint. Where none runs, remove it on the host, as Hyper-V "
    "Manager has no Delete for one of this type: Get-VMSnapshot -VMName ... -SnapshotType Recovery | "
    "Remove-VMSnapshot; and wait until its disks are merged."
)
_ROOM_BY_HAND = "Check by hand that there is room."


def check_host(side: HostSide) -> list[Finding]:
    """Return the findings of the Hyper-V side of one VM, in the order of the checks.

    Where the host could not be asked, only that is found: the other checks would repeat it.
    """
    facts = side.facts
    if isinstance(facts, NotRead):
        return _unreachable(side.host, facts)
    checks = [check(side, facts) for check in _OF_HOST]
    return checks + ([check(side, facts) for check in _OF_VM] if side.is_before_start else [])


def _unreachable(host: str, unread: NotRead) -> list[Finding]:
    problem = unread.problem
    if problem is None:
        remedy = "Put the host into the inventory, or into hyperv_hosts, to have the on-premises side checked as well."
        return [Finding("host_reachable", "not_checked", "not read", unread.reason, remedy)]
    identifier = "host_credentials" if problem.kind == "host_authentication" else "host_reachable"
    cause, remedy = as_sentence(problem.happened), as_sentence(problem.remedy)
    return [Finding(identifier, "fail", f"{host} could not be asked", cause, remedy)]


def _reachable(side: HostSide, facts: HostFacts) -> Finding:
    if not facts.problems:
        return Finding("host_reachable", "pass", f"{side.host} answered")
    parts = "; ".join(f"{problem.part}: {problem.message}" for problem in facts.problems)
    return Finding(
        "host_reachable",
        "warn",
        f"{side.host} answered in part",
        f"Some of it could not be read: {parts}.",
        " ".join(_remedies_of_problems(facts)),
    )


def _identity(side: HostSide, facts: HostFacts) -> Finding:
    """Two names of one host, and a name that is another host's, are two ways to ask one host for another."""
    own = facts.identity
    if not own.is_known:
        return not_read("host_identity", "The host does not report its name", "Check that its address is its own.")
    told = [words for words in (own.denial_of(side.host), *side.other_names) if words]
    if not told:
        return Finding("host_identity", "pass", own.name)
    return Finding(
        "host_identity",
        "warn",
        "; ".join(told),
        "Host names in the inventory or in hyperv_hosts lead to a different host, or two of them to the same host.",
        "Correct the address of the host that was not asked (ansible_host), and name each host once. Where a host was "
        "renamed, register it with Site Recovery anew.",
    )


def _remedies_of_problems(facts: HostFacts) -> Iterator[str]:
    unread = [disk for vm in facts.vms for disk in vm.disks if disk.unread]
    beyond = [disk for disk in unread if stops_at_second_hop(disk, facts)]
    if any(problem.part != DISK_FILES for problem in facts.problems):
        yield (
            "Fix what the host reports. If it denies access, use a member of its Administrators."
            if facts.may_administer_hyper_v
            else "Use an account that may administer Hyper-V on the host."
        )
    if beyond:
        yield f"Disks on SMB shares: {SECOND_HOP_REMEDY}"
    if len(unread) > len(beyond):
        yield "Check whether the disk files exist, and whether the account may read them."


def _clock(side: HostSide, _facts: HostFacts) -> Finding:
    skew = side.clock_skew
    if skew is None:
        return not_read("host_clock", "The host gave no time", "Check its clock by hand.")
    seen = f"{abs(round(skew.total_seconds()))} seconds {'ahead of' if skew > timedelta(0) else 'behind'} Azure"
    if abs(skew) <= CLOCK_LIMIT:
        return Finding("host_clock", "pass", "as Azure's" if abs(skew) < timedelta(seconds=1) else seen)
    return Finding(
        "host_clock",
        "warn",
        seen,
        f"The clock of {side.host} is more than {CLOCK_LIMIT.seconds // 60} minutes off.",
        "Let the host synchronize its time: sign-in to Azure and to the domain may fail, and its logs mislead.",
    )


def _version(side: HostSide, facts: HostFacts) -> Finding:
    found = re.match(r"(\d+)\.(\d+)", facts.os_version)
    if found is None:
        return not_read("host_version", "The host gave no version", "Check it by hand.")
    if tuple(int(part) for part in found.groups()) >= _OLDEST:
        return _installation(side, facts)
    return Finding(
        "host_version",
        "fail",
        facts.os_version,
        f"{side.host} is older than Windows Server 2012 R2, the oldest host that Site Recovery supports.",
        "Fail back to a newer host (target_host).",
    )


def _installation(side: HostSide, facts: HostFacts) -> Finding:
    """Of Windows Server 2019 alone the installation without a desktop is no host that Site Recovery supports."""
    seen = f"{facts.os_caption or 'Windows'} {facts.os_version}"
    if facts.is_vmm_server or not facts.os_version.startswith(_SERVER_2019):
        return Finding("host_version", "pass", seen)
    if not facts.os_installation:
        remedy = "Look at InstallationType in the registry of the host (Windows NT\\CurrentVersion)."
        return not_read("host_version", f"{side.host} does not report whether it is a Server Core", remedy)
    if facts.os_installation != _SERVER_CORE:
        return Finding("host_version", "pass", seen)
    return Finding(
        "host_version",
        "warn",
        f"{seen}, {_SERVER_CORE}",
        f"{side.host} is a Server Core of Windows Server 2019, which Site Recovery does not support as a host.",
        "Try it first with a VM that you can afford to lose, or fail back to another host (target_host).",
    )


def _role(side: HostSide, facts: HostFacts) -> Finding:
    if facts.is_vmm_server or (facts.hyper_v_installed and facts.has_hyper_v_module):
        seen = "VMM server" if facts.is_vmm_server else f"Hyper-V {facts.hyper_v_version}".strip()
        return Finding("hyperv_role", "pass", seen)
    unread = "" if facts.hyper_v_installed else facts.problem_with("services")
    if unread:
        return not_read("hyperv_role", unread, "Check by hand that Hyper-V and its PowerShell module are installed.")
    missing = "the PowerShell module of Hyper-V" if facts.hyper_v_installed else "the Hyper-V role"
    return Finding(
        "hyperv_role",
        "fail",
        f"{missing} is missing",
        f"{side.host} lacks {missing}.",
        "Install it (Install-WindowsFeature Hyper-V -IncludeManagementTools; a restart follows), or use another host "
        "(target_host).",
    )


def _services(side: HostSide, facts: HostFacts) -> Finding:
    expected = ["SCVMMService"] if facts.is_vmm_server else ["vmms", "obengine"]
    # On hosts that VMM manages, the provider runs on the VMM server.
    if not facts.is_vmm_server and not side.is_managed_by_vmm:
        expected.append("dra")
    unread = facts.problem_with("services")
    if unread:
        return not_read("host_services", unread, f"Check {', '.join(expected)}.")
    wrong = [name for name in expected if not facts.is_running(name)]
    if not wrong:
        return Finding("host_services", "pass", f"running: {', '.join(expected)}")
    states = {name: service.state if (service := facts.service(name)) else "not installed" for name in wrong}
    return Finding(
        "host_services",
        "fail",
        ", ".join(f"{name} is {state}" for name, state in states.items()),
        f"On {side.host} these services do not run: {', '.join(f'{name} ({_REPAIR[name]})' for name in wrong)}.",
        "Start them, and find out why they stopped; install missing ones with the Site Recovery provider's setup.",
    )


def _vm_present(side: HostSide, facts: HostFacts) -> Finding:
    if side.vm is not None:
        return Finding("on_premises_vm", "pass", f"on {side.host}")
    claimed = [copy for copy in side.copies if copy.is_claimed]
    of_a_claim = _vm_claimed(side, claimed) if claimed else None
    if of_a_claim is not None:
        return of_a_claim
    if facts.vmm is not None and side.elsewhere and not claimed:
        return Finding("on_premises_vm", "pass", f"on {side.elsewhere}, as VMM says")
    if side.hidden(facts):
        return not_told(side, facts, "on_premises_vm", REMEDY_IF_HIDDEN if claimed else "Look for the VM by hand.")
    return _vm_missing(side)


def _vm_claimed(side: HostSide, claimed: Sequence[Copy]) -> Finding | None:
    """Judge copies that a cluster or VMM has and nobody saw: none of them may be made a second time."""
    if side.creates:
        return Finding(
            "on_premises_vm",
            "fail",
            ", ".join(f"not seen on {copy.place}, but not known to be absent" for copy in claimed),
            f"{side.name} would be made a second time: {'; '.join(copy.reason for copy in claimed)}.",
            REMEDY_IF_HIDDEN,
        )
    heard = [copy.reason for copy in claimed if copy.is_hearsay]
    return not_read("on_premises_vm", "; ".join(heard), REMEDY_IF_HIDDEN) if heard else None


def _vm_missing(side: HostSide) -> Finding:
    if side.creates and side.elsewhere and not side.is_another_host:
        return Finding(
            "on_premises_vm",
            "fail",
            f"on {side.elsewhere}",
            f"{side.name} would be made a second time: it is on {side.elsewhere}.",
            f"Fail it back to where it is (target_host), or move it to {side.host}; if that is an old copy, remove it.",
        )
    if side.creates:
        return Finding("on_premises_vm", "pass", f"not on {side.host}; it will be created there")
    if side.elsewhere:
        return Finding(
            "on_premises_vm",
            "warn",
            f"on {side.elsewhere}",
            f"The VM is on {side.elsewhere}, not on {side.host}, through whose provider Site Recovery fails it back.",
            f"Move it to {side.host}, or see that the provider of {side.elsewhere} is connected.",
        )
    return Finding(
        "on_premises_vm",
        "fail",
        "missing",
        f"{side.host} has no VM called {side.name}.",
        "Set create_vm_if_missing, or restore the VM on the host.",
    )


def _name_is_free(side: HostSide, facts: HostFacts) -> Finding:
    if side.hidden(facts):
        return not_told(side, facts, "vm_name", "Look for another VM of that name by hand.")
    if side.is_unidentified:
        return Finding(
            "vm_name",
            "not_checked",
            f"{side.host} has a VM called {side.name}",
            "Site Recovery does not report the VM's Hyper-V id: whether this is the VM cannot be determined.",
            "Find out whether it is the one that was replicated before you fail back.",
        )
    if not side.is_another_machine:
        return Finding("vm_name", "pass", "no other VM has the name")
    return Finding(
        "vm_name",
        "fail",
        f"{side.host} has another VM called {side.name}",
        "A VM of that name, but with another id than the replicated one, exists: it must not be overwritten.",
        "Rename or remove it, or fail back to another host.",
    )


def _vm_off(side: HostSide, _facts: HostFacts) -> Finding:
    wrong = [copy for copy in side.copies if copy.is_in_the_way]
    if wrong:
        return Finding(
            "on_premises_vm_off",
            "fail",
            ", ".join(f"{copy.reason if copy.doubt else copy.state} on {copy.place}" for copy in wrong),
            "While Azure is authoritative, the on-premises copy is not off or may run soon: both may be written to.",
            "Find out which copy took the last writes. If it is the Azure VM, turn the on-premises VM off for good and "
            "remove a saved state (Remove-VMSavedState).",
        )
    unknown = [copy for copy in side.copies if not copy.is_known]
    if unknown:
        reasons = "; ".join(f"{copy.where or 'elsewhere'}: {copy.reason}" for copy in unknown)
        return not_read("on_premises_vm_off", reasons, "Check by hand that every on-premises copy of the VM is off.")
    return Finding("on_premises_vm_off", "pass", ", ".join(f"{copy.state} on {copy.place}" for copy in side.copies))


def _no_checkpoints(side: HostSide, facts: HostFacts) -> Finding:
    if side.elsewhere:
        return not_asked("checkpoints", side)
    if facts.problem_with("checkpoints") or side.hidden(facts):
        return not_told(side, facts, "checkpoints", "Look for checkpoints by hand.", "checkpoints")
    names = [checkpoint.name for checkpoint in side.vm.checkpoints] if side.vm else []
    if not names:
        return Finding("checkpoints", "pass", "none")
    of_backup = [one.name for one in side.vm.checkpoints if one.type == _OF_BACKUP] if side.vm else []
    others = "Delete the checkpoints, and wait until their disks are merged."
    return Finding(
        "checkpoints",
        "fail",
        ", ".join(names),
        f"{side.name} has checkpoints on {side.host}; its disks cannot be synchronized until these are gone."
        + (f" {', '.join(of_backup)}: of type {_OF_BACKUP}, left by a backup." if of_backup else ""),
        f"{_BACKUP_REMEDY} {others if len(of_backup) < len(names) else ''}".strip() if of_backup else others,
    )


def _room(side: HostSide, facts: HostFacts) -> Finding:
    """Every block of a disk is written when it is downloaded in full: a dynamic disk then grows to its whole size."""
    if side.elsewhere and not side.creates:
        return not_asked("disk_space", side)
    # Where the VM is hidden, so is how much of its disks is there already.
    hidden = side.hidden(facts) if facts.vmm is None else ""
    unread = facts.problem_with("disks", "volumes") or hidden
    if unread:
        return not_read("disk_space", unread, _ROOM_BY_HAND)
    lacking = disks_not_read(facts, side.disks, "disk_space", _ROOM_BY_HAND)
    short, tight = [], []
    for path, need in side.needs(facts).items():
        volume = facts.volume_of(path)
        if volume is None:
            unplaced = f"No volume was read that holds {path or 'the folder for new disks'}"
            lacking = lacking or not_read("disk_space", unplaced, _ROOM_BY_HAND)
            continue
        told = f"{volume.path} has {in_gb(volume.free)} free, {in_gb(need)} may be written"
        # A VM that is created is written whole, too, whichever way its data comes.
        writes_all = (side.vm is None and side.creates) or side.data_sync == DURING_FAILOVER
        if volume.free < _LEAST_FREE or (volume.free < need and writes_all):
            short.append(told)
        elif volume.free < need:
            tight.append(told)
    if lacking is not None and not short:
        return lacking
    if not short and not tight:
        return Finding("disk_space", "pass", "enough for all disks")
    return Finding(
        "disk_space",
        "fail" if short else "warn",
        "; ".join(short or tight),
        f"The disks of {side.name}{' and its plan' if side.others else ''} {'do' if short else 'may'} not fit on "
        f"{side.host}.",
        "Free or add space before the failback; a host that runs out of it pauses its VMs.",
    )


def _switches(side: HostSide, facts: HostFacts) -> Finding:
    wanted = side.switches_needed
    there = {switch.name.lower(): switch for switch in facts.switches}
    missing = [name for name in wanted if name.lower() not in there]
    lost = [name for name in wanted if name.lower() in there and there[name.lower()].has_lost_adapter]
    if not wanted or facts.vmm is not None:
        return Finding("virtual_switches", "pass", "none is needed" if not wanted else "VMM connects the VM")
    if lost:
        return _lost_adapters(side, lost)
    if not missing:
        return Finding("virtual_switches", "pass", ", ".join(wanted))
    unread = facts.problem_with("switches") or facts.rights_doubt
    if unread:
        return not_read("virtual_switches", unread, f"Look for {', '.join(wanted)}.")
    names = ", ".join(switch.name for switch in facts.switches) or "none"
    return Finding(
        "virtual_switches",
        "fail",
        f"missing: {', '.join(missing)}; existing: {names}",
        f"{side.host} lacks the virtual switch that {side.name} was connected to: it would have no network.",
        "Make a switch of the same name, with hyperv_switch or in Hyper-V Manager.",
    )


def _lost_adapters(side: HostSide, lost: Sequence[str]) -> Finding:
    return Finding(
        "virtual_switches",
        "fail",
        f"without its network adapter: {', '.join(lost)}",
        f"{side.host} has the virtual switch that {side.name} was connected to, an external one, but no longer the "
        "network adapter that it used: the VM would have no network.",
        "Bring the adapter back, or give the switch another one: hyperv_switch with net_adapter; for one with embedded "
        "teaming Add-VMSwitchTeamMember on the host.",
    )


def _cluster_owner(side: HostSide, facts: HostFacts) -> Finding:
    # Whether the host is of a cluster is told by its services.
    if facts.problem_with("cluster", "services"):
        return not_told(side, facts, "cluster_owner", "Look in Failover Cluster Manager.", "cluster", "services")
    owner = side.owner(facts)
    if not owner:
        return Finding("cluster_owner", "pass", "not clustered")
    if facts.identity.answers_to(owner):
        return Finding("cluster_owner", "pass", owner)
    return Finding(
        "cluster_owner",
        "warn",
        owner,
        f"The cluster says that {owner} owns {side.name}; Site Recovery fails it back through {side.host}.",
        f"Move the VM's role to {side.host}, or see that the provider of {owner} is connected.",
    )


def _cluster_resource(side: HostSide, facts: HostFacts) -> Finding:
    if facts.problem_with("cluster", "services"):
        return not_told(side, facts, "cluster_resource", "Look in Failover Cluster Manager.", "cluster", "services")
    group = facts.group_of(side.item.hypervisor_vm_id, side.item.friendly_name)
    if group is None and side.vm is not None and facts.has_clustered(side.vm):
        words = f"{side.host} reports the VM as clustered, but its resource in the cluster was not read"
        return not_read("cluster_resource", words, "Look in Failover Cluster Manager.")
    if group is None:
        return Finding("cluster_resource", "pass", "not clustered")
    if not group.state:
        words = f"{side.host} does not report the state of the VM's resource in its cluster"
        return not_read("cluster_resource", words, "Look in Failover Cluster Manager.")
    if side.vm is None or not side.vm.is_off or group.state == LEFT_ALONE:
        return Finding("cluster_resource", "pass", group.state)
    return Finding(
        "cluster_resource",
        "fail",
        group.state,
        f"{side.name} is off, and its resource in the cluster is {group.state}: the cluster may start it, a failed one "
        "after an hour by default. A failback must not write to its disks meanwhile.",
        f"Take the role {group.name} offline (Stop-ClusterGroup, or Stop Role in Failover Cluster Manager), and fix "
        "what its critical events report. Then check again.",
    )


_Check = Callable[[HostSide, HostFacts], Finding]
_OF_HOST: Sequence[_Check] = (_reachable, _identity, _clock, _version, _role, _services)
# These matter while the failback is still to be started; afterwards the stage says what must be true.
_OF_VM: Sequence[_Check] = (
    _vm_present,
    _name_is_free,
    _vm_off,
    _no_checkpoints,
    no_left_chain,
    all_disks_replicated,
    stays_off,
    host_replicates,
    is_at_rest,
    security_comes_along,
    _room,
    _switches,
    keeps_vlan,
    _cluster_owner,
    _cluster_resource,
)
