# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Many replicated items in one task."""

    DOCUMENTATION = r"""
options:
  replicated_items:
    description:
      - Many virtual machines instead of one, each as in O(replicated_item). They proceed independently, in one process,
        and share what they read from Azure and the Hyper-V hosts.
      - An entry is a name, or a dictionary with the name as C(replicated_item) and those options of this module that
        differ for it. All other options apply to every entry. Those that vouch for a VM or give up its data belong in
        the entry of that VM, and are refused for all.
      - The result of each is in RV(vms), under the name given here. If one fails, the task fails once all have ended.
    type: list
    elements: raw
"""
