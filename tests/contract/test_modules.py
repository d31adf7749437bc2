# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module has an action plugin of its name, which runs the same verb."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from support.module_contracts import CONTRACTS

ACTIONS = Path(__file__).resolve().parents[2] / "plugins" / "action"


def test_each_module_has_an_action_plugin() -> None:
    assert sorted(file.stem for file in ACTIONS.glob("*.py")) == sorted(CONTRACTS)


@pytest.mark.parametrize("module", sorted(CONTRACTS))
def test_an_action_plugin_runs_what_its_module_runs(module: str) -> None:
    plugin = import_module(f"ansible_collections.asr.failback.plugins.action.{module}")
    assert plugin.ActionModule.contract is CONTRACTS[module]
    assert CONTRACTS[module].name == module
