# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents: names in any case, times in every recorded form, results without loss."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import leaves

from ansible_collections.asr.failback.plugins.module_utils.model.json_path import (
    CompactDocument,
    as_document,
    as_result,
    field,
    items,
    parse_time,
    snake_case,
    text,
)

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
# Names that differ in case alone would be one property to the service.
NAMES = st.from_regex(r"[a-z][a-zA-Z0-9]{0,9}", fullmatch=True)


def bodies(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.lists(st.tuples(NAMES, children), max_size=4, unique_by=lambda pair: pair[0].lower())
    return st.one_of(st.lists(children, max_size=4), members.map(dict))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("friendlyName", "friendly_name"),
        ("recoveryAzureVmName", "recovery_azure_vm_name"),
        ("recoveryAzureVMName", "recovery_azure_vm_name"),
        ("recoveryAzureVMSize", "recovery_azure_vm_size"),
        ("oSDetails", "os_details"),
        ("oSMajorVersion", "os_major_version"),
        ("vMNetworkName", "vm_network_name"),
        ("recoveryVMNetworkId", "recovery_vm_network_id"),
        ("vHDId", "vhd_id"),
        ("vhdId", "vhd_id"),
        ("maxSizeMB", "max_size_mb"),
        ("sourceVmRamSizeInMB", "source_vm_ram_size_in_mb"),
        ("staticIPAddress", "static_ip_address"),
        ("PrimaryFabricProviderId", "primary_fabric_provider_id"),
        ("enableRdpOnTargetOption", "enable_rdp_on_target_option"),
        ("id", "id"),
    ],
)
def test_names_are_written_as_ansible_writes_them(name: str, written: str) -> None:
    assert snake_case(name) == written


@given(st.recursive(LEAVES, bodies, max_leaves=12))
def test_a_result_has_every_leaf_of_the_document_in_order(body: Any) -> None:
    assert list(leaves(as_result(body))) == list(leaves(body))


@given(NAMES)
def test_a_written_name_differs_in_case_and_separators_alone(name: str) -> None:
    written = snake_case(name)
    assert written == written.lower()
    assert written.replace("_", "") == name.lower()


def test_tags_keep_the_names_that_their_owner_gave() -> None:
    result = as_result({"tags": {"costCenter": "A"}, "targetVmTags": {"OwnerName": "B"}})
    assert result == {"tags": {"costCenter": "A"}, "target_vm_tags": {"OwnerName": "B"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2017-05-13T17:54:46Z", datetime(2017, 5, 13, 17, 54, 46, tzinfo=timezone.utc)),
        ("2017-05-13T17:51:48.0517055Z", datetime(2017, 5, 13, 17, 51, 48, 51705, tzinfo=timezone.utc)),
        ("2017-05-15T13:46:00.071433Z", datetime(2017, 5, 15, 13, 46, 0, 71433, tzinfo=timezone.utc)),
        ("2015-12-17T09:02:13.5Z", datetime(2015, 12, 17, 9, 2, 13, 500000, tzinfo=timezone.utc)),
        ("2015-12-17T09:02:13", datetime(2015, 12, 17, 9, 2, 13, tzinfo=timezone.utc)),
        ("2026-08-11T12:43:50+02:00", datetime(2026, 8, 11, 10, 43, 50, tzinfo=timezone.utc)),
        ("0001-01-01T00:00:00", None),
        ("1753-01-01T01:01:01Z", None),
        ("", None),
        (None, None),
        ("soon", None),
    ],
)
def test_times_are_read_in_every_recorded_form(value: str | None, expected: datetime | None) -> None:
    assert parse_time(value) == expected


@given(st.floats(min_value=0, max_value=4e9).map(lambda seconds: datetime.fromtimestamp(seconds, timezone.utc)))
def test_a_time_with_seven_digits_of_a_second_is_read_to_the_microsecond(moment: datetime) -> None:
    stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}9Z"
    assert parse_time(stamp) == moment


def test_names_match_in_any_case_and_the_exact_one_first() -> None:
    document = {"RecoveryAzureVMName": "other", "recoveryAzureVmName": "mine"}
    assert field(document, "recoveryAzureVmName") == "mine"
    assert field({"Properties": {"STATE": "x"}}, "properties", "state") == "x"


@pytest.mark.parametrize("document", [None, "words", [], {}, {"properties": None}, {"properties": {"list": None}}])
def test_what_is_missing_or_null_is_empty(document: Any) -> None:
    assert field(document, "properties", "list", "more") is None
    assert text(document, "properties", "list") == ""
    assert items(document, "properties", "list") == ()


def test_a_result_is_read_like_the_document_that_it_was_made_of() -> None:
    body = {"properties": {"providerSpecificDetails": {"oSDetails": {"osType": "Linux"}, "vmNics": [{"nicId": "n"}]}}}
    again = as_document(as_result(body))
    for path in (("providerSpecificDetails", "oSDetails", "osType"), ("providerSpecificDetails", "vmNics")):
        assert field(again, "properties", *path) is not None
    assert text(again, "properties", "providerSpecificDetails", "oSDetails", "osType") == "Linux"
    assert [text(nic, "nicId") for nic in items(again, "properties", "providerSpecificDetails", "vmNics")] == ["n"]


def test_a_document_that_is_kept_as_text_is_read_like_any_other() -> None:
    body = {"id": "one", "Properties": {"disks": [{"name": "os"}], "state": None}}
    kept = CompactDocument(body)
    assert kept == body
    assert as_result(kept) == as_result(body)
    assert [text(disk, "name") for disk in items(kept, "properties", "disks")] == ["os"]
    assert field(kept, "properties", "missing") is None
