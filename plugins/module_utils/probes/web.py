# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a web server answers, and with what."""

from __future__ import annotations

import base64
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from ..hyperv.lockout_guard import Refusals
from ..model.evidence import FAIL, PASS, Outcome
from ..model.failures import FailbackError, HostAuthenticationError
from ..model.guest_checks import is_hopeless
from ..model.programs import RunProgram
from ..watch import Watch
from .probe import WRONG_PASSWORD, Probe, place, short

ANY_GOOD_STATUS = range(200, 400)
# A text further down in a page is not looked for.
_MOST_BYTES = 2**20
_CHUNK = 2**16
_UNAUTHORIZED = 401
_OWN_NAME = {"User-Agent": "ansible-asr.failback"}
# Of a path and a query: what stands for itself. The rest is sent in percent-encoding.
_PLAIN = "/?:@!$&'()*+,;=-._~%[]"


@dataclass(frozen=True)
class _SignIn:
    """The password that a server is sent with a request."""

    address: str
    port: int
    user: str
    password: str = field(repr=False)

    @property
    def name(self) -> str:
        """What the place is called."""
        return self.address

    @property
    def where(self) -> str:
        """The place for a message."""
        return place(self.address, self.port)


@dataclass(frozen=True, kw_only=True)
class HttpProbe(Probe):
    """Gets a page. A redirect is an answer of its own, and is not followed: it may lead to another machine.

    C(url) is whole, or empty: then it is made of the address and C(scheme), C(port), C(path).
    """

    kind = "http"

    url: str = ""
    scheme: str = "http"
    port: int | None = None
    path: str = "/"
    status: tuple[int, ...] | range = ANY_GOOD_STATUS
    contains: str = ""
    validate_certs: bool = True
    ca_path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    refusals: Refusals | None = None

    def equipped(self, _run_program: RunProgram, refusals: Refusals) -> HttpProbe:
        """Return the probe with what keeps its account from being locked."""
        return replace(self, refusals=refusals)

    @property
    def needs_address(self) -> bool:
        """Whether it goes to the machine's own address."""
        return not (self.url or self.host)

    def attempt(self, address: str, timeout: float) -> Outcome:
        """Ask once."""
        if self.ca_path and not Path(self.ca_path).is_file():
            return Outcome(FAIL, "not asked", f"ca_path {self.ca_path} is no file.", "Correct ca_path.", is_final=True)
        url = self.url or self._url_at(address)
        ends = time.monotonic() + timeout
        try:
            with self._answer(urlsplit(url), ends) as answer:
                return self._judge(url, answer.status, _text(answer, ends) if self.contains else "")
        except FailbackError as problem:
            remedy = WRONG_PASSWORD if isinstance(problem, HostAuthenticationError) else problem.remedy
            return Outcome(FAIL, "not asked", problem.happened, remedy, is_final=is_hopeless(problem))
        except (OSError, ValueError, HTTPException) as problem:
            late = f"timed out: no whole answer within {timeout:g} seconds" if time.monotonic() >= ends else ""
            return _no_answer(url, problem, late)

    def _url_at(self, address: str) -> str:
        where = place(address, self.port) if self.port else f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{where}{self.path}"

    @contextmanager
    def _answer(self, url: SplitResult, ends: float) -> Iterator[HTTPResponse]:
        with closing(self._connection(url, ends)) as connection:
            connection.connect()
            yield self._asked(connection, url, ends)

    def _asked(self, connection: HTTPConnection, url: SplitResult, ends: float) -> HTTPResponse:
        with self._trying(connection, ends) as note:
            connection.sock.settimeout(_left(ends))
            connection.request("GET", _target(url), headers=self._headers())
            connection.sock.settimeout(_left(ends))
            answer = connection.getresponse()
            note(answer.status)
        return answer

    @contextmanager
    def _trying(self, connection: HTTPConnection, ends: float) -> Iterator[Callable[[int], None]]:
        """Try the password inside, if there is one; yield what is to be told the status. That a page was shown does not
        tell that the password was taken: it may be shown to anybody."""
        if not self.user:
            yield lambda _status: None
            return
        watch = Watch(_left(ends))
        refusals = (self.refusals or Refusals.of_one(watch)).within(watch)
        who = _SignIn(connection.host, connection.port, self.user, self.password)

        def note(status: int) -> None:
            if status == _UNAUTHORIZED:
                refusals.refused(who)

        with refusals.trying(who):
            yield note

    def _connection(self, url: SplitResult, ends: float) -> HTTPConnection:
        host, left = url.hostname or "", _left(ends)
        if url.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(host, url.port, timeout=left, context=self._trust())
        else:
            connection = HTTPConnection(host, url.port, timeout=left)
        connection.response_class = _until(ends)
        return connection

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_path or None)
        if not self.validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _headers(self) -> dict[str, str]:
        if not self.user:
            return _OWN_NAME
        word = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {**_OWN_NAME, "Authorization": f"Basic {word}"}

    def _judge(self, url: str, status: int, body: str) -> Outcome:
        seen = f"HTTP {status} from {_shown(url)}"
        if status not in self.status:
            refused = status == _UNAUTHORIZED and bool(self.user)
            remedy = WRONG_PASSWORD if refused else "Look at the web server and what it depends on."
            expected = _ranges(self.status)
            return Outcome(FAIL, seen, f"The status is {status}, not {expected}.", remedy, is_final=refused)
        if self.contains not in body:
            found = short(body, (self.password,))
            return Outcome(
                FAIL,
                f"{seen}: {found}",
                f"The text '{short(self.contains, (self.password,))}' is not in the answer.",
                "Look at what the web server depends on.",
            )
        return Outcome(PASS, f"{seen}, with the text looked for" if self.contains else seen)


