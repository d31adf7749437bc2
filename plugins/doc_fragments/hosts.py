# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which Hyper-V hosts and VMM servers may be queried."""

    DOCUMENTATION = r"""
options:
  hyperv_hosts:
    description:
      - Hyper-V hosts and VMM servers that may be queried over WinRM. The key is the host's name in Site Recovery, the
        value its address or inventory name.
      - A host whose inventory name is its name in Site Recovery, with or without the domain, need not be listed. Its
        connection settings and credentials are then taken from its variables, those of Ansible's winrm and psrp
        connections.
      - No other host is ever queried. What it would have shown is V(not_checked).
    type: dict
"""
