# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a cloud's Resource Manager and Entra ID are: the well-known clouds by name, all others by their metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..model.failures import ConfigurationError, Unreachable
from ..model.json_path import field, items, text
from .errors import translated
from .sdk import AzureAuthorityHosts, AzureClouds, HttpRequest, PipelineClient, RetryPolicy, get_arm_endpoints

_METADATA_VERSION = "2022-09-01"


@dataclass(frozen=True)
class Cloud:
    """Endpoints of a cloud. C(scope) is what a token for Resource Manager is asked for."""

    resource_manager: str
    authority: str
    scope: str


_NAMED = {
    "azurecloud": (AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD),
    "azurechinacloud": (AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA),
    "azureusgovernment": (AzureClouds.AZURE_US_GOVERNMENT, AzureAuthorityHosts.AZURE_GOVERNMENT),
}
_ALIASES = {
    "azure_public_cloud": "azurecloud",
    "azure_china_cloud": "azurechinacloud",
    "azure_us_gov_cloud": "azureusgovernment",
}


def named_cloud(name: str) -> Cloud | None:
    """Return a cloud that azure-core and the Azure CLI know by name, or None."""
    key = name.lower()
    if (found := _NAMED.get(_ALIASES.get(key, key))) is None:
        return None
    endpoints = get_arm_endpoints(found[0])
    return Cloud(endpoints["resource_manager"], f"https://{found[1]}", endpoints["credential_scopes"][0])


def discover_cloud(url: str, transport: Any) -> Cloud:
    """Ask a metadata endpoint (sovereign clouds, Azure Stack, a simulator) for its cloud's endpoints.

    Raises ConfigurationError where url is no https URL, Unreachable where it does not answer with metadata.
    """
    if not url.lower().startswith("https://"):
        raise ConfigurationError(
            f"cloud_environment '{url}' is neither a known cloud nor an https URL.",
            f"Use one of {', '.join(sorted(_ALIASES.values()))} or the URL of a metadata endpoint.",
        )
    client: Any = PipelineClient(url, policies=[RetryPolicy()], transport=transport)
    with translated():
        response = client.send_request(
            HttpRequest("GET", f"{url.rstrip('/')}/metadata/endpoints?api-version={_METADATA_VERSION}")
        )
        response.raise_for_status()
        return _parse_metadata(url, response.json())


def _parse_metadata(url: str, body: Any) -> Cloud:
    """Read both forms: one object (2022-09-01), a list of them (2019-05-01)."""
    candidates = body if isinstance(body, list) else [body]
    for candidate in candidates:
        authority = text(candidate, "authentication", "loginEndpoint")
        audiences = items(candidate, "authentication", "audiences")
        if authority and audiences:
            manager = text(candidate, "resourceManager") or url
            return Cloud(manager.rstrip("/"), authority.rstrip("/"), f"{str(audiences[0]).rstrip('/')}/.default")
    names = [text(field(candidate, "name")) for candidate in candidates]
    raise Unreachable(
        f"{url} returned metadata without a login endpoint and audience ({names}).",
        "Check cloud_environment; if it is right, run it again.",
    )
