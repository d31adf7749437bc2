# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vaults that jobs are of, by the ids of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def vaults_of(steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the vaults whose jobs steps followed."""
    ids = (str((step.get("job") or {}).get("id") or "") for step in steps)
    found = (job.partition("/replicationJobs/")[0] for job in ids)
    return list(dict.fromkeys(vault.rpartition("/")[2] for vault in found if vault))
