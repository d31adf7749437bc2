# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure Resource Manager around the services: metadata, subscriptions, groups, roles, locks and request limits."""

from __future__ import annotations

from asr_simulator.arm.rbac import Rbac
from asr_simulator.arm.routes import ROUTES
from asr_simulator.arm.throttle import Throttle

__all__ = ["ROUTES", "Rbac", "Throttle"]
