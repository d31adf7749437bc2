# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure compute as far as a failback sees it: virtual machines, their disks, network interfaces and addresses.

The vault calls `Compute` as a plain object; clients read the same resources through `ROUTES`.
"""

from __future__ import annotations

from asr_simulator.compute.azure_vms import Compute, UnknownMachine
from asr_simulator.compute.machines import Disk, NetworkInterface, PublicAddress, VirtualMachine
from asr_simulator.compute.routes import ROUTES

__all__ = ["ROUTES", "Compute", "Disk", "NetworkInterface", "PublicAddress", "UnknownMachine", "VirtualMachine"]
