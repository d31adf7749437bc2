# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of the definition that the simulator knows of but does not model: they answer 501."""

from __future__ import annotations

_FABRIC = "replicationFabrics/{fabric}"
_CONTAINER = f"{_FABRIC}/replicationProtectionContainers/{{container}}"
_ITEM = f"{_CONTAINER}/replicationProtectedItems/{{item}}"
_MAPPING = f"{_CONTAINER}/replicationProtectionContainerMappings"
_PROVIDER = f"{_FABRIC}/replicationRecoveryServicesProviders/{{provider}}"
_PLAN = "replicationRecoveryPlans/{plan}"

_POSTS = (
    *(
        f"{_FABRIC}/{verb}"
        for verb in ("checkConsistency", "migratetoaad", "reassociateGateway", "remove", "removeInfra")
    ),
    f"{_FABRIC}/renewCertificate",
    *(
        f"{_CONTAINER}/{verb}"
        for verb in ("discoverProtectableItem", "remove", "switchprotection", "switchClusterProtection")
    ),
    *(f"{_ITEM}/{verb}" for verb in ("addDisks", "applyRecoveryPoint", "failoverCancel", "remove", "removeDisks")),
    *(f"{_ITEM}/{verb}" for verb in ("repairReplication", "resolveHealthErrors", "switchProvider", "updateAppliance")),
    f"{_ITEM}/updateMobilityService",
    f"{_PROVIDER}/remove",
    f"{_PLAN}/failoverCancel",
    "replicationJobs/export",
)
_GETS = (
    f"{_ITEM}/recoveryPoints",
    f"{_ITEM}/recoveryPoints/{{point}}",
    f"{_ITEM}/targetComputeSizes",
    _MAPPING,
    f"{_MAPPING}/{{mapping}}",
    f"{_FABRIC}/replicationStorageClassifications",
    f"{_FABRIC}/replicationvCenters",
    *(
        f"replication{name}"
        for name in ("AlertSettings", "Appliances", "MigrationItems", "NetworkMappings", "vCenters")
    ),
    *(f"replication{name}" for name in ("ProtectionContainerMappings", "ProtectionIntents", "StorageClassifications")),
    *(f"replication{name}" for name in ("SupportedOperatingSystems", "VaultSettings", "StorageClassificationMappings")),
)
_CHANGES = (
    *((method, _FABRIC) for method in ("PUT", "DELETE")),
    *((method, _CONTAINER) for method in ("PUT",)),
    *((method, _ITEM) for method in ("PUT", "DELETE", "PATCH")),
    *((method, _PROVIDER) for method in ("PUT", "DELETE")),
    *((method, _PLAN) for method in ("PUT", "DELETE", "PATCH")),
    *((method, f"{_MAPPING}/{{mapping}}") for method in ("PUT", "DELETE", "PATCH")),
    *((method, "replicationPolicies/{policy}") for method in ("PUT", "DELETE", "PATCH")),
)
UNMODELED: tuple[tuple[str, str], ...] = (
    *(("POST", template) for template in _POSTS),
    *(("GET", template) for template in _GETS),
    *_CHANGES,
)
