# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failback is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from asr_simulator.site_recovery.model.fabrics import Provider


@dataclass(frozen=True)
class FailbackOrder:
    """What was asked for: synchronize while the Azure VM serves; create the on-premises VM, on which host."""

    synchronize_first: bool = False
    create_if_missing: bool = False
    host: Provider | None = None
