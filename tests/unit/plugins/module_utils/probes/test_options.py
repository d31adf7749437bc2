# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the option probes to probes: defaults, contradictions, and what might mislead a program."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.probes.options import PROBE_OPTIONS, read_probes
from ansible_collections.asr.failback.plugins.module_utils.probes.powershell import WinrmProbe
from ansible_collections.asr.failback.plugins.module_utils.probes.probe import short
from ansible_collections.asr.failback.plugins.module_utils.probes.ssh import SshProbe
from ansible_collections.asr.failback.plugins.module_utils.probes.tcp import TcpProbe
from ansible_collections.asr.failback.plugins.module_utils.probes.web import HttpProbe

SIGN_IN = {"user": "CONTOSO\\probe", "password": "Korrekt Pferd 7!"}


def entry(kind: str, **given_options: Any) -> dict[str, Any]:
    """An entry as Ansible hands it over: every option of the argument spec, those that were not given as null."""
    defaults = {name: option.get("default") for name, option in PROBE_OPTIONS.items()}
    return {**defaults, "name": "one", "type": kind, **given_options}


def refusal(*entries: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read_probes(entries)
    return str(refused.value)


def test_what_is_not_given_is_as_documented() -> None:
    tcp, http, winrm, ssh = read_probes(
        [
            entry("tcp", name="a", port=3389),
            entry("http", name="b"),
            entry("winrm", name="c", command="Get-Date", **SIGN_IN),
            entry("ssh", name="d", command="true"),
        ]
    )
    assert tcp == TcpProbe(name="a", port=3389, timeout=10)
    assert http == HttpProbe(name="b", scheme="http", path="/", status=range(200, 400), validate_certs=True, timeout=10)
    assert winrm == WinrmProbe(name="c", command="Get-Date", scheme="https", exit_code=0, timeout=10, **SIGN_IN)
    assert ssh == SshProbe(name="d", command="true", exit_code=0, timeout=10)
    assert all(probe.needs_address for probe in (tcp, http, winrm, ssh))
    assert [probe.runs_command for probe in (tcp, http, winrm, ssh)] == [False, False, True, True]


def test_a_probe_with_a_host_or_a_url_needs_no_address() -> None:
    probes = read_probes(
        [entry("tcp", host="db01", port=1), entry("http", name="two", url="https://shop.example.com/")]
    )
    assert [probe.needs_address for probe in probes] == [False, False]


def test_passwords_are_not_shown() -> None:
    probes = read_probes([entry("http", **SIGN_IN), entry("winrm", name="two", command="Get-Date", **SIGN_IN)])
    assert SIGN_IN["password"] not in repr(probes)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (entry("tcp"), "type tcp needs port"),
        (entry("ssh"), "type ssh needs command"),
        (entry("ssh", command=""), "type ssh needs command"),
        (entry("winrm", command="Get-Date", user="me"), "type winrm needs password"),
        (entry("tcp", port=1, command="x", password="y"), "command, password cannot be used with type tcp"),
        (entry("ssh", command="x", password="y"), "password cannot be used with type ssh"),
        (entry("tcp", name=" ", port=1), "the name is empty"),
        (entry("tcp", port=0), "port must be from 1"),
        (entry("tcp", port=65536), "port must be from 1"),
        (entry("tcp", port=1, timeout=0), "timeout must be greater than 0"),
        (entry("http", url="https://a", path="/x"), "url already includes path"),
        (entry("http", url="https://a", host="b"), "url already includes host"),
        (entry("http", path="health"), "path must begin with /"),
        (entry("http", path="/a b"), "path must begin with /"),
        (entry("http", path="/\r\nHost: x"), "path must begin with /"),
        (entry("http", user="me"), "user and password are required together"),
        (entry("http", url="https://me:secret@shop.example.com/"), "use the options user and password"),
        (entry("ssh", command="x", user="-oProxyCommand=y"), "user is not a valid user name"),
        (entry("ssh", command="x", known_hosts='a"b'), "known_hosts is not a path"),
        (entry("ssh", command="x", private_key="a\nb"), "private_key is not a path"),
    ],
)
def test_what_contradicts_itself_is_refused(wrong: dict[str, Any], words: str) -> None:
    message = refusal(wrong)
    assert words in message
    assert message.startswith(f"Probe '{wrong['name']}'")
    assert "secret" not in message


@pytest.mark.parametrize(
    "host", ["-oProxyCommand=x", "--", "me@db01", "db01/x", "db01 x", "db01\n", "", "a..b", "bücher", "x" * 64, "["]
)
@pytest.mark.parametrize("kind", ["tcp", "http", "ssh"])
def test_a_host_that_is_none_is_refused(kind: str, host: str) -> None:
    needed: dict[str, dict[str, Any]] = {"tcp": {"port": 1}, "http": {}, "ssh": {"command": "x"}}
    assert "host is neither a host name nor an IP address" in refusal(entry(kind, host=host, **needed[kind]))


@pytest.mark.parametrize("host", ["db01", "db01.contoso.example", "db_01.", "10.0.0.5", "2001:db8::5", "fe80::5%eth0"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert read_probes([entry("tcp", host=host, port=1)])[0].host == host


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://a/", "shop.example.com", "https://", "http://[::1", "http://a:99999/", "http://a b/"],
)
def test_only_addresses_of_the_web_are_gone_to(url: str) -> None:
    assert "url is not a complete http or https URL" in refusal(entry("http", url=url))


def test_two_probes_of_one_name_are_refused() -> None:
    assert "Several probes are called one" in refusal(entry("tcp", port=1), entry("tcp", port=2))


@given(st.text(), st.text(min_size=3).filter(lambda text: text not in "*" * 8))
def test_what_is_shown_is_one_short_line_without_secrets(text: str, secret: str) -> None:
    shown = short(f"{text}{secret}{text}", (secret,))
    assert len(shown) <= 203
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in shown)
    assert secret not in shown
