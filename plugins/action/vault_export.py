# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.verbs.vault_export import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction


class ActionModule(VerbAction):
    """Runs vault_export."""

    contract = CONTRACT
