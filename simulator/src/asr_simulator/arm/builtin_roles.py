# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The built-in roles that matter for a failback (Microsoft documentation; the definitions of 2021 are the newest).

Action names are written below their common prefixes; ARM compares them without case.
"""

from __future__ import annotations

from collections.abc import Iterable

from asr_simulator.arm.roles import RoleDefinition

VAULTS = "Microsoft.RecoveryServices/vaults/"
FABRICS = f"{VAULTS}replicationFabrics/"
CONTAINERS = f"{FABRICS}replicationProtectionContainers/"
ITEMS = f"{CONTAINERS}replicationProtectedItems/"
PLANS = f"{VAULTS}replicationRecoveryPlans/"


def _below(prefix: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}{name}" for name in names)


def _actions(*groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(action for group in groups for action in group)


AROUND = (
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.RecoveryServices/locations/allocateStamp/action",
    "Microsoft.ResourceHealth/availabilityStatuses/read",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Storage/storageAccounts/read",
)
EVERY_SITE_RECOVERY_ROLE = (
    "Microsoft.Authorization/*/read",
    "Microsoft.RecoveryServices/locations/allocatedStamp/read",
    "Microsoft.Support/*",
    *_below(
        VAULTS,
        "read",
        "refreshContainers/read",
        "replicationEvents/read",
        "tokenInfo/read",
        "usages/read",
        "vaultTokens/read",
        "monitoringConfigurations/notificationConfiguration/read",
    ),
)
READS = (
    *_below(
        VAULTS,
        "extendedInformation/read",
        "registeredIdentities/operationResults/read",
        "registeredIdentities/read",
        "replicationAlertSettings/read",
        "replicationFabrics/read",
        "replicationPolicies/read",
        "replicationRecoveryPlans/read",
        "replicationVaultSettings/read",
        "storageConfig/read",
    ),
    *_below(
        FABRICS,
        "replicationNetworks/read",
        "replicationNetworks/replicationNetworkMappings/read",
        "replicationProtectionContainers/read",
        "replicationRecoveryServicesProviders/read",
        "replicationStorageClassifications/read",
        "replicationStorageClassifications/replicationStorageClassificationMappings/read",
        "replicationvCenters/read",
    ),
    *_below(
        CONTAINERS,
        "replicationProtectableItems/read",
        "replicationProtectionContainerMappings/read",
        "replicationProtectedItems/read",
    ),
    f"{ITEMS}recoveryPoints/read",
)
SITE_RECOVERY_CONTRIBUTOR = RoleDefinition(
    name="Site Recovery Contributor",
    guid="6670b86e-a3f7-4917-ac9b-5d6ab1be4567",
    description="Manage Site Recovery, but neither create vaults nor assign roles",
    actions=_actions(
        AROUND,
        EVERY_SITE_RECOVERY_ROLE,
        _below(
            VAULTS,
            "certificates/write",
            "extendedInformation/*",
            "monitoringAlerts/*",
            "registeredIdentities/*",
            "replicationAlertSettings/*",
            "replicationFabrics/*",
            "replicationJobs/*",
            "replicationOperationStatus/read",
            "replicationPolicies/*",
            "replicationRecoveryPlans/*",
            "replicationVaultSettings/*",
            "storageConfig/*",
        ),
    ),
)
SITE_RECOVERY_OPERATOR = RoleDefinition(
    name="Site Recovery Operator",
    guid="494ae006-db33-4328-bf46-533a6560a3ca",
    description="Fail over and fail back, but manage nothing else of Site Recovery",
    actions=_actions(
        AROUND,
        EVERY_SITE_RECOVERY_ROLE,
        READS,
        _below(VAULTS, "monitoringAlerts/*", "replicationJobs/*"),
        _below(
            FABRICS,
            "checkConsistency/action",
            "reassociateGateway/action",
            "renewcertificate/action",
            "replicationRecoveryServicesProviders/refreshProvider/action",
        ),
        _below(CONTAINERS, "switchprotection/action"),
        _below(
            ITEMS,
            "applyRecoveryPoint/action",
            "failoverCommit/action",
            "plannedFailover/action",
            "reProtect/action",
            "repairReplication/action",
            "testFailover/action",
            "testFailoverCleanup/action",
            "unplannedFailover/action",
            "updateMobilityService/action",
        ),
        _below(
            PLANS,
            "failoverCommit/action",
            "plannedFailover/action",
            "reProtect/action",
            "testFailover/action",
            "testFailoverCleanup/action",
            "unplannedFailover/action",
        ),
    ),
)
SITE_RECOVERY_READER = RoleDefinition(
    name="Site Recovery Reader",
    guid="dbaa88c4-0c30-4179-9fb3-46319faa6149",
    description="See the state of Site Recovery and change nothing",
    actions=_actions(EVERY_SITE_RECOVERY_ROLE, READS, _below(VAULTS, "monitoringAlerts/read", "replicationJobs/read")),
)
VIRTUAL_MACHINE_CONTRIBUTOR = RoleDefinition(
    name="Virtual Machine Contributor",
    guid="9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
    description="Manage virtual machines, but not the network or the storage account that they use",
    actions=_actions(
        _below("Microsoft.Authorization/", "*/read"),
        _below(
            "Microsoft.Compute/",
            "availabilitySets/*",
            "cloudServices/*",
            "disks/delete",
            "disks/read",
            "disks/write",
            "locations/*",
            "virtualMachineScaleSets/*",
            "virtualMachines/*",
        ),
        ("Microsoft.DevTestLab/schedules/*", "Microsoft.Insights/alertRules/*"),
        _below(
            "Microsoft.Network/",
            "applicationGateways/backendAddressPools/join/action",
            "loadBalancers/backendAddressPools/join/action",
            "loadBalancers/inboundNatPools/join/action",
            "loadBalancers/inboundNatRules/join/action",
            "loadBalancers/probes/join/action",
            "loadBalancers/read",
            "locations/*",
            "networkInterfaces/*",
            "networkSecurityGroups/join/action",
            "networkSecurityGroups/read",
            "publicIPAddresses/join/action",
            "publicIPAddresses/read",
            "virtualNetworks/read",
            "virtualNetworks/subnets/join/action",
        ),
        ("Microsoft.RecoveryServices/locations/*",),
        _below(
            VAULTS,
            "backupFabrics/backupProtectionIntent/write",
            "backupFabrics/protectionContainers/protectedItems/*/read",
            "backupFabrics/protectionContainers/protectedItems/read",
            "backupFabrics/protectionContainers/protectedItems/write",
            "backupPolicies/read",
            "backupPolicies/write",
            "read",
            "usages/read",
            "write",
        ),
        ("Microsoft.ResourceHealth/availabilityStatuses/read",),
        _below("Microsoft.Resources/", "deployments/*", "subscriptions/resourceGroups/read"),
        ("Microsoft.SerialConsole/serialPorts/connect/action", "Microsoft.SqlVirtualMachine/*"),
        _below("Microsoft.Storage/storageAccounts/", "listKeys/action", "read"),
        ("Microsoft.Support/*",),
    ),
)
READER = RoleDefinition(
    name="Reader",
    guid="acdd72a7-3385-48ef-bd42-f606fba81ae7",
    description="See every resource and change none",
    actions=("*/read",),
)
CONTRIBUTOR = RoleDefinition(
    name="Contributor",
    guid="b24988ac-6180-42a0-ab88-20f7382dd24c",
    description="Manage every resource, but assign no roles",
    actions=("*",),
    not_actions=(
        *_below("Microsoft.Authorization/", "*/Delete", "*/Write", "elevateAccess/Action"),
        *_below("Microsoft.Blueprint/blueprintAssignments/", "write", "delete"),
        "Microsoft.Compute/galleries/share/action",
        *_below("Microsoft.Purview/consents/", "write", "delete"),
        "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
    ),
)
OWNER = RoleDefinition(
    name="Owner",
    guid="8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    description="Manage every resource and assign roles",
    actions=("*",),
)
BUILT_IN = (
    SITE_RECOVERY_CONTRIBUTOR,
    SITE_RECOVERY_OPERATOR,
    SITE_RECOVERY_READER,
    VIRTUAL_MACHINE_CONTRIBUTOR,
    READER,
    CONTRIBUTOR,
    OWNER,
)
