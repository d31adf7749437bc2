# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a recording keeps of an exchange: its form and the service's words, and nothing of the customer's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.redaction.exchange import Redactor
from ansible_collections.asr.failback.plugins.module_utils.redaction.replacements import Replacements

SUBSCRIPTION, VM = "5a1e7c11-0000-4000-8000-00000000beef", "5A1E7C11-0000-4000-8000-0000000000AA"
VAULT = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Rg-Payroll/providers/Microsoft.RecoveryServices/vaults/Vault-Payroll"
)
CONTAINER = f"{VAULT}/replicationFabrics/Site-Delft/replicationProtectionContainers/cloud_{VM.lower()}"
ITEM = f"{CONTAINER}/replicationProtectedItems/Payroll01"


def exchange(body: Any = None, **parts: Any) -> dict[str, Any]:
    """An exchange with an answer of this body."""
    return {
        "time": "2026-03-01T08:00:00+00:00",
        "method": "GET",
        "path": "/subscriptions",
        "query": {},
        "request_body": None,
        "status": 200,
        "response_headers": {},
        "response_body": body,
        **parts,
    }


def shown(body: Any, *before: Any) -> Any:
    """The body as the recording has it, after others."""
    redactor = Redactor(Replacements())
    for other in before:
        redactor.redacted(exchange(other))
    return redactor.redacted(exchange(body))["response_body"]


@pytest.mark.parametrize(
    "body",
    [
        {"protectionState": "FinalizeRestorePending", "protectionStateDescription": "Finalize failback pending"},
        {"allowedOperations": ["DisableProtection", "FinalizeFailback"], "activeLocation": "Primary"},
        {"scenarioName": "PlannedFailover", "friendlyName": "Planned failover", "state": "Suspended"},
        {"taskType": "TaskDetails", "name": "ShutdownVmOnAzure", "friendlyName": "Shut down the Azure virtual machine"},
        {"taskType": "RecoveryPlanGroupTaskDetails", "taskId": "Group1", "friendlyName": "Group 1: Start (3)"},
        {"statuses": [{"code": "PowerState/running", "displayStatus": "VM running", "level": "Info"}]},
        {"serviceErrorDetails": {"code": "25037"}, "errorCode": "161011"},
        {"maxSizeMB": "40960", "diskSizeGB": 64, "isPrimary": True, "tier": None, "vmSize": "Standard_D2s_v3"},
        {"startTime": "1753-01-01T01:01:01Z", "endTime": "2026-03-01T08:00:00.1234567Z"},
        {"type": "Microsoft.RecoveryServices/vaults/replicationJobs", "providerVersion": "5.24.1011.0"},
        {"recoveryFabricId": "Microsoft Azure", "primaryVmmId": "21a9403c-6ec1-44f2-b744-b4e50b792387"},
        {"actions": ["Microsoft.RecoveryServices/vaults/*/read", "*"], "comments": " "},
        {"message": "The operation couldn't be completed. It isn't in a state for that (0x80041003, AADSTS7000215)."},
    ],
)
def test_what_the_service_says_of_itself_stays(body: Any) -> None:
    assert shown(body) == body


