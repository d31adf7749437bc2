# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How clients find the simulator: files in the state folder, for their owner alone.

``connection.json`` has everything, ``env.sh`` what the Azure clients read from the environment, ``hyperv_hosts.yml`` is
an inventory of the Windows hosts for Ansible. ``ca.pem`` is the simulator's own root, for who talks to nobody else: to
load all public roots as well takes a tenth of a second for each connection. A shell that has read ``env.sh`` may talk
to others, too, so it gets ``ca-bundle.pem``, which has both.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import certifi
import yaml

from asr_simulator.control import PREFIX
from asr_simulator.sockets import LOOPBACK
from asr_simulator.world import World

CONNECTION = "connection.json"
ENVIRONMENT = "env.sh"
ROOT = "ca.pem"
BUNDLE = "ca-bundle.pem"
INVENTORY = "hyperv_hosts.yml"


class _Literal(str):
    """A text in which Ansible is to see no template."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes literal texts as what Ansible calls unsafe."""


_Dumper.add_representer(_Literal, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


def connection_of(world: World, url: str, state_dir: Path, ports: Mapping[str, int]) -> dict[str, Any]:
    """The content of ``connection.json``; the first principal of the scenario is the one at the top.

    ``ports``: where WinRM of a host listens, by the host's name in lower case.
    """
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
        "ca_bundle": str((state_dir / ROOT).resolve()),
        "tenant_id": vault.tenant_id,
        "client_id": principals[0]["client_id"],
        "client_secret": principals[0]["client_secret"],
        "subscription_id": vault.subscription_id,
        "resource_group": vault.resource_group,
        "vault_name": vault.name,
        "control": url + PREFIX,
        "principals": principals,
        "winrm": {
            "username": world.hyperv.username,
            "password": world.hyperv.password,
            "ca_bundle": str((state_dir / ROOT).resolve()),
            "hosts": [
                {"name": host.name, "address": LOOPBACK, "port": ports[name]}
                for name, host in world.hyperv.hosts.items()
            ],
        },
    }


def inventory_of(winrm: Mapping[str, Any]) -> dict[str, Any]:
    """The Windows hosts as an inventory of Ansible: the group ``hyperv_hosts``."""
    variables = {
        "ansible_connection": "winrm",
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_ca_trust_path": winrm["ca_bundle"],
        "ansible_user": _Literal(winrm["username"]),
        "ansible_password": _Literal(winrm["password"]),
    }
    hosts = {host["name"]: {"ansible_host": host["address"], "ansible_port": host["port"]} for host in winrm["hosts"]}
    return {"hyperv_hosts": {"hosts": hosts, "vars": variables}}


def environment_of(connection: dict[str, Any]) -> dict[str, str]:
    """The same for Ansible, the Azure CLI and the SDKs, as environment variables."""
    manager = connection["resource_manager"]
    bundle = str(Path(connection["ca_bundle"]).with_name(BUNDLE))
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
        "SSL_CERT_FILE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "ASR_RESOURCE_GROUP": connection["resource_group"],
        "ASR_VAULT_NAME": connection["vault_name"],
    }


def write_connection(connection: dict[str, Any], state_dir: Path, authority: bytes) -> None:
    """Write the roots (ours, and with the public ones), the inventory, ``env.sh``, and last ``connection.json``.

    The last one is the sign of readiness.
    """
    _write_private(state_dir / ROOT, authority)
    _write_private(state_dir / BUNDLE, Path(certifi.where()).read_bytes() + b"\n" + authority)
    inventory = yaml.dump(inventory_of(connection["winrm"]), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    _write_private(state_dir / INVENTORY, b"---\n" + inventory.encode())
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
