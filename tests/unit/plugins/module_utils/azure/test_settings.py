# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which credential is used and where Azure is: options, then environment, then ~/.azure/credentials, then the CLI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.azure.settings import (
    CA_BUNDLE_VARIABLES,
    ENVIRONMENT,
    FEDERATED_TOKEN_FILE,
    AzureSettings,
    resolve_settings,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.runner.options import AZURE_OPTIONS

OPTIONS = {"tenant": "o-tenant", "client_id": "o-client", "secret": "o-secret", "subscription_id": "o-subscription"}
ENVIRON = {
    "AZURE_TENANT": "e-tenant",
    "AZURE_CLIENT_ID": "e-client",
    "AZURE_SECRET": "e-secret",
    "AZURE_SUBSCRIPTION_ID": "e-subscription",
}
PROFILES = """
[default]
tenant = d-tenant
client_id = d-client
secret = d%secret
subscription_id = d-subscription

[staging]
tenant = s-tenant
client_id = s-client
secret = s-secret
subscription_id = s-subscription
"""


@pytest.fixture
def credentials_file(tmp_path: Path) -> Path:
    """A credentials file with two profiles."""
    path = tmp_path / "credentials"
    path.write_text(PROFILES)
    return path


def resolved(
    options: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> AzureSettings:
    return resolve_settings(options or {}, environ or {}, file or Path("/nonexistent"))


def without(values: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in names}


@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        (OPTIONS, ENVIRON, "o-client"),
        ({}, ENVIRON, "e-client"),
        ({}, {}, "d-client"),
        ({"profile": "staging"}, {}, "s-client"),
        ({}, {"AZURE_PROFILE": "staging"}, "s-client"),
        ({"auth_source": "env"}, ENVIRON, "e-client"),
        ({**OPTIONS, "auth_source": "env"}, ENVIRON, "e-client"),
        ({**OPTIONS, "auth_source": "credential_file"}, ENVIRON, "d-client"),
        ({"auth_source": "credential_file", "profile": "staging"}, ENVIRON, "s-client"),
        (OPTIONS, {**ENVIRON, "ANSIBLE_AZURE_AUTH_SOURCE": "env"}, "e-client"),
        ({"auth_source": "auto"}, {**ENVIRON, "ANSIBLE_AZURE_AUTH_SOURCE": "credential_file"}, "e-client"),
    ],
)
def test_the_first_whole_credential_is_taken(
    options: dict[str, str], environ: dict[str, str], expected: str, credentials_file: Path
) -> None:
    settings = resolved(options, environ, credentials_file)
    assert (settings.method, settings.client_id) == ("secret", expected)


@pytest.mark.parametrize(
    ("options", "environ"),
    [({"profile": "staging"}, ENVIRON), ({}, {**ENVIRON, "AZURE_PROFILE": "staging"})],
    ids=["by option", "by environment"],
)
def test_a_profile_that_is_named_goes_before_the_environment(
    options: dict[str, str], environ: dict[str, str], credentials_file: Path
) -> None:
    settings = resolved(options, environ, credentials_file)
    assert (settings.tenant, settings.client_id, settings.secret) == ("s-tenant", "s-client", "s-secret")
    assert settings.subscription_id == "s-subscription"


@pytest.mark.parametrize("name", ["tenant", "client_id"])
def test_a_credential_of_the_options_may_leave_its_name_to_the_environment(name: str) -> None:
    settings = resolved(without(OPTIONS, name), ENVIRON)
    assert (settings.secret, getattr(settings, name)) == ("o-secret", f"e-{name.removesuffix('_id')}")


def test_a_secret_may_be_left_to_the_environment() -> None:
    settings = resolved(without(OPTIONS, "secret"), ENVIRON)
    assert (settings.client_id, settings.secret) == ("o-client", "e-secret")


