# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entra ID: the tenant's service principals, the tokens they get, and who a bearer token is."""

from __future__ import annotations

from asr_simulator.entra.directory import Entra
from asr_simulator.entra.principals import Principal
from asr_simulator.entra.routes import ROUTES

__all__ = ["ROUTES", "Entra", "Principal"]
