# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fields of Azure's documents hold words of the service, and what the others hold. What is not here is redacted.

The names are those of the API definitions of Site Recovery, compute, network, locks and authorization, in lower case:
api-versions spell them differently.
"""

from __future__ import annotations

import re


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Single words of the service, or lists of them: states, operations, types. Anything else there is no word of it.
WORDS = _names(
    """
    activelocation affectedobjecttype allowedactions allowedoperations allowedscenarios bcdrstate caching category
    connectionstatus createoption currentscenariostatus customerresolvability datasyncoption deleteoption
    diskcontrollertype diskstate encryption enablerdpontargetoption errorcategory errorlevel errorsource errortype
    eventcode eventtype fabrictype failoverdeploymentmodel failoverdirection failoverdirections failoverhealth
    failovertypes generation grouptype hasfibrechanneladapter hasphysicaldisk hassharedvhd health hypervgeneration
    initialreplicationtype instancetype ipaddresstype jobscenarioname jobstatus kekstate level licensetype
    linuxlicensetype logicalnetworkdefinitionsstatus logicalnetworkusage networktype networkvirtualizationstatus
    nictype osedition ostype pairingstatus primaryfabricprovider primaryfabricproviderid privateipaddressversion
    privateipallocationmethod producttype protecteditemtype protectionstate protectionstatus providerversionstate
    provisioningstate publicipaddressversion publicipallocationmethod recoveryfabricproviderid recoveryipaddresstype
    recoveryvmcreationoption replicationhealth replicationproviders role rpgrouptype scenarioname selectiontype
    severity skippedreason sourcesiteoperations sqlserverlicensetype state statedescription status storageaccounttype
    supportedreplicationproviders switchproviderstate targetinstancetype tasktype testfailoverstate
    testfailoverstatus tier unit usemanageddisks vhdtype vmprotectionstate
    """
)
# Digits, dots and blanks between them: versions, sizes, counts.
NUMBERS = _names(
    """
    errortype generation initialreplicationprogresspercentage lunid marsagentversion maxsizemb osmajorversion
    osminorversion osversion providerversion serverversion summarycode targetavailabilityzone usagecount
    """
)
# Names of sizes and kinds of disks, which are the same for every customer.
SIZES = frozenset({"recoveryazurevmsize", "vmsize", "storageaccounttype"})
CODES = frozenset({"code", "errorcode", "errorid", "summarycode"})
# Of a role.
ACTIONS = frozenset({"actions", "dataactions", "notactions", "notdataactions"})
TYPES = frozenset({"type", "affectedresourcetype"})
# Texts of the service in which nothing of the customer is but counts.
LABELS = _names(
    """
    currentscenariostatusdescription displaystatus jobfriendlyname protectionstatedescription
    switchproviderstatedescription testfailoverstatedescription vmprotectionstatedescription
    """
)
# Texts of the service about something of the customer's.
TEXTS = _names(
    """
    activityid clientrequestid errormessage message possiblecauses recommendedaction recoveryprovidererrormessage
    skippedreasonstring summarymessage
    """
)
# Dictionaries whose keys are the customer's.
CUSTOMERS_KEYS = frozenset({"tags", "targetvmtags", "seedmanageddisktags", "targetmanageddisktags", "targetnictags"})
# What a field holds besides, for the kind of its replacement.
KINDS = {
    "actionname": "action",
    "affectedobjectfriendlyname": "vm",
    "comments": "text",
    "computername": "host",
    "description": "text",
    "fabricfriendlyname": "fabric",
    "instructions": "text",
    "location": "region",
    "networkfriendlyname": "network",
    "notes": "text",
    "observation": "text",
    "policyfriendlyname": "policy",
    "primarycloudname": "cloud",
    "primaryfabricfriendlyname": "fabric",
    "primaryprotectioncontainerfriendlyname": "cloud",
    "primaryvmmname": "fabric",
    "primaryvmname": "vm",
    "recoveryazurevmname": "vm",
    "recoverycloudname": "cloud",
    "recoverysubnetname": "network",
    "recoveryvmmname": "fabric",
    "recoveryvmname": "vm",
    "subnet": "network",
    "subnetname": "network",
    "targetdiskname": "disk",
    "targetnicname": "nic",
    "targetobjectname": "vm",
    "vhdname": "disk",
    "vmname": "vm",
    "vmnetworkname": "network",
}
# What the name below a type of resource is. Others are C(name).
KINDS_OF_RESOURCES = {
    "disks": "disk",
    "locks": "lock",
    "networkinterfaces": "nic",
    "publicipaddresses": "address",
    "replicationfabrics": "fabric",
    "replicationpolicies": "policy",
    "replicationprotecteditems": "vm",
    "replicationprotectioncontainers": "cloud",
    "replicationrecoveryplans": "plan",
    "replicationrecoveryservicesproviders": "host",
    "resourcegroups": "group",
    "storageaccounts": "storage",
    "subnets": "network",
    "vaults": "vault",
    "virtualmachines": "vm",
    "virtualnetworks": "network",
}
# Tasks and jobs whose labels are the service's; the label of any other is the customer's word for something.
LABELED_TASKS = frozenset(
    {
        "TaskDetails",
        "InlineWorkflowTaskDetails",
        "RecoveryPlanGroupTaskDetails",
        "RecoveryPlanShutdownGroupTaskDetails",
    }
)
# Wherever they are a whole value or a whole name in an id.
CONSTANTS = frozenset({"azure", "default", "microsoft azure", "none", "unknown"})
# Ids that are the same in every tenant: the Azure side's fabric and container, built-in roles, none.
WELL_KNOWN_IDS = frozenset(
    {
        "00000000-0000-0000-0000-000000000000",
        "21a9403c-6ec1-44f2-b744-b4e50b792387",
        "d38048d4-b460-4791-8ece-108395ee8478",
        "d49858f157601230a6ac5862fbbc6e63bf38d23ecd96cf953767945d457fe9d5",
        "6670b86e-a3f7-4917-ac9b-5d6ab1be4567",
        "494ae006-db33-4328-bf46-533a6560a3ca",
        "dbaa88c4-0c30-4179-9fb3-46319faa6149",
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
    }
)
# Segments of paths that are no resource's: of the sign-in, and of what tells where that is.
PLAIN_SEGMENTS = _names(
    """
    .well-known authorize common consumers discovery endpoints instance metadata oauth2 openid-configuration
    organizations token v1.0 v2.0
    """
)
ARM_ROOTS = ("/subscriptions/", "/providers/", "/tenants/", "/subscriptions", "/tenants")
HOSTS_OF_AZURE = (
    "aka.ms",
    "go.microsoft.com",
    "docs.microsoft.com",
    "learn.microsoft.com",
    "login.microsoftonline.com",
    "management.azure.com",
    "portal.azure.com",
)
# Below these, the first label is the customer's.
SUFFIXES_OF_AZURE = (
    ".blob.core.windows.net",
    ".blob.core.chinacloudapi.cn",
    ".blob.core.usgovcloudapi.net",
)
# Kept as they are, if they look as they should; C(text): with what is inside replaced. No other header is.
HEADERS = {
    "azure-asyncoperation": "text",
    "content-type": "plain",
    "date": "plain",
    "location": "text",
    "retry-after": "plain",
    "x-ms-client-request-id": "text",
    "x-ms-correlation-request-id": "text",
    "x-ms-request-id": "text",
}
LIMIT_HEADERS = "x-ms-ratelimit-remaining-"
PLAIN_QUERY = frozenset({"api-version", "$expand", "$top", "statusonly"})
# Fields of a filter whose values are the service's words or times.
PLAIN_FILTERS = frozenset(
    {"jobstatus", "starttime", "endtime", "jobname", "affectedobjecttypes", "eventtype", "severity"}
)
# Never kept, and never in the list of names.
SECRET = re.compile(
    r"authorization|certificate|connectionstring|credential|customdata|keys?$|keyvalue|password|pfx|privatekey"
    r"|protectedsettings|sastoken|secret|signature|thumbprint|token|userdata",
    re.IGNORECASE,
)
