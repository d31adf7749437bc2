# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows on a host: its release, and its services."""

from __future__ import annotations

from dataclasses import dataclass

SERVICE_RUNNING, SERVICE_STOPPED = "Running", "Stopped"
START_AUTOMATIC, START_MANUAL, START_DISABLED = START_MODES = ("Auto", "Manual", "Disabled")
VMMS, DRA, AGENT, VMM_SERVICE, CLUSTER_SERVICE = "vmms", "dra", "obengine", "SCVMMService", "ClusSvc"


@dataclass(frozen=True)
class OperatingSystem:
    """A release of Windows Server; ``powershell`` is the version that comes with it, or 5.1 put on 2012 R2."""

    caption: str
    version: str
    powershell: str
    file_version: str

    @property
    def build(self) -> str:
        """The build number."""
        return self.version.rsplit(".", 1)[1]


RELEASES = {
    release: OperatingSystem(f"Microsoft Windows Server {release} Datacenter", version, powershell, files)
    for release, version, powershell, files in (
        ("2012 R2", "6.3.9600", "5.1.14409.1027", "6.3.9600.20478"),
        ("2016", "10.0.14393", "5.1.14393.6343", "10.0.14393.6343"),
        ("2019", "10.0.17763", "5.1.17763.5328", "10.0.17763.5328"),
        ("2022", "10.0.20348", "5.1.20348.2227", "10.0.20348.2227"),
        ("2025", "10.0.26100", "5.1.26100.1591", "10.0.26100.1591"),
    )
}


@dataclass
class Service:
    """A Windows service. ``state_after_change`` is its state once a command has changed something; empty: as it is.

    ``start_mode`` is Auto, Manual or Disabled; a service that is disabled may still run.
    """

    name: str
    display_name: str
    state: str = SERVICE_RUNNING
    start_mode: str = START_AUTOMATIC
    state_after_change: str = ""