@pytest.mark.parametrize(
    "body",
    [
        {"friendlyName": "Payroll01"},
        {"taskType": "VirtualMachineTaskDetails", "friendlyName": "Payroll01"},
        {"taskType": "ManualActionTaskDetails", "friendlyName": "Call Payroll", "instructions": "Ask Payroll first"},
        {"protectionState": "of Payroll"},
        {"somethingNew": "Payroll"},
        {"somethingNew": ["Payroll", {"inIt": "Payroll"}]},
        {"tags": {"Payroll": "Payroll"}},
        {"targetVmTags": {"owner-of-Payroll": ""}},
        {"userAssignedIdentities": {f"{VAULT}/locks/Payroll": {}}},
        {"comments": "Payroll"},
        {"message": "The virtual machine 'Payroll' isn't ready."},
        {"message": 'Nothing is called "the Payroll server".'},
        {"message": "Payroll01 is busy; so is its disk D:\\VMs\\Payroll01\\Payroll-os.vhdx"},
        {"message": r"CONTOSO\Payroll, payroll@contoso.example and \\files01\Payroll$ are not there."},
        {"message": f"Not at https://payroll.blob.core.windows.net/payroll/payroll.vhd?sig=payroll and {VAULT}."},
        {"message": "The host payroll.contoso.example did not answer."},
        {"message": "token=Payroll and Bearer Payroll-xyz"},
        {"targetDiskLocation": "https://payroll.blob.core.windows.net/payroll/payroll-os.vhd?sv=1&sig=payroll"},
        {"primaryKekCertificatePfx": "Payroll", "accessToken": "Payroll", "customData": "Payroll"},
        {"code": "of Payroll", "vmSize": "Payroll", "providerVersion": "Payroll", "type": "Payroll's"},
        {"nextLink": f"https://management.azure.com{VAULT}?api-version=2025-08-01&$skipToken=Payroll"},
    ],
)
def test_what_is_the_customers_does_not(body: Any) -> None:
    assert "payroll" not in json.dumps(shown(body)).lower()


@pytest.mark.parametrize(
    "text",
    [
        "An operation finance (Planned failover) is in progress.",
        "An operation FINANCE (Planned failover) is in progress.",
        "The disk finance-data is full.",
        "Rack 7 East does not answer.",
    ],
)
def test_names_that_are_known_are_found_in_sentences(text: str) -> None:
    known = [{"friendlyName": "finance"}, {"friendlyName": "Rack 7 East"}]
    found = shown({"message": text}, *known)["message"].lower()
    assert "finance" not in found
    assert "rack" not in found
    assert len(found.split()) > 3


def test_a_name_is_known_wherever_in_an_answer_it_is_told() -> None:
    body = {"errors": [{"message": "An operation payroll (Commit) is in progress."}], "targetObjectName": "payroll"}
    assert "payroll" not in json.dumps(shown(body))


def test_words_of_the_service_stay_whatever_something_is_called() -> None:
    body = {"taskType": "TaskDetails", "friendlyName": "Monitoring data synchronization", "state": "Succeeded"}
    assert shown(body, {"vhdName": "data"}, {"friendlyName": "Succeeded"}) == body


def test_the_same_stands_for_the_same_everywhere() -> None:
    redactor = Redactor(Replacements())
    body = {
        "id": ITEM,
        "name": "Payroll01",
        "properties": {
            "friendlyName": "PAYROLL01",
            "vmId": VM.lower(),
            "diskId": f"{VM}_{SUBSCRIPTION.upper()}_0_1",
            "nicId": base64.b64encode(f"Microsoft:{VM}\\{SUBSCRIPTION.upper()}".encode()).decode(),
            "message": f"The virtual machine 'payroll01' ({VM}) in Rg-Payroll, of ActivityId: {SUBSCRIPTION}",
        },
    }
    path = f"{ITEM.replace('Payroll01', 'payroll01')}/plannedFailover"
    told = redactor.redacted(exchange(body, path=path, response_headers={"Location": f"https://10.1.2.3:8443{ITEM}"}))
    seen = told["response_body"]
    names = seen["id"].split("/")
    subscription, machine = names[2], names[12].removeprefix("cloud_")
    assert names[1::2] == ITEM.split("/")[1::2]
    assert (names[4], names[8], names[10], names[14]) == ("group-1", "vault-1", "fabric-1", "vm-1")
    assert told["path"] == f"{seen['id']}/plannedFailover"
    assert seen["name"] == "vm-1"
    assert seen["properties"]["friendlyName"] == "VM-1"
    assert seen["properties"]["vmId"] == machine
    assert seen["properties"]["diskId"] == f"{machine}_{subscription}_0_1".upper()
    assert base64.b64decode(seen["properties"]["nicId"]).decode().lower() == f"microsoft:{machine}\\{subscription}"
    assert seen["properties"]["message"] == (
        f"The virtual machine 'vm-1' ({machine.upper()}) in group-1, of ActivityId: {subscription}"
    )
    assert told["response_headers"] == {"Location": f"https://198.18.0.1:8443{seen['id']}"}


