# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which Recovery Services vault."""

    DOCUMENTATION = r"""
options:
  resource_group:
    description:
      - Resource group of the Recovery Services vault.
    type: str
    required: true
  vault_name:
    description:
      - Name of the Recovery Services vault.
    type: str
    required: true
"""
