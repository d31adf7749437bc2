# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hyper-V hosts and a VMM server, asked and changed with the real pywinrm over TLS, with what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import example, given
from hypothesis import strategies as st
from support.documented import broken_promises
from support.module_runner import ModuleRunner
from support.scenarios import item_of, scenario_of
from winrm.protocol import Protocol

from ansible_collections.asr.failback.plugins.module_utils.hyperv.hosts import Hosts
from ansible_collections.asr.failback.plugins.module_utils.model.failures import HostAuthenticationError
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch
from asr_simulator.hyperv.cmdlets import cim
from asr_simulator.server import Simulator
from asr_simulator.wsman.ntlm import Handshake

HV01, HV02, NODE, VMM = (f"{name}.contoso.example" for name in ("hv01", "hv02", "vmm01-node1", "vmm01"))
DISKS = [{"name": "os", "gb": 4, "os": True}, {"name": "data", "gb": 8}]
SITE = {
    "name": "site1",
    "type": "HyperVSite",
    "hosts": [
        {
            "name": HV01,
            "cluster": "hvcluster",
            "switches": ["Production", {"name": "Inner", "type": "Internal"}],
            "virtual_machines": [{"name": "tools01", "state": "Running"}, {"name": "spare", "state": "Saved"}],
        },
        {"name": HV02, "cluster": "hvcluster"},
        {"name": "hv03.contoso.example", "role": "missing"},
    ],
}
CLOUD = {"name": VMM, "type": "VMM", "clouds": [{"name": "cloud1"}]}
Starts = Callable[..., ModuleRunner]


def estate() -> dict[str, Any]:
    """A cluster of two nodes, a host without Hyper-V, and a VMM server with a host of its own."""
    items = [
        item_of("web01", host=HV01, disks=DISKS),
        item_of("db01", host=HV02, disks=DISKS),
        item_of("erp01", cloud="cloud1", disks=DISKS),
    ]
    return scenario_of(*items, fabrics=[SITE, CLOUD])


@pytest.fixture
def drive(driver: Starts) -> ModuleRunner:
    """A driver that has all hosts in its inventory."""
    return driver(estate()).knows_hosts()


def truth(drive: ModuleRunner, host: str) -> dict[str, Any]:
    """A host as the simulator knows it."""
    return next(one for one in drive.simulator.state()["hosts"] if one["name"] == host)


def sessions(drive: ModuleRunner) -> list[dict[str, Any]]:
    """The sessions that hosts have had."""
    found: list[dict[str, Any]] = drive.simulator.locked(lambda world: world.shells.sessions())
    return found


def facts(drive: ModuleRunner, host: str = HV01, **options: Any) -> dict[str, Any]:
    """What a host says, as it is documented."""
    result = drive.run("hyperv_host_info", host=host, **options)
    assert broken_promises("hyperv_host_info", result) == []
    assert not result["changed"]
    return dict(result["host"])


def refused(drive: ModuleRunner, **options: Any) -> dict[str, Any]:
    """The failure of a question to hv01, as it is documented, without a secret in it."""
    failed = drive.fail("hyperv_host_info", **{"host": HV01, **options})
    assert broken_promises("hyperv_host_info", failed, failed=True) == []
    assert drive.simulator.connection["winrm"]["password"] not in str(failed)
    return failed


