# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries return lines and what they were concluded from; what the service says whole, where it is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import item_of, scenario_of

PLANS = [{"name": "shop", "groups": [["vm1"]]}]


@pytest.mark.parametrize(
    ("module", "entries", "document"),
    [
        ("replicated_item_info", "replicated_items", "replicated_item"),
        ("recovery_plan_info", "recovery_plans", "recovery_plan"),
        ("job_info", "jobs", "tasks"),
    ],
)
def test_documents_are_returned_where_they_are_asked_for(driver: Any, module: str, entries: str, document: str) -> None:
    vault = driver(scenario_of(item_of("vm1", "waiting_for_completion"), recovery_plans=PLANS))
    short, full = vault.run(module), vault.run(module, full=True)
    assert short["summary"] == full["summary"] != []
    for one, whole in zip(short[entries], full[entries], strict=True):
        assert {key: value for key, value in whole.items() if key != document} == one
        assert whole[document]


def test_a_vault_s_document_is_returned_where_it_is_asked_for(driver: Any) -> None:
    vault = driver(scenario_of("vm1"))
    assert "vault" not in vault.run("vault_info")
    assert vault.run("vault_info", full=True)["vault"]["name"] == "vault-failback"
