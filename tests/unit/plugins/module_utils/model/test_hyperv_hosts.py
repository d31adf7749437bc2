# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host says of itself, read."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import TargetError
from ansible_collections.asr.failback.plugins.module_utils.model.hyperv_documents import parse_host
from ansible_collections.asr.failback.plugins.module_utils.model.hyperv_hosts import HostFacts

WEB01, WEB02 = "6d1f1e0a-7a0c-4f5e-9c0e-0c5a3b1d2e3f", "11111111-2222-3333-4444-555555555555"


def vm(name: str = "web01", vm_id: str = WEB01, **parts: Any) -> dict[str, Any]:
    return {"id": vm_id, "name": name, "state": "Off", **parts}


def host(**parts: Any) -> HostFacts:
    return parse_host({"computer": "HV01", **parts})


def service(name: str, state: str = "Running") -> dict[str, str]:
    return {"name": name, "display_name": name, "state": state, "start_mode": "Auto"}


def test_a_whole_answer_is_read() -> None:
    facts = host(
        fqdn="hv01.contoso.example",
        time="2026-01-02T03:04:05.1230000Z",
        os={"caption": "Windows Server", "version": "10.0.20348"},
        free_memory_bytes=7,
        hyper_v={"installed": True, "module": False, "version": "10.0", "virtual_hard_disk_path": "D:\\Disks"},
        services=[service("dra", "Stopped")],
        switches=[{"id": "1", "name": "Production", "type": "External", "adapter": None}],
        vms=[
            vm(
                generation=2,
                is_clustered=True,
                replication={"mode": "Primary", "state": "Replicating", "health": "Normal"},
                checkpoints=[{"name": "before", "created": "2026-01-01T00:00:00.0000000Z", "type": "Standard"}],
                disks=[{"path": "D:\\os.vhdx", "format": None, "type": None, "size": None, "file_size": None}],
                nics=[{"name": "n", "mac": "00", "switch": None, "addresses": ["10.0.0.4", "fe80::1"]}],
            )
        ],
    )
    assert facts.time == datetime(2026, 1, 2, 3, 4, 5, 123000, timezone.utc)
    assert (facts.os_caption, facts.os_version, facts.free_memory_bytes) == ("Windows Server", "10.0.20348", 7)
    assert (facts.hyper_v_installed, facts.has_hyper_v_module) == (True, False)
    assert facts.virtual_hard_disk_path == "D:\\Disks"
    assert facts.switches[0].adapter == ""
    machine = facts.vms[0]
    assert (machine.generation, machine.is_clustered, machine.replication_health) == (2, True, "Normal")
    assert machine.checkpoints[0].created == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert (machine.disks[0].path, machine.disks[0].size, machine.disks[0].format) == ("D:\\os.vhdx", 0, "")
    assert (machine.nics[0].switch, machine.nics[0].addresses) == ("", ("10.0.0.4", "fe80::1"))


def test_an_empty_answer_claims_nothing() -> None:
    facts = parse_host({})
    assert (facts.time, facts.vms, facts.cluster, facts.vmm) == (None, (), None, None)
    assert not facts.hyper_v_installed
    assert facts.find_vm("", "") is None
    assert facts.owner_of(WEB01, "web01") == ""


# 5.1 writes what a function does not return as an empty object.
@pytest.mark.parametrize("nothing", [None, {}])
def test_no_cluster_and_no_vmm_are_none(nothing: object) -> None:
    facts = host(cluster=nothing, vmm=nothing)
    assert (facts.cluster, facts.vmm) == (None, None)


@pytest.mark.parametrize(
    ("state", "is_running", "is_off"),
    [
        ("Running", True, False),
        ("Off", False, True),
        ("Saved", False, False),
        ("OffCritical", False, True),
        ("RunningCritical", False, False),
        ("Starting", False, False),
        ("Hibernated", False, False),
        ("", False, False),
    ],
)
def test_a_state_is_running_off_or_neither(state: str, is_running: bool, is_off: bool) -> None:
    machine = host(vms=[vm(state=state)]).vms[0]
    assert (machine.state, machine.is_running, machine.is_off) == (state, is_running, is_off)


@pytest.mark.parametrize(
    ("vm_id", "name", "found"),
    [
        (WEB01, "web01", WEB01),
        (WEB01.upper(), "another name", WEB01),
        ("99999999-0000-0000-0000-000000000000", "web02", WEB02),
        ("", "web02", WEB02),
        ("", "WEB02", None),
        ("", "web*", None),
        ("", "web", None),
        ("99999999-0000-0000-0000-000000000000", "web03", None),
    ],
)
def test_a_vm_is_found_by_its_id_and_then_by_exactly_its_name(vm_id: str, name: str, found: str | None) -> None:
    machine = host(vms=[vm(), vm("web02", WEB02)]).find_vm(vm_id, name)
    assert (machine.id if machine else None) == found