class _Hurried(io.RawIOBase):
    """What a socket brings until a time: each byte may come within the timeout of a socket, and the last one never."""

    def __init__(self, connection: socket.socket, stream: io.RawIOBase, ends: float) -> None:
        self._connection, self._stream, self._ends = connection, stream, ends

    def readable(self) -> bool:
        """Say that it is there to be read."""
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # what io.BufferedReader gives
        """Read what is there, waiting no longer than until the time."""
        self._connection.settimeout(_left(self._ends))
        return self._stream.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket too."""
        self._stream.close()
        super().close()


def _until(ends: float) -> type[HTTPResponse]:
    """Return the class of answers that are read until a time, their headers included."""

    class Answer(HTTPResponse):
        def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
            super().__init__(sock, *arguments, **options)
            self.fp = io.BufferedReader(_Hurried(sock, self.fp.detach(), ends))

    return Answer


def _left(ends: float) -> float:
    """Return the seconds until a time. Raises TimeoutError where none are left."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _target(url: SplitResult) -> str:
    return quote(f"{url.path or '/'}{'?' if url.query else ''}{url.query}", safe=_PLAIN)


def _text(answer: HTTPResponse, ends: float) -> str:
    """Return the body as text: its beginning, where it is long or slow."""
    body = b""
    while len(body) < _MOST_BYTES and time.monotonic() < ends:
        try:
            chunk = answer.read1(_CHUNK)
        except TimeoutError:
            break
        if not chunk:
            break
        body += chunk
    return body.decode("utf-8", "replace")


def _no_answer(url: str, problem: Exception, late: str) -> Outcome:
    remedy = "See that the web server runs in the VM, and that no firewall is between it and the controller."
    if isinstance(problem, ssl.SSLCertVerificationError):
        remedy = "Give ca_path, or the name that is in the certificate as host or url; or set validate_certs: false."
    cause = late or str(problem) or type(problem).__name__
    return Outcome(FAIL, f"no answer from {_shown(url)}", short(cause), remedy)


def _shown(url: str) -> str:
    # A query may hold a key.
    return url.partition("?")[0]


def _ranges(statuses: tuple[int, ...] | range) -> str:
    if isinstance(statuses, range):
        return f"{statuses.start} to {statuses.stop - 1}"
    return ", ".join(str(status) for status in statuses)
