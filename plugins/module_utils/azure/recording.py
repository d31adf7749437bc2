# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said to Azure and by it, redacted, in a file that its user may share.

Tasks, hosts and runs add to the same file. So that they say the same for the same, what stands for what is in a second
file, which is nobody else's: who has its lock, writes.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ..model.failures import ConfigurationError
from ..owners_file import append_lines, appending
from ..redaction.exchange import Redactor
from ..redaction.replacements import Replacements
from ..watch import WatchNow

NAMES_SUFFIX = ".names"
_RECORDING, _NAMES = "recording", "names of the recording"
# Seconds: how long the lock may take, and between two tries for it. Whoever has it writes one exchange.
_PATIENCE, _PAUSE = 10.0, 0.01
_METADATA = "/metadata/endpoints"
# The turns of the threads of a process at a file.
_THREADS: dict[str, threading.Lock] = {}


def recording_of(path: str, watch: WatchNow) -> Recording | None:
    """Return the recording that a path stands for; None for none. Raises ConfigurationError where it cannot be kept."""
    return Recording(path, watch) if path else None


class Recording:
    """Adds exchanges to a file. What goes wrong with it later is reported once, and ends no task."""

    def __init__(self, path: str, watch: WatchNow) -> None:
        self._path, self._watch = path, watch
        self._replacements = Replacements()
        self._redactor = Redactor(self._replacements)
        self._known = 0
        self._is_off = False
        self._try_it()

    def _try_it(self) -> None:
        """See that both files can be kept, and that the first can be gone on with."""
        try:
            with self._turn(), appending(self._path, _RECORDING) as file:
                if os.fstat(file).st_size and not self._known:
                    raise ConfigurationError(
                        f"The recording {self._path} cannot be continued: {self._path}{NAMES_SUFFIX}, which says what"
                        " its names stand for, is missing or empty.",
                        "Nothing was sent. Give another path, or put that file back.",
                    )
        except (OSError, ValueError) as problem:
            raise ConfigurationError(
                f"The recording {self._path} cannot be kept: {problem}.", "Nothing was sent. Give another path."
            ) from problem

    def keep(self, request: Any, response: Any, *, is_sign_in: bool) -> None:
        """Add an exchange; of a sign-in no more than that there was one."""
        if self._is_off:
            return
        try:
            exchange = _exchange_of(request, response, is_sign_in=is_sign_in)
            with self._turn() as names, appending(self._path, _RECORDING) as file:
                line = json.dumps(self._redactor.redacted(exchange))
                # The names first: what stands for nothing is no harm, what is not explained is.
                append_lines(names, map(json.dumps, self._replacements.take_new()))
                self._known = os.fstat(names).st_size
                append_lines(file, [line])
        except (ConfigurationError, OSError, ValueError, RecursionError) as problem:
            self._is_off = True
            self._watch().report(f"nothing more is recorded to {self._path}: {problem}")

    @contextmanager
    def _turn(self) -> Iterator[int]:
        """Keep everybody else out, and know what they have counted; yield the file of names.

        Raises ConfigurationError where somebody else has it for long.
        """
        # Among threads whoever waits is woken; among processes there is nothing to wake it.
        thread = _THREADS.setdefault(self._path, threading.Lock())
        if not thread.acquire(timeout=_PATIENCE):
            raise self._taken()
        try:
            with appending(f"{self._path}{NAMES_SUFFIX}", _NAMES) as names:
                self._lock(names)
                self._learn(names)
                yield names
        finally:
            thread.release()

    def _lock(self, names: int) -> None:
        """Lock the file of names, until it is closed."""
        ends = self._watch().now() + _PATIENCE
        while not _locks(names):
            if self._watch().now() >= ends:
                raise self._taken()
            self._watch().pause(_PAUSE)

    def _taken(self) -> ConfigurationError:
        return ConfigurationError(
            f"Somebody else has had {self._path}{NAMES_SUFFIX} for {_PATIENCE:.0f} seconds.",
            "End that process, or give another path.",
        )

    def _learn(self, names: int) -> None:
        """Take over what was counted since the last turn. Raises ValueError where the file is no list of names."""
        end = os.fstat(names).st_size
        if end < self._known:
            raise ValueError(f"{self._path}{NAMES_SUFFIX} is shorter than it was")
        content = os.pread(names, end - self._known, self._known)
        whole = content[: content.rfind(b"\n") + 1]
        self._replacements.know(_entries(whole.decode()))
        self._known += len(whole)


def _locks(names: int) -> bool:
    """Lock a file if nobody else has."""
    try:
        fcntl.flock(names, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _entries(lines: str) -> Iterator[tuple[str, str, str]]:
    for line in lines.splitlines():
        kind, value, replacement = json.loads(line)
        yield str(kind), str(value), str(replacement)


def _exchange_of(request: Any, response: Any, *, is_sign_in: bool) -> dict[str, Any]:
    """Return a request and its answer as the recording has them, not redacted yet."""
    address = urlsplit(request.url)
    whole = not is_sign_in or address.path == _METADATA
    return {
        "time": datetime.now(timezone.utc).isoformat(),
        "method": request.method,
        "path": unquote(address.path),
        "query": {name.lower(): value for name, value in parse_qsl(address.query, keep_blank_values=True)}
        if whole
        else {},
        "request_body": _json(getattr(request, "content", None) or getattr(request, "data", None)) if whole else None,
        "status": response.status_code,
        "response_headers": _headers(response.headers) if whole else {},
        "response_body": _json(response.body()) if whole else None,
    }


def _headers(headers: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in headers.items()}


def _json(content: Any) -> Any:
    """Return what a body says; None where it is no JSON, as a page of a proxy: nobody knows what that holds."""
    if not isinstance(content, (str, bytes)) or not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return None