def test_a_name_that_two_vms_have_is_an_error_unless_the_id_tells() -> None:
    facts = host(vms=[vm("web01", WEB01), vm("web01", WEB02)])
    assert facts.find_vm(WEB02, "web01") is facts.vms[1]
    with pytest.raises(TargetError, match="HV01 has 2 virtual machines called 'web01'") as caught:
        facts.find_vm("", "web01")
    assert caught.value.details["candidates"] == [WEB01, WEB02]


def seeing_host(**parts: Any) -> HostFacts:
    """A Hyper-V host that hides nothing."""
    seen: dict[str, Any] = {
        "os": {"version": "10.0.20348"},
        "hyper_v": {"installed": True, "virtual_machine_path": "D:\\Hyper-V"},
        "may_administer_hyper_v": True,
        "services": [service("vmms")],
    }
    return host(**{**seen, **parts})


WITHOUT_ROLE = {"hyper_v": {"installed": False}, "services": []}


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"problems": [{"part": "volumes", "message": "no permission"}]},
        {"services": [service("vmms"), service("ClusSvc")], "cluster": {"name": "c"}},
        {"services": [service("vmms"), service("SCVMMService")], "vmm": {"version": "1"}},
        WITHOUT_ROLE,
        {**WITHOUT_ROLE, "services": [service("dra")]},
    ],
)
def test_absence_is_proved_by_an_answer_that_would_have_shown_the_vm(parts: dict[str, Any]) -> None:
    facts = seeing_host(**parts)
    assert facts.absence_doubt == ""


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        *[
            ({"problems": [{"part": part, "message": "no permission"}]}, "no permission")
            for part in ("vms", "services", "hyper_v", "cluster", "cluster_vms", "vmm")
        ],
        ({"may_administer_hyper_v": False}, "no right to administer Hyper-V"),
        ({"may_administer_hyper_v": None}, "no right to administer Hyper-V"),
        ({"hyper_v": {"installed": True, "virtual_machine_path": None}}, "Hyper-V could not be read"),
        ({"services": [service("vmms", "Stopped")]}, "Hyper-V could not be read"),
        ({"services": []}, "Hyper-V could not be read"),
        ({**WITHOUT_ROLE, "os": {}}, "Hyper-V could not be read"),
        ({"services": [service("vmms"), service("ClusSvc", "Stopped")]}, "cluster"),
        ({"services": [service("vmms"), service("SCVMMService", "Stopped")]}, "VMM could not be read"),
        ({**WITHOUT_ROLE, "services": [service("SCVMMService")], "vmm": {"version": "1"}}, "user's role alone"),
    ],
)
def test_what_may_have_hidden_the_vm_proves_no_absence(parts: dict[str, Any], words: str) -> None:
    facts = seeing_host(**parts)
    assert words in facts.absence_doubt


def test_an_empty_answer_proves_no_absence() -> None:
    assert parse_host({}).absence_doubt
    empty = {"services": [], "vms": [], "problems": [{"part": "hyper_v", "message": "no permission"}]}
    assert host(**empty).absence_doubt


def test_the_host_s_words_about_a_part_are_kept() -> None:
    facts = host(problems=[{"part": "disks", "message": "missing"}, {"part": "disks", "message": "locked"}])
    assert facts.problem_with("vms", "disks") == "missing"
    assert facts.problem_with("vms") == ""


@pytest.mark.parametrize(
    ("path", "volume"),
    [
        ("D:\\VMs\\web01\\os.vhdx", "D:\\"),
        ("d:/VMs/web01", "D:\\"),
        ("C:\\ClusterStorage\\Volume1\\web01\\os.vhdx", "C:\\ClusterStorage\\Volume1"),
        # Nobody has read that one.
        ("C:\\ClusterStorage\\Volume10\\web01\\os.vhdx", None),
        ("C:\\ClusterStorageOfOld\\web01", "C:\\"),
        ("C:\\ClusterStorage\\Volume1", "C:\\ClusterStorage\\Volume1"),
        ("E:\\VMs", None),
        ("", None),
    ],
)
def test_a_path_is_on_the_volume_that_is_mounted_nearest_above_it(path: str, volume: str | None) -> None:
    volumes = [{"path": "C:\\"}, {"path": "D:\\"}, {"path": "C:\\ClusterStorage\\Volume1", "is_cluster_volume": True}]
    found = host(volumes=volumes).volume_of(path)
    assert (found.path if found else None) == volume


