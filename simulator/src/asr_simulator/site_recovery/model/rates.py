# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long things take, in simulated seconds."""

from __future__ import annotations

from collections.abc import Mapping

from asr_simulator.scenarios import ScenarioError

MB_PER_GB = 1024

# Recorded where the comment says so; the rest is inferred. See fidelity.yml, `durations`.
DEFAULTS: dict[str, float] = {
    "start_seconds": 3,  # NotStarted before InProgress: recorded (a few seconds)
    "check_seconds": 1,  # prerequisites of a failback: recorded
    "prepare_on_premises_seconds": 5,  # recorded
    "initiate_sync_seconds": 20,
    "checksum_mb_per_second": 1200,  # comparing the disks before a delta
    "sync_mb_per_second": 390,  # a 40 GB disk in about 106 s of a six-minute failback: recorded as a whole
    "final_delta_seconds": 30,
    "shutdown_seconds": 143,  # recorded 2017: 2.4 minutes
    "finalize_sync_seconds": 40,
    "start_vm_seconds": 12,  # recorded 2017
    "boot_seconds": 45,  # from the start of an on-premises VM to its heartbeat
    "restore_completion_seconds": 1,  # recorded
    "delete_azure_vm_seconds": 95,  # FinalizeRestoreOnRecovery: recorded 2015
    "finalize_on_premises_seconds": 1,  # recorded
    "commit_seconds": 1,  # recorded
    "create_target_seconds": 9,  # CreateProtectionTarget: recorded 2017
    "enable_protection_seconds": 7,  # recorded
    "start_replication_seconds": 19,  # recorded
    "resynchronize_seconds": 25,  # from the reverse replication's end to IrCompletion: recorded 2015
    "finish_replication_seconds": 41,  # IrCompletion: recorded 2015
    "failover_check_seconds": 70,  # recorded 2017
    "failover_shutdown_seconds": 6,  # recorded
    "failover_prepare_seconds": 13,  # recorded
    "failover_seconds": 180,  # recorded 2017
    "plan_check_seconds": 1,  # recorded
    "conflict_seconds": 200,  # a second operation gives up after 3 min 20 s: recorded
    "provider_timeout_seconds": 300,
    "cancel_seconds": 10,
    "refresh_seconds": 5,
    "busy_seconds": 1800,
}


class Rates:
    """The defaults with a scenario's changes.

    Raises:
        ScenarioError: the scenario names a rate that does not exist, or a speed of nothing.
    """

    def __init__(self, changes: Mapping[str, float]) -> None:
        unknown = sorted(set(changes) - set(DEFAULTS))
        if unknown:
            raise ScenarioError(f"rates: unknown {', '.join(unknown)}; known are {', '.join(sorted(DEFAULTS))}")
        stopped = sorted(name for name, value in changes.items() if name.endswith("_per_second") and not value)
        if stopped:
            raise ScenarioError(f"rates: {', '.join(stopped)} is a speed, which cannot be 0")
        self._values = {**DEFAULTS, **changes}

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def full_sync(self, gb: float) -> float:
        """Seconds to download whole disks of ``gb``."""
        return self._transfer(gb)

    def delta_sync(self, gb: float, changed_gb: float) -> float:
        """Seconds to compare disks of ``gb`` and to download what changed."""
        return gb * MB_PER_GB / self["checksum_mb_per_second"] + self._transfer(changed_gb)

    def _transfer(self, gb: float) -> float:
        return gb * MB_PER_GB / self["sync_mb_per_second"]
