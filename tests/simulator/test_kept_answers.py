# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulator keeps so as not to work it out for each request follows every change of what it was made from."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from asr_simulator.compute import Compute, Disk, NetworkInterface
from asr_simulator.site_recovery.model.register import Register
from asr_simulator.wire import Rendered, to_json

CREATED = datetime(2026, 1, 5, tzinfo=timezone.utc)
OWNER = [{"name": "owner", "roles": ["Owner"]}]
COMPUTE_VERSION = "2024-07-01"


def make_vm(compute: Compute, name: str, group: str = "rg-one") -> None:
    disks, nics = [Disk(f"{name}-os", 40, os=True)], [NetworkInterface(f"nic-{name}")]
    compute.create_vm(name, group, "Standard_B1s", disks, nics, "Linux", CREATED)


@pytest.fixture
def owner(simulate, caller):
    return caller(simulate({"name": "kept", "principals": OWNER}))


def groups_of(owner):
    listed = owner.get(f"{owner.subscription}/resourceGroups").json()["value"]
    return {group["name"] for group in listed} - {owner.connection["resource_group"]}


def test_given_resource_groups_that_were_listed_when_resources_come_move_and_go_then_the_list_follows(simulate, caller):
    simulator = simulate({"name": "groups", "principals": OWNER})
    owner, compute = caller(simulator), simulator.world.compute
    assert groups_of(owner) == set()
    make_vm(compute, "web01")
    assert groups_of(owner) == {"rg-one"}
    compute.move("web01", "rg-two")
    assert groups_of(owner) == {"rg-two"}
    assert owner.get(f"{owner.subscription}/resourceGroups/rg-one").status_code == 404
    compute.delete_vm_and_disks("web01")
    # The interface was left behind.
    assert groups_of(owner) == {"rg-two"}


def test_given_disks_that_were_read_when_machines_change_then_they_say_whose_they_are_now(simulate, caller):
    simulator = simulate({"name": "disks", "principals": OWNER})
    owner, compute = caller(simulator), simulator.world.compute

    def owners():
        path = f"{owner.subscription}/providers/Microsoft.Compute/disks"
        listed = owner.get(path, COMPUTE_VERSION).json()["value"]
        return {disk["name"]: disk.get("managedBy", "").rpartition("/")[2] for disk in listed}

    make_vm(compute, "web01")
    assert owners() == {"web01-os": "web01"}
    compute.attach_disk("web01", "logs", 64)
    make_vm(compute, "web02")
    assert owners() == {"web01-os": "web01", "logs": "web01", "web02-os": "web02"}
    compute.move("web01", "rg-two")
    assert owners() == {"web01-os": "web01", "logs": "web01", "web02-os": "web02"}
    compute.delete_vm("web01")
    assert owners() == {"web01-os": "", "logs": "", "web02-os": "web02"}


@pytest.mark.parametrize(
    ("fault", "code"), [("expired", "ExpiredAuthenticationToken"), ("revoked", "InvalidAuthentic")]
)
def test_given_a_token_that_was_taken_when_it_is_good_no_more_then_refused(owner, fault, code):
    path = f"{owner.subscription}/resourceGroups"
    assert owner.get(path).status_code == 200
    owner.call("POST", "/_simulator/faults", None, json={"service": {"tokens": fault}})
    refused = owner.get(path)
    assert refused.status_code == 401
    assert refused.json()["error"]["code"].startswith(code)
    assert owner.sign_in().get(path).status_code == 200


def test_given_an_item_that_replicates_when_time_passes_then_it_was_replicated_now(desk, vault_of):
    counter = desk(vault_of({"name": "web01", "stage": "protected"}, {"name": "db01", "stage": "failed_over"}))

    def replicated(name):
        return counter.item(name)["providerSpecificDetails"]["lastReplicatedTime"]

    before = {name: replicated(name) for name in ("web01", "db01")}
    counter.pass_time(600)
    assert replicated("web01") > before["web01"]
    assert replicated("db01") == before["db01"]


def test_given_an_item_that_was_listed_when_its_job_begins_and_ends_then_the_list_tells(desk, vault_of, failback):
    counter = desk(vault_of({"name": "web01", "stage": "failed_over"}))

    def listed():
        (item,) = counter.read("replicationProtectedItems")["value"]
        return item["properties"]["currentScenario"]["scenarioName"], item["properties"]["allowedOperations"]

    assert listed()[0] == "None"
    job = counter.begin("web01", "plannedFailover", failback())
    assert listed() == ("PlannedFailover", [])
    counter.until(job, "Suspended")
    counter.act(job, "resume")
    counter.until(job, "Succeeded")
    assert "FinalizeFailback" in listed()[1]


def test_given_a_register_when_things_come_and_go_then_the_first_with_a_key_is_found():
    register = Register(lambda word: (word[0], word[-1]), ["abc", "bcd"])
    assert [register.find(key) for key in "abcd"] == ["abc", "bcd", "abc", "bcd"]
    register.append("dea")
    assert [register.find(key) for key in "ad"] == ["abc", "bcd"]
    register.remove("abc")
    assert [register.find(key) for key in "acd"] == ["dea", None, "bcd"]
    register.insert(0, "xyd")
    assert [register.find(key) for key in "xd"] == ["xyd", "xyd"]
    register[:] = ["uvw"]
    assert [register.find(key) for key in "xw"] == [None, "uvw"]
    register.clear()
    assert (register.find("w"), list(register)) == (None, [])


KEPT = Rendered({"name": "é"})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (KEPT, '{"name":"é"}'),
        ({"value": [KEPT, {"name": 1.5}], "nextLink": None}, '{"value":[{"name":"é"},{"name":1.5}],"nextLink":null}'),
        # What clients sent, as the journal shows it.
        ({"request_body": "\ud800", "kept": KEPT}, '{"request_body":"\\ud800","kept":{"name":"\\u00e9"}}'),
        ({"request_body": 2**70}, f'{{"request_body":{2**70}}}'),
    ],
)
def test_given_a_body_when_it_is_written_then_it_is_json_whatever_it_holds(body, text):
    assert to_json(body).decode() == text