def test_a_service_runs_stands_or_is_not_there() -> None:
    facts = host(services=[service("vmms"), service("dra", "StartPending")])
    assert facts.is_running("VMMS")
    assert not facts.is_running("dra")
    assert not facts.is_running("obengine")
    assert facts.service("obengine") is None


@pytest.mark.parametrize(
    ("vm_id", "name", "owner"),
    [(WEB01, "anything", "HV02"), ("", "web02", "HV01"), (WEB02, "web01", ""), ("", "web09", "")],
)
def test_the_cluster_s_owner_is_found_by_id_or_where_there_is_none_by_name(vm_id: str, name: str, owner: str) -> None:
    groups = [
        {"vm_id": WEB01, "name": "web01", "owner": "HV02", "state": "Online"},
        {"vm_id": "", "name": "web02", "owner": "HV01", "state": "Offline"},
    ]
    cluster = {"name": "c", "node": "HV01", "nodes": [{"name": "HV02", "state": "Up"}], "groups": groups}
    facts = host(cluster=cluster)
    assert facts.owner_of(vm_id, name) == owner
    assert facts.cluster is not None
    assert facts.cluster.nodes == (("HV02", "Up"),)


def resource(kind: str, state: str, *, vm_id: str = WEB01, owner: str = "HV01") -> dict[str, str]:
    named = {"name": "web01", "resource": f"{kind} web01"}
    return {"vm_id": vm_id, "group_state": "Failed", "owner": owner, "state": state, **named}


def clustered(*groups: dict[str, str], configurations: tuple[dict[str, str], ...] = ()) -> HostFacts:
    """A node that hides nothing by itself, and lists no machine."""
    cluster = {"name": "clu", "node": "HV01", "groups": list(groups), "configurations": list(configurations)}
    return seeing_host(services=[service("vmms"), service("ClusSvc")], cluster=cluster)


BOTH = clustered(
    resource("Virtual Machine", "Offline"), configurations=(resource("Virtual Machine Configuration", "Failed"),)
)
CLAIM = (
    "its cluster clu has it on HV01, in the group web01, which is Failed: Virtual Machine web01 is Offline, Virtual "
    "Machine Configuration web01 is Failed"
)


def test_what_a_cluster_has_is_not_absent_where_its_node_does_not_list_it() -> None:
    assert BOTH.absence_doubt == ""
    assert BOTH.doubt_about(WEB01, "web01") == f"{CLAIM}; HV01 does not list it"
    assert BOTH.doubt_about(WEB02, "web02") == ""
    assert BOTH.owner_of(WEB01, "web01") == "HV01"


def test_a_configuration_alone_tells_as_much() -> None:
    facts = clustered(configurations=(resource("Virtual Machine Configuration", "Offline", owner="HV02"),))
    assert facts.owner_of(WEB01, "") == "HV02"
    assert "Virtual Machine Configuration web01 is Offline" in facts.doubt_about(WEB01, "another name")


def test_a_resource_that_tells_no_machine_may_be_any() -> None:
    facts = clustered(resource("Virtual Machine", "Online", vm_id=""))
    assert "in the group web01" in facts.doubt_about(WEB01, "web01")
    told = "its cluster does not report which VM Virtual Machine web01 is"
    assert facts.doubt_about(WEB02, "web02") == told


def test_resources_with_two_owners_have_none() -> None:
    facts = clustered(
        resource("Virtual Machine", "Offline"),
        configurations=(resource("Virtual Machine Configuration", "OnlinePending", owner="HV02"),),
    )
    assert facts.owner_of(WEB01, "web01") == ""
    assert "does not list it" in facts.doubt_about(WEB01, "web01")


def test_vmm_tells_where_its_machines_are() -> None:
    machine = {"id": WEB01, "name": "web01", "state": "PowerOff", "host": "hv03", "cloud": None}
    hosts = [{"name": "hv03", "state": "OK"}]
    vmm = host(vmm={"version": "10", "hosts": hosts, "clouds": [{"name": "g"}], "vms": [machine]}).vmm
    assert vmm is not None
    assert (vmm.hosts[0].name, vmm.clouds) == ("hv03", ("g",))
    found = vmm.find_vm(WEB01, "")
    assert found is not None
    assert (found.state, found.host, found.cloud) == ("PowerOff", "hv03", "")


def test_two_records_of_one_machine_are_told_as_that() -> None:
    records = [{"id": WEB01, "name": "web01", "state": state, "host": "hv03"} for state in ("PowerOff", "Missing")]
    vmm = host(vmm={"version": "10", "hosts": [], "clouds": [], "vms": records}).vmm
    assert vmm is not None
    with pytest.raises(TargetError) as caught:
        vmm.find_vm(WEB01, "web01")
    assert f"VMM has 2 records of the virtual machine {WEB01}" in caught.value.happened
