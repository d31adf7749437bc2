# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether to synchronize before the failover or during it only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import item

from ansible_collections.asr.failback.plugins.module_utils.model.data_sync import (
    BEFORE_FAILOVER,
    DURING_FAILOVER,
    DataSync,
    choose_data_sync,
)
from ansible_collections.asr.failback.plugins.module_utils.model.items import ReplicatedItem, parse_item

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
MONTH = timedelta(days=30)
NAMES = [f"web{number:02}" for number in range(1, 9)]


def in_azure_for(age: timedelta | None, name: str = "web01") -> ReplicatedItem:
    stamp = (NOW - age).isoformat() if age is not None else None
    return parse_item(item("Failback", friendlyName=name, lastSuccessfulFailoverTime=stamp))


def chosen(
    *ages: timedelta | None,
    asked: str = "auto",
    missing: bool = False,
    names: Iterable[str] = NAMES,
    another_host: str = "",
) -> DataSync:
    members = [in_azure_for(age, name) for age, name in zip(ages, names, strict=False)]
    return choose_data_sync(asked, members, NOW, vm_may_be_missing=missing, another_host=another_host)


@pytest.mark.parametrize("asked", [BEFORE_FAILOVER, DURING_FAILOVER])
@pytest.mark.parametrize("age", [None, timedelta(days=1), timedelta(days=90)])
def test_what_is_asked_for_is_done(asked: str, age: timedelta | None) -> None:
    assert chosen(age, asked=asked, missing=True) == DataSync(asked, "as asked for")


@pytest.mark.parametrize(
    ("age", "option", "words"),
    [
        (timedelta(hours=5), BEFORE_FAILOVER, "less than a day"),
        (timedelta(days=1), BEFORE_FAILOVER, "1 day ago,"),
        (MONTH - timedelta(seconds=1), BEFORE_FAILOVER, "29 days"),
        (MONTH, DURING_FAILOVER, "30 days"),
        (timedelta(days=400), DURING_FAILOVER, "400 days"),
    ],
)
def test_a_month_in_azure_calls_for_the_full_download(age: timedelta, option: str, words: str) -> None:
    sync = chosen(age)
    assert sync.option == option
    assert words in sync.reason
    assert "web01" in sync.reason


def test_a_missing_machine_calls_for_the_full_download_at_any_age() -> None:
    sync = chosen(timedelta(days=1), missing=True)
    assert sync.option == DURING_FAILOVER
    assert "missing" in sync.reason


@pytest.mark.parametrize("age", [None, timedelta(days=1), timedelta(days=90)])
@pytest.mark.parametrize("missing", [False, True])
def test_on_the_way_to_another_host_the_vm_goes_on_running(age: timedelta | None, missing: bool) -> None:
    sync = chosen(age, missing=missing, another_host="hv02")
    assert sync.option == BEFORE_FAILOVER
    assert "hv02" in sync.reason
    assert chosen(age, asked=DURING_FAILOVER, another_host="hv02").option == DURING_FAILOVER


def test_an_unknown_age_calls_for_the_full_download_and_names_the_machine() -> None:
    sync = chosen(timedelta(days=1), None)
    assert sync.option == DURING_FAILOVER
    assert "web02" in sync.reason


@given(st.lists(st.timedeltas(timedelta(0), timedelta(days=400)), min_size=1, max_size=6))
def test_the_oldest_member_of_a_plan_decides(ages: list[timedelta]) -> None:
    sync = chosen(*ages)
    assert sync.synchronizes_first is (max(ages) < MONTH)
    assert sync.option == chosen(max(ages)).option


def test_machines_of_one_name_are_told_apart() -> None:
    sync = chosen(timedelta(days=90), timedelta(days=1), names=("web01", "web01"))
    assert sync.option == DURING_FAILOVER
