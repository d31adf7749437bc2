# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each thing that can be wrong on a host is a finding of its own, with cause and remedy."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from support.bodies import VM_ID, item

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from ansible_collections.asr.failback.plugins.module_utils.model.findings import Finding, NotRead
from ansible_collections.asr.failback.plugins.module_utils.model.host_checks import check_host
from ansible_collections.asr.failback.plugins.module_utils.model.host_side import HostSide
from ansible_collections.asr.failback.plugins.module_utils.model.hyperv_documents import parse_host
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.split_brain import Copy

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
GB = 2**30
HOST = "hv01.contoso.example"
DISK = {"path": "D:\\VMs\\web01.vhdx", "format": "VHDX", "type": "Dynamic", "size": 40 * GB, "file_size": 10 * GB}
VM: dict[str, Any] = {
    "id": VM_ID,
    "name": "web01",
    "state": "Off",
    "status": "Operating normally",
    "operational_status": ["Ok"],
    "automatic_start_action": "StartIfRunning",
    "automatic_stop_action": "Save",
    "security": {"tpm": False, "shielded": False},
    "replication": {"mode": "Primary", "state": "PreparedForFailover", "health": "Normal"},
    "checkpoints": [],
    "disks": [DISK],
    "nics": [{"name": "nic", "mac": "00155D000001", "switch": "Production", "vlan": {"mode": "Untagged"}}],
}
FACTS: dict[str, Any] = {
    "computer": "HV01",
    "fqdn": HOST,
    "time": "2026-01-02T03:04:05.0000000Z",
    "os": {
        "caption": "Microsoft Windows Server 2022 Datacenter",
        "version": "10.0.20348",
        "installation": "Server",
    },
    "hyper_v": {
        "installed": True,
        "module": True,
        "version": "10.0.20348.1",
        "virtual_machine_path": "D:\\VMs",
        "virtual_hard_disk_path": "D:\\VMs",
    },
    "may_administer_hyper_v": True,
    "services": [{"name": name, "state": "Running", "start_mode": "Auto"} for name in ("vmms", "dra", "obengine")],
    "volumes": [
        {"path": "C:\\", "size": 100 * GB, "free": 50 * GB},
        {"path": "D:\\", "size": 900 * GB, "free": 300 * GB},
    ],
    "switches": [{"id": "1", "name": "Production", "type": "External", "adapters": ["Intel X710"]}],
    "vms": [VM],
    "problems": [],
}
ITEM = parse_item(
    item(
        "Failback",
        details={
            "vmNics": [{"vMNetworkName": "Production"}],
            "azureVmDiskDetails": [{"vhdName": "web01", "maxSizeMB": "40960"}],
        },
    )
)


def side(document: dict[str, Any] | NotRead | None = None, **more: Any) -> HostSide:
    if isinstance(document, NotRead):
        facts: Any = document
        vm = None
    else:
        facts = parse_host({**FACTS, **(document or {})}, asked_between=(NOW, NOW))
        vm = facts.find_vm(VM_ID, "web01")
    state = vm.state if vm else "absent"
    given: dict[str, Any] = {
        "item": ITEM,
        "host": HOST,
        "facts": facts,
        "vm": vm,
        "copies": (Copy(HOST, state),),
        "creates": False,
        "data_sync": "before_failover",
        "is_before_start": True,
        "is_managed_by_vmm": False,
    }
    return HostSide(**{**given, **more})


def found(seen: HostSide) -> dict[str, Finding]:
    return {finding.id: finding for finding in check_host(seen)}


def vm(**changes: Any) -> dict[str, Any]:
    return {"vms": [{**VM, **changes}]}


def services(**states: str) -> dict[str, Any]:
    return {"services": [{**one, "state": states.get(one["name"], one["state"])} for one in FACTS["services"]]}


def volume(free: float) -> dict[str, Any]:
    return {"volumes": [{"path": "D:\\", "size": 900 * GB, "free": int(free * GB)}]}


def test_a_host_and_a_vm_that_are_as_they_should_be_pass_every_check() -> None:
    found = check_host(side())
    assert {finding.status for finding in found} == {"pass"}
    assert len({finding.id for finding in found}) == len(found)


