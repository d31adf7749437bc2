# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach a host and sign in to it: the options winrm_*, then the variables of its inventory host.

The variables are those of Ansible's own connection plugins winrm and psrp, so that an inventory made for either works
unchanged. Nothing here talks to anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..model.failures import ConfigurationError
from .host_variables import Given

# What others call the same.
_TRANSPORTS = {
    "basic": "basic",
    "certificate": "certificate",
    "credssp": "credssp",
    "kerberos": "kerberos",
    "negotiate": "ntlm",
    "ntlm": "ntlm",
    "plaintext": "basic",
    "ssl": "basic",
}
# They encrypt what they carry; the others leave that to TLS.
_ENCRYPTING = frozenset({"credssp", "kerberos", "ntlm"})
_HTTP_PORT, _HTTPS_PORT = 5985, 5986
_OPERATION_SECONDS = 20
# How much longer than an operation an answer may take, as pywinrm and Ansible have it.
_READ_MORE_SECONDS = 10
# Where requests looks, too, for whom to trust.
_CA_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True)
class HostSettings:
    """Everything that leads to a session with one host. C(transports) are tried in order; timeouts are seconds."""

    name: str
    address: str
    port: int
    scheme: str
    path: str
    transports: tuple[str, ...]
    user: str
    password: str = field(repr=False)
    validates_certificate: bool = True
    ca_trust_path: str = ""
    cert_pem: str = ""
    cert_key_pem: str = ""
    kerberos_delegation: bool = False
    kerberos_hostname_override: str = ""
    service: str = "HTTP"
    kinit_cmd: str = "kinit"
    message_encryption: str = "auto"
    send_cbt: bool = True
    proxy: str = ""
    operation_timeout: int = _OPERATION_SECONDS
    read_timeout: int = _OPERATION_SECONDS + _READ_MORE_SECONDS

    @property
    def endpoint(self) -> str:
        """URL of the WS-Management service."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{host}:{self.port}/{self.path.lstrip('/')}"

    @property
    def where(self) -> str:
        """The host for a message: its name, and its address where that differs."""
        place = f"{self.address}:{self.port}"
        return f"{self.name} ({place})" if self.name != self.address else place

    @property
    def identity(self) -> str:
        """All that an answer depends on. It holds the password: hash it, never show it."""
        return f"{self!r}{self.password}"


def resolve_settings(
    name: str,
    options: Mapping[str, Any],
    variables: Mapping[str, Any],
    environ: Mapping[str, str],
    address: str = "",
) -> HostSettings:
    """Return the settings of the host that Site Recovery or the user calls C(name).

    C(options) are those of a task, C(variables) those of its inventory host, empty where there is none. C(address),
    which may have a port, goes before the host's own. Raises ConfigurationError.
    """
    given = Given(options, variables)
    own = given.text("host") or str(variables.get("inventory_hostname") or name)
    host, port = _split(address) if address else (own, None)
    port = port or given.number("port")
    scheme = given.text("scheme") or ("http" if port == _HTTP_PORT else "https")
    operation = given.number("operation_timeout_sec") or _OPERATION_SECONDS
    settings = HostSettings(
        name=name,
        address=host,
        port=port or (_HTTP_PORT if scheme == "http" else _HTTPS_PORT),
        scheme=scheme,
        path=given.text("path") or "wsman",
        transports=_transports(name, given),
        user=given.text("user"),
        password=given.text("password"),
        validates_certificate=given.text("server_cert_validation") != "ignore",
        ca_trust_path=given.text("ca_trust_path") or _ca_bundle(environ),
        cert_pem=given.text("cert_pem"),
        cert_key_pem=given.text("cert_key_pem"),
        kerberos_delegation=given.boolean("kerberos_delegation", False),
        kerberos_hostname_override=given.text("kerberos_hostname_override"),
        service=given.text("service") or "HTTP",
        kinit_cmd=given.text("kinit_cmd") or "kinit",
        message_encryption=given.text("message_encryption") or "auto",
        send_cbt=given.boolean("send_cbt", True),
        proxy=given.text("proxy"),
        operation_timeout=operation,
        read_timeout=given.number("read_timeout_sec") or operation + _READ_MORE_SECONDS,
    )
    _require_consistency(settings)
    return settings


def _split(address: str) -> tuple[str, int | None]:
    """Return host and port of C(host), C(host:port) or an IPv6 address."""
    if address.count(":") > 1 and not address.startswith("["):
        return address, None
    try:
        parts = urlsplit(f"//{address}")
        return parts.hostname or address, parts.port
    except ValueError as problem:
        raise ConfigurationError(f"'{address}' is not a host address: {problem}.", "Correct hyperv_hosts.") from None


def _transports(name: str, given: Given) -> tuple[str, ...]:
    value = given.value("transport")
    if value is None:
        return (_usual_transport(given),)
    words = [str(word).strip().lower() for word in (value.split(",") if isinstance(value, str) else value)]
    unknown = [word for word in words if word not in _TRANSPORTS]
    if unknown:
        raise ConfigurationError(
            f"The transport of {name} is '{', '.join(unknown)}'.",
            f"Use one of {', '.join(sorted(set(_TRANSPORTS.values())))}.",
        )
    return tuple(dict.fromkeys(_transport(word, given) for word in words))


def _usual_transport(given: Given) -> str:
    if given.text("password"):
        return "ntlm"
    return "certificate" if given.text("cert_pem") else "kerberos"


def _transport(word: str, given: Given) -> str:
    if word == "negotiate":
        return _usual_transport(given)
    if word == "ssl" and given.text("cert_pem"):
        return "certificate"
    return _TRANSPORTS[word]


def _ca_bundle(environ: Mapping[str, str]) -> str:
    return next((environ[name] for name in _CA_BUNDLE_VARIABLES if environ.get(name)), "")


def _require_consistency(settings: HostSettings) -> None:
    wrong = (*_in_clear_text(settings), *_wrong_credentials(settings), *_missing_files(settings))
    for happened, remedy in wrong:
        raise ConfigurationError(f"{settings.name}: {happened}", remedy)
    if settings.message_encryption not in ("always", "auto", "never"):
        raise ConfigurationError(
            f"{settings.name}: message_encryption is '{settings.message_encryption}'.", "Use always, auto or never."
        )
    if settings.read_timeout <= settings.operation_timeout:
        raise ConfigurationError(
            f"{settings.name}: the read timeout is not longer than the operation timeout.",
            "Set winrm_read_timeout_sec to more than winrm_operation_timeout_sec.",
        )


def _in_clear_text(settings: HostSettings) -> Iterator[tuple[str, str]]:
    if settings.scheme == "https":
        return
    remedy = "Use https (port 5986), or http with ntlm, kerberos or credssp and message encryption."
    if settings.scheme != "http":
        yield f"the scheme is '{settings.scheme}'.", remedy
    for transport in settings.transports:
        if transport not in _ENCRYPTING or settings.message_encryption == "never":
            yield f"{transport} over http without message encryption would send all in clear text.", remedy


def _wrong_credentials(settings: HostSettings) -> Iterator[tuple[str, str]]:
    for transport in settings.transports:
        if transport in ("basic", "credssp", "ntlm") and not (settings.user and settings.password):
            yield (
                f"{transport} needs a user and a password.",
                "Set ansible_user and ansible_password of the host in the inventory, or winrm_user and winrm_password.",
            )
        if transport == "basic" and not _is_latin_1(settings.user + settings.password):
            yield "basic supports Latin-1 characters only, and user or password contain others.", "Use ntlm."
        if transport == "certificate" and not (settings.cert_pem and settings.cert_key_pem):
            yield "certificate needs a certificate and its key.", "Set winrm_cert_pem and winrm_cert_key_pem."


def _is_latin_1(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def _missing_files(settings: HostSettings) -> Iterator[tuple[str, str]]:
    named = {"cert_pem": settings.cert_pem, "cert_key_pem": settings.cert_key_pem}
    if settings.validates_certificate:
        named["ca_trust_path"] = settings.ca_trust_path
    for name, path in named.items():
        # os.path: what is too long for a path is not there either, where pathlib raises.
        if path and not os.path.exists(path):
            yield f"{name} is '{path}', which does not exist.", "Correct the path."
