# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: aggregate
short_description: Show a live table of the VMs that are being failed back
version_added: 0.1.0
author: Contributors to the asr.failback project (@asr-failback)
description:
  - While a task of this collection works for several VMs, shows on the terminal how many are done, and the stage and
    the latest progress of those that are under way, longest first. All other output appears above it as usual.
  - Shows nothing where the output is not a terminal, such as in a pipeline or in AWX. There, the lines of progress that
    the tasks print are all there is.
requirements:
  - enabled in C(ansible.cfg), C(callbacks_enabled = asr.failback.progress), or in E(ANSIBLE_CALLBACKS_ENABLED)
  - the Python library C(rich) on the controller
"""

EXAMPLES = r"""
# ansible.cfg
# [defaults]
# callbacks_enabled = asr.failback.progress
"""

import atexit
import os
import sys
import threading
import time

from ansible.plugins.callback import CallbackBase

from ansible_collections.asr.failback.plugins.module_utils.execution import RUN_CACHE
from ansible_collections.asr.failback.plugins.module_utils.run_record import standings_now
from ansible_collections.asr.failback.plugins.plugin_utils.progress_table import MISSING, ProgressTable

_INTERVAL = 1.0


class CallbackModule(CallbackBase):
    """Shows the table while there is something to show, in a thread of its own."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "asr.failback.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._ended = threading.Event()
        self._table = None

    def v2_playbook_on_start(self, playbook):
        """Begin to watch, where somebody can see it."""
        # One command may run several playbooks.
        if self._table is not None or not sys.stdout.isatty():
            return
        if MISSING:
            self._display.warning(f"asr.failback.progress cannot show its table: {MISSING}. Install rich.")
            return
        self._table = ProgressTable()
        turn = self._table.turn
        os.register_at_fork(before=turn.acquire, after_in_parent=turn.release, after_in_child=turn.release)
        atexit.register(self._end)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        try:
            while not self._ended.wait(_INTERVAL):
                with self._table.turn:
                    self._show(standings_now(RUN_CACHE))
        except Exception as problem:  # noqa: BLE001 - whatever it is, the run goes on without a table
            self._end()
            self._display.warning(f"asr.failback.progress ends its table: {problem}")

    def _show(self, standings):
        # One alone says everything itself.
        if len(standings) > 1 and not self._ended.is_set():
            self._table.show(standings, time.monotonic())
        else:
            self._table.hide()

    def _end(self):
        self._ended.set()
        self._table.end()
