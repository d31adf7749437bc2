# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways of writing a user's name, and what an NTLM message says of its sender."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from asr_simulator.wsman.hosts import RemoteHost, computer_name

_SIGNATURE = b"NTLMSSP\0"
_AUTHENTICATE = _SIGNATURE + struct.pack("<I", 3)
_UNICODE = 0x1
# Where an AUTHENTICATE message keeps length and offset of its parts, and its flags: MS-NLMP, 2.2.1.3.
_RESPONSE, _DOMAIN, _USER, _FLAGS = 20, 28, 36, 60
# An NTLMv2 response: 16 bytes of proof, 28 of client challenge, then attribute pairs: MS-NLMP, 2.2.2.7 and 2.2.2.1.
_PAIRS = 16 + 28
_END_OF_PAIRS, _CHANNEL_BINDINGS = 0, 10


@dataclass(frozen=True)
class Sender:
    """Who signs in with an AUTHENTICATE message. ``bound``: the message names the TLS channel that it is meant for."""

    domain: str
    user: str
    bound: bool

    @property
    def name(self) -> str:
        r"""``DOMAIN\user``, or the user alone."""
        return f"{self.domain}\\{self.user}" if self.domain else self.user


def find_account(host: RemoteHost, name: str) -> str | None:
    r"""The configured name of the account that is meant by ``name``; None: the host has none.

    An account of a domain is meant by ``DOMAIN\user`` and ``user@domain``, with the domain's short or DNS name; a
    local one by its bare name, or with the computer's name or ``.`` before it. Upper and lower case are the same.
    """
    wanted = _split(name)
    return next((account for account in host.accounts if wanted in _spellings(host, account)), None)


def password_of(accounts: Mapping[str, str], account: str) -> str:
    """The account's password. The file of NTLM accounts cannot hold a colon or a line break.

    Raises:
        ValueError: it has one.
    """
    password = accounts[account]
    if ":" in password or len(password.splitlines()) != 1:
        raise ValueError(f"the password of {account} has a colon or a line break")
    return password


def _split(name: str) -> tuple[str, str]:
    """Domain and user, in lower case; no domain: empty."""
    domain, separator, user = name.rpartition("\\")
    if not separator:
        user, _unused, domain = name.partition("@")
    return domain.lower(), user.lower()


def _spellings(host: RemoteHost, account: str) -> set[tuple[str, str]]:
    domain, user = _split(account)
    if domain:
        dns = host.name.partition(".")[2].lower()
        return {(domain, user), (dns, user)} - {("", user)}
    return {("", user), (".", user), (computer_name(host).lower(), user)}


def sender_of(token: bytes) -> Sender | None:
    """The sender of the AUTHENTICATE message in a token, bare or within SPNEGO; None: there is no such message."""
    start = token.find(_AUTHENTICATE)
    if start < 0:
        return None
    message = token[start:]
    try:
        (flags,) = struct.unpack_from("<I", message, _FLAGS)
        encoding = "utf-16-le" if flags & _UNICODE else "cp437"
        domain, user = (_part(message, place).decode(encoding) for place in (_DOMAIN, _USER))
        return Sender(domain, user, _is_bound(_part(message, _RESPONSE)))
    except (struct.error, UnicodeDecodeError):
        return None


def _part(message: bytes, place: int) -> bytes:
    length, _most, offset = struct.unpack_from("<HHI", message, place)
    return message[offset : offset + length]


def _is_bound(response: bytes) -> bool:
    place = _PAIRS
    while place + 4 <= len(response):
        kind, length = struct.unpack_from("<HH", response, place)
        if kind in (_END_OF_PAIRS, _CHANNEL_BINDINGS):
            return bool(kind == _CHANNEL_BINDINGS)
        place += 4 + length
    return False