@pytest.mark.parametrize("transport", ["ntlm", "basic"])
def test_a_host_tells_what_it_is_and_holds(driver: Starts, transport: str) -> None:
    drive = driver(estate()).knows_hosts(transport=transport)
    host, known = facts(drive), truth(drive, HV01)
    assert (host["fqdn"], host["os"]["version"], host["hyper_v"]["installed"]) == (HV01, "10.0.20348", True)
    assert {vm["id"]: (vm["name"], vm["state"]) for vm in host["vms"]} == {
        vm["id"]: (vm["name"], vm["state"]) for vm in known["vms"]
    }
    web01 = next(vm for vm in host["vms"] if vm["name"] == "web01")
    (known_web01,) = [vm for vm in known["vms"] if vm["name"] == "web01"]
    assert [(disk["path"], disk["size"], disk["file_size"]) for disk in web01["disks"]] == [
        (disk["path"], disk["size"], disk["file_size"]) for disk in known_web01["disks"]
    ]
    assert [(switch["name"], switch["type"]) for switch in host["switches"]] == [
        (switch["name"], switch["type"]) for switch in known["switches"]
    ]
    assert {volume["path"].rstrip("\\"): volume["free"] for volume in host["volumes"]} == {
        volume["path"].rstrip("\\"): volume["free"] for volume in known["volumes"] if "?" not in volume["path"]
    }
    assert {service["name"]: service["state"] for service in host["services"]}.items() <= known["services"].items()
    assert host["problems"] == []
    (session,) = sessions(drive)
    assert (session["host"], session["transport"], session["exit_code"]) == (HV01, transport, 0)


def test_a_node_tells_who_owns_what(drive: ModuleRunner) -> None:
    host = facts(drive)
    assert host["cluster"]["name"] == "hvcluster"
    assert {node["name"].lower(): node["state"] for node in host["cluster"]["nodes"]} == {"hv01": "Up", "hv02": "Up"}
    owners = {group["name"]: group["owner"].lower() for group in host["cluster"]["groups"]}
    assert (owners["web01"], owners["db01"]) == ("hv01", "hv02")
    assert [vm["name"] for vm in host["vms"] if vm["name"] == "db01"] == []


def test_another_product_s_commands_are_not_taken_for_windows_own(drive: ModuleRunner) -> None:
    drive.trouble(host=HV01, powercli="installed")
    host = facts(drive)
    assert (host["problems"], host["cluster"]["name"]) == ([], "hvcluster")
    assert [vm["name"] for vm in host["vms"]] != []


def test_a_vmm_server_tells_what_it_manages(drive: ModuleRunner) -> None:
    host = facts(drive, VMM)
    assert host["vmm"]["clouds"] == [{"name": "cloud1"}]
    assert [managed["name"] for managed in host["vmm"]["hosts"]] == [NODE]
    machine = next(vm for vm in host["vmm"]["vms"] if vm["name"] == "erp01")
    assert (machine["host"], machine["cloud"]) == (NODE, "cloud1")
    assert (host["hyper_v"]["installed"], host["vms"]) == (False, [])
    assert machine["id"].lower() in {vm["id"].lower() for vm in facts(drive, NODE)["vms"]}


def test_only_the_machines_that_are_asked_for_are_told(drive: ModuleRunner) -> None:
    identifier = next(vm["id"] for vm in truth(drive, HV01)["vms"] if vm["name"] == "tools01")
    assert [vm["name"] for vm in facts(drive, vms=["web01"])["vms"]] == ["web01"]
    assert [vm["name"] for vm in facts(drive, vms=[identifier.upper()])["vms"]] == ["tools01"]
    assert facts(drive, vms=["web*", "nobody"])["vms"] == []
    assert facts(drive, vms=[])["vms"] == []


def test_a_host_without_the_role_says_so(drive: ModuleRunner) -> None:
    host = facts(drive, "hv03.contoso.example")
    assert (host["hyper_v"]["installed"], host["vms"], host["switches"]) == (False, [], [])


def test_a_port_that_is_shut_is_unreachable(drive: ModuleRunner) -> None:
    drive.trouble(host=HV01, reachable=False)
    failed = refused(drive)
    assert failed["error"]["kind"] == "host_unreachable"
    assert HV01 in failed["msg"]
    assert sessions(drive) == []


@pytest.mark.parametrize("name", ["a" * 64, "two words"])
def test_what_no_host_can_be_called_is_unreachable(drive: ModuleRunner, name: str) -> None:
    assert refused(drive, host=name)["error"]["kind"] == "host_unreachable"


