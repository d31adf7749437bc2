# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a cloud is: known by name, or asked from its metadata in either form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.web import LOOPBACK, Answer, Web, free_port

from ansible_collections.asr.failback.plugins.module_utils.azure.clouds import Cloud, discover_cloud, named_cloud
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    ConfigurationError,
    FailbackError,
    ServiceError,
    Unreachable,
)

PUBLIC = ("https://management.azure.com", "https://login.microsoftonline.com", "https://management.azure.com/.default")
ENDPOINTS = {
    "name": "private",
    "resourceManager": "https://arm.contoso.example/",
    "authentication": {"loginEndpoint": "https://login.contoso.example/", "audiences": ["https://audience.example/"]},
}
PRIVATE = Cloud("https://arm.contoso.example", "https://login.contoso.example", "https://audience.example/.default")
ELSEWHERE = {"name": "other", "resourceManager": "https://other.example", "authentication": None}


@pytest.mark.parametrize(
    ("name", "manager"),
    [
        ("AzureCloud", "https://management.azure.com"),
        ("azurecloud", "https://management.azure.com"),
        ("AZURE_PUBLIC_CLOUD", "https://management.azure.com"),
        ("AzureChinaCloud", "https://management.chinacloudapi.cn"),
        ("AzureUSGovernment", "https://management.usgovcloudapi.net"),
        ("AZURE_US_GOV_CLOUD", "https://management.usgovcloudapi.net"),
    ],
)
def test_the_well_known_clouds_are_known_by_name(name: str, manager: str) -> None:
    cloud = named_cloud(name)
    assert cloud is not None
    assert cloud.resource_manager.rstrip("/") == manager
    assert cloud.authority.startswith("https://login.")
    assert cloud.scope.endswith("/.default")


def test_a_url_is_no_name() -> None:
    assert named_cloud("https://arm.contoso.example") is None
    assert named_cloud("AzureMoonCloud") is None


@pytest.mark.parametrize(
    "body", [ENDPOINTS, [ENDPOINTS], [ELSEWHERE, ENDPOINTS]], ids=["2022: one object", "2019: a list", "one of several"]
)
def test_metadata_is_read_in_both_forms(body: Any, web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(200, body))
    assert discover_cloud(server.url, client.transport) == PRIVATE
    assert discover_cloud(f"{server.url}/", client.transport) == PRIVATE
    assert {path for _method, path in server.asked} == {"/metadata/endpoints?api-version=2022-09-01"}


def test_metadata_without_resource_manager_means_the_url_itself(web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(200, {**ENDPOINTS, "resourceManager": None}))
    assert discover_cloud(server.url, client.transport).resource_manager == server.url


@pytest.mark.parametrize("url", ["AzureMoonCloud", "http://arm.contoso.example", "ftp://x", ""])
def test_anything_but_a_name_or_an_https_url_is_refused(url: str, client: Any) -> None:
    with pytest.raises(ConfigurationError, match="neither a known cloud nor an https URL"):
        discover_cloud(url, client.transport)


@pytest.mark.parametrize("body", [{}, [], ELSEWHERE, [ELSEWHERE], '"words"', None])
def test_metadata_that_names_no_endpoints_is_an_error(body: Any, web: Callable[..., Web], client: Any) -> None:
    server = web(Answer(200, body))
    with pytest.raises(Unreachable, match="without a login endpoint"):
        discover_cloud(server.url, client.transport)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(404, "nothing here"), Unreachable),
        (Answer(500, {}), ServiceError),
        (Answer(200, "<html>a proxy's log-in page</html>", {"Content-Type": "text/html"}), Unreachable),
        (Answer(reset=True), Unreachable),
    ],
    ids=["no such page", "broken", "another kind of page", "no answer"],
)
def test_no_metadata_is_a_failure_with_the_reason(
    answer: Answer, failure: type[FailbackError], web: Callable[..., Web], client: Any
) -> None:
    server = web(answer)
    with pytest.raises(failure):
        discover_cloud(server.url, client.transport)


def test_nothing_there_is_unreachable(client: Any) -> None:
    with pytest.raises(Unreachable, match="could not be reached"):
        discover_cloud(f"https://{LOOPBACK}:{free_port()}", client.transport)
