# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fabrics, their providers and containers; recovery plans."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from support.bodies import CONTAINER, VAULT

from ansible_collections.asr.failback.plugins.module_utils.model.fabrics import (
    parse_container,
    parse_fabric,
    parse_provider,
)
from ansible_collections.asr.failback.plugins.module_utils.model.plans import parse_plan

SITE = f"{VAULT}/replicationFabrics/site1"


def provider(**properties: Any) -> dict[str, Any]:
    told = {"friendlyName": "hv04.contoso.example", "connectionStatus": "Connected", **properties}
    return {"id": f"{SITE}/replicationRecoveryServicesProviders/p-1", "name": "p-1", "properties": told}


@pytest.mark.parametrize(("kind", "is_site"), [("HyperVSite", True), ("VMM", False), ("Azure", False)])
def test_a_fabric_says_what_it_is_and_how_it_does(kind: str, is_site: bool) -> None:
    details = {"customDetails": {"instanceType": kind}, "health": "Error", "healthErrorDetails": [{"errorCode": "1"}]}
    fabric = parse_fabric({"id": SITE, "name": "site1", "properties": {"friendlyName": "Site 1", **details}})
    assert (fabric.type, fabric.is_hyper_v_site, fabric.friendly_name) == (kind, is_site, "Site 1")
    assert (fabric.health, fabric.health_errors) == ("Error", ({"errorCode": "1"},))


@pytest.mark.parametrize(
    ("wanted", "answers"),
    [
        ("hv04.contoso.example", True),
        ("HV04", True),
        ("p-1", True),
        (f"{SITE}/replicationRecoveryServicesProviders/P-1", True),
        ("hv0", False),
        ("contoso.example", False),
        ("", False),
    ],
)
def test_a_host_is_known_by_its_name_with_or_without_domain(wanted: str, answers: bool) -> None:
    assert parse_provider(provider()).answers_to(wanted) is answers


@pytest.mark.parametrize(("status", "connected"), [("Connected", True), ("NotConnected", False), ("", False)])
def test_a_provider_is_connected_where_the_service_says_so(status: str, connected: bool) -> None:
    assert parse_provider(provider(connectionStatus=status)).is_connected is connected


def test_a_provider_has_a_fabric_and_a_heartbeat() -> None:
    read = parse_provider(provider(lastHeartBeat="2017-05-11T17:43:59.199152Z"))
    assert read.fabric_name == "site1"
    assert read.last_heartbeat == datetime(2017, 5, 11, 17, 43, 59, 199152, tzinfo=timezone.utc)


def test_a_container_has_a_name_and_a_friendly_name() -> None:
    read = parse_container({"id": CONTAINER, "name": "cloud_1", "properties": {"friendlyName": "site1"}})
    assert (read.id, read.name, read.friendly_name) == (CONTAINER, "cloud_1", "site1")


def plan(*groups: list[str]) -> dict[str, Any]:
    members = [{"replicationProtectedItems": [{"id": name} for name in group], "groupType": "Boot"} for group in groups]
    empty = {"groupType": "Failover", "replicationProtectedItems": []}
    return {"id": f"{VAULT}/plan", "name": "shop", "properties": {"friendlyName": "Shop", "groups": [empty, *members]}}


def test_a_plan_lists_each_member_once_in_start_order() -> None:
    assert parse_plan(plan(["/db"], ["/web", "/db"])).item_ids == ("/db", "/web")


def test_a_plan_of_a_list_has_no_groups() -> None:
    assert parse_plan({"name": "shop", "properties": {"groups": []}}).item_ids == ()


PLAN_NAMES = [("SHOP", True), ("Shop", True), (f"{VAULT}/PLAN", True), ("sho", False)]


@pytest.mark.parametrize(("wanted", "answers"), PLAN_NAMES)
def test_a_plan_answers_to_its_names(wanted: str, answers: bool) -> None:
    assert parse_plan(plan()).answers_to(wanted) is answers
