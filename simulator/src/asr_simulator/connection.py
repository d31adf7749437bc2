# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How clients find the simulator: ``connection.json`` and ``env.sh`` in the state folder, for their owner alone."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import certifi

from asr_simulator.control import PREFIX
from asr_simulator.world import World

CONNECTION = "connection.json"
ENVIRONMENT = "env.sh"
BUNDLE = "ca-bundle.pem"


def connection_of(world: World, url: str, state_dir: Path) -> dict[str, Any]:
    """The content of ``connection.json``; the first principal of the scenario is the one at the top."""
    vault = world.scenario.vault
    principals = [
        {
            "name": spec.name,
            "client_id": spec.client_id,
            "client_secret": spec.client_secret,
            "roles": [grant.role for grant in spec.roles],
        }
        for spec in world.scenario.principals
    ]
    return {
        "resource_manager": url,
        "authority": url,
        "ca_bundle": str((state_dir / BUNDLE).resolve()),
        "tenant_id": vault.tenant_id,
        "client_id": principals[0]["client_id"],
        "client_secret": principals[0]["client_secret"],
        "subscription_id": vault.subscription_id,
        "resource_group": vault.resource_group,
        "vault_name": vault.name,
        "control": url + PREFIX,
        "principals": principals,
    }


def environment_of(connection: dict[str, Any]) -> dict[str, str]:
    """The same for Ansible, the Azure CLI and the SDKs, as environment variables."""
    manager = connection["resource_manager"]
    return {
        "AZURE_CLIENT_ID": connection["client_id"],
        "AZURE_SECRET": connection["client_secret"],
        "AZURE_CLIENT_SECRET": connection["client_secret"],
        "AZURE_TENANT": connection["tenant_id"],
        "AZURE_TENANT_ID": connection["tenant_id"],
        "AZURE_SUBSCRIPTION_ID": connection["subscription_id"],
        "AZURE_CLOUD_ENVIRONMENT": manager,
        "AZURE_AUTHORITY_HOST": connection["authority"],
        "ARM_CLOUD_METADATA_URL": f"{manager}/metadata/endpoints?api-version=2019-05-01",
        "AZURE_DISABLE_INSTANCE_DISCOVERY": "true",
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        # The Azure CLI's library, which azure.azcollection uses, keeps there what it learnt of a cloud and its address.
        "AZURE_CONFIG_DIR": str(Path(connection["ca_bundle"]).with_name("azure")),
        "SSL_CERT_FILE": connection["ca_bundle"],
        "REQUESTS_CA_BUNDLE": connection["ca_bundle"],
        "ASR_RESOURCE_GROUP": connection["resource_group"],
        "ASR_VAULT_NAME": connection["vault_name"],
    }


def write_connection(connection: dict[str, Any], state_dir: Path, authority: bytes) -> None:
    """Write the bundle (public roots and our own), ``env.sh``, and last ``connection.json``: the sign of readiness."""
    _write_private(state_dir / BUNDLE, Path(certifi.where()).read_bytes() + b"\n" + authority)
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in environment_of(connection).items())
    _write_private(state_dir / ENVIRONMENT, "".join(lines).encode())
    _write_private(state_dir / CONNECTION, (json.dumps(connection, indent=2) + "\n").encode())


def _write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