@pytest.mark.parametrize(
    ("facts", "more", "status", "words"),
    [
        ({}, {}, "pass", HOST),
        ({"computer": "HV02", "fqdn": "hv02.contoso.example"}, {}, "warn", "says that it is hv02.contoso.example"),
        ({"computer": "", "fqdn": ""}, {}, "not_checked", "not read"),
        ({}, {"other_names": ("the host at the address of hv09 is hv01",)}, "warn", "address of hv09 is hv01"),
        ({"computer": "HV02", "fqdn": ""}, {"host": "192.0.2.5"}, "pass", "HV02"),
    ],
)
def test_a_host_is_the_one_that_was_asked(facts: dict[str, Any], more: dict[str, Any], status: str, words: str) -> None:
    finding = found(side(facts, **more))["host_identity"]
    assert (finding.status, words in finding.seen) == (status, True)


CHAIN = {**DISK, "path": "D:\\VMs\\web01_AB.avhdx", "type": "Differencing", "parent": "D:\\VMs\\web01.vhdx"}


def core(version: str, installation: str = "Server Core") -> dict[str, Any]:
    return {"os": {"caption": "Windows Server", "version": version, "installation": installation}}


def disks(*every: dict[str, Any]) -> dict[str, Any]:
    return vm(disks=list(every))


def replication(state: str, health: str) -> dict[str, Any]:
    return vm(replication={"mode": "Primary", "state": state, "health": health})


def nics(*vlans: dict[str, Any] | None) -> dict[str, Any]:
    return vm(nics=[{**VM["nics"][0], "vlan": vlan} for vlan in vlans])


SHUT_DOWN = {"automatic_stop_action": "ShutDown"}
VMM = {"name": "SCVMMService", "state": "Running", "start_mode": "Auto"}


