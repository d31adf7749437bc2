# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of every module, by the module's name: what the action plugin of that name runs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ansible_collections.asr.failback.plugins.module_utils.runner.contract import Contract

ACTIONS = Path(__file__).resolve().parents[2] / "plugins" / "action"


def _contract_of(module: str) -> Contract:
    plugin = import_module(f"ansible_collections.asr.failback.plugins.action.{module}")
    contract: Contract = plugin.ActionModule.contract
    return contract


CONTRACTS = {file.stem: _contract_of(file.stem) for file in sorted(ACTIONS.glob("*.py"))}
