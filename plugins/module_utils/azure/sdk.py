# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that this collection takes from the Azure SDKs and what they stand on, and the only place that imports
them.

Ansible's tools import every file of a collection where no SDK is installed. There each name is an empty class: enough
to inherit from and to annotate with. Whoever runs a verb asks `missing_sdk()` first.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

_MISSING: ImportError | None = None
__all__ = [
    "ARMChallengeAuthenticationPolicy",
    "ARMErrorFormat",
    "ARMPipelineClient",
    "AccessToken",
    "AzureAuthorityHosts",
    "AzureCliCredential",
    "AzureClouds",
    "AzureError",
    "CertificateCredential",
    "ClientAuthenticationError",
    "ClientSecretCredential",
    "ComputeManagementClient",
    "ContentDecodePolicy",
    "CredentialUnavailableError",
    "CustomHookPolicy",
    "DecodeError",
    "DeserializationError",
    "HeadersPolicy",
    "HttpRequest",
    "HttpResponse",
    "HttpResponseError",
    "ManagedIdentityCredential",
    "PipelineClient",
    "PipelineRequest",
    "PipelineResponse",
    "ProxyPolicy",
    "RequestIdPolicy",
    "RequestsTransport",
    "RetryPolicy",
    "SansIOHTTPPolicy",
    "ServiceRequestError",
    "SiteRecoveryManagementClient",
    "UserAgentPolicy",
    "UsernamePasswordCredential",
    "WorkloadIdentityCredential",
    "get_arm_endpoints",
    "get_environ_proxies",
    "map_error",
    "missing_sdk",
    "models",
]

try:
    from azure.core import AzureClouds, PipelineClient
    from azure.core.credentials import AccessToken
    from azure.core.exceptions import (
        AzureError,
        ClientAuthenticationError,
        DecodeError,
        DeserializationError,
        HttpResponseError,
        ServiceRequestError,
        map_error,
    )
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.pipeline.policies import (
        ContentDecodePolicy,
        CustomHookPolicy,
        HeadersPolicy,
        ProxyPolicy,
        RequestIdPolicy,
        RetryPolicy,
        SansIOHTTPPolicy,
        UserAgentPolicy,
    )
    from azure.core.pipeline.transport import RequestsTransport
    from azure.core.rest import HttpRequest, HttpResponse
    from azure.identity import (
        AzureAuthorityHosts,
        AzureCliCredential,
        CertificateCredential,
        ClientSecretCredential,
        CredentialUnavailableError,
        ManagedIdentityCredential,
        UsernamePasswordCredential,
        WorkloadIdentityCredential,
    )
    from azure.mgmt.compute import ComputeManagementClient
    from azure.mgmt.core import ARMPipelineClient
    from azure.mgmt.core.exceptions import ARMErrorFormat
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
    from azure.mgmt.core.tools import get_arm_endpoints
    from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient, models
    from requests.utils import get_environ_proxies
except ImportError as error:
    _MISSING = error

    class _AnyName(type):
        def __getattr__(cls, name: str) -> type[_Absent]:
            if name.startswith("__"):
                raise AttributeError(name)
            return _Absent

        def __getitem__(cls, item: object) -> type[_Absent]:
            return _Absent

    class _Absent(metaclass=_AnyName):
        """Stands for a class of an SDK that is not installed, and for each of its attributes."""

    def __getattr__(name: str) -> type[_Absent]:
        return _AnyName.__getattr__(_Absent, name)


class _Models:
    """The models of the SDK, for threads. The first object of a class works the class out, and two threads that do so
    at once break each other: RuntimeError, dictionary changed size during iteration (seen with 2.0.0)."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        model = getattr(self._module, name)
        with self._lock:
            model.__new__(model)
        setattr(self, name, model)
        return model


if _MISSING is None and not TYPE_CHECKING:
    models = _Models(models)


def missing_sdk() -> ImportError | None:
    """Return why the Azure SDKs cannot be imported, or None when they can."""
    return _MISSING
