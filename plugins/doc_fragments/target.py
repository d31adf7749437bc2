# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """One replicated item, or one recovery plan."""

    DOCUMENTATION = r"""
options:
  replicated_item:
    description:
      - The virtual machine, by friendly name, name or resource id. A friendly name that several items share is an
        error.
      - Finding it by resource id takes one request. Finding it by name lists every container of the vault.
      - Exactly one target is required.
    type: str
  recovery_plan:
    description:
      - The recovery plan, by name or resource id.
      - Exactly one target is required.
    type: str
"""
