# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios: YAML files, checked against a schema and turned into values."""

from __future__ import annotations

from asr_simulator.scenarios.errors import ScenarioError
from asr_simulator.scenarios.load import load, shipped
from asr_simulator.scenarios.model import Scenario

__all__ = ["Scenario", "ScenarioError", "load", "shipped"]
