# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accepting side of NTLM, by pyspnego.

pyspnego looks for the password in a file that the environment variable ``NTLM_USER_FILE`` names for the whole process.
So there is one private file while any server runs; it is empty but for the moment in which a message is checked, and
only one message is checked at a time.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

VARIABLE = "NTLM_USER_FILE"
# What pyspnego raises for tokens that are refused, and for such as cannot even be read.
REFUSALS = (SpnegoError, ValueError, LookupError, ArithmeticError, StopIteration, struct.error)


class UserFile:
    """The file; it exists as long as someone uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before: str | None = None
        self._path: Path | None = None

    def open(self) -> None:
        """Begin to use it."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._path = Path(tempfile.mkdtemp(prefix="asr-simulator-")) / "accounts"
                self._path.touch(0o600)
                self._before = os.environ.get(VARIABLE)
                os.environ[VARIABLE] = str(self._path)

    def close(self) -> None:
        """End using it; the last user removes it."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._path is not None:
                os.environ.pop(VARIABLE, None)
                if self._before is not None:
                    os.environ[VARIABLE] = self._before
                shutil.rmtree(self._path.parent)
                self._path = None

    @contextmanager
    def holding(self, domain: str, user: str, password: str) -> Iterator[None]:
        """While this lasts, the file has this account and nobody else's."""
        with self._lock:
            assert self._path is not None, "only while it is open"  # noqa: S101
            try:
                self._path.write_text(f"{domain}:{user}:{password}\n", encoding="utf-8")
                yield
            finally:
                self._path.write_bytes(b"")


USER_FILE = UserFile()


class Handshake:
    """One handshake on one connection: NTLM, bare or within SPNEGO."""

    def __init__(self, bindings: GssChannelBindings) -> None:
        # Neither the platform's GSSAPI nor Kerberos: only pyspnego's own NTLM knows the file.
        options = spnego.NegotiateOptions.use_negotiate
        self._context = spnego.server(protocol="negotiate", options=options)
        self._bindings = bindings

    def challenge(self, token: bytes) -> bytes | None:
        """The answer to a first token; None: it cannot be understood."""
        try:
            return self._context.step(token)
        except REFUSALS:
            return None

    def accept(self, token: bytes, domain: str, user: str, password: str, bound: bool) -> tuple[bool, bytes | None]:
        """Whether the token proves that its sender knows the password, and what to answer.

        ``bound``: the token names a TLS channel, which must then be this one. Windows is content with tokens that name
        none (CbtHardeningLevel Relaxed, its default).
        """
        with USER_FILE.holding(domain, user, password):
            try:
                answer = self._context.step(token, channel_bindings=self._bindings if bound else None)
            except REFUSALS:
                return False, None
        return self._context.complete, answer
