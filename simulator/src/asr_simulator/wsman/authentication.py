# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in to a host: Basic for each request, Negotiate (NTLM) for a connection."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

from spnego.channel_bindings import GssChannelBindings

from asr_simulator.wsman.accounts import find_account, password_of, sender_of
from asr_simulator.wsman.hosts import Peer, RemoteHost
from asr_simulator.wsman.ntlm import Handshake

OFFERED = ("Negotiate", 'Basic realm="WSMAN"')
# Clients of other makers call it NTLM; Windows' own service offers Negotiate alone.
SCHEMES = {"negotiate": "Negotiate", "ntlm": "NTLM"}


@dataclass(frozen=True)
class Verdict:
    """Who asks (None: 401), and the values of ``WWW-Authenticate`` that the answer has."""

    peer: Peer | None
    challenges: tuple[str, ...] = ()


REFUSED = Verdict(None, OFFERED)


class Guard:
    """Knows who is at the other end of one connection."""

    def __init__(self, certificate_hash: bytes, address: str) -> None:
        self._bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + certificate_hash)
        self._address = address
        self._handshake: Handshake | None = None
        self._signed_in = ""

    def check(self, host: RemoteHost, authorization: str) -> Verdict:
        """Who sends the request with this ``Authorization`` header (empty: it has none)."""
        scheme, _unused, value = authorization.strip().partition(" ")
        if not scheme:
            return self._welcome(host) if self._signed_in in host.accounts else REFUSED
        self._signed_in = ""
        if scheme.lower() == "basic":
            return self._basic(host, value)
        if scheme.lower() in SCHEMES:
            return self._negotiate(host, SCHEMES[scheme.lower()], value)
        return REFUSED

    def _basic(self, host: RemoteHost, value: str) -> Verdict:
        name, separator, password = _text(_decoded(value) or b"").partition(":")
        account = find_account(host, name) if separator else None
        if account is None or not hmac.compare_digest(host.accounts[account].encode(), password.encode()):
            return REFUSED
        return Verdict(Peer(host, account, "basic", self._address))

    def _negotiate(self, host: RemoteHost, scheme: str, value: str) -> Verdict:
        token = _decoded(value)
        if not token:
            return REFUSED
        handshake, self._handshake = self._handshake, None
        sender = sender_of(token)
        if sender is None or handshake is None:
            return self._challenge(scheme, token)
        account = find_account(host, sender.name)
        if account is None:
            return REFUSED
        password = password_of(host.accounts, account)
        accepted, answer = handshake.accept(token, sender.domain, sender.user, password, sender.bound)
        if not accepted:
            return REFUSED
        self._signed_in = account
        return self._welcome(host, (_header(scheme, answer),) if answer else ())

    def _welcome(self, host: RemoteHost, challenges: tuple[str, ...] = ()) -> Verdict:
        return Verdict(Peer(host, self._signed_in, "ntlm", self._address), challenges)

    def _challenge(self, scheme: str, token: bytes) -> Verdict:
        handshake = Handshake(self._bindings)
        answer = handshake.challenge(token)
        if answer is None:
            return REFUSED
        self._handshake = handshake
        return Verdict(None, (_header(scheme, answer),))


def _decoded(value: str) -> bytes | None:
    try:
        return base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None


def _text(pair: bytes) -> str:
    """Clients send UTF-8, or Latin-1 as the first HTTP did."""
    try:
        return pair.decode("utf-8")
    except UnicodeDecodeError:
        return pair.decode("latin-1")


def _header(scheme: str, token: bytes) -> str:
    return f"{scheme} {base64.b64encode(token).decode()}"
