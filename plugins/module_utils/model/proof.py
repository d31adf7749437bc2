# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the results that a user's own tasks have registered prove anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def has_proof(registered: Any) -> bool:
    """Say whether some task has checked something and none speaks against the machine.

    C(registered) is one result or a list of them. A skipped task checked nothing; one that failed or was unreachable,
    even if that was ignored, is evidence against the machine.
    """
    given = registered if isinstance(registered, (list, tuple)) else [registered]
    results = [one for one in given if isinstance(one, Mapping)]
    if any(one.get("failed") or one.get("unreachable") for one in results):
        return False
    return any(not one.get("skipped") for one in results)
