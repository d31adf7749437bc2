# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials: the right kind for the settings, and one token for all tasks of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from azure.identity import (
    AzureCliCredential,
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    UsernamePasswordCredential,
    WorkloadIdentityCredential,
)
from driving import Driver
from scenarios import scenario_of

from ansible_collections.asr.failback.plugins.module_utils.azure.clouds import Cloud
from ansible_collections.asr.failback.plugins.module_utils.azure.credentials import build_credential
from ansible_collections.asr.failback.plugins.module_utils.azure.settings import AzureSettings

CLOUD = Cloud("https://arm.contoso.example", "https://login.contoso.example", "https://arm.contoso.example/.default")
WHO = {"tenant": "11111111-2222-3333-4444-555555555555", "client_id": "c"}


@pytest.fixture
def certificate(tmp_path: Path, authority: trustme.CA) -> str:
    """A PEM file with a key and its certificate."""
    path = tmp_path / "own.pem"
    leaf = authority.issue_cert("client.contoso.example", key_type=trustme.KeyType.RSA)
    leaf.private_key_and_cert_chain_pem.write_to_path(path)
    return str(path)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"method": "secret", "secret": "x", **WHO}, ClientSecretCredential),
        ({"method": "certificate", **WHO}, CertificateCredential),
        ({"method": "federated", "federated_token_file": "/token", **WHO}, WorkloadIdentityCredential),
        ({"method": "password", "ad_user": "u", "password": "p"}, UsernamePasswordCredential),
        ({"method": "managed_identity"}, ManagedIdentityCredential),
        ({"method": "cli"}, AzureCliCredential),
    ],
    ids=lambda value: value.get("method") if isinstance(value, dict) else "",
)
@pytest.mark.filterwarnings("ignore:.*UsernamePasswordCredential:DeprecationWarning")
def test_the_credential_is_of_the_kind_that_the_settings_make_possible(
    values: dict[str, str], kind: type, certificate: str, client: Any
) -> None:
    extra = {"x509_certificate_path": certificate} if values["method"] == "certificate" else {}
    settings = AzureSettings(**{"subscription_id": "s", **values, **extra})
    assert isinstance(build_credential(settings, CLOUD, client.transport), kind)


def asked_for_tokens(driver: Driver) -> int:
    return sum(entry["path"].endswith("/token") for entry in driver.simulator.journal.entries())


def test_many_tasks_ask_for_one_token(driver: Callable[..., Driver]) -> None:
    drive = driver(scenario_of("web01"))
    for _task in range(3):
        drive.run("replicated_item_info", name="web01")
    drive.run("vault_info")
    assert asked_for_tokens(drive) == 1


def test_a_token_that_runs_out_is_asked_for_again(driver: Callable[..., Driver]) -> None:
    drive = driver(scenario_of("web01"))
    drive.run("replicated_item_info", name="web01")
    # The simulator counts a token's life in its own time, the client in real time: to the client it looks good still.
    drive.pass_time(2 * 3600)
    drive.run("replicated_item_info", name="web01")
    assert asked_for_tokens(drive) == 2


def test_a_wrong_secret_is_told_as_such_and_is_not_shown(driver: Callable[..., Driver]) -> None:
    drive = driver(scenario_of("web01"), secret="not-the-secret")
    failed = drive.fail("replicated_item_info", name="web01")
    assert failed["error"]["kind"] == "authentication"
    assert "AADSTS7000215" in failed["msg"]
    assert "not-the-secret" not in str(failed)


NO_SECRET: dict[str, Any] = {"secret": None}


@pytest.mark.parametrize(
    ("options", "environ", "words"),
    [
        ({"tenant": "00000000-0000-0000-0000-000000000000"}, {}, "00000000-0000-0000-0000-000000000000"),
        ({"tenant": "not a tenant!"}, {}, "tenant"),
        ({**NO_SECRET, "x509_certificate_path": "/nonexistent/cert.pem"}, {}, "/nonexistent/cert.pem"),
        (NO_SECRET, {"AZURE_FEDERATED_TOKEN_FILE": "/nonexistent/token"}, "/nonexistent/token"),
        ({"adfs_authority_url": "http://login.contoso.example"}, {}, "http://login.contoso.example"),
    ],
    ids=["unknown tenant", "no tenant's name", "no certificate", "no federated token", "no https"],
)
def test_a_credential_that_cannot_be_used_is_one_clear_error(
    options: dict[str, Any], environ: dict[str, str], words: str, driver: Callable[..., Driver]
) -> None:
    drive = driver(scenario_of("web01"), **options)
    drive.environ.update(environ)
    failed = drive.fail("planned_failover", replicated_item="web01")
    assert failed["error"]["kind"] in ("configuration", "authentication")
    assert words in failed["msg"]
    assert drive.writes() == []
