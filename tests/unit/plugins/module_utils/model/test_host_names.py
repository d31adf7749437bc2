# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names mean one host."""

from __future__ import annotations

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.host_names import (
    HostIdentity,
    find_host,
    is_same_host,
)

SEVERAL = ("hv03.contoso.example", "hv03.fabrikam.example", "hv04", "hv04.contoso.example")
NAMES = ("hv01", "HV02.contoso.example", *SEVERAL)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("hv01", "hv01", True),
        ("HV01.contoso.example", "hv01.Contoso.example", True),
        ("hv01", "HV01.contoso.example", True),
        ("hv01.contoso.example", "hv01", True),
        ("hv01.contoso.example", "hv01.fabrikam.example", False),
        ("hv01.contoso.example", "hv01.contoso", False),
        ("hv1", "hv10", False),
        ("hv0", "hv01.contoso.example", False),
        ("10.0.0.1", "10.0.0.1.example", False),
    ],
)
def test_a_short_name_means_a_whole_one_but_not_two_domains_each_other(one: str, other: str, same: bool) -> None:
    pair = (one, other)
    assert is_same_host(*pair) is same
    assert is_same_host(*reversed(pair)) is same


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("HV01", "hv01"),
        ("hv01.contoso.example", "hv01"),
        ("hv02", "HV02.contoso.example"),
        ("hv02.fabrikam.example", None),
        ("hv03", None),
        ("hv03.contoso.example", "hv03.contoso.example"),
        ("hv04", "hv04"),
        ("hv04.contoso.example", "hv04.contoso.example"),
        ("hv05", None),
    ],
)
def test_the_same_name_comes_first_and_one_that_may_mean_several_none(wanted: str, found: str | None) -> None:
    assert find_host(wanted, NAMES) == found


HV01 = HostIdentity("HV01", "hv01.contoso.example", "1")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (HostIdentity("hv01", "HV01.contoso.example", "1"), True),
        (HostIdentity("HV01", "", ""), True),
        (HostIdentity("HV01", "hv01", "1"), True),
        (HostIdentity("HV02", "hv02.contoso.example", "1"), False),
        (HostIdentity("HV01", "hv01.contoso.example", "2"), False),
        (HostIdentity("HV01", "hv01.fabrikam.example", "1"), False),
        (HostIdentity("", "", "1"), False),
        (HostIdentity("", "", ""), False),
    ],
    ids=["same", "name only", "short", "cloned", "reinstalled", "other domain", "id only", "unknown"],
)
def test_machines_are_one_where_names_and_id_agree(other: HostIdentity, same: bool) -> None:
    assert HV01.is_same(other) is same
    assert other.is_same(HV01) is same


@pytest.mark.parametrize(
    ("identity", "name", "answers"),
    [
        (HV01, "hv01", True),
        (HV01, "HV01.contoso.example", True),
        (HV01, "hv01.fabrikam.example", True),
        (HV01, "hv02", False),
        (HostIdentity("A-VERY-LONG-HOS", "", ""), "a-very-long-host-name.contoso.example", True),
        (HostIdentity("A-VERY-LONG-HOS", "", ""), "a-very-short-name", False),
        (HostIdentity("", "", ""), "hv01", False),
    ],
)
def test_a_machine_answers_to_its_own_names(identity: HostIdentity, name: str, answers: bool) -> None:
    assert identity.answers_to(name) is answers
    denies = identity.is_known and not answers
    assert bool(identity.denial_of(name)) is denies


@pytest.mark.parametrize(
    ("name", "misnamed"),
    [
        ("hv01", False),
        ("hv01.contoso.example", False),
        ("hv01.fabrikam.example", True),
        ("hv02", True),
        ("192.0.2.5", False),
    ],
)
def test_of_two_names_of_a_machine_one_of_another_domain_is_wrong(name: str, misnamed: bool) -> None:
    assert HV01.is_misnamed(name) is misnamed


def test_of_an_address_nobody_can_tell_whose_it_is() -> None:
    assert (HV01.denial_of("192.0.2.5"), HV01.denial_of("2001:db8::5")) == ("", "")