@pytest.mark.parametrize("given", [("client_id",), ("tenant",), ("client_id", "tenant")], ids=str)
@pytest.mark.parametrize(
    ("proof", "method"),
    [
        ({"AZURE_SECRET": "proof"}, "secret"),
        ({"AZURE_CLIENT_CERTIFICATE_PATH": "proof"}, "certificate"),
        ({FEDERATED_TOKEN_FILE: "proof"}, "federated"),
    ],
)
def test_the_options_go_first_field_by_field(given: tuple[str, ...], proof: dict[str, str], method: str) -> None:
    options = {name: OPTIONS[name] for name in given}
    settings = resolved(options, {**without(ENVIRON, "AZURE_SECRET"), **proof})
    assert settings.method == method
    for name in ("client_id", "tenant"):
        origin = "o" if name in given else "e"
        assert getattr(settings, name) == f"{origin}-{name.removesuffix('_id')}"


@pytest.mark.parametrize("proof", ["AZURE_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", FEDERATED_TOKEN_FILE])
def test_a_user_of_the_options_goes_before_a_service_principal_of_the_environment(proof: str) -> None:
    settings = resolved({"ad_user": "o-user"}, {**ENVIRON, proof: "proof", "AZURE_PASSWORD": "e-password"})
    assert (settings.method, settings.ad_user, settings.password) == ("password", "o-user", "e-password")


def test_a_certificate_of_the_options_goes_before_a_secret_of_the_environment() -> None:
    settings = resolved({**without(OPTIONS, "secret"), "x509_certificate_path": "/cert.pem"}, ENVIRON)
    assert (settings.method, settings.x509_certificate_path, settings.secret) == ("certificate", "/cert.pem", "")


