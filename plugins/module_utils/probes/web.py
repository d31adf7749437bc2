# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a web server answers, and with what."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from ssl import SSLCertVerificationError
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import open_url

from ..failback.evidence import FAIL, PASS, Outcome
from .probe import Probe, place, short

ANY_GOOD_STATUS = range(200, 400)
# A text further down in a page is not looked for.
_MOST_BYTES = 2**20
_CHUNK = 2**16
_UNAUTHORIZED = 401


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
            with self._answer(url, timeout) as answer:
                return self._judge(url, answer.status or 0, _text(answer, ends) if self.contains else "")
        except (OSError, HTTPException) as problem:
            return _no_answer(url, problem)

    def _url_at(self, address: str) -> str:
        where = place(address, self.port) if self.port else f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{where}{self.path}"

    def _answer(self, url: str, timeout: float) -> HTTPResponse | HTTPError:
        try:
            answer: HTTPResponse = open_url(
                url,
                timeout=timeout,
                use_proxy=False,
                use_netrc=False,
                follow_redirects="none",
                validate_certs=self.validate_certs,
                ca_path=self.ca_path or None,
                url_username=self.user or None,
                url_password=self.password or None,
                force_basic_auth=bool(self.user),
            )
        except HTTPError as problem:
            # An answer like any other: which status is right is for the user to say.
            return problem
        return answer

    def _judge(self, url: str, status: int, body: str) -> Outcome:
        seen = f"HTTP {status} from {_shown(url)}"
        if status not in self.status:
            refused = status == _UNAUTHORIZED and bool(self.user)
            remedy = "Correct user and password." if refused else "Look at the web server and what it depends on."
            expected = _ranges(self.status)
            return Outcome(FAIL, seen, f"The status {status} is none of {expected}.", remedy, is_final=refused)
        if self.contains not in body:
            found = short(body, (self.password,))
            return Outcome(
                FAIL,
                f"{seen}: {found}",
                f"The text '{short(self.contains, (self.password,))}' is not in the answer.",
                "Look at what the web server depends on.",
            )
        return Outcome(PASS, f"{seen}, with the text looked for" if self.contains else seen)


def _text(answer: HTTPResponse | HTTPError, ends: float) -> str:
    """Return the body as text: its beginning, where it is long or slow."""
    body = b""
    while len(body) < _MOST_BYTES and time.monotonic() < ends:
        chunk = answer.read1(_CHUNK)
        if not chunk:
            break
        body += chunk
    return body.decode("utf-8", "replace")


def _no_answer(url: str, problem: OSError | HTTPException) -> Outcome:
    cause = problem.reason if isinstance(problem, URLError) else problem
    remedy = "See that the web server runs in the VM, and that no firewall is between it and this machine."
    if isinstance(cause, SSLCertVerificationError):
        remedy = "Give ca_path, or the name that is in the certificate as host or url; or set validate_certs: false."
    return Outcome(FAIL, f"no answer from {_shown(url)}", short(str(cause) or type(cause).__name__), remedy)


def _shown(url: str) -> str:
    # A query may hold a key.
    return url.partition("?")[0]


def _ranges(statuses: tuple[int, ...] | range) -> str:
    if isinstance(statuses, range):
        return f"{statuses.start} to {statuses.stop - 1}"
    return ", ".join(str(status) for status in statuses)
