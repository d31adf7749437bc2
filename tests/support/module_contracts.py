# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of every module, by the module's name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ansible_collections.asr.failback.plugins.module_utils.runner.contract import Contract

MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"


def _contract_of(module: str) -> Contract:
    found = vars(import_module(f"ansible_collections.asr.failback.plugins.modules.{module}")).values()
    (contract,) = (one for one in found if isinstance(one, Contract))
    return contract


CONTRACTS = {file.stem: _contract_of(file.stem) for file in sorted(MODULES.glob("*.py"))}
