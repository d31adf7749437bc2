# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which Hyper-V hosts and VMM servers may be asked."""

    DOCUMENTATION = r"""
options:
  hyperv_hosts:
    description:
      - Hyper-V hosts and VMM servers that may be asked over WinRM, by their name in Site Recovery, each with its
        address or its name in the inventory.
      - A host that is in the inventory under its name in Site Recovery, with or without the domain, need not be listed.
        How to reach it, and as whom, is then taken from its variables, those of Ansible's winrm and psrp connections.
      - No other host is ever asked. What would have been seen there is V(not_checked).
    type: dict
"""
