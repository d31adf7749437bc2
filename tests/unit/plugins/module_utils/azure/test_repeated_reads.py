# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a read without the SDK goes: where the SDK itself would have asked, or nowhere."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import HttpTransport
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient
from hypothesis import example, given
from hypothesis import strategies as st
from support.signing_in import signed_in_policies

from ansible_collections.asr.failback.plugins.module_utils.azure.repeated_reads import Address
from ansible_collections.asr.failback.plugins.module_utils.model.arm_ids import is_name


class _Nowhere(HttpTransport[Any, Any]):
    """Sends nothing, and keeps where it would have gone."""

    url = ""

    def send(self, request: Any, **_options: Any) -> Any:
        """Raises ServiceRequestError."""
        self.url = request.url
        raise ServiceRequestError("nothing is sent")

    def open(self) -> None:
        """Needs nothing."""

    def close(self) -> None:
        """Leaves nothing."""

    def __exit__(self, *_problem: object) -> None:
        """Leaves nothing."""

    def sleep(self, _duration: float) -> None:
        """Waits for nothing."""


WIRE = _Nowhere()
OPTIONS: dict[str, Any] = {
    "base_url": "https://arm.contoso.example",
    "credential_scopes": ["s"],
    "policies": signed_in_policies(),
    "transport": WIRE,
}
SITES = SiteRecoveryManagementClient(object(), "sub", **OPTIONS)
COMPUTE = ComputeManagementClient(object(), "sub", **OPTIONS)
# Each with how many names it takes, and what else it is asked.
READS: dict[str, tuple[Any, int, dict[str, str]]] = {
    "item": (SITES.replication_protected_items.get, 5, {}),
    "job": (SITES.replication_jobs.get, 3, {}),
    "plan": (SITES.replication_recovery_plans.get, 3, {}),
    "items": (SITES.replication_protected_items.list_by_replication_protection_containers, 4, {}),
    "jobs": (SITES.replication_jobs.list, 2, {"filter": "JobStatus eq 'InProgress' or JobStatus eq 'Suspended'"}),
    "vm": (COMPUTE.virtual_machines.get, 2, {"expand": "instanceView"}),
    "disk": (COMPUTE.disks.get, 2, {}),
}
NAMES = st.text(min_size=1, max_size=20).filter(is_name).filter(lambda name: name.isprintable())


def url_of(read: Any, names: tuple[str, ...], query: dict[str, str]) -> str:
    with suppress(ServiceRequestError):
        answer = read(*names, **query)
        next(iter(answer))
    return WIRE.url


@pytest.mark.parametrize("read", READS)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=5, max_size=5))
@example([("group", "group"), ("vault", "vault"), ("site 1", "sïte (2)"), ("cloud_1", "~+&=;,'$@"), ("i-1", "i-2")])
@example([("same", "group"), ("same", "vault"), ("same", "site"), ("same", "cloud"), ("same", "item")])
@example([("vaults", "vault"), ("replicationFabrics", "v"), ("x", "y"), ("replicationJobs", "z"), ("i", "j")])
def test_it_goes_where_the_sdk_would_ask(read: str, pairs: list[tuple[str, str]]) -> None:
    method, count, query = READS[read]
    first, other = (tuple(pair[side] for pair in pairs[:count]) for side in (0, 1))

    known = Address(url_of(method, first, query), first)

    assert known.of(first) == url_of(method, first, query)
    assert known.of(other) in ("", url_of(method, other, query))


@pytest.mark.parametrize("read", READS)
def test_and_it_can_tell_where_that_is(read: str) -> None:
    method, count, query = READS[read]
    # A vault is often named as its resource group is; neither changes.
    first = ("dr", "dr", "site", "cloud", "item-1")[:count] if count > 2 else ("dr", "vm-1")
    other = (*first[:-1], "another one")

    assert Address(url_of(method, first, query), first).of(other) == url_of(method, other, query)
