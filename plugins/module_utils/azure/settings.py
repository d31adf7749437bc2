# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which credential to use and where Azure is: options, then environment, then ~/.azure/credentials, then the Azure CLI.

Names and order are those of azure.azcollection; the environment variables of azure-identity are read as well, so that
set-ups made for either work unchanged. Nothing here talks to anything.
"""

from __future__ import annotations

import configparser
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..model.failures import ConfigurationError

# For each option: the variable of azure.azcollection first, those of azure-identity after it.
ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "profile": ("AZURE_PROFILE",),
    "subscription_id": ("AZURE_SUBSCRIPTION_ID",),
    "tenant": ("AZURE_TENANT", "AZURE_TENANT_ID"),
    "client_id": ("AZURE_CLIENT_ID",),
    "secret": ("AZURE_SECRET", "AZURE_CLIENT_SECRET"),
    "x509_certificate_path": ("AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"),
    "ad_user": ("AZURE_AD_USER", "AZURE_USERNAME"),
    "password": ("AZURE_PASSWORD",),
    "cloud_environment": ("AZURE_CLOUD_ENVIRONMENT",),
    "adfs_authority_url": ("AZURE_ADFS_AUTHORITY_URL", "AZURE_AUTHORITY_HOST"),
    "cert_validation_mode": ("AZURE_CERT_VALIDATION_MODE",),
    "disable_instance_discovery": ("AZURE_DISABLE_INSTANCE_DISCOVERY",),
    "auth_source": ("ANSIBLE_AZURE_AUTH_SOURCE",),
    # Of this collection alone.
    "recording": ("ASR_FAILBACK_RECORDING",),
}
# Set by the workload identity webhook of Kubernetes and by other federations; azure-identity reads it too.
FEDERATED_TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE"
# Where azure.azcollection and the Azure SDKs look, as well as the environment, for whom to trust.
CA_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

_SOURCES = {
    "auto": ("options", "env", "credential_file", "cli"),
    "env": ("env",),
    "credential_file": ("credential_file",),
    "cli": ("cli",),
    "msi": ("msi",),
}
_NAMES = ("tenant", "client_id", "ad_user")
_PROOFS = ("secret", "x509_certificate_path", "federated_token_file", "password")
# Where the Azure CLI keeps which subscriptions there are, of whom, and which one is chosen.
_CLI_SIGN_INS = "azureProfile.json"
# What azure-identity and the Azure CLI read from the environment themselves, and what then leads to another token.
_READ_ELSEWHERE = {
    "cli": ("AZURE_CONFIG_DIR", "HOME", "PATH"),
    "managed_identity": (
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "MSI_ENDPOINT",
        "MSI_SECRET",
        "IMDS_ENDPOINT",
        "AZURE_POD_IDENTITY_AUTHORITY_HOST",
        FEDERATED_TOKEN_FILE,
    ),
}


@dataclass(frozen=True)
class AzureSettings:
    """Everything that leads to a token.

    C(method) is the kind of credential that the other fields make possible: C(secret), C(certificate), C(federated),
    C(password), C(cli) or C(managed_identity). C(read_elsewhere) is what the SDK or the Azure CLI read themselves, and
    what leads to another token. C(incomplete) says what was found of another credential, and what it lacks.
    C(recording) is the file that what is said to Azure and by it is written to; empty: none.
    """

    method: str
    subscription_id: str
    tenant: str = ""
    client_id: str = ""
    secret: str = ""
    x509_certificate_path: str = ""
    federated_token_file: str = ""
    ad_user: str = ""
    password: str = ""
    cloud_environment: str = "AzureCloud"
    authority: str = ""
    validate_certificates: bool = True
    ca_bundle: str = ""
    disable_instance_discovery: bool = False
    read_elsewhere: tuple[str, ...] = ()
    incomplete: str = ""
    recording: str = ""

    def __repr__(self) -> str:
        """Name the credential without its secrets: this object ends up in tracebacks and debug output."""
        return f"AzureSettings(method={self.method!r}, tenant={self.tenant!r}, client_id={self.client_id!r})"

    @property
    def reach(self) -> tuple[str, ...]:
        """In which Azure something is read, in which subscription, and by whom."""
        caller = (self.method, self.tenant, self.client_id, self.ad_user)
        files = (self.x509_certificate_path, self.federated_token_file)
        return (self.cloud_environment, self.authority, self.subscription_id, *caller, *files, *self.read_elsewhere)


def resolve_settings(options: Mapping[str, Any], environ: Mapping[str, str], credentials_file: Path) -> AzureSettings:
    """Return the settings that options, environment and credentials_file (~/.azure/credentials) come to.

    A profile that is named goes before the environment, as in azure.azcollection.
    Raises ConfigurationError where no source holds a whole credential, or the subscription is not known.
    """
    given = {name: str(value) for name, value in options.items() if name in ENVIRONMENT and value is not None}
    surroundings = _from_environment(environ)
    source = given.get("auth_source") or surroundings.get("auth_source") or "auto"
    profile = given.get("profile") or surroundings.get("profile")
    layers: dict[str, Mapping[str, str]] = {"options": given, "env": surroundings, "credential_file": {}}
    order = _order(source, layers)
    for name in order:
        if name == "credential_file":
            layers[name] = _from_profile(credentials_file, profile or "default")
        settings = _credential(name, layers)
        if settings:
            stored = layers["credential_file"]
            rest = (stored, surroundings) if profile and name == "credential_file" else (surroundings, stored)
            settings = replace(settings, incomplete=_incomplete(order, layers) if settings.method == "cli" else "")
            return _with_surroundings(settings, (given, *rest), environ)
    raise _no_credential(source, profile, order, layers)


def secrets_of(environ: Mapping[str, str]) -> set[str]:
    """Return what the environment holds that must not be shown."""
    names = (name for option in ("secret", "password") for name in ENVIRONMENT[option])
    return {environ[name] for name in names if environ.get(name)}


def _order(source: str, layers: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    if source not in _SOURCES:
        raise ConfigurationError(
            f"auth_source is '{source}', not one of {', '.join(_SOURCES)}.",
            "Correct it, or ANSIBLE_AZURE_AUTH_SOURCE in the environment.",
        )
    if source == "auto" and layers["options"].get("profile"):
        return ("credential_file",)
    if source == "auto" and layers["env"].get("profile"):
        return ("options", "credential_file")
    return _SOURCES[source]


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {name: next((environ[key] for key in keys if environ.get(key)), "") for name, keys in ENVIRONMENT.items()}
    found["federated_token_file"] = environ.get(FEDERATED_TOKEN_FILE, "")
    return {name: value for name, value in found.items() if value}


def _from_profile(path: Path, profile: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError) as problem:
        # Its first line alone: the others may show what the file holds.
        happened = f"{path} cannot be read: {str(problem).splitlines()[0]}"
        raise ConfigurationError(happened, "Correct it, or choose another auth_source.") from None
    return dict(parser.items(profile)) if parser.has_section(profile) else {}


def _credential(name: str, layers: Mapping[str, Mapping[str, str]]) -> AzureSettings | None:
    if name == "msi":
        client_id = layers["options"].get("client_id") or layers["env"].get("client_id", "")
        return AzureSettings("managed_identity", "", client_id=client_id)
    if name == "cli":
        return AzureSettings("cli", "")
    return _whole_credential(_values(name, layers))


def _values(name: str, layers: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Return what a source holds of a credential."""
    return _completed(layers) if name == "options" else layers.get(name, {})


