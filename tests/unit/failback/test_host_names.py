# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names mean one host."""

from __future__ import annotations

import pytest

from ansible_collections.asr.failback.plugins.module_utils.failback.host_names import find_host, is_same_host

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
