# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which disks of an Azure VM a failback does not carry: item and disks in, names out."""

from __future__ import annotations

from typing import Any

import pytest
from support import bodies

from ansible_collections.asr.failback.plugins.module_utils.model.azure_disks import uncarried
from ansible_collections.asr.failback.plugins.module_utils.model.azure_resources import AzureDisk
from ansible_collections.asr.failback.plugins.module_utils.model.items import parse_item


def own(name: str, gb: float | str = 40, *, os: bool = False, told: str = "", blob: str = "") -> dict[str, Any]:
    size = gb if isinstance(gb, str) else str(int(gb * 1024))
    kind = "OperatingSystem" if os else "DataDisk"
    where = {"targetDiskName": told or None, "targetDiskLocation": blob or None}
    return {"vhdName": name, "vhdType": kind, "maxSizeMB": size, **where}


def item(*disks: dict[str, Any]) -> Any:
    return parse_item(bodies.item(details={"azureVmDiskDetails": list(disks)}))


def disk(name: str, gb: int | None = 40, *, os: bool = False, uri: str = "") -> AzureDisk:
    return AzureDisk(name, "" if uri else f"/disks/{name}", uri, gb, os)


TOLD = item(own("os", os=True, told="os-web"), own("data", 100, told="data-web"))
BLOBS = item(own("os", os=True, told="os-web", blob="https://s/os.vhd"))
UNTOLD = item(own("os", os=True), own("data", 100), own("more", 100))
SYSTEM = disk("os-web", os=True)


@pytest.mark.parametrize(
    ("said", "seen", "found"),
    [
        (TOLD, [SYSTEM, disk("DATA-web", 100)], []),
        (TOLD, [SYSTEM], []),
        (TOLD, [SYSTEM, disk("data-web", 100), disk("logs", 64)], [("logs", "attached", 64, None)]),
        # Another disk of the same size is another disk, where the item names its own.
        (TOLD, [SYSTEM, disk("logs", 100)], [("logs", "attached", 100, None)]),
        (TOLD, [SYSTEM, disk("data-web", 101)], []),
        (TOLD, [SYSTEM, disk("data-web", 102)], [("data-web", "grown", 102, 100)]),
        (TOLD, [disk("os-web", 80, os=True)], [("os-web", "grown", 80, 40)]),
        # A size that nobody tells is neither as it was nor grown.
        (TOLD, [SYSTEM, disk("data-web", None)], [("data-web", "size_not_known", None, 100)]),
        (TOLD, [SYSTEM, disk("data-web", 100), disk("logs", None)], [("logs", "attached", None, None)]),
        # A VHD of 127.5 GB is a disk of 128.
        (item(own("os", 127.5, os=True, told="os-web")), [disk("os-web", 128, os=True)], []),
        (
            item(own("os", "", os=True, told="os-web")),
            [disk("os-web", 500, os=True)],
            [("os-web", "size_not_known", 500, None)],
        ),
        (BLOBS, [disk("any", os=True, uri="https://S/os.vhd")], []),
        (BLOBS, [disk("any", os=True, uri="https://s/other.vhd")], [("any", "attached", 40, None)]),
        # Without names, by system disk and size.
        (UNTOLD, [SYSTEM, disk("a", 100), disk("b", 100)], []),
        (UNTOLD, [SYSTEM, disk("a", 100), disk("b", 100), disk("c", 100)], [("c", "attached", 100, None)]),
        (UNTOLD, [SYSTEM, disk("a", 64), disk("b", 100), disk("c", 100)], [("a", "attached", 64, None)]),
        (UNTOLD, [SYSTEM, disk("a", 100), disk("b", 200)], [("b", "grown", 200, 100)]),
        (UNTOLD, [SYSTEM, disk("a", 64)], [("a", "attached", 64, None)]),
        (UNTOLD, [disk("os-web", 80, os=True), disk("a", 100)], [("os-web", "grown", 80, 40)]),
        (UNTOLD, [SYSTEM, disk("a", None), disk("b", 100)], [("a", "size_not_known", None, 100)]),
        # An item that names no disks at all: the system disk is what every failback carries.
        (item(), [SYSTEM, disk("a", 100)], [("os-web", "size_not_known", 40, None), ("a", "attached", 100, None)]),
    ],
)
def test_what_is_not_the_items_or_larger_is_not_carried(said: Any, seen: Any, found: Any) -> None:
    assert [(one.disk.name, one.change, one.disk.size_gb, one.carried_gb) for one in uncarried(said, seen)] == found


def test_a_disk_is_named_with_its_size_and_what_became_of_it() -> None:
    seen = [disk("os-web", 80, os=True), disk("data-web", 100), disk("logs", 64), disk("new", None)]
    assert [one.sentence for one in uncarried(TOLD, seen)] == [
        "os-web (80 GiB, grown from 40 GiB)",
        "logs (64 GiB, attached in Azure)",
        "new (size not known, attached in Azure)",
    ]


def test_a_disk_that_cannot_be_compared_is_named_with_what_is_known() -> None:
    untold = item(own("os", "", os=True, told="os-web"), own("data", 100, told="data-web"), own("new", "", told="new"))
    seen = [disk("os-web", 80, os=True), disk("data-web", None), disk("new", None)]
    assert [one.sentence for one in uncarried(untold, seen)] == [
        "os-web (80 GiB, size on-premises not known)",
        "data-web (size not known, 100 GiB on-premises)",
        "new (size not known, size on-premises not known)",
    ]