@pytest.mark.parametrize(
    ("document", "more", "identifier", "status", "words"),
    [
        ({"problems": [{"part": "volumes", "message": "No access."}]}, {}, "host_reachable", "warn", "No access"),
        ({"time": "2026-01-02T03:14:06Z"}, {}, "host_clock", "warn", "601 seconds ahead of Azure"),
        ({"time": "2026-01-02T02:54:05Z"}, {}, "host_clock", "warn", "600 seconds behind Azure"),
        ({"time": None}, {}, "host_clock", "not_checked", "gave no time"),
        ({"os": {"version": "6.2.9200"}}, {}, "host_version", "fail", "older than Windows Server 2012 R2"),
        ({"os": {}}, {}, "host_version", "not_checked", "gave no version"),
        (replication("FailbackInProgress", "Normal"), {}, "host_replication", "warn", "Failback in progress"),
        (replication("Replicating", "Critical"), {}, "host_replication", "warn", "health Critical"),
        (replication("NewState", "Normal"), {}, "host_replication", "not_checked", "NewState"),
        (vm(operational_status=["InService", "MergingDisks"]), {}, "vm_status", "fail", "Merging disks"),
        (vm(operational_status=["Ok", "NoIommu"]), {}, "vm_status", "pass", "Operating normally"),
        (vm(operational_status=["CriticalIoError"]), {}, "vm_status", "fail", "storage"),
        (vm(operational_status=["PredictiveFailure"]), {}, "vm_status", "warn", "Predictive failure"),
        (vm(operational_status=["Ok", "NewState"]), {}, "vm_status", "not_checked", "NewState"),
        (vm(operational_status=[]), {}, "vm_status", "not_checked", "does not report"),
        (vm(security=None), {}, "vm_security", "not_checked", "does not report"),
        (vm(security={"tpm": True, "shielded": False}), {}, "vm_security", "warn", "has run without it"),
        (vm(security={"tpm": True, "shielded": True}), {}, "vm_security", "warn", "shielded"),
        (vm(automatic_start_action="Nothing"), {}, "automatic_start", "warn", "Saved"),
        (vm(checkpoints=[{"name": "b", "type": "Recovery"}]), {}, "checkpoints", "fail", "of type Recovery"),
        (nics({"mode": "Access", "id": 42}), {}, "vlan", "pass", "Access 42"),
        (nics({"mode": "Trunk", "id": 1, "others": "1-100"}), {}, "vlan", "pass", "Trunk 1 1-100"),
        (nics(None), {}, "vlan", "not_checked", "not read"),
        (nics(), {}, "vlan", "pass", "no network adapter"),
        (core("10.0.17763"), {}, "host_version", "warn", "Server Core"),
        (core("10.0.20348"), {}, "host_version", "pass", "10.0.20348"),
        (core("10.0.17763", "Server"), {}, "host_version", "pass", "10.0.17763"),
        (core("10.0.17763", ""), {}, "host_version", "not_checked", "Server Core"),
        (disks(CHAIN), {}, "disk_chain", "fail", "web01_AB.avhdx"),
        (vm(disks=[CHAIN], checkpoints=[{"name": "patch"}]), {}, "disk_chain", "pass", "see checkpoints"),
        (disks({**DISK, "type": None}), {}, "disk_chain", "not_checked", "does not report"),
        ({"vms": []}, {"creates": True}, "disk_chain", "pass", "no differencing"),
        (
            disks(DISK, {"path": "Disk 3 100 GB", "type": "PassThrough"}),
            {},
            "unreplicated_disks",
            "warn",
            "pass-through",
        ),
        (
            disks(DISK, {**DISK, "path": "D:\\q.vhdx", "shared": True}),
            {},
            "unreplicated_disks",
            "warn",
            "q.vhdx is shared",
        ),
        (disks(DISK, {**DISK, "path": "D:\\t.vhdx"}), {}, "unreplicated_disks", "warn", "t.vhdx is not among"),
        (disks({**DISK, "path": "D:\\renamed.vhdx"}), {}, "unreplicated_disks", "not_checked", "by their names"),
        (disks(CHAIN), {}, "unreplicated_disks", "pass", "all 1"),
        (vm(automatic_start_action="Start"), {}, "automatic_start", "warn", "Start"),
        (vm(automatic_start_action="Nothing", is_clustered=True), {}, "automatic_start", "pass", "its cluster"),
        (vm(is_clustered=True), {}, "cluster_resource", "not_checked", "was not read"),
        (vm(automatic_start_action="Nothing", **SHUT_DOWN), {}, "automatic_start", "pass", "Nothing"),
        (vm(automatic_stop_action=None), {}, "automatic_start", "not_checked", "does not report"),
        (vm(automatic_start_action=None), {}, "automatic_start", "not_checked", "does not report"),
        (replication("Suspended", "Warning"), {}, "host_replication", "warn", "Suspended"),
        (replication("Error", "Critical"), {}, "host_replication", "warn", "Critical"),
        (replication("Replicating", "Critical"), {}, "host_replication", "warn", "Critical"),
        (replication("", ""), {}, "host_replication", "not_checked", "does not report"),
        ({"hyper_v": {"installed": False, "module": False}}, {}, "hyperv_role", "fail", "the Hyper-V role is missing"),
        ({"hyper_v": {"installed": True, "module": False}}, {}, "hyperv_role", "fail", "PowerShell module"),
        (services(vmms="Stopped"), {}, "host_services", "fail", "vmms is Stopped"),
        (services(dra="Stopped"), {}, "host_services", "fail", "Azure Site Recovery Service"),
        ({"services": FACTS["services"][:2]}, {}, "host_services", "fail", "obengine is not installed"),
        ({"vms": []}, {}, "on_premises_vm", "fail", "has no VM called web01"),
        ({"vms": []}, {"creates": True}, "on_premises_vm", "pass", "will be created"),
        ({"vms": []}, {"copies": (Copy("hv02", "Off"),)}, "on_premises_vm", "warn", "on hv02"),
        (vm(id="other"), {}, "vm_name", "fail", "another VM called web01"),
        (vm(state="Running"), {}, "on_premises_vm_off", "fail", "Running on hv01"),
        (vm(state="Paused"), {}, "on_premises_vm_off", "fail", "Paused on hv01"),
        (vm(state="Saved"), {}, "on_premises_vm_off", "fail", "Saved on hv01"),
        (None, {"copies": (Copy(HOST, "Off"), Copy("hv02", "Running"))}, "on_premises_vm_off", "fail", "on hv02"),
        (vm(checkpoints=[{"name": "before patch"}]), {}, "checkpoints", "fail", "before patch"),
        (volume(0.2), {}, "disk_space", "fail", "0.2 GB free, 30.0 GB may be written"),
        (volume(20), {}, "disk_space", "warn", "may not fit"),
        (volume(20), {"data_sync": "during_failover"}, "disk_space", "fail", "do not fit"),
        ({"vms": [], **volume(39)}, {"creates": True, "data_sync": "during_failover"}, "disk_space", "fail", "40.0 GB"),
        # A VM that is created is written whole, whichever way its data comes.
        ({"vms": [], **volume(39)}, {"creates": True}, "disk_space", "fail", "do not fit"),
        ({"volumes": []}, {}, "disk_space", "not_checked", "No volume was read"),
        ({"vms": []}, {"copies": (Copy("hv02", "Off"),)}, "disk_space", "not_checked", "hv02, which was not asked"),
        ({"vms": []}, {"copies": (Copy("hv02", "Off"),)}, "checkpoints", "not_checked", "hv02, which was not asked"),
        ({"switches": []}, {}, "virtual_switches", "fail", "missing: Production; existing: none"),
        ({"switches": []}, {"is_managed_by_vmm": True}, "virtual_switches", "pass", "none is needed"),
    ],
)
def test_what_is_wrong_is_a_finding_of_its_own(
    document: dict[str, Any] | None, more: dict[str, Any], identifier: str, status: str, words: str
) -> None:
    finding = found(side(document, **more))[identifier]
    assert finding.status == status
    assert words in f"{finding.seen} {finding.cause}"
    assert (finding.cause and finding.remedy) or status == "pass"


