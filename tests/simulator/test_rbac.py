# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles, locks and permissions: who may do what, and what a lock forbids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asr_simulator.arm.builtin_roles import (
    BUILT_IN,
    SITE_RECOVERY_CONTRIBUTOR,
    SITE_RECOVERY_OPERATOR,
    SITE_RECOVERY_READER,
    VIRTUAL_MACHINE_CONTRIBUTOR,
)
from asr_simulator.arm.roles import RoleDefinition, matches
from asr_simulator.arm.scopes import contains, of_path
from asr_simulator.scenarios import ScenarioError

RECORDED = Path(__file__).parents[3] / "shared" / "recordings" / "rbac_site_recovery_builtin_roles.recorded.json"
RECORDED_ROLES = (
    SITE_RECOVERY_CONTRIBUTOR,
    SITE_RECOVERY_OPERATOR,
    SITE_RECOVERY_READER,
    VIRTUAL_MACHINE_CONTRIBUTOR,
)
LOCKS = "/providers/Microsoft.Authorization/locks"
LOCK_VERSION, PERMISSION_VERSION = "2020-05-01", "2022-04-01"
VAULT_NAME = "vault-failback"
GROUP = "/subscriptions/cccccccc-0000-4000-8000-000000000003/resourceGroups/rg"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/{VAULT_NAME}"


@pytest.fixture(scope="module")
def simulator(simulate):
    return simulate(
        {
            "name": "rbac",
            "vault": {"subscription_id": GROUP.split("/")[2], "resource_group": "rg", "name": VAULT_NAME},
            "roles": [{"name": "Peeker", "actions": ["*/read"], "notActions": ["Microsoft.RecoveryServices/*"]}],
            "principals": [
                {"name": "owner", "roles": ["Owner"]},
                {"name": "operator", "roles": ["Site Recovery Operator"]},
                {"name": "peeker", "roles": ["Peeker"]},
                {"name": "both", "roles": ["Peeker", "Site Recovery Reader"]},
                {"name": "local", "roles": [{"role": "Reader", "scope": VAULT}]},
                {"name": "nobody", "roles": []},
            ],
        }
    )


@pytest.fixture
def owner(simulator, caller):
    return caller(simulator, "owner")


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded role definitions are not here")
@pytest.mark.parametrize("role", RECORDED_ROLES, ids=lambda role: role.name)
def test_recorded_roles_are_those_of_azure(role):
    recorded = json.loads(RECORDED.read_text())[role.name]
    (permission,) = recorded["properties"]["permissions"]
    assert recorded["name"] == role.guid
    assert sorted(map(str.lower, role.actions)) == sorted(map(str.lower, permission["actions"]))
    assert sorted(role.not_actions) == sorted(permission["notActions"])


@pytest.mark.parametrize(
    ("wildcard", "action", "expected"),
    [
        ("*", "Microsoft.Compute/disks/read", True),
        ("*/read", "microsoft.compute/disks/READ", True),
        ("*/read", "Microsoft.Compute/disks/write", False),
        ("Microsoft.Compute/*/read", "Microsoft.Compute/virtualMachines/instanceView/read", True),
        ("Microsoft.Compute/disks/read", "Microsoft.Compute/disks/reader", False),
        ("Microsoft.Compute/disks", "Microsoft.Compute/disks/read", False),
        (
            "Microsoft.RecoveryServices/vaults/replicationJobs/*",
            "Microsoft.RecoveryServices/vaults/replicationJobs/x/action",
            True,
        ),
    ],
)
def test_wildcards_match_as_in_azure(wildcard, action, expected):
    assert matches(wildcard, action) is expected


def test_not_actions_take_away_from_their_own_role_alone():
    peeker = RoleDefinition("Peeker", ("*/read",), ("Microsoft.RecoveryServices/*",))
    assert peeker.allows("Microsoft.Compute/disks/read")
    assert not peeker.allows("Microsoft.RecoveryServices/vaults/read")


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("/", VAULT, True),
        (GROUP.upper(), VAULT, True),
        (VAULT, VAULT + "/", True),
        (VAULT, GROUP, False),
        (GROUP, GROUP + "-other/providers/x/y/z", False),
    ],
)
def test_scopes_contain_what_is_below_them(outer, inner, expected):
    assert contains(outer, inner) is expected


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (VAULT, VAULT),
        (f"{VAULT}/replicationJobs", VAULT),
        (f"{VAULT}/replicationJobs/7/resume", f"{VAULT}/replicationJobs/7"),
        (f"{GROUP}/providers/Microsoft.Compute/virtualMachines", GROUP),
        (f"{VAULT}{LOCKS}", VAULT),
        (f"{GROUP}{LOCKS}/keep", f"{GROUP}{LOCKS}/keep"),
        ("/subscriptions/1/resourceGroups", "/subscriptions/1"),
        ("/subscriptions/1/providers/Microsoft.Compute", "/subscriptions/1"),
    ],
)
def test_a_path_is_authorised_at_the_resource_that_it_names(path, scope):
    assert of_path(path) == scope


