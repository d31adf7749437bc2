# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a VM in Azure is the one that an item's failover made: document in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support import bodies

from ansible_collections.asr.failback.plugins.module_utils.model.azure_identity import identify
from ansible_collections.asr.failback.plugins.module_utils.model.azure_resources import parse_vm
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item
from ansible_collections.asr.failback.plugins.module_utils.model.moved_vms import identify_elsewhere, vms_like

FAILED_OVER = "2021-03-19T09:44:18.6482511Z"
# As recorded in 2021.
BLOB = (
    "https://store.blob.core.windows.net/asr-9e8d92e7d62be20aa3/"
    "copied-e06c319f-5a90-4907-8606-6c15a92bcf22_83f8638b-8dca-4152-9eda-2ca8b33039b4_0_0.vhd"
)
UNMANAGED = {"targetDiskName": "web01_vhdx-web01", "targetDiskLocation": BLOB}
MANAGED = {"targetDiskName": "web01_vhdx-web01", "targetDiskLocation": None}
NULLS = {"targetDiskName": None, "targetDiskLocation": None}
AT_THE_FAILOVER, BEFORE, LONG_AFTER = "2021-03-19T09:47:00Z", "2021-03-19T09:30:00Z", "2021-04-01T00:00:00Z"


def item(*disks: Any, failed_over: Any = FAILED_OVER, **details: Any) -> Any:
    every = [{"vhdType": "OperatingSystem", "vhdName": "web01", **disk} for disk in disks]
    body = bodies.item(details={"azureVmDiskDetails": every, **details}, lastSuccessfulFailoverTime=failed_over)
    return parse_item(body)


def vm(uri: str = "", name: str = "theirs", made: Any = None, group: str = bodies.AZURE_GROUP, **more: Any) -> Any:
    disk: dict[str, Any] = {"name": name}
    managed = {"managedDisk": {"id": f"{group}/providers/Microsoft.Compute/disks/{name}"}}
    disk |= {"vhd": {"uri": uri}} if uri else managed
    properties = {"storageProfile": {"osDisk": disk}, "timeCreated": made, **more.pop("properties", {})}
    return parse_vm({"id": "/vm", "name": "web01", "properties": properties, **more})


ELSEWHERE = bodies.AZURE_GROUP.replace("rg-azure", "rg-elsewhere")
OTHER_BLOB = "https://store.blob.core.windows.net/vhds/other.vhd"


@pytest.mark.parametrize(
    ("said", "seen", "verdict"),
    [
        # Blobs: of one VM at a time, so that nothing else counts.
        (item(UNMANAGED), vm(BLOB), "fits"),
        (item(UNMANAGED), vm(BLOB.upper(), made=LONG_AFTER), "fits"),
        (item(UNMANAGED), vm(BLOB, made=BEFORE), "fits"),
        (item(UNMANAGED), vm(OTHER_BLOB), "another"),
        (item(UNMANAGED), vm(OTHER_BLOB, made=AT_THE_FAILOVER), "another"),
        # Blobs of which somebody made managed disks: the disks show nothing then.
        (item(UNMANAGED), vm(made=AT_THE_FAILOVER), "fits"),
        (item(UNMANAGED), vm(made=BEFORE), "another"),
        (item(UNMANAGED), vm(), "cannot_be_told"),
        # Names: of managed disks, unique in their resource group.
        (item(MANAGED), vm(name="WEB01_vhdx-web01"), "fits"),
        (item(MANAGED), vm(name="web01_vhdx-web01", made=LONG_AFTER), "fits"),
        (item(MANAGED), vm(name="web01_vhdx-web01", made=BEFORE), "another"),
        (item(MANAGED), vm(), "another"),
        (item({"customTargetDiskName": "theirs"}), vm(), "fits"),
        # The same name in another group decides nothing.
        (item(MANAGED), vm(name="web01_vhdx-web01", group=ELSEWHERE), "cannot_be_told"),
        (item(MANAGED), vm(name="web01_vhdx-web01", group=ELSEWHERE, made=LONG_AFTER), "cannot_be_told"),
        (item(MANAGED), vm(name="web01_vhdx-web01", group=ELSEWHERE, made=AT_THE_FAILOVER), "fits"),
        (item(MANAGED), vm(name="web01_vhdx-web01", group=ELSEWHERE, made=BEFORE), "another"),
        (item(NULLS, MANAGED), vm(name="web01_vhdx-web01"), "fits"),
        # No disks that are told: the time of the creation.
        (item(NULLS), vm(made=AT_THE_FAILOVER), "fits"),
        (item(), vm(made=AT_THE_FAILOVER), "fits"),
        (item(NULLS), vm(made="2021-03-19T09:40:00Z"), "fits"),
        (item(NULLS), vm(made="2021-03-19T09:39:00Z"), "another"),
        (item(NULLS), vm(made=LONG_AFTER), "cannot_be_told"),
        # Nothing to compare.
        (item(NULLS), vm(), "cannot_be_told"),
        (item(NULLS, failed_over=None), vm(made=AT_THE_FAILOVER), "cannot_be_told"),
        (item(MANAGED), parse_vm({"id": "/vm", "name": "web01"}), "cannot_be_told"),
        # Tags: that it has none of them speaks against it; that it has them decides nothing.
        (item(NULLS, targetVmTags={"owner": "shop"}), vm(tags={"Owner": "shop"}), "cannot_be_told"),
        (item(NULLS, targetVmTags={"owner": "shop"}), vm(tags={"owner": "bank"}), "another"),
        (item(NULLS, targetVmTags={"owner": "shop"}), vm(made=AT_THE_FAILOVER), "another"),
        (item(NULLS, targetVmTags={"owner": "a", "env": "p"}), vm(tags={"env": "p"}, made=AT_THE_FAILOVER), "fits"),
        (item(UNMANAGED, targetVmTags={"owner": "shop"}), vm(BLOB), "fits"),
        # The size decides nothing: it is common, and may be changed.
        (item(NULLS, recoveryAzureVMSize="S"), vm(properties={"hardwareProfile": {"vmSize": "S"}}), "cannot_be_told"),
        (item(MANAGED, recoveryAzureVMSize="S"), vm(name="web01_vhdx-web01"), "fits"),
    ],
)
def test_a_vm_is_held_against_what_its_item_says(said: Any, seen: Any, verdict: str) -> None:
    found = identify(said, seen)
    assert found.verdict == verdict
    assert bool(found.reason) is (verdict != "fits")
    assert (found.fits, found.is_another) == (verdict == "fits", verdict == "another")