@pytest.mark.parametrize("stage_is_past", [True, False])
def test_a_vm_that_runs_at_home_is_only_wrong_before_the_failback(stage_is_past: bool) -> None:
    seen = side(vm(state="Running"), is_before_start=not stage_is_past)
    assert ("on_premises_vm_off" in found(seen)) is not stage_is_past


ON_SHARE = {"path": "\\\\fs01\\vms\\web01.vhdx", "unread": "Cannot find path, as it does not exist.", "shared": False}
BEYOND = {**DISK, "path": "\\\\?\\Volume{1}\\web01.vhdx", "type": None, "unread": "Access is denied."}


@pytest.mark.parametrize(
    ("disk", "transports", "is_second_hop"),
    [
        (ON_SHARE, ("ntlm",), True),
        (ON_SHARE, ("kerberos",), True),
        (ON_SHARE, ("ntlm", "credssp"), True),
        (ON_SHARE, (), True),
        (ON_SHARE, ("credssp",), False),
        (BEYOND, ("ntlm",), False),
    ],
)
def test_only_what_may_be_the_second_hop_is_called_so(
    disk: dict[str, Any], transports: tuple[str, ...], is_second_hop: bool
) -> None:
    document = {**disks(disk), "problems": [{"part": "disk_files", "message": "No."}]}
    facts = parse_host({**FACTS, **document}, asked_between=(NOW, NOW), transports=transports)
    every = found(replace(side(document), facts=facts))
    for finding in (every[identifier] for identifier in ("host_reachable", "disk_chain", "disk_space")):
        assert ("CredSSP" in finding.remedy) is is_second_hop
        assert finding.status == ("warn" if finding.id == "host_reachable" else "not_checked")
        assert "administer" not in finding.remedy


@pytest.mark.parametrize("may_administer", [True, False])
def test_rights_are_advised_where_they_are_what_lacks(may_administer: bool) -> None:
    broken = {"problems": [{"part": "vms", "message": "web02: The system cannot find the file specified."}]}
    finding = found(side({**broken, "may_administer_hyper_v": may_administer}))["host_reachable"]
    assert ("account" in finding.remedy) is not may_administer
    assert finding.remedy


def test_a_volume_that_is_too_small_for_what_was_read_is_too_small() -> None:
    small = {**disks(DISK, ON_SHARE), **volume(free=0.1)}
    assert found(side(small))["disk_space"].status == "fail"


UNREAD = {
    "checkpoints": ("checkpoints", {}),
    "disks": ("disk_space", {}),
    "volumes": ("disk_space", {"volumes": []}),
    "switches": ("virtual_switches", {"switches": []}),
    "services": ("host_services", {"services": []}),
    "vms": ("on_premises_vm", {"vms": []}),
}


@pytest.mark.parametrize("part", UNREAD)
def test_what_the_host_could_not_read_is_not_taken_for_none(part: str) -> None:
    identifier, document = UNREAD[part]
    finding = found(side({**document, "problems": [{"part": part, "message": "No access"}]}))[identifier]
    assert (finding.status, finding.cause) == ("not_checked", "No access.")


def test_a_host_that_nobody_may_ask_is_not_checked() -> None:
    (finding,) = check_host(side(NotRead("host hv01 is neither in the inventory nor in hyperv_hosts")))
    assert (finding.id, finding.status) == ("host_reachable", "not_checked")


def test_a_host_that_does_not_answer_fails_in_the_words_of_the_failure() -> None:
    problem = FailbackError("hv01 refused the connection.", "Start WinRM on it.")
    (finding,) = check_host(side(NotRead(problem.happened, problem)))
    assert (finding.id, finding.status) == ("host_reachable", "fail")
    assert (finding.cause, finding.remedy) == ("hv01 refused the connection.", "Start WinRM on it.")


