# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything on Azure's side that one task talks to, behind one pipeline and one token."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..model import arm_ids
from ..model.failures import ConfigurationError
from ..run_cache import RunCache
from ..shared_reads import UNSHARED, SharedReads
from ..watch import WatchNow
from .clouds import Cloud, discover_cloud, named_cloud
from .compute import Compute
from .credentials import SharedToken, SignInTime, build_credential
from .pipeline import ServiceClock, SignInTransport, WatchedTransport, build_policies
from .resources import Resources
from .sdk import ARMPipelineClient, ComputeManagementClient, SiteRecoveryManagementClient
from .settings import AzureSettings, resolve_settings
from .site_recovery import SiteRecovery

# The SDKs log what they also raise; without a handler Python would print it in the middle of Ansible's output.
logging.getLogger("azure").addHandler(logging.NullHandler())

CREDENTIALS_FILE = Path("~/.azure/credentials")


@dataclass(frozen=True)
class AzureSession:
    """The vault's Site Recovery, the compute around it, and the service's clock."""

    subscription_id: str
    vault_id: str
    resource_manager: str
    site_recovery: SiteRecovery
    compute: Compute
    resources: Resources
    clock: ServiceClock


def reached_by(options: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return where a session that these open reads, and as whom. Raises ConfigurationError."""
    return resolve_settings(options, environ, CREDENTIALS_FILE.expanduser()).reach


def open_session(
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    watch: WatchNow,
    cache: RunCache,
    *,
    shared: SharedReads = UNSHARED,
) -> AzureSession:
    """Return the session that a task's options and environment describe. No token is asked for yet.

    C(options) holds the options of the doc fragments azure and vault. C(shared) is what the virtual
    machines share that it is used for at the same time. Raises ConfigurationError.
    """
    settings = resolve_settings(options, environ, CREDENTIALS_FILE.expanduser())
    subscription, group, vault = settings.subscription_id, options["resource_group"], options["vault_name"]
    _require_names(subscription_id=subscription, resource_group=group, vault_name=vault)
    transport = WatchedTransport(watch, settings)
    cloud = _cloud(settings, watch, cache)
    time_for_it = SignInTime(watch)
    sign_in = SignInTransport(watch, settings, time_for_it)
    credential = SharedToken(lambda: build_credential(settings, cloud, sign_in), settings, cloud, cache, time_for_it)
    clock = ServiceClock(watch)

    def client_options() -> dict[str, Any]:
        return {"policies": build_policies(credential, cloud.scope, clock, watch), "transport": transport}

    def sdk_options() -> dict[str, Any]:
        return {"base_url": cloud.resource_manager, "credential_scopes": [cloud.scope], **client_options()}

    resources = Resources(ARMPipelineClient(base_url=cloud.resource_manager, **client_options()), shared)
    sites = SiteRecoveryManagementClient(credential, subscription, **sdk_options())

    def compute_of(its_subscription: str) -> ComputeManagementClient:
        return ComputeManagementClient(credential, its_subscription, **sdk_options())

    return AzureSession(
        subscription_id=subscription,
        vault_id=(
            f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.RecoveryServices/vaults/{vault}"
        ),
        resource_manager=cloud.resource_manager,
        site_recovery=SiteRecovery(sites, group, vault, shared, clock.now),
        compute=Compute(compute_of, resources, shared),
        resources=resources,
        clock=clock,
    )


def _require_names(**names: str) -> None:
    for option, value in names.items():
        if not arm_ids.is_name(value):
            raise ConfigurationError(
                f"{option} is '{value}', which is not a valid Azure resource name.", "Nothing was read. Correct it."
            )


def _cloud(settings: AzureSettings, watch: WatchNow, cache: RunCache) -> Cloud:
    name = settings.cloud_environment
    known = named_cloud(name)
    if known is not None:
        return known

    time_for_it = SignInTime(watch, name)
    time_for_it.begin()

    def discover() -> list[str]:
        found = discover_cloud(name, SignInTransport(watch, settings, time_for_it))
        return [found.resource_manager, found.authority, found.scope]

    return Cloud(*cache.get_or_make(f"cloud|{name}", lambda _value: True, discover, time_for_it.wait_for_turn))