@pytest.mark.parametrize("transport", ["ntlm", "basic"])
def test_an_account_that_the_host_does_not_take_is_refused(driver: Starts, transport: str) -> None:
    drive = driver(estate()).knows_hosts(transport=transport)
    drive.trouble(host=HV01, password="wrong")
    failed = refused(drive)
    assert (failed["error"]["kind"], failed["error"]["host"]) == ("host_authentication", HV01)
    assert drive.simulator.connection["winrm"]["username"] in failed["msg"]


def test_a_certificate_of_an_unknown_authority_is_not_trusted(drive: ModuleRunner, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    failed = refused(drive, winrm_ca_trust_path=str(other))
    assert failed["error"]["kind"] == "host_unreachable"
    assert "not trusted" in failed["msg"]
    assert sessions(drive) == []


def test_a_host_that_cannot_tell_its_machines_proves_nothing_about_them(drive: ModuleRunner) -> None:
    hosts = Hosts(drive.options, drive.inventory.get, Watch(60), RunCache(), {})
    wanted = [("", "nobody")]
    assert hosts.facts(HV01, wanted).absence_doubt == ""
    assert hosts.facts("hv03.contoso.example", wanted).absence_doubt == ""
    assert hosts.facts(VMM, wanted).absence_doubt == "VMM shows the machines of the user's role alone"
    drive.trouble(host=HV01, service="vmms", state="Stopped")
    drive.trouble(host=VMM, service="SCVMMService", state="Stopped")
    assert "the object was not found" in hosts.facts(HV01, wanted).absence_doubt
    assert hosts.facts(VMM, wanted).absence_doubt == "VMM could not be read"


def test_to_an_account_without_rights_hyper_v_is_silent_and_that_proves_nothing(drive: ModuleRunner) -> None:
    assert facts(drive)["may_administer_hyper_v"] is True
    drive.trouble(host=HV01, rights="none")
    host = facts(drive)
    assert (host["may_administer_hyper_v"], host["vms"], host["problems"]) == (False, [], [])
    hosts = Hosts(drive.options, drive.inventory.get, Watch(60), RunCache(), {})
    assert "no right to administer Hyper-V" in hosts.facts(HV01, [("", "web01")]).absence_doubt
    drive.trouble(host=HV01, rights="full")
    assert hosts.facts(HV01, [("", "nobody")]).absence_doubt == ""


def test_services_that_are_not_shown_prove_nothing(drive: ModuleRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    spooler = ("Win32_Service", lambda _place: [{"Name": "Spooler", "State": "Running"}], ())
    monkeypatch.setitem(cim.CLASSES, (cim.NAMESPACE, "win32_service"), spooler)
    host = facts(drive)
    assert [(problem["part"], problem["message"]) for problem in host["problems"]] == [
        ("services", "The host does not show its services to this account.")
    ]
    assert "web01" in {vm["name"] for vm in host["vms"]}
    hosts = Hosts(drive.options, drive.inventory.get, Watch(60), RunCache(), {})
    assert hosts.facts(HV01, [("", "nobody")]).absence_doubt


def test_a_machine_that_is_broken_hides_no_other(drive: ModuleRunner) -> None:
    drive.trouble(vm="tools01", broken=True)
    host = facts(drive)
    assert {vm["name"] for vm in host["vms"]} == {"web01", "spare"}
    assert all(vm["nics"] for vm in host["vms"])
    (problem,) = host["problems"]
    assert (problem["part"], "tools01" in problem["message"]) == ("vms", True)
    drive.trouble(vm="tools01", broken=False)
    (machine,) = drive.simulator.locked(lambda world: [vm for vm in world.hyperv.machines() if vm.name == "tools01"])
    drive.simulator.locked(lambda _world: setattr(machine, "generation", "neither"))
    host = facts(drive)
    assert {vm["name"] for vm in host["vms"]} == {"web01", "spare"}
    (problem,) = host["problems"]
    assert problem["part"] == "vms"
    assert problem["message"].startswith("tools01: ")
    hosts = Hosts(drive.options, drive.inventory.get, Watch(60), RunCache(), {})
    assert hosts.facts(HV01).absence_doubt


def test_a_wrong_password_is_tried_twice_in_a_run_whatever_asks(
    driver: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = driver(estate()).knows_hosts(transport="ntlm")
    handshakes: list[str] = []
    accept = Handshake.accept

    def counted(handshake: Handshake, *parts: Any) -> Any:
        answer = accept(handshake, *parts)
        handshakes.append(answer[0])
        return answer

    monkeypatch.setattr(Handshake, "accept", counted)
    for name in (HV01, HV02, NODE):
        drive.trouble(host=name, password="wrong")
    hosts = Hosts(drive.options, drive.inventory.get, Watch(60), RunCache(), {})
    for name in (HV01, HV02, NODE, HV01):
        for max_age in (60, 0):
            with pytest.raises(HostAuthenticationError) as caught:
                hosts.facts(name, max_age=max_age)
    assert "was refused before in this run" in caught.value.happened
    with pytest.raises(HostAuthenticationError, match=HV01):
        hosts.named(VMM).ask("a script", {})
    assert 2 <= len(handshakes) <= 3
    assert not any(handshakes)
    assert sessions(drive) == []


def test_a_service_that_stands_is_told_and_so_is_all_that_works_without_it(drive: ModuleRunner) -> None:
    drive.trouble(host=HV01, service="vmms", state="Stopped")
    host = facts(drive)
    assert next(service["state"] for service in host["services"] if service["name"] == "vmms") == "Stopped"
    assert {"vms", "switches"} <= {problem["part"] for problem in host["problems"]}
    assert all(problem["message"] for problem in host["problems"])
    assert host["volumes"] != []


def test_a_disk_whose_file_is_gone_hides_nothing_else(drive: ModuleRunner) -> None:
    drive.trouble(vm="web01", disks="missing")
    host = facts(drive)
    machines = {vm["name"]: vm for vm in host["vms"]}
    assert [disk["size"] for disk in machines["web01"]["disks"]] == [None, None]
    assert all(disk["size"] for disk in machines["tools01"]["disks"])
    assert "disk_files" in {problem["part"] for problem in host["problems"]}


def test_checkpoints_and_heartbeats_are_told(drive: ModuleRunner) -> None:
    drive.trouble(vm="tools01", checkpoint="before the update")
    machine = next(vm for vm in facts(drive)["vms"] if vm["name"] == "tools01")
    assert [checkpoint["name"] for checkpoint in machine["checkpoints"]] == ["before the update"]
    assert machine["heartbeat"].startswith("Ok")
    assert machine["nics"][0]["addresses"] != []


def test_a_switch_is_made_once(drive: ModuleRunner) -> None:
    options = {"host": HV02, "name": "Lab", "type": "private"}
    foretold = drive.run("hyperv_switch", check_mode=True, **options)
    assert broken_promises("hyperv_switch", foretold) == []
    assert (foretold["changed"], foretold["before"], foretold["after"]["type"]) == (True, None, "Private")
    assert "Lab" not in {switch["name"] for switch in truth(drive, HV02)["switches"]}
    made = drive.run("hyperv_switch", **options)
    assert broken_promises("hyperv_switch", made) == []
    assert {**made["after"], "id": ""} == foretold["after"]
    again = drive.run("hyperv_switch", **{**options, "name": "LAB"})
    assert (again["changed"], again["before"], again["after"]) == (False, made["after"], made["after"])
    assert [switch["name"] for switch in truth(drive, HV02)["switches"]].count("Lab") == 1


@pytest.fixture
def bare(driver: Starts) -> ModuleRunner:
    """A host with an adapter and no switch."""
    host = {"name": HV01, "switches": [], "adapters": ["Ethernet", "Ethernet 2"]}
    site = {"name": "site1", "type": "HyperVSite", "hosts": [host]}
    return driver(scenario_of(item_of("web01", host=HV01), fabrics=[site])).knows_hosts()


def test_an_external_switch_needs_one_adapter_that_is_there(bare: ModuleRunner) -> None:
    switch = {"host": HV01, "name": "Production"}
    for options, words in (({}, "Set net_adapter"), ({"net_adapter": "Ether*"}, "Ethernet, Ethernet 2")):
        failed = bare.fail("hyperv_switch", **switch, **options)
        assert (failed["error"]["kind"], failed["changed"]) == ("refused", False)
        assert words in failed["msg"]
    made = bare.run("hyperv_switch", **switch, net_adapter="ethernet", allow_management_os=False)
    assert (made["after"]["type"], made["after"]["allow_management_os"]) == ("External", False)
    assert made["after"]["adapter"]
    assert not bare.run("hyperv_switch", **switch)["changed"]
    changed = bare.run("hyperv_switch", **switch, allow_management_os=True)
    assert (changed["changed"], changed["after"]["allow_management_os"]) == (True, True)
    moved = bare.run("hyperv_switch", **switch, net_adapter="Ethernet 2")
    assert moved["after"]["adapter"] != made["after"]["adapter"]


def test_a_switch_changes_its_type_only_where_that_is_allowed(bare: ModuleRunner) -> None:
    options = {"host": HV01, "name": "Lab"}
    bare.run("hyperv_switch", **options, type="private")
    failed = bare.fail("hyperv_switch", **options, type="internal")
    assert (failed["error"]["kind"], failed["error"]["before"]["type"]) == ("refused", "Private")
    assert truth(bare, HV01)["switches"][0]["type"] == "Private"
    allowed = bare.run("hyperv_switch", **options, type="internal", change_type=True)
    assert (allowed["changed"], allowed["after"]["type"]) == (True, "Internal")


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ModuleRunner]]:
    """One host, on which `tools01` is renamed to whatever a test says."""
    with Simulator.start(estate(), tmp_path_factory.mktemp("names"), speed=0) as simulator:
        drive = ModuleRunner(simulator).knows_hosts()
        (machine,) = simulator.locked(lambda world: [vm for vm in world.hyperv.machines() if vm.name == "tools01"])

        def rename(name: str) -> ModuleRunner:
            simulator.locked(lambda _world: setattr(machine, "name", name))
            return drive

        yield rename


# NUL is refused in every option: nothing of Windows can hold it.
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40))
@example(name="a'b\"c")
@example(name="'; Stop-VM *; '")
@example(name="$(Stop-Computer) ${env:Path} $x @x")
@example(name="back`tick `n `0")
@example(name="two\r\nlines\tand a tab")
@example(name="東京 Zürich привет ☃ 𝄞 e\u0301")
@example(name="</S><rsp:Stream>&amp;<![CDATA[x]]>")
@example(name="web*[0-9]?")
@example(name='{"json": "\\u0041"} /Date(1)/')
@example(name="%PATH% ^& | > < \\")
@example(name="\u200b\u00ad\u2019\u201c\ufeff")
@example(name=" ")
def test_a_name_passes_unharmed_whatever_is_in_it(renamed: Callable[[str], ModuleRunner], name: str) -> None:
    machines = facts(renamed(name), vms=[name])["vms"]
    assert [vm["name"] for vm in machines] == [name]


def test_a_host_without_a_free_shell_is_asked_again_when_one_has_ended(tmp_path: Path) -> None:
    with Simulator.start(estate(), tmp_path, speed=0) as simulator:
        drive = ModuleRunner(simulator).knows_hosts()
        where = drive.inventory[HV01]
        other = Protocol(
            f"https://{where['ansible_host']}:{where['ansible_port']}/wsman",
            "basic",
            where["ansible_user"],
            where["ansible_password"],
            ca_trust_path=where["ansible_winrm_ca_trust_path"],
        )
        shells = [other.open_shell() for _number in range(30)]
        refused = drive.fail("hyperv_host_info", host=HV01)
        assert refused["error"]["kind"] == "host"
        assert "MaxShellsPerUser" in refused["msg"]
        drive.meanwhile = lambda _seconds: other.close_shell(shells.pop())
        assert drive.run("hyperv_host_info", host=HV01)["host"]["vms"]