@pytest.mark.parametrize(
    ("options", "environ", "method"),
    [
        (OPTIONS, {}, "secret"),
        ({**without(OPTIONS, "secret"), "x509_certificate_path": "/cert.pem"}, {}, "certificate"),
        (without(OPTIONS, "secret"), {FEDERATED_TOKEN_FILE: "/token"}, "federated"),
        (
            {"subscription_id": "s"},
            {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", FEDERATED_TOKEN_FILE: "/token"},
            "federated",
        ),
        ({"ad_user": "u", "password": "p", "subscription_id": "s"}, {}, "password"),
        ({"subscription_id": "s"}, {"AZURE_USERNAME": "u", "AZURE_PASSWORD": "p"}, "password"),
        ({"auth_source": "msi", "subscription_id": "s"}, ENVIRON, "managed_identity"),
        ({"auth_source": "cli", "subscription_id": "s"}, ENVIRON, "cli"),
        ({"subscription_id": "s"}, {}, "cli"),
    ],
)
def test_the_kind_of_credential_follows_from_what_is_given(
    options: dict[str, str], environ: dict[str, str], method: str
) -> None:
    assert resolved(options, environ).method == method


def test_a_managed_identity_may_be_named() -> None:
    assert resolved({"auth_source": "msi", "client_id": "mine", "subscription_id": "s"}, ENVIRON).client_id == "mine"
    assert resolved({"auth_source": "msi"}, ENVIRON).client_id == "e-client"


VARIABLES = [(option, variable) for option, variables in ENVIRONMENT.items() for variable in variables]
EFFECTS = {
    "subscription_id": "subscription_id",
    "tenant": "tenant",
    "client_id": "client_id",
    "secret": "secret",
    "x509_certificate_path": "x509_certificate_path",
    "ad_user": "ad_user",
    "password": "password",
    "cloud_environment": "cloud_environment",
    "adfs_authority_url": "authority",
}
NEEDED = {
    "ad_user": {"AZURE_PASSWORD": "p"},
    "password": {"AZURE_AD_USER": "u"},
    "secret": {"AZURE_TENANT": "t", "AZURE_CLIENT_ID": "c"},
    "x509_certificate_path": {"AZURE_TENANT": "t", "AZURE_CLIENT_ID": "c"},
    "tenant": {"AZURE_SECRET": "s", "AZURE_CLIENT_ID": "c"},
    "client_id": {"AZURE_SECRET": "s", "AZURE_TENANT": "t"},
}


@pytest.mark.parametrize(("option", "variable"), [pair for pair in VARIABLES if pair[0] in EFFECTS])
def test_every_variable_of_the_environment_is_read(option: str, variable: str) -> None:
    surroundings = {"AZURE_SUBSCRIPTION_ID": "s", **NEEDED.get(option, {})}
    settings = resolved({}, {**surroundings, variable: "https://value"})
    assert getattr(settings, EFFECTS[option]) == "https://value"


def test_the_variables_without_a_value_of_their_own_have_an_effect(credentials_file: Path) -> None:
    base = {"AZURE_SUBSCRIPTION_ID": "s"}
    assert not resolved({}, {**base, "AZURE_CERT_VALIDATION_MODE": "ignore"}).validate_certificates
    assert resolved({}, {**base, "AZURE_DISABLE_INSTANCE_DISCOVERY": "true"}).disable_instance_discovery
    assert resolved({}, {**base, "ANSIBLE_AZURE_AUTH_SOURCE": "msi"}).method == "managed_identity"
    assert resolved({}, {**base, "AZURE_PROFILE": "staging"}, credentials_file).client_id == "s-client"
    assert resolved({}, {**base, "ASR_FAILBACK_RECORDING": "/of/a/run"}).recording == "/of/a/run"
    covered = {*EFFECTS, "cert_validation_mode", "disable_instance_discovery", "auth_source", "profile", "recording"}
    assert covered == set(ENVIRONMENT)


def test_every_azure_option_has_a_variable() -> None:
    assert set(ENVIRONMENT) == set(AZURE_OPTIONS)


@pytest.mark.parametrize("variable", CA_BUNDLE_VARIABLES)
def test_private_authorities_are_found_where_others_look(variable: str, credentials_file: Path) -> None:
    path = str(credentials_file)
    assert resolved({"subscription_id": "s"}, {variable: path}).ca_bundle == path


@pytest.mark.parametrize("variable", CA_BUNDLE_VARIABLES)
def test_private_authorities_that_are_not_there_are_named(variable: str) -> None:
    environ = {variable: "/nonexistent/ca.pem"}
    with pytest.raises(ConfigurationError, match=f"{variable} is '/nonexistent/ca.pem'"):
        resolved({"subscription_id": "s"}, environ)
    assert resolved({"subscription_id": "s", "cert_validation_mode": "ignore"}, environ).ca_bundle == ""


@pytest.mark.parametrize(
    ("option", "value", "field", "expected"),
    [
        ("cert_validation_mode", "ignore", "validate_certificates", False),
        ("cert_validation_mode", "validate", "validate_certificates", True),
        ("disable_instance_discovery", True, "disable_instance_discovery", True),
        ("disable_instance_discovery", False, "disable_instance_discovery", False),
        ("cloud_environment", "AzureChinaCloud", "cloud_environment", "AzureChinaCloud"),
        ("adfs_authority_url", "https://adfs", "authority", "https://adfs"),
    ],
)
def test_an_option_goes_before_its_variable(option: str, value: Any, field: str, expected: Any) -> None:
    environ = {ENVIRONMENT[option][0]: "true" if option == "disable_instance_discovery" else "other"}
    assert getattr(resolved({"subscription_id": "s", option: value}, environ), field) == expected


def test_without_anything_else_it_is_the_public_cloud_with_all_its_checks() -> None:
    settings = resolved({"subscription_id": "s"})
    assert settings.cloud_environment == "AzureCloud"
    assert settings.validate_certificates
    assert not settings.disable_instance_discovery
    assert (settings.authority, settings.ca_bundle) == ("", "")


@pytest.mark.parametrize(
    ("options", "environ", "words"),
    [
        (without(OPTIONS, "subscription_id"), {}, "AZURE_SUBSCRIPTION_ID"),
        ({"auth_source": "env", "subscription_id": "s"}, {}, "auth_source is 'env'"),
        ({"auth_source": "env", "subscription_id": "s"}, without(ENVIRON, "AZURE_SECRET"), "no whole credential"),
        ({"auth_source": "credential_file", "subscription_id": "s"}, ENVIRON, "auth_source is 'credential_file'"),
        ({"auth_source": "env"}, without(ENVIRON, "AZURE_SECRET"), "Found: tenant, client_id. Not found: secret"),
        ({"profile": "missing", "subscription_id": "s"}, ENVIRON, "missing"),
        ({"subscription_id": "s"}, {"ANSIBLE_AZURE_AUTH_SOURCE": "vault"}, "vault"),
    ],
)
def test_what_is_missing_is_named(options: dict[str, str], environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolved(options, environ)
    assert words in caught.value.message()
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("options", "environ", "words"),
    [
        (without(OPTIONS, "secret"), {}, "Found: tenant, client_id. Not found: secret"),
        ({"subscription_id": "s"}, without(ENVIRON, "AZURE_SECRET"), "Found: tenant, client_id. Not found: secret"),
        (without(OPTIONS, "tenant"), {}, "Found: client_id, secret. Not found: tenant."),
        ({"subscription_id": "s", "ad_user": "u"}, {}, "Found: ad_user. Not found: password."),
        ({"subscription_id": "s"}, {}, ""),
    ],
)
def test_what_a_credential_lacks_is_kept_for_when_the_azure_cli_has_none(
    options: dict[str, str], environ: dict[str, str], words: str
) -> None:
    settings = resolved(options, environ)
    assert settings.method == "cli"
    assert settings.incomplete.startswith(words)
    assert bool(settings.incomplete) == bool(words)


@pytest.mark.parametrize(
    ("options", "environ", "words"),
    [
        # Beside a profile, nothing else is looked at.
        (
            {**OPTIONS, "profile": "missing"},
            {},
            "auth_source is 'auto', and section 'missing' of ~/.azure/credentials holds no whole credential. "
            "Complete that section, or leave out profile: beside it, no other option of a credential counts.",
        ),
        (
            {"subscription_id": "s"},
            {**ENVIRON, "AZURE_PROFILE": "missing"},
            "auth_source is 'auto', and the options and section 'missing' of ~/.azure/credentials hold no whole "
            "credential. Give tenant, client_id and",
        ),
        (
            {**OPTIONS, "auth_source": "env"},
            {},
            "auth_source is 'env', and the environment holds no whole credential. Give tenant, client_id and",
        ),
        ({**OPTIONS, "auth_source": "credential_file"}, ENVIRON, "and section 'default' of ~/.azure/credentials holds"),
        ({"profile": "half"}, ENVIRON, "Found: tenant. Not found: client_id, secret or x509_certificate_path or fed"),
    ],
)
def test_only_what_was_asked_is_said_to_be_found_or_missing(
    options: dict[str, str], environ: dict[str, str], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "credentials"
    path.write_text("[half]\ntenant = t\n")
    with pytest.raises(ConfigurationError) as caught:
        resolved(options, environ, path)
    assert words in caught.value.message()


def test_a_broken_credentials_file_is_named_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text("secret = hidden\n")
    with pytest.raises(ConfigurationError) as caught:
        resolved({"subscription_id": "s"}, {}, path)
    assert str(path) in caught.value.message()
    assert "hidden" not in caught.value.message()


@pytest.fixture
def unreadable(tmp_path: Path) -> Path:
    """A credentials file in another encoding."""
    path = tmp_path / "credentials"
    path.write_bytes("[default]\nsecret = h\xefdden\n".encode("latin-1"))
    return path


@pytest.mark.parametrize("options", [{}, {"auth_source": "credential_file"}, {"profile": "default"}], ids=str)
def test_a_credentials_file_in_another_encoding_is_named(options: dict[str, str], unreadable: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolved({"subscription_id": "s", **options}, {}, unreadable)
    assert str(unreadable) in caught.value.message()
    assert "dden" not in caught.value.message()


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        (OPTIONS, {}),
        ({}, ENVIRON),
        ({"auth_source": "cli", "subscription_id": "s"}, {}),
        ({"auth_source": "msi"}, ENVIRON),
    ],
    ids=["options", "environment", "cli", "msi"],
)
def test_a_credentials_file_that_is_not_needed_is_not_read(
    options: dict[str, str], environ: dict[str, str], unreadable: Path
) -> None:
    assert resolved(options, environ, unreadable).method


def test_a_secret_is_read_as_it_stands(credentials_file: Path) -> None:
    assert resolved({}, {}, credentials_file).secret == "d%secret"


@pytest.mark.parametrize(
    "options", [OPTIONS, {"ad_user": "u", "password": "o-secret", "subscription_id": "s"}], ids=["secret", "password"]
)
def test_a_secret_is_in_no_text_of_the_settings(options: dict[str, str]) -> None:
    settings = resolved(options)
    assert "o-secret" in (settings.secret, settings.password)
    assert "o-secret" not in f"{settings!r} {settings}"
