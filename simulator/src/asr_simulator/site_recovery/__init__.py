# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure Site Recovery for Hyper-V: the vault's model, its workflows, and its API.

``vault`` and what it uses know no HTTP; ``representation`` knows no rules; ``routes`` is the table between them.
"""

from __future__ import annotations

from asr_simulator.site_recovery.api.routes import ROUTES
from asr_simulator.site_recovery.workflows.vault import Vault

__all__ = ["ROUTES", "Vault"]
