# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The own site: Hyper-V hosts, VMM servers and failover clusters, and the virtual machines on them.

The vault calls `HyperV` as a plain object; people see the same hosts through the commands of a PowerShell session.
"""

from __future__ import annotations

from asr_simulator.hyperv.estate import HyperV
from asr_simulator.hyperv.hosts import Host, Machine

__all__ = ["Host", "HyperV", "Machine"]