def test_a_denied_call_names_client_action_and_scope(simulator, caller):
    denied = caller(simulator, "nobody")
    answer = denied.get(f"{denied.group}/providers/Microsoft.Compute/virtualMachines/vm1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
    object_id = next(spec.object_id for spec in simulator.world.scenario.principals if spec.name == "nobody")
    assert answer.json()["error"]["message"] == (
        f"The client '{denied.identity['client_id']}' with object id '{object_id}' does not have "
        f"authorization to perform action 'Microsoft.Compute/virtualMachines/read' over scope "
        f"'{denied.group}/providers/Microsoft.Compute/virtualMachines/vm1' or the scope is invalid. If access was "
        "recently granted, please refresh your credentials."
    )
    assert int(answer.headers["x-ms-ratelimit-remaining-subscription-reads"]) < 250


@pytest.mark.parametrize(("name", "status"), [("peeker", 403), ("both", 200), ("operator", 200), ("local", 200)])
def test_the_vault_is_read_by_those_whose_roles_say_so(simulator, caller, name, status):
    reader = caller(simulator, name)
    assert reader.get(reader.vault).status_code == status


def test_a_role_at_the_vault_does_not_reach_above_it(simulator, caller):
    local = caller(simulator, "local")
    assert local.get(f"{local.vault}{LOCKS}", LOCK_VERSION).status_code == 200
    assert local.get(f"{local.group}{LOCKS}", LOCK_VERSION).status_code == 403


COMPUTE = "/providers/Microsoft.Compute/virtualMachines"


def narrow(simulate, lists):
    """Three VMs, one of them in another group; a caller who may read a group alone, and one who may read a VM."""
    machine = f"{GROUP}{COMPUTE}/vm2"
    simulator = simulate(
        {
            "name": "narrow",
            "vault": {"subscription_id": GROUP.split("/")[2], "resource_group": "rg", "name": VAULT_NAME},
            "fabrics": [{"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}]}],
            "items": [{"name": name, "stage": "failed_over", "host": "hv01"} for name in ("vm1", "vm2", "vm3")],
            "principals": [
                {"name": "all", "roles": ["Reader"]},
                {"name": "group", "roles": [{"role": "Reader", "scope": GROUP}]},
                {"name": "machine", "roles": [{"role": "Reader", "scope": machine}]},
                {"name": "nobody", "roles": []},
            ],
            "variants": {"narrow_lists": lists} if lists else {},
        }
    )
    simulator.locked(lambda world: world.compute.move("vm3", "rg-archive"))
    return simulator


@pytest.mark.parametrize("lists", ["filtered", ""])
def test_a_list_shows_what_the_caller_may_read_and_says_nothing_of_the_rest(simulate, caller, lists):
    simulator = narrow(simulate, lists)
    whole = {"all": ["vm1", "vm2", "vm3"], "group": ["vm1", "vm2"], "machine": ["vm2"]}
    for name, seen in whole.items():
        reader = caller(simulator, name)
        for path in (f"{reader.subscription}{COMPUTE}", f"{reader.subscription}/resources"):
            answer = reader.get(path, "2024-07-01")
            assert answer.status_code == 200, answer.text
            ids = [one["id"] for one in answer.json()["value"] if COMPUTE in one["id"]]
            assert sorted(one.rsplit("/", 1)[1] for one in ids) == seen
    answer = caller(simulator, "machine").get(f"{GROUP}{COMPUTE}", "2024-07-01")
    assert [one["name"] for one in answer.json()["value"]] == ["vm2"]
    assert (
        caller(simulator, "nobody").get(f"/subscriptions/{GROUP.split('/')[2]}{COMPUTE}", "2024-07-01").status_code
        == 403
    )


def test_as_a_variant_a_list_is_refused_without_rights_at_its_scope(simulate, caller):
    simulator = narrow(simulate, "refused")
    for name, status in (("all", 200), ("group", 403), ("machine", 403)):
        reader = caller(simulator, name)
        assert reader.get(f"{reader.subscription}{COMPUTE}", "2024-07-01").status_code == status


def test_an_unknown_role_is_refused_with_the_known_ones(simulate):
    with pytest.raises(ScenarioError, match=r"no role is named 'Wizard'; known are .*Site Recovery Operator"):
        simulate({"name": "wizard", "principals": [{"name": "x", "roles": ["Wizard"]}]})


@pytest.mark.parametrize("version", ["2015-07-01", "2018-07-01", "2022-04-01"])
def test_permissions_are_those_of_the_callers_roles_at_the_scope(simulator, caller, version):
    both = caller(simulator, "both")
    answer = both.get(f"{both.vault}/providers/Microsoft.Authorization/permissions", version)
    first, second = answer.json()["value"]
    assert (first["actions"], first["notActions"]) == (["*/read"], ["Microsoft.RecoveryServices/*"])
    assert "Microsoft.RecoveryServices/vaults/replicationJobs/read" in second["actions"]


def test_permissions_of_a_child_resource_inherit(simulator, caller):
    local = caller(simulator, "local")
    scope = f"{local.vault}/replicationFabrics/site1"
    permissions = local.get(f"{scope}/providers/Microsoft.Authorization/permissions", PERMISSION_VERSION)
    assert permissions.json()["value"] == [
        {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}
    ]


def test_role_definitions_are_found_by_name(owner):
    path = f"{owner.subscription}/providers/Microsoft.Authorization/roleDefinitions"
    found = owner.get(path, "2022-04-01", params={"$filter": "roleName eq 'Peeker'"}).json()["value"]
    assert [role["properties"]["type"] for role in found] == ["CustomRole"]
    assert len(owner.get(path, "2022-04-01").json()["value"]) == len(BUILT_IN) + 1


def put_lock(caller, scope, name, level="CanNotDelete"):
    body = {"properties": {"level": level, "notes": "keep"}}
    answer = caller.call("PUT", f"{scope}{LOCKS}/{name}", LOCK_VERSION, json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def names(answer):
    return {lock["name"] for lock in answer.json()["value"]}


def test_locks_are_listed_at_above_and_below_the_scope(owner):
    put_lock(owner, owner.subscription, "high")
    middle = put_lock(owner, owner.group, "middle", "ReadOnly")
    put_lock(owner, owner.vault, "low")
    assert middle["id"] == f"{owner.group}{LOCKS}/middle"
    assert middle["properties"] == {"level": "ReadOnly", "notes": "keep"}
    for version in ("2016-09-01", "2020-05-01"):
        assert names(owner.get(f"{owner.group}{LOCKS}", version)) == {"high", "middle", "low"}
    at_scope = owner.get(f"{owner.group}{LOCKS}", LOCK_VERSION, params={"$filter": "atScope()"})
    assert names(at_scope) == {"high", "middle"}
    assert names(owner.get(f"{owner.subscription}{LOCKS}", LOCK_VERSION)) == {"high", "middle", "low"}
    assert owner.get(f"{owner.vault}{LOCKS}/low", LOCK_VERSION).json()["name"] == "low"


def test_a_lock_is_replaced_and_removed(owner):
    scope = f"{owner.group}/providers/Microsoft.Compute/disks/d1"
    put_lock(owner, scope, "keep")
    assert put_lock(owner, scope, "keep", "ReadOnly")["properties"]["level"] == "ReadOnly"
    assert owner.call("DELETE", f"{scope}{LOCKS}/keep", LOCK_VERSION).status_code == 200
    assert owner.call("DELETE", f"{scope}{LOCKS}/keep", LOCK_VERSION).status_code == 204
    assert owner.get(f"{scope}{LOCKS}/keep", LOCK_VERSION).json()["error"]["code"] == "LockNotFound"


def test_bad_locks_and_filters_are_refused(owner):
    bad = owner.call("PUT", f"{owner.group}{LOCKS}/x", LOCK_VERSION, json={"properties": {"level": "Soft"}})
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "InvalidLockLevel")
    bad = owner.get(f"{owner.group}{LOCKS}", LOCK_VERSION, params={"$filter": "name eq 'x'"})
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "InvalidFilterInQueryString")


def test_who_may_not_write_locks_sets_none(simulator, caller):
    operator = caller(simulator, "operator")
    answer = operator.call(
        "PUT", f"{operator.group}{LOCKS}/x", LOCK_VERSION, json={"properties": {"level": "ReadOnly"}}
    )
    assert answer.status_code == 403
    assert "Microsoft.Authorization/locks/write" in answer.json()["error"]["message"]
