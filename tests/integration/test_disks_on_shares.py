# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks on SMB shares: what a session may not go on to is not read, which is neither missing nor of no size."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import SITE, item_of, scenario_of

HOST = "hv01"
SHARE = r"\\fs01.contoso.example\vms"


@pytest.fixture
def vault(driver: Any) -> Any:
    """Two VMs of one host, the first with its disks on a share."""
    items = [item_of("vm1", host=HOST), item_of("vm2", host=HOST)]
    started = driver(scenario_of(*items, fabrics=[{**SITE, "hosts": [{"name": HOST}]}])).knows_hosts()
    started.trouble(vm="vm1", storage=SHARE)
    return started


def findings(vault: Any, name: str = "vm1") -> dict[str, dict[str, Any]]:
    result = vault.run("failback_prereq", replicated_item=name)
    return {finding["id"]: finding for finding in result["findings"]}


def disks_of(vault: Any, name: str = "vm1") -> list[dict[str, Any]]:
    host = vault.run("hyperv_host_info", host=HOST)["host"]
    return next(vm["disks"] for vm in host["vms"] if vm["name"] == name)


@pytest.mark.parametrize("identifier", ["disk_space", "disk_chain"])
def test_what_is_beyond_the_second_hop_is_not_checked_and_says_so(vault: Any, identifier: str) -> None:
    finding = findings(vault)[identifier]
    assert finding["status"] == "not_checked"
    for words in ("SMB share", "second hop", "basic", SHARE):
        assert words in finding["cause"]
    for words in ("CredSSP", "constrained delegation"):
        assert words in finding["remedy"]


def test_the_rights_of_the_account_are_not_blamed_for_the_second_hop(vault: Any) -> None:
    finding = findings(vault)["host_reachable"]
    assert finding["status"] == "warn"
    assert "CredSSP" in finding["remedy"]
    assert "administer Hyper-V" not in finding["remedy"]


def test_disks_that_cannot_be_read_hide_no_other_machine_s(vault: Any) -> None:
    found = findings(vault, "vm2")
    assert [found[one]["status"] for one in ("disk_chain", "unreplicated_disks", "disk_space")] == ["pass"] * 3


def test_what_a_disk_is_was_not_read_and_why(vault: Any) -> None:
    (disk,) = disks_of(vault)
    assert (disk["size"], disk["file_size"], disk["type"]) == (None, None, None)
    assert "because it does not exist" in disk["unread"]
    (local,) = disks_of(vault, "vm2")
    assert local["unread"] is None


def test_where_the_session_may_go_on_the_disks_are_read(vault: Any) -> None:
    vault.trouble(host=HOST, second_hop="allowed")
    (disk,) = disks_of(vault)
    assert (disk["unread"], disk["type"]) == (None, "Dynamic")
    found = findings(vault)
    assert found["disk_chain"]["status"] == "pass"
    # How much room a file server has, no host tells.
    assert (found["disk_space"]["status"], SHARE in found["disk_space"]["cause"]) == ("not_checked", True)


def test_a_file_that_is_gone_beyond_the_second_hop_is_no_second_hop(vault: Any) -> None:
    vault.trouble(vm="vm1", storage="local")
    vault.trouble(vm="vm1", disks="missing")
    finding = findings(vault)["disk_chain"]
    assert finding["status"] == "not_checked"
    assert "The system cannot find the file specified" in finding["cause"]
    assert "CredSSP" not in finding["remedy"]


def test_a_name_with_brackets_on_a_share_is_its_own(driver: Any) -> None:
    disks = [{"name": name, "gb": gb} for name, gb in (("data[1]", 4), ("data1", 8))]
    vault = driver(scenario_of(item_of("vm1", host=HOST, disks=disks))).knows_hosts()
    vault.trouble(vm="vm1", storage=SHARE)
    vault.trouble(host=HOST, second_hop="allowed")
    sizes = {disk["path"].rpartition("\\")[2]: disk["size"] for disk in disks_of(vault)}
    assert sizes == {"data[1].vhdx": 4 * 2**30, "data1.vhdx": 8 * 2**30}
