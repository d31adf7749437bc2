# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials: the right kind for the settings, and one token for all tasks of a run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
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
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from support.module_runner import ModuleRunner
from support.scenarios import scenario_of
from support.web import LOOPBACK, Answer, Web, free_port

from ansible_collections.asr.failback.plugins.module_utils.azure.clouds import Cloud
from ansible_collections.asr.failback.plugins.module_utils.azure.credentials import (
    SharedToken,
    SignInTime,
    _key,
    build_credential,
)
from ansible_collections.asr.failback.plugins.module_utils.azure.errors import translated
from ansible_collections.asr.failback.plugins.module_utils.azure.settings import AzureSettings, resolve_settings
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    AuthenticationError,
    ConfigurationError,
    Unreachable,
)
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

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


def asked_for_tokens(driver: ModuleRunner) -> int:
    return sum(entry["path"].endswith("/token") for entry in driver.simulator.journal.entries())


def test_many_tasks_ask_for_one_token(driver: Callable[..., ModuleRunner]) -> None:
    drive = driver(scenario_of("web01"))
    for _task in range(3):
        drive.run("replicated_item_info", name="web01")
    drive.run("vault_info")
    assert asked_for_tokens(drive) == 1


def test_a_token_that_runs_out_is_asked_for_again(driver: Callable[..., ModuleRunner]) -> None:
    drive = driver(scenario_of("web01"))
    drive.run("replicated_item_info", name="web01")
    # The simulator counts a token's life in its own time, the client in real time: to the client it looks good still.
    drive.pass_time(2 * 3600)
    drive.run("replicated_item_info", name="web01")
    assert asked_for_tokens(drive) == 2


def test_a_wrong_secret_is_told_as_such_and_is_not_shown(driver: Callable[..., ModuleRunner]) -> None:
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
        ({**NO_SECRET, "x509_certificate_path": "/"}, {}, "'/'"),
        ({**NO_SECRET, "x509_certificate_path": __file__}, {}, "certificate"),
        ({}, {"REQUESTS_CA_BUNDLE": "/nonexistent/ca.pem"}, "REQUESTS_CA_BUNDLE is '/nonexistent/ca.pem'"),
    ],
    ids=str,
)
def test_a_credential_that_cannot_be_used_is_one_clear_error(
    options: dict[str, Any], environ: dict[str, str], words: str, driver: Callable[..., ModuleRunner]
) -> None:
    drive = driver(scenario_of("web01"), **options)
    drive.environ.update(environ)
    failed = drive.fail("planned_failover", replicated_item="web01")
    assert failed["error"]["kind"] in ("configuration", "authentication")
    assert words in failed["msg"]
    assert drive.writes() == []


def test_a_certificate_with_a_password_is_one_clear_error(certificate: str, client: Any) -> None:
    path = Path(certificate)
    key = load_pem_private_key(path.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hidden"))
    path.write_bytes(locked + path.read_bytes()[path.read_bytes().index(b"-----BEGIN CERTIFICATE") :])
    settings = AzureSettings("certificate", "s", x509_certificate_path=certificate, **WHO)
    with pytest.raises(ConfigurationError, match="encrypted"):
        build_credential(settings, CLOUD, client.transport)


def token_of(settings: AzureSettings, cloud: Cloud, client: Any, cache: RunCache) -> str:
    """The token of a task with these settings."""
    with translated():
        watch = Watch(60)
        time_for_it = SignInTime(lambda: watch)
        shared = SharedToken(
            lambda: build_credential(settings, cloud, client.transport), settings, cloud, cache, time_for_it
        )
        token: str = shared.get_token(cloud.scope).token
        return token


@pytest.fixture
def azure_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program az that answers with a token which names its arguments and where its configuration is."""
    program = tmp_path / "az"
    values = '"accessToken": "\'"$AZURE_CONFIG_DIR $*"\'", "expires_on": 4102444800'
    program.write_text(f"#!/bin/sh\necho '{{{values}}}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


def cli_settings(subscription: str, environ: Mapping[str, str]) -> AzureSettings:
    options = {"auth_source": "cli", "subscription_id": subscription}
    return resolve_settings(options, environ, Path("/nonexistent"))


def test_each_sign_in_of_the_azure_cli_has_a_token_of_its_own(
    azure_cli: Path, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = RunCache()
    for folder in ("/one", "/two"):
        monkeypatch.setenv("AZURE_CONFIG_DIR", folder)
        for subscription in ("sub-1", "sub-2"):
            token = token_of(cli_settings(subscription, os.environ), CLOUD, client, cache)
            assert token.startswith(f"{folder} ")
            assert subscription in token


def test_a_token_depends_on_the_managed_identity_and_on_the_authority(client: Any) -> None:
    base = AzureSettings("managed_identity", "s")
    environ = {"AZURE_SUBSCRIPTION_ID": "s", "ANSIBLE_AZURE_AUTH_SOURCE": "msi"}
    every = [
        base,
        replace(base, client_id="another"),
        replace(base, authority="https://adfs.contoso.example"),
        resolve_settings({}, {**environ, "IDENTITY_ENDPOINT": "http://localhost/identity"}, Path("/nonexistent")),
    ]
    assert len({_key(settings, CLOUD) for settings in every}) == len(every)
    assert _key(base, CLOUD) == _key(replace(base, subscription_id="another"), CLOUD)


def test_without_the_azure_cli_it_says_so(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AuthenticationError) as caught:
        token_of(cli_settings("s", {}), CLOUD, client, RunCache())
    assert "No credential was found: Azure CLI not found" in caught.value.message()
    assert "az login" in caught.value.remedy
    assert "expired" not in caught.value.message()


SECRET = AzureSettings("secret", "s", secret="x", disable_instance_discovery=True, **WHO)


@pytest.mark.parametrize("body", [None, [], {}, '"words"', "<html>sign in to the proxy</html>"], ids=str)
def test_an_authority_that_answers_with_something_else_is_not_a_wrong_secret(
    body: Any, web: Callable[..., Web], client: Any
) -> None:
    server = web(Answer(200, body))
    with pytest.raises(Unreachable, match="Entra ID"):
        token_of(SECRET, replace(CLOUD, authority=server.url), client, RunCache())


def test_an_authority_that_is_not_there_is_not_a_wrong_secret(client: Any) -> None:
    with pytest.raises(Unreachable, match="Entra ID"):
        token_of(SECRET, replace(CLOUD, authority=f"https://{LOOPBACK}:{free_port()}"), client, RunCache())
