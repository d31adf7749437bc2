# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the user's words for a probe to a probe: what contradicts itself, or could mislead a program, is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ..model.failures import ConfigurationError
from ..model.guest_checks import is_address
from ..model.limits import LAST_PORT
from .powershell import WinrmProbe
from .probe import Probe
from .ssh import SshProbe
from .tcp import TcpProbe
from .web import ANY_GOOD_STATUS, HttpProbe

Options = Mapping[str, Any]

# The argument spec of an entry. Defaults are those of the probes, so that what was not given can be told from what was
# given to a type that does not know it.
PROBE_OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "required": True, "choices": ["http", "ssh", "tcp", "winrm"]},
    "vm": {"type": "str"},
    "host": {"type": "str"},
    "timeout": {"type": "int", "default": 10},
    "port": {"type": "int"},
    "url": {"type": "str"},
    "scheme": {"type": "str", "choices": ["http", "https"]},
    "path": {"type": "str"},
    "status": {"type": "list", "elements": "int"},
    "contains": {"type": "str"},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "command": {"type": "str"},
    "exit_code": {"type": "int"},
    "transport": {"type": "list", "elements": "str", "choices": ["basic", "credssp", "kerberos", "ntlm"]},
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "private_key": {"type": "path", "no_log": False},
    "known_hosts": {"type": "path"},
}
_COMMON = frozenset({"name", "type", "vm", "host", "timeout"})
_TLS = frozenset({"validate_certs", "ca_path"})
_OF_COMMAND = frozenset({"command", "exit_code", "contains"})
_OWN = {
    "tcp": frozenset({"port"}),
    "http": _TLS | {"url", "scheme", "port", "path", "status", "contains", "user", "password"},
    "winrm": _TLS | _OF_COMMAND | {"port", "scheme", "transport", "user", "password"},
    "ssh": _OF_COMMAND | {"port", "user", "private_key", "known_hosts"},
}
_REQUIRED = {"tcp": ("port",), "http": (), "winrm": ("command", "user", "password"), "ssh": ("command",)}
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?\Z")
_PATH = re.compile(r"/[!-~]*\Z")
_PRINTABLE = re.compile(r"[!-~]*\Z")
# A name of a user that ssh would not take for an option.
_USER = re.compile(r"[^\s-][^\s\x00]*\Z")


def read_probes(entries: Sequence[Options]) -> tuple[Probe, ...]:
    """Return the probes that the entries of the option C(probes) describe. Raises ConfigurationError."""
    probes = tuple(_read(entry) for entry in entries)
    names = [probe.name for probe in probes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"Several probes are called {', '.join(twice)}.", "Give each a name of its own.")
    return probes


def _read(entry: Options) -> Probe:
    kind = entry["type"]
    given = {name: value for name, value in entry.items() if value is not None}
    wrong = _complaint(kind, given)
    if wrong:
        raise ConfigurationError(f"Probe '{entry['name']}': {wrong}.", "Nothing was read. Correct the probe.")
    common = {name: given[name] for name in _COMMON - {"type"} if name in given}
    return _MAKERS[kind](common, {name: given[name] for name in _OWN[kind] if name in given})


def _complaint(kind: str, given: Options) -> str:
    """Say what is wrong with an entry; empty where nothing is."""
    foreign = sorted(set(given) - _COMMON - _OWN[kind])
    missing = [name for name in _REQUIRED[kind] if given.get(name) in (None, "")]
    if not str(given["name"]).strip():
        return "the name is empty"
    if foreign:
        return f"{', '.join(foreign)} cannot be used with type {kind}"
    if missing:
        return f"type {kind} needs {', '.join(missing)}"
    return next(filter(None, (check(given) for check in _CHECKS)), "")


def _check_numbers(given: Options) -> str:
    if given.get("timeout", 1) <= 0:
        return "timeout must be greater than 0"
    return "" if 1 <= given.get("port", 1) <= LAST_PORT else f"port must be from 1 to {LAST_PORT}"


def _check_host(given: Options) -> str:
    return "" if "host" not in given or _is_host(given["host"]) else "host is neither a host name nor an IP address"


def _check_url(given: Options) -> str:
    if "url" not in given:
        return "" if _PATH.match(given.get("path", "/")) else "path must begin with / and use plain characters only"
    doubled = sorted({"host", "scheme", "port", "path"} & set(given))
    if doubled:
        return f"url already includes {', '.join(doubled)}"
    if not _is_url(given["url"]):
        return "url is not a complete http or https URL"
    return "url contains a user: use the options user and password" if "@" in urlsplit(given["url"]).netloc else ""


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        is_whole = parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        return False
    return is_whole and bool(_PRINTABLE.match(value))


def _check_user(given: Options) -> str:
    if given["type"] == "http" and ("user" in given) != ("password" in given):
        return "user and password are required together"
    return "" if "user" not in given or _USER.match(given["user"]) else "user is not a valid user name"


def _check_paths(given: Options) -> str:
    for name in ("private_key", "known_hosts"):
        if not _is_path(given.get(name, "/")):
            return f"{name} is not a path that ssh accepts"
    return ""


_CHECKS: tuple[Callable[[Options], str], ...] = (_check_numbers, _check_host, _check_url, _check_user, _check_paths)


def _is_host(value: str) -> bool:
    return is_address(value) or bool(_NAME.match(value))


def _is_path(value: str) -> bool:
    # It is quoted for ssh, which knows no way to write these in quotes.
    return bool(value) and not set(value) & set('"\\\n\r\0')


def _tcp(common: Options, own: Options) -> Probe:
    return TcpProbe(**common, **own)


def _http(common: Options, own: Options) -> Probe:
    return HttpProbe(**common, **{**own, "status": tuple(own.get("status") or ()) or ANY_GOOD_STATUS})


def _winrm(common: Options, own: Options) -> Probe:
    return WinrmProbe(**common, **{**own, "transport": tuple(own.get("transport") or ())})


def _ssh(common: Options, own: Options) -> Probe:
    return SshProbe(**common, **own)


_MAKERS: dict[str, Callable[[Options, Options], Probe]] = {"tcp": _tcp, "http": _http, "winrm": _winrm, "ssh": _ssh}
