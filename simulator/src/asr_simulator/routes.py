# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of all operations, area by area."""

from __future__ import annotations

from asr_simulator import arm, compute, entra, site_recovery
from asr_simulator.wire import Route


def all_routes() -> list[Route]:
    """Every route; earlier areas win."""
    return [*entra.ROUTES, *arm.ROUTES, *compute.ROUTES, *site_recovery.ROUTES]