def test_a_vm_of_another_size_fits_all_the_same() -> None:
    said = item(MANAGED, recoveryAzureVMSize="Standard_B1s")
    assert identify(said, vm(name="web01_vhdx-web01", properties={"hardwareProfile": {"vmSize": "Other"}})).fits


def test_a_reason_names_everything_that_speaks_against_it() -> None:
    said = item(MANAGED, recoveryAzureVMSize="Standard_B1s")
    reason = identify(said, vm(made=BEFORE, properties={"hardwareProfile": {"vmSize": "Standard_D2"}})).reason
    assert "its disks are theirs, those of the item are web01_vhdx-web01" in reason
    assert "it was made at 2021-03-19T09:30:00+00:00, before the failover at 2021-03-19T09:44:18.648251+00:00" in reason
    assert "its size is Standard_D2, not Standard_B1s" in reason


@pytest.mark.parametrize(
    ("said", "seen", "verdict"),
    [
        # Certain is a blob, or the managed disk at its own id, where the machine boots from it.
        (item(UNMANAGED), vm(BLOB), "fits"),
        (item(MANAGED), vm(name="web01_vhdx-web01"), "fits"),
        (item(MANAGED), vm(name="web01_vhdx-web01", made=LONG_AFTER), "fits"),
        (item(MANAGED), vm(name="web01_vhdx-web01", made=BEFORE), "another"),
        # Moved disks have their names; so have others.
        (item(MANAGED), vm(name="web01_vhdx-web01", group=ELSEWHERE), "cannot_be_told"),
        (item(MANAGED), vm(name="web01_vhdx-web01", group=ELSEWHERE, made=AT_THE_FAILOVER), "cannot_be_told"),
        (item(MANAGED), vm(name="web01_vhdx-web01", group=ELSEWHERE, made=BEFORE), "another"),
        # The birth is that of every VM of the same failover.
        (item(NULLS), vm(made=AT_THE_FAILOVER), "cannot_be_told"),
        (item(NULLS), vm(made=BEFORE), "another"),
        (item(MANAGED), vm(), "another"),
        (item(MANAGED), parse_vm({"id": "/vm", "name": "web01"}), "cannot_be_told"),
    ],
)
def test_elsewhere_only_what_boots_from_the_items_own_disk_is_its_vm(said: Any, seen: Any, verdict: str) -> None:
    found = identify_elsewhere(said, seen)
    assert found.verdict == verdict
    assert bool(found.reason) is (verdict != "fits")


def test_a_vm_that_has_the_items_disk_beside_its_own_is_not_its_vm() -> None:
    own = f"{bodies.AZURE_GROUP}/providers/Microsoft.Compute/disks/web01_vhdx-web01"
    disks = {"osDisk": {"name": "rescue"}, "dataDisks": [{"name": "web01_vhdx-web01", "managedDisk": {"id": own}}]}
    rescue = parse_vm({"id": "/vm", "name": "rescue", "properties": {"storageProfile": disks}})
    assert identify_elsewhere(item(MANAGED), rescue).verdict == "cannot_be_told"


def test_what_resembles_the_items_vm_by_name_or_disks_is_looked_at() -> None:
    said = item(MANAGED, recoveryAzureVmName="web01")
    named, disk, renamed = vm(), vm(name="web01_vhdx-web01", group=ELSEWHERE), vm(name="WEB01_VHDX-WEB01")
    known = [replace(one, name=name) for one, name in ((named, "WEB01"), (disk, "b"), (renamed, "c"), (vm(), "d"))]
    assert [one.name for one in vms_like(said, known)] == ["WEB01", "b", "c"]
    blob = replace(vm(BLOB.upper()), name="e")
    assert vms_like(item(UNMANAGED), [blob]) == [blob]
