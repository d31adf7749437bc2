# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small values that the processes of one run share: tokens, and where a cloud's endpoints are.

Ansible runs each host's task in a forked process. Without this, each of them would ask Entra ID for a token of its
own. The values live in a file that has no name, so nobody else can open it and it is gone with the last process of
the run, also when that is killed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_WHOLE_FILE = 0
# Byte ranges beyond any content serve as one lock for each key.
_FIRST_KEY_LOCK, _KEY_LOCKS = 1 << 30, 1 << 20


class RunCache:
    """A dictionary of JSON values, shared with every process forked after it was made."""

    def __init__(self) -> None:
        # memfd stays in memory; elsewhere an unlinked temporary file of mode 0600 is as private.
        self._fd = os.memfd_create("asr-failback") if hasattr(os, "memfd_create") else _unlinked_file()
        self._threads = threading.RLock()

    def get_or_make(self, key: str, is_fresh: Callable[[Any], bool], make: Callable[[], Any]) -> Any:
        """Return the value of key while is_fresh says so, else that of make, which one process runs at a time."""
        hashed = hashlib.sha256(key.encode()).hexdigest()
        with self._locked(_FIRST_KEY_LOCK + int(hashed[:8], 16) % _KEY_LOCKS):
            value = self._read().get(hashed)
            if value is None or not is_fresh(value):
                value = make()
                self._store(hashed, value)
            return value

    def _read(self) -> dict[str, Any]:
        with self._locked(_WHOLE_FILE):
            return self._content()

    def _store(self, key: str, value: Any) -> None:
        with self._locked(_WHOLE_FILE):
            content = json.dumps({**self._content(), key: value}).encode()
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, content, 0)

    def _content(self) -> dict[str, Any]:
        raw = os.pread(self._fd, os.fstat(self._fd).st_size, 0)
        try:
            content = json.loads(raw or b"{}")
        except ValueError:
            # A process was killed while it wrote. What it held can be made again.
            return {}
        return content if isinstance(content, dict) else {}

    @contextmanager
    def _locked(self, offset: int) -> Iterator[None]:
        # Record locks belong to a process and go with it, so a killed worker never leaves one behind.
        with self._threads:
            fcntl.lockf(self._fd, fcntl.LOCK_EX, 1, offset)
            try:
                yield
            finally:
                fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, offset)


def _unlinked_file() -> int:
    fd, path = tempfile.mkstemp()
    os.unlink(path)
    return fd
