# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host is reached: the options, then the variables that Ansible's connection plugins read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.hyperv.host_variables import Given
from ansible_collections.asr.failback.plugins.module_utils.hyperv.settings import HostSettings, resolve_settings
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.runner.options import WINRM_OPTIONS

SECRET = "s3cret-of-the-host"
ACCOUNT = {"ansible_user": "CONTOSO\\failback", "ansible_password": SECRET}


def resolved(
    variables: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    address: str = "",
) -> HostSettings:
    given = ACCOUNT if variables is None else {**ACCOUNT, **variables}
    return resolve_settings("hv01.contoso.example", options or {}, given, environ or {}, address)


def test_an_account_is_enough() -> None:
    settings = resolved()
    assert settings.endpoint == "https://hv01.contoso.example:5986/wsman"
    assert (settings.transports, settings.validates_certificate) == (("ntlm",), True)
    assert (settings.ca_trust_path, settings.proxy) == ("", "")
    assert settings.read_timeout > settings.operation_timeout


WINRM = {
    "ansible_connection": "winrm",
    "ansible_winrm_host": "10.0.0.1",
    "ansible_winrm_port": 15986,
    "ansible_winrm_user": "failback@CONTOSO.EXAMPLE",
    "ansible_winrm_password": "p",
    "ansible_winrm_transport": ["kerberos", "ntlm"],
    "ansible_winrm_path": "/remote",
    "ansible_winrm_server_cert_validation": "ignore",
    "ansible_winrm_kerberos_delegation": True,
    "ansible_winrm_message_encryption": "always",
    "ansible_winrm_connection_timeout": 40,
    "ansible_winrm_proxy": "http://proxy:3128",
}
PSRP = {
    "ansible_connection": "ansible.builtin.psrp",
    "ansible_psrp_host": "10.0.0.1",
    "ansible_psrp_port": "15986",
    "ansible_psrp_user": "failback@CONTOSO.EXAMPLE",
    "ansible_winrm_pass": "p",
    "ansible_psrp_auth": "kerberos",
    "ansible_psrp_path": "remote",
    "ansible_psrp_cert_validation": "ignore",
    "ansible_psrp_negotiate_delegate": "yes",
    "ansible_psrp_message_encryption": "always",
    "ansible_psrp_operation_timeout": 40,
    "ansible_psrp_read_timeout": 50,
    "ansible_psrp_proxy": "http://proxy:3128",
}


@pytest.mark.parametrize("variables", [WINRM, PSRP], ids=["winrm", "psrp"])
def test_the_inventory_of_either_connection_is_understood(variables: dict[str, Any]) -> None:
    settings = resolve_settings("hv01", {}, variables, {})
    assert settings.endpoint == "https://10.0.0.1:15986/remote"
    assert (settings.user, settings.password, settings.transports[0]) == ("failback@CONTOSO.EXAMPLE", "p", "kerberos")
    assert (settings.validates_certificate, settings.kerberos_delegation) == (False, True)
    assert (settings.message_encryption, settings.proxy) == ("always", "http://proxy:3128")
    assert (settings.operation_timeout, settings.read_timeout) == (40, 50)


def test_the_connection_that_the_host_uses_comes_first() -> None:
    both = {"ansible_winrm_user": "w", "ansible_psrp_user": "p", "ansible_user": "a"}
    assert resolved({**both, "ansible_connection": "winrm"}).user == "w"
    assert resolved({**both, "ansible_connection": "psrp"}).user == "p"
    assert resolved(both).user == "w"


@pytest.mark.parametrize("connection", ["ssh", "local", "community.general.zone"])
def test_the_port_of_another_connection_is_not_winrm_s(connection: str) -> None:
    assert resolved({"ansible_connection": connection, "ansible_port": 22}).port == 5986


OPTIONS: dict[str, Any] = {
    "winrm_user": "other",
    "winrm_password": "other password",
    "winrm_transport": ["basic"],
    "winrm_scheme": "https",
    "winrm_port": 1,
    "winrm_path": "there",
    "winrm_server_cert_validation": "validate",
    "winrm_kerberos_delegation": False,
    "winrm_kerberos_hostname_override": "hv01",
    "winrm_message_encryption": "never",
    "winrm_proxy": "http://other:1",
    "winrm_operation_timeout_sec": 5,
    "winrm_read_timeout_sec": 6,
}


def test_options_have_the_last_word() -> None:
    settings = resolve_settings("hv01", OPTIONS, WINRM, {})
    assert settings.endpoint == "https://10.0.0.1:1/there"
    assert (settings.user, settings.password, settings.transports) == ("other", "other password", ("basic",))
    assert (settings.validates_certificate, settings.kerberos_delegation) == (True, False)
    assert (settings.message_encryption, settings.proxy) == ("never", "http://other:1")
    assert (settings.operation_timeout, settings.read_timeout) == (5, 6)


def test_every_option_is_read() -> None:
    names = {name.removeprefix("winrm_") for name in WINRM_OPTIONS}
    assert all(Given({f"winrm_{name}": "x"}, {}).text(name) == "x" for name in names)


@pytest.mark.parametrize(
    ("value", "transports"),
    [
        ("ntlm,basic", ("ntlm", "basic")),
        (["NTLM", "ntlm", "basic"], ("ntlm", "basic")),
        ("ssl", ("basic",)),
        ("plaintext", ("basic",)),
        ("negotiate", ("ntlm",)),
        ("", ("ntlm",)),
    ],
)
def test_transports_are_known_by_all_their_names(value: object, transports: tuple[str, ...]) -> None:
    assert resolved({"ansible_winrm_transport": value}).transports == transports


