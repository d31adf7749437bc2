# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts the tasks of hosts, and the events that Ansible has for them, into the file that FLEET_EVENTS names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: count_events
type: aggregate
short_description: Count events
description: Counts the events of a run.
"""


class CallbackModule(CallbackBase):
    """Counts."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "count_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._counts = {"tasks": 0, "events": 0}

    def v2_runner_on_start(self, host, task):
        self._counts["tasks"] += 1
        self._counts["events"] += 1

    def _event(self, *_arguments, **_options):
        self._counts["events"] += 1

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_skipped = v2_runner_on_unreachable = _event
    v2_runner_item_on_ok = v2_runner_item_on_failed = v2_runner_item_on_skipped = v2_runner_retry = _event

    def v2_playbook_on_stats(self, stats):
        Path(os.environ["FLEET_EVENTS"]).write_text(json.dumps(self._counts), encoding="utf-8")
