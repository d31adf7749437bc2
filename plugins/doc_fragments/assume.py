# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Decide by a predicted stage in check mode."""

    DOCUMENTATION = r"""
options:
  assume_stage:
    description:
      - In check mode only, decide as if the target were in this stage, which an earlier task of the same check
        predicted in its RV(ignore:stage.after). A check of a whole playbook uses it to predict every step. Ignored
        outside check mode.
      - V(mixed), which is predicted for a recovery plan whose VMs differ, assumes that VMs for which this task would
        come too early are ready for it, and that the others are in the stage that they have.
    type: str
    choices:
      - protected
      - failover_commit_pending
      - failed_over
      - synchronizing
      - waiting_for_completion
      - completing
      - failback_commit_pending
      - failed_back
      - reverse_replicating
      - interrupted
      - busy
      - mixed
"""
