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

from ansible_collections.asr.failback.plugins.module_utils.execution import Task, diff_of, execute, run_many
from ansible_collections.asr.failback.plugins.module_utils.hyperv.hosts import no_inventory
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError, FailbackError
from ansible_collections.asr.failback.plugins.module_utils.model.programs import no_programs
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache
from ansible_collections.asr.failback.plugins.module_utils.runner.contract import Contract
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

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


def test_what_is_told_of_a_failure_is_one_line_without_secrets() -> None:
    async def fail(_request: Any, _services: Any, _watch: Watch) -> dict[str, Any]:
        raise FailbackError("login with hunter22\nfailed", "")

    contract = Contract("fails", {}, fail, lambda _parameters, _check_mode: None, takes_target=False, takes_many=True)
    lines: list[str] = []

    def hide(value: Any) -> Any:
        return value.replace("hunter22", "********") if isinstance(value, str) else value

    task = Task(contract, {}, False, RunCache(), no_inventory, no_programs, (), hide, notes=False)
    run_many(task, {"vm1": {}}, Watch(60, lines.append), {})
    assert lines[-1] == "vm1: failed: login with ******** failed"