@pytest.mark.parametrize(
    ("path", "query", "seen_path", "seen_query"),
    [
        ("/metadata/endpoints", {"api-version": "2022-09-01"}, "/metadata/endpoints", {"api-version": "2022-09-01"}),
        ("/payroll.onmicrosoft.com/oauth2/v2.0/token", {}, "/host-1.domain-1.example/oauth2/v2.0/token", {}),
        (
            f"{VAULT}/replicationJobs",
            {"$filter": "( JobStatus eq 'Failed' )", "skiptoken": "Payroll"},
            None,
            {"$filter": "( JobStatus eq 'Failed' )", "skiptoken": "redacted"},
        ),
        (
            "/subscriptions",
            {"$filter": "RecoveryPlanName eq 'Payroll'"},
            None,
            {"$filter": "RecoveryPlanName eq 'name-1'"},
        ),
        ("/subscriptions", {"$filter": "Payroll"}, None, {"$filter": "redacted"}),
        ("/subscriptions", {"$filter": "atScope()", "$expand": "instanceView"}, None, None),
        (f"{VAULT}/replicationVaultHealth/default/refresh", {}, None, {}),
        (f"{VAULT}/replicationJobs/None", {}, None, {}),
    ],
)
def test_of_an_address_what_leads_to_whom_is_replaced(
    path: str, query: dict[str, str], seen_path: str | None, seen_query: dict[str, str] | None
) -> None:
    told = Redactor(Replacements()).redacted(exchange(path=path, query=query))
    assert "payroll" not in json.dumps(told).lower()
    assert told["path"].rsplit("/", 1)[-1] == (seen_path or path).rsplit("/", 1)[-1]
    assert seen_path in (None, told["path"])
    assert told["query"] == (query if seen_query is None else seen_query)


def test_headers_that_are_not_known_are_left_out() -> None:
    headers = {
        "Retry-After": "30",
        "x-ms-ratelimit-remaining-subscription-reads": "249",
        "Azure-AsyncOperation": f"https://management.azure.com{VAULT}/replicationJobs/{VM}?api-version=2025-08-01&s=Payroll",
        "WWW-Authenticate": "Bearer payroll",
        "Set-Cookie": "payroll",
        "x-ms-routing-request-id": "PAYROLL",
    }
    told = Redactor(Replacements()).redacted(exchange(response_headers=headers))["response_headers"]
    assert list(told) == list(headers)[:3]
    assert told["Retry-After"] == "30"
    assert told["Azure-AsyncOperation"].endswith("?api-version=2025-08-01&s=redacted")
    assert told["Azure-AsyncOperation"].startswith("https://management.azure.com/subscriptions/")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(body=JSON, path=st.text(), header=st.text(), query=st.text())
def test_every_answer_can_be_recorded(body: Any, path: str, header: str, query: str) -> None:
    told = Redactor(Replacements()).redacted(
        exchange(
            {"message": header, "x": body},
            path=f"/{path}",
            response_headers={"Location": header},
            query={"$filter": query},
        )
    )
    assert json.loads(json.dumps(told))["status"] == 200


@given(st.text(min_size=1), st.sampled_from(["friendlyName", "new", "message", "id", "comments", "diskId", "nicId"]))
def test_every_name_is_replaced_the_same_way_again(name: str, field: str) -> None:
    redactor = Redactor(Replacements())
    once, again = (redactor.redacted(exchange({field: name}))["response_body"][field] for _number in range(2))
    assert once == again
