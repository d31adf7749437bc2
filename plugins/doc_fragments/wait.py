# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How long to wait, and how often to look."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait. Otherwise the task ends when Site Recovery has taken the request, and a later task with the
        same options attaches to the job.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds after which the task fails if what it waits for has not come. The job goes on; run the task again to
        attach to it.
    type: int
    default: 86400
  poll_interval:
    description:
      - Seconds between two looks at a job. When it is not set, the 30 seconds that the service asks for.
    type: float
  report_interval:
    description:
      - Seconds after which a wait says on the screen that it goes on, although nothing has changed, and for how long
        it has lasted. Nothing is shown where the task runs as an ordinary module (delegated, C(async)).
    type: int
    default: 300
"""
