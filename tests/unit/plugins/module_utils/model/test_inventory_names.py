# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts: each is that of one virtual machine, and means nothing else to Ansible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from support.bodies import VAULT

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.inventory_names import (
    choose_names,
    own_variables,
    refuse_names_of_groups,
    require_own_hosts,
    safe_name,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("web01", "web01"),
        ("WEB-01.contoso.example", "WEB-01.contoso.example"),
        (" SQL Server [prod] ", "SQL_Server__prod_"),
        ("a:b,c!d&e~f*g?h", "a_b_c_d_e_f_g_h"),
        ("{{ 7 * 7 }}", "___7___7___"),
        ("Büro", "Büro"),
        ("-rf", "_rf"),
        ("/Subscriptions/1/vaults/v", "_Subscriptions_1_vaults_v"),
        ("10", "10"),
        ("localhost", ""),
        ("ALL", ""),
        ("ungrouped", ""),
        ("127.0.0.1", ""),
        ("...", ""),
        ("{}", ""),
        ("", ""),
    ],
)
def test_a_name_has_nothing_that_a_pattern_gives_a_meaning_to(text: str, name: str) -> None:
    assert safe_name(text) == name


def chosen(wishes: Mapping[str, Sequence[str | None]], *taken: str) -> dict[str, str]:
    """The names of virtual machines whose preferences make these texts."""
    count = max(map(len, wishes.values()))
    return choose_names(list(wishes), lambda vm, at: wishes[vm][at], count, taken)


def test_the_first_preference_that_makes_a_name_is_used() -> None:
    wishes = {"1": ("web01", "x"), "2": (None, "web02"), "3": ("", "web03"), "4": ("localhost", "web04")}
    assert chosen(wishes) == {"1": "web01", "2": "web02", "3": "web03", "4": "web04"}


@pytest.mark.parametrize("other", ["web01", "WEB01", "web01 "])
def test_a_name_of_several_is_that_of_none(other: str) -> None:
    wishes = {"1": ("web01", "web01_a"), "2": (other, "web01_b"), "3": ("web03", "x")}
    assert chosen(wishes) == {"1": "web01_a", "2": "web01_b", "3": "web03"}


def test_texts_that_become_the_same_name_are_told_apart() -> None:
    assert chosen({"1": ("web 01", "a"), "2": ("web_01", "b")}) == {"1": "a", "2": "b"}


def test_a_name_that_a_host_has_is_not_that_of_a_virtual_machine() -> None:
    assert chosen({"1": ("HV01.contoso.example", "vm-hv01")}, "hv01.contoso.example") == {"1": "vm-hv01"}


def test_one_that_had_a_name_alone_shares_it_with_none_that_comes_to_it_later() -> None:
    wishes = {"1": ("web01", "b", "id1"), "2": ("web01", "c", "id2"), "3": ("b", "d", "id3")}
    assert chosen(wishes) == {"1": "id1", "2": "c", "3": "d"}


def test_what_cannot_be_told_apart_is_refused_with_the_ids() -> None:
    with pytest.raises(ConfigurationError) as refused:
        chosen({"id-1": ("web01",), "id-2": ("WEB01",), "id-3": ("web03",)})
    assert "'web01' of several hosts: id-1, id-2." in str(refused.value)
    assert "such as id" in str(refused.value)


def test_of_many_that_cannot_be_told_apart_some_are_named() -> None:
    with pytest.raises(ConfigurationError, match="id-4 and 15 more"):
        chosen({f"id-{number}": ("same",) for number in range(20)})


@pytest.mark.parametrize(("wish", "said"), [("all", "no name that can be used"), ("hv01", "the name of another host")])
def test_one_that_gets_no_name_is_refused_with_its_id(wish: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        chosen({"id-1": (wish,)}, "hv01")
    assert said in str(refused.value)
    assert "id-1" in str(refused.value)


VM = f"{VAULT}/replicationFabrics/site1/replicationProtectionContainers/c/replicationProtectedItems/item-1"
OTHER = f"{VM.rsplit('/', 1)[0]}/item-2"


def require(variables: Mapping[str, Any]) -> None:
    """Give a VM a name that a host with these variables has already."""
    own = {VM: own_variables(VM, "rg", "vault-a")}
    others = {"web01": variables}
    require_own_hosts({VM: "web01"}, own, {VM: ("item-1", "WEB01")}, lambda name: others.get(name, {}))


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"ansible_host": "192.0.2.1", "failback_vault_name": "vault-b"},
        {"failback_replicated_item": VM.upper().replace("/SUBSCRIPTIONS", "/subscriptions")},
        {"failback_replicated_item": "web01"},
        {"failback_replicated_item": "Item-1", "failback_vault_name": "Vault-A", "failback_resource_group": "RG"},
    ],
)
def test_a_host_that_may_be_the_same_vm_becomes_it(variables: dict[str, Any]) -> None:
    require(variables)


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({"failback_replicated_item": OTHER}, OTHER),
        ({"failback_replicated_item": "web02"}, "web02"),
        ({"failback_replicated_item": "web01", "failback_vault_name": "vault-b"}, "web01 of vault vault-b"),
        ({"failback_replicated_item": "web01", "failback_resource_group": "rg-b"}, "web01"),
        ({"failback_recovery_plan": "shop"}, "recovery plan shop"),
    ],
)
def test_a_host_that_is_something_else_is_not_made_a_vm(variables: dict[str, Any], shown: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        require(variables)
    assert f"host web01 is {shown} by another source, and would be {VM}." in refused.value.happened
    assert "Nothing of this source was added." in refused.value.remedy


def test_a_name_is_not_that_of_a_group_and_a_host() -> None:
    refuse_names_of_groups(["web01"], ["web", "WEB01"])
    with pytest.raises(ConfigurationError, match="the same name: web01"):
        refuse_names_of_groups(["web01", "web02"], ["web", "web01"])
