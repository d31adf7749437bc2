# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main function of every module."""

from __future__ import annotations

import os

from ansible.module_utils.basic import AnsibleModule

from .execution import diff_of, execute, secrets_around
from .hidden_results import without_secrets
from .model.failures import FailbackError
from .module_programs import runner_of
from .runner.contract import Contract


def run_module(contract: Contract) -> None:
    """Run the module of this contract: parse its options, ask its verb, report."""
    module = AnsibleModule(argument_spec=contract.argument_spec, supports_check_mode=True, **contract.rules)
    module.no_log_values |= secrets_around(os.environ)
    try:
        result = execute(
            contract,
            module.params,
            os.environ,
            check_mode=module.check_mode,
            run_program=runner_of(module),
            hide=lambda value: without_secrets(value, module.no_log_values),
        )
    except FailbackError as problem:
        module.fail_json(**problem.as_result())
        raise  # fail_json has ended the process
    diff = diff_of(result)
    if diff is not None:
        result["diff"] = diff
    module.exit_json(**result)
