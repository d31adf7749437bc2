# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How long to wait, and how often to poll."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait. If V(false), the task ends when Site Recovery has accepted the request, and a later task with
        the same options attaches to the job.
    type: bool
    default: true
  wait_timeout:
    description:
      - Maximum number of seconds to wait; then the task fails. The job continues; run the task again to attach to it.
    type: int
    default: 86400
  poll_interval:
    description:
      - Seconds between two polls of a job. If not set, the 30 seconds that the service requests.
    type: float
  report_interval:
    description:
      - Seconds between progress messages while nothing changes. Each says how long the task has been waiting. Nothing
        is shown if the task runs as an ordinary module (delegated, C(async)).
    type: int
    default: 300
"""
