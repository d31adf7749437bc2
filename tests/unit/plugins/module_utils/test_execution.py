# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task from its options to its result: what is checked before anything is asked."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from support.module_contracts import CONTRACTS

from ansible_collections.asr.failback.plugins.module_utils.execution import diff_of, execute
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError

VAULT = {"resource_group": "rg", "vault_name": "v", "replicated_item": "web01", "recovery_plan": None}


@pytest.mark.parametrize("name", ["wait_timeout", "poll_interval", "limit"])
@pytest.mark.parametrize("value", [0, -1])
def test_numbers_must_be_greater_than_zero(name: str, value: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be greater than 0, not {value}"):
        execute(CONTRACTS["job_info"], {**VAULT, name: value}, {})


@pytest.mark.parametrize(
    ("result", "diff"),
    [
        (
            {"stage": {"before": "failed_over", "after": "synchronizing"}},
            {"before": {"stage": "failed_over"}, "after": {"stage": "synchronizing"}},
        ),
        ({"stage": None}, None),
        ({"jobs": []}, None),
    ],
)
def test_a_diff_shows_the_stages(result: dict[str, Any], diff: Any) -> None:
    assert diff_of(result) == diff


MISSING = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name == "azure" or name.startswith("azure."):
            raise ImportError(f"No module named '{name}'")

sys.meta_path.insert(0, Nothing())
from ansible_collections.asr.failback.plugins.module_utils.execution import execute
from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from ansible_collections.asr.failback.plugins.module_utils.verbs.info import VAULT_INFO
try:
    execute(VAULT_INFO, {"resource_group": "rg", "vault_name": "v"}, {})
except FailbackError as problem:
    print(problem.as_result()["error"]["kind"], problem)
"""


def test_a_python_without_the_sdks_says_what_to_install() -> None:
    path = repr([entry for entry in sys.path if entry])
    code = f"import sys; sys.path[:0] = {path}\n{MISSING}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.startswith("missing_library"), ended.stderr
    assert "azure-identity" in ended.stdout