def test_without_a_password_a_certificate_or_a_ticket_signs_in(tmp_path: Path) -> None:
    pem = tmp_path / "me.pem"
    pem.touch()
    certificate = {"ansible_winrm_cert_pem": str(pem), "ansible_winrm_cert_key_pem": str(pem)}
    for transport in (None, "ssl", "negotiate"):
        given = {**certificate, "ansible_winrm_transport": transport}
        assert resolve_settings("hv01", {}, given, {}).transports == ("certificate",)
    assert resolve_settings("hv01", {}, {}, {}).transports == ("kerberos",)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ansible_winrm_scheme": "http", "ansible_winrm_transport": "basic"}, "in clear text"),
        ({"ansible_port": 5985, "ansible_winrm_transport": "plaintext"}, "in clear text"),
        ({"ansible_port": 5985, "ansible_winrm_transport": ["ntlm", "basic"]}, "basic over http"),
        ({"ansible_port": 5985, "ansible_winrm_message_encryption": "never"}, "in clear text"),
        ({"ansible_winrm_scheme": "ftp"}, "scheme is 'ftp'"),
        ({"ansible_port": 65536}, "winrm_port is '65536', not a number from 1 to 65535"),
        ({"ansible_winrm_read_timeout_sec": 10**7}, "not a number from 1 to 2000000"),
        ({"ansible_port": "9" * 5000}, "not a number from 1 to 65535"),
        ({"ansible_port": 0}, "not a number from 1 to 65535"),
        ({"ansible_winrm_transport": "telnet"}, "'telnet'"),
        ({"ansible_password": ""}, None),
        ({"ansible_password": "", "ansible_winrm_transport": "ntlm"}, "needs a user and a password"),
        ({"ansible_user": ""}, "needs a user and a password"),
        ({"ansible_password": "пароль", "ansible_winrm_transport": "basic"}, "Latin-1"),
        ({"ansible_winrm_transport": "certificate"}, "needs a certificate"),
        ({"ansible_winrm_ca_trust_path": "/nonexistent/ca.pem"}, "does not exist"),
        ({"ansible_winrm_cert_pem": "/nonexistent/me.pem"}, "does not exist"),
        ({"ansible_winrm_cert_pem": "ö" * 300}, "does not exist"),
        ({"ansible_winrm_message_encryption": "sometimes"}, "'sometimes'"),
        ({"ansible_port": "many"}, "winrm_port is 'many'"),
        ({"ansible_port": 0}, "winrm_port is '0'"),
        ({"ansible_winrm_read_timeout_sec": 5}, "not longer than"),
    ],
)
def test_what_cannot_work_or_is_not_safe_is_refused(variables: dict[str, Any], said: str | None) -> None:
    if said is None:
        assert resolved(variables).transports == ("kerberos",)
        return
    with pytest.raises(ConfigurationError) as caught:
        resolved(variables)
    assert said in caught.value.message()
    assert SECRET not in str(caught.value.as_result())


@pytest.mark.parametrize("transport", ["ntlm", "kerberos", "credssp"])
def test_http_is_taken_where_messages_are_encrypted(transport: str) -> None:
    settings = resolved({"ansible_port": 5985, "ansible_winrm_transport": transport})
    assert settings.endpoint == "http://hv01.contoso.example:5985/wsman"


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("10.0.0.9", "https://10.0.0.9:5986/wsman"),
        ("hv09:15986", "https://hv09:15986/wsman"),
        ("hv09:5985", "http://hv09:5985/wsman"),
        ("fd00::9", "https://[fd00::9]:5986/wsman"),
        ("[fd00::9]:15986", "https://[fd00::9]:15986/wsman"),
    ],
)
def test_an_address_may_have_a_port(address: str, endpoint: str) -> None:
    assert resolved({"ansible_host": "elsewhere"}, address=address).endpoint == endpoint


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not a host address"):
        resolved(address="hv09:many")


def test_the_own_authority_goes_before_that_of_the_environment(tmp_path: Path) -> None:
    own, other = (tmp_path / name for name in ("own.pem", "other.pem"))
    own.touch()
    other.touch()
    environ = {"REQUESTS_CA_BUNDLE": str(other)}
    assert resolved({}, environ=environ).ca_trust_path == str(other)
    assert resolved({"ansible_winrm_ca_trust_path": str(own)}, environ=environ).ca_trust_path == str(own)
    assert resolved({"ansible_psrp_ca_cert": str(own)}, environ=environ).ca_trust_path == str(own)


def test_a_password_that_yaml_read_as_a_number_is_text() -> None:
    assert resolved({"ansible_password": 12345678}).password == "12345678"


def test_the_password_is_in_no_repr_but_tells_sessions_apart() -> None:
    one, other = resolved(), resolved({"ansible_password": "another"})
    assert SECRET not in repr(one)
    assert repr(one) == repr(other)
    assert one.identity != other.identity


def test_a_message_names_the_host_and_where_it_was_looked_for() -> None:
    assert resolved({"ansible_host": "10.0.0.1"}).where == "hv01.contoso.example (10.0.0.1:5986)"
    assert resolve_settings("10.0.0.1", {}, ACCOUNT, {}).where == "10.0.0.1:5986"
