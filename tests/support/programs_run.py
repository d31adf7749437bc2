# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both ways in which a task runs a program of its machine: in the controller's own process, and as a module."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible.module_utils import basic

from ansible_collections.asr.failback.plugins.module_utils.model.programs import RunProgram
from ansible_collections.asr.failback.plugins.module_utils.module_programs import runner_of
from ansible_collections.asr.failback.plugins.plugin_utils.programs import run_program


def in_a_module(monkeypatch: pytest.MonkeyPatch) -> RunProgram:
    """The runner of a module that has no options."""
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", b'{"ANSIBLE_MODULE_ARGS": {}}')
    # Since ansible-core 2.19 it comes with the arguments.
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    return runner_of(basic.AnsibleModule({}))


RUNNERS: dict[str, Callable[[pytest.MonkeyPatch], RunProgram]] = {
    "action": lambda _monkeypatch: run_program,
    "module": in_a_module,
}