@pytest.mark.parametrize(("owner", "status"), [("HV01", "pass"), ("HV02", "warn")])
def test_the_cluster_node_that_owns_the_vm_is_compared(owner: str, status: str) -> None:
    group = {"vm_id": VM_ID, "name": "web01", "owner": owner, "state": "Offline"}
    cluster = {"name": "cluster1", "node": "HV01", "nodes": [{"name": "HV01", "state": "Up"}], "groups": [group]}
    assert found(side({"cluster": cluster}))["cluster_owner"].status == status


def test_a_vmm_server_answers_for_itself() -> None:
    managed = {"id": VM_ID, "name": "web01", "state": "PowerOff", "host": "node1.contoso.example", "cloud": "c"}
    vmm = {"version": "10.22", "hosts": [], "clouds": [], "vms": [managed]}
    document = {"vmm": vmm, "vms": [], "hyper_v": {}, "services": [*FACTS["services"], VMM]}
    findings = found(side(document, copies=(Copy("node1.contoso.example", "PowerOff"),), is_managed_by_vmm=True))
    assert findings["hyperv_role"].seen == "VMM server"
    assert findings["host_services"].seen == "running: SCVMMService"
    assert findings["on_premises_vm"].seen == "on node1.contoso.example, as VMM says"


def test_a_vmm_server_whose_service_is_stopped_lacks_that_service_and_no_role() -> None:
    document = {"vmm": None, "vms": [], "hyper_v": {}, "services": [{**VMM, "state": "Stopped"}]}
    findings = found(side(document, is_managed_by_vmm=True))
    assert findings["hyperv_role"].status == "pass"
    assert findings["host_services"].seen == "SCVMMService is Stopped"


def test_the_disks_of_a_whole_plan_must_fit() -> None:
    document = {"volumes": [{"path": "D:\\", "size": 900 * GB, "free": 50 * GB}]}
    assert found(side(document))["disk_space"].status == "pass"
    together = found(side(document, data_sync="during_failover", others=(side(document),)))["disk_space"]
    assert (together.status, "60.0 GB may be written" in together.seen) == ("fail", True)


@pytest.mark.parametrize(
    "identifier", ["on_premises_vm", "vm_name", "on_premises_vm_off", "checkpoints", "cluster_owner"]
)
def test_a_host_that_does_not_tell_its_vms_lets_nothing_pass(identifier: str) -> None:
    stopped = {"vms": [], "problems": [{"part": part, "message": "No access"} for part in ("vms", "cluster")]}
    unknown = (Copy(HOST, "not_checked", "No access"),)
    assert found(side(stopped, copies=unknown))[identifier].status == "not_checked"


OF_THE_VM = ["disk_chain", "unreplicated_disks", "automatic_start", "host_replication"]


@pytest.mark.parametrize("identifier", OF_THE_VM)
def test_a_vm_on_a_host_that_was_not_asked_for_it_is_not_checked(identifier: str) -> None:
    finding = found(side({"vms": []}, copies=(Copy("hv02", "Off"),)))[identifier]
    assert (finding.status, "hv02, which was not asked" in finding.cause) == ("not_checked", True)


@pytest.mark.parametrize(
    "identifier", ["on_premises_vm", "vm_name", "checkpoints", "disk_space", "virtual_switches", *OF_THE_VM]
)
def test_what_an_account_without_rights_is_not_shown_is_not_checked(identifier: str) -> None:
    hidden = {"vms": [], "switches": [], "may_administer_hyper_v": False}
    finding = found(side(hidden, copies=(Copy(HOST, "not_checked", "no rights"),)))[identifier]
    assert (finding.status, "no right to administer Hyper-V" in finding.cause) == ("not_checked", True)


@pytest.mark.parametrize("identifier", ["hyperv_role", "host_services", "cluster_owner"])
def test_services_that_are_not_shown_are_not_taken_for_missing(identifier: str) -> None:
    hidden = {"services": [], "problems": [{"part": "services", "message": "No access"}]}
    finding = found(side({**hidden, "hyper_v": {"installed": False, "module": True}}))[identifier]
    assert (finding.status, finding.cause) == ("not_checked", "No access.")


def test_the_limit_of_the_clock_is_five_minutes() -> None:
    inside, outside = (NOW + timedelta(minutes=5, seconds=extra) for extra in (0, 1))
    statuses = [found(side({"time": at.isoformat()}))["host_clock"].status for at in (inside, outside)]
    assert statuses == ["pass", "warn"]