def _completed(layers: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """What the options give of a credential, field by field before what the environment holds of that kind."""
    given = layers["options"]
    if not any(given.get(key) for key in (*_NAMES, *_PROOFS)):
        return {}
    if any(given.get(key) for key in _PROOFS):
        left_out: tuple[str, ...] = _PROOFS
    else:
        # A user's name is proved by a password, and by nothing else.
        left_out = tuple(proof for proof in _PROOFS if proof != "password") if given.get("ad_user") else ()
    return {**{key: value for key, value in layers["env"].items() if key not in left_out}, **given}


def _whole_credential(values: Mapping[str, str]) -> AzureSettings | None:
    tenant, client_id = values.get("tenant", ""), values.get("client_id", "")
    base = AzureSettings("", "", tenant=tenant, client_id=client_id)
    if tenant and client_id and values.get("secret"):
        return replace(base, method="secret", secret=values["secret"])
    if tenant and client_id and values.get("x509_certificate_path"):
        return replace(base, method="certificate", x509_certificate_path=values["x509_certificate_path"])
    if tenant and client_id and values.get("federated_token_file"):
        return replace(base, method="federated", federated_token_file=values["federated_token_file"])
    if values.get("ad_user") and values.get("password"):
        return replace(base, method="password", ad_user=values["ad_user"], password=values["password"])
    return None


def _no_credential(
    source: str, profile: str | None, order: Sequence[str], layers: Mapping[str, Mapping[str, str]]
) -> ConfigurationError:
    """Return what to say where none of the sources that were asked, in this order, holds a whole credential."""
    names = {"options": "the options", "env": "the environment"}
    names["credential_file"] = f"section '{profile or 'default'}' of ~/.azure/credentials"
    asked = " and ".join(names[name] for name in order)
    happened = f"auth_source is '{source}', and {asked} hold{'' if len(order) > 1 else 's'} no whole credential."
    remedy = "Give tenant, client_id and one of secret or x509_certificate_path there, or choose another auth_source."
    if source == "auto" and len(order) == 1:
        remedy = "Complete that section, or leave out profile: beside it, no other option of a credential counts."
    return ConfigurationError(f"{happened} {_incomplete(order, layers)}".rstrip(), remedy)


def _incomplete(order: Sequence[str], layers: Mapping[str, Mapping[str, str]]) -> str:
    """Say what the first source that holds something of a credential holds, and what it lacks; empty where none does.

    C(order) are the sources that were asked, none of which holds a whole one.
    """
    for name in order:
        values = _values(name, layers)
        found = [key for key in (*_NAMES, *_PROOFS) if values.get(key)]
        if found:
            return f"Found: {', '.join(found)}. Not found: {', '.join(_lacking(found))}."
    return ""


def _lacking(found: Collection[str]) -> list[str]:
    """Return what a credential lacks of which these fields were found."""
    names = ("ad_user",) if "ad_user" in found else ("tenant", "client_id")
    proofs = ("password",) if "ad_user" in found else _PROOFS[:3]
    lacking = [name for name in names if name not in found]
    return lacking if set(proofs) & set(found) else [*lacking, " or ".join(proofs)]


def _with_surroundings(
    settings: AzureSettings, layers: tuple[Mapping[str, str], ...], environ: Mapping[str, str]
) -> AzureSettings:
    def first(name: str, default: str = "") -> str:
        return next((layer[name] for layer in layers if layer.get(name)), default)

    subscription = first("subscription_id")
    if not subscription:
        raise ConfigurationError(
            "The subscription is not known.", "Set subscription_id, or AZURE_SUBSCRIPTION_ID in the environment."
        )
    recording = first("recording")
    validates = first("cert_validation_mode", "validate").lower() != "ignore"
    return replace(
        settings,
        subscription_id=subscription,
        tenant=settings.tenant or first("tenant"),
        cloud_environment=first("cloud_environment", "AzureCloud"),
        authority=first("adfs_authority_url"),
        validate_certificates=validates,
        ca_bundle=_ca_bundle(environ) if validates else "",
        disable_instance_discovery=first("disable_instance_discovery").lower() in ("true", "yes", "1"),
        recording=str(Path(recording).expanduser()) if recording else "",
        read_elsewhere=_read_elsewhere(settings.method, environ),
    )


def _read_elsewhere(method: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    values = tuple(environ.get(key, "") for key in _READ_ELSEWHERE.get(method, ()))
    return (*values, _signed_in_to_cli(environ)) if method == "cli" else values


def _signed_in_to_cli(environ: Mapping[str, str]) -> str:
    """Return a text that is another one once somebody else has signed in to the Azure CLI; empty where nobody has."""
    folder = Path(environ.get("AZURE_CONFIG_DIR") or Path(environ.get("HOME") or "~", ".azure")).expanduser()
    try:
        return hashlib.sha256((folder / _CLI_SIGN_INS).read_bytes()).hexdigest()
    except OSError:
        return ""


def _ca_bundle(environ: Mapping[str, str]) -> str:
    variable = next((key for key in CA_BUNDLE_VARIABLES if environ.get(key)), "")
    path = environ.get(variable, "")
    if path and not Path(path).exists():
        raise ConfigurationError(
            f"{variable} is '{path}', which does not exist.",
            "Set it to a file with the certificates to trust, or unset it.",
        )
    return path
