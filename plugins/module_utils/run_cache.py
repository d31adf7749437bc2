# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that the processes of one run share: tokens, where a cloud's endpoints are, what hosts said.

Ansible runs each host's task in a forked process. Without this, each of them would ask Entra ID for a token of its own,
and a Hyper-V host once for each of its VMs. The values live in a file that has no name, so nobody else can open it and
it is gone with the last process of the run, also when that is killed.

Only one process at a time makes the value of a key. How long the others wait for it is theirs to say: see C(pause) of
get_or_make().

The file is a row of records, a head and then a value, of which only the heads are read to find one: there may be
megabytes of values. A value that no longer fits its record gets a new one at the end; the last one of a key counts.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import struct
import tempfile
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_WHOLE_FILE = 0
# The kernel gives a file in memory all permission bits.
_MODE = 0o600
# Byte ranges beyond any content serve as one lock for each key.
_FIRST_KEY_LOCK, _KEY_LOCKS = 1 << 40, 1 << 20
# Hash of the key, room for the value, its length and checksum; then the checksum of these.
_HEAD, _SEAL = struct.Struct("<32sQQI"), struct.Struct("<I")
_HEAD_SIZE = _HEAD.size + _SEAL.size
_LEAST_ROOM = 256
# Seconds between two tries for a turn: the first, and the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.2

# Waits so many seconds for a turn; raises where that has been long enough.
Pause = Callable[[float], None]


@dataclass(frozen=True)
class _Record:
    """A record: where its head is, and what that says."""

    place: int
    key: bytes
    room: int
    length: int
    checksum: int

    @property
    def end(self) -> int:
        """Where the next record begins."""
        return self.place + _HEAD_SIZE + self.room


class RunCache:
    """A dictionary of JSON values, shared with every process forked after it was made."""

    def __init__(self) -> None:
        # memfd stays in memory; elsewhere an unlinked temporary file is as private.
        self._fd = os.memfd_create("asr-failback") if hasattr(os, "memfd_create") else _unlinked_file()
        os.fchmod(self._fd, _MODE)
        weakref.finalize(self, os.close, self._fd)
        self._threads = threading.RLock()
        # A thread may have the same turn several times.
        self._turns: dict[bytes, threading.RLock] = {}
        # How many turns keep a place of the file locked: what keys share there keeps no threads from each other.
        self._held: dict[int, int] = {}

    def get_or_make(
        self, key: str, is_fresh: Callable[[Any], bool], make: Callable[[], Any], pause: Pause = time.sleep
    ) -> Any:
        """Return the value of key while is_fresh says so, else that of make, which one process runs at a time.

        C(pause) waits for another one's turn to end. By default however long that takes: right where make is quick.
        """
        with self.turn(key, pause) as hashed:
            value = self._read(hashed)
            if value is None or not is_fresh(value):
                value = make()
                self._store(hashed, value)
            return value

    def update(self, key: str, change: Callable[[Any], Any]) -> None:
        """Replace the value of key by what C(change) makes of it; it gets None where there is none."""
        with self.turn(key) as hashed:
            self._store(hashed, change(self._read(hashed)))

    @contextmanager
    def turn(self, key: str, pause: Pause = time.sleep) -> Iterator[bytes]:
        """Let one process at a time do what a key stands for; yield its hash. C(pause) as in get_or_make()."""
        hashed = hashlib.sha256(key.encode()).digest()
        place = _FIRST_KEY_LOCK + int.from_bytes(hashed[:4], "big") % _KEY_LOCKS
        with self._threads:
            turn = self._turns.setdefault(hashed, threading.RLock())
        # Among threads whoever waits is woken; among processes there is nothing to wake it.
        while not turn.acquire(timeout=_LONGEST_PAUSE):
            pause(0)
        try:
            with self._alone(place, pause):
                yield hashed
        finally:
            turn.release()

    @contextmanager
    def _alone(self, place: int, pause: Pause) -> Iterator[None]:
        """Keep other processes out, for the thread that has a turn."""
        seconds = _FIRST_PAUSE
        while not self._locks(place):
            pause(seconds)
            seconds = min(2 * seconds, _LONGEST_PAUSE)
        try:
            yield
        finally:
            self._unlocks(place)

    def _locks(self, place: int) -> bool:
        """Lock a place of the file if no other process has."""
        with self._threads:
            held = self._held.get(place, 0)
            try:
                if not held:
                    fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError as problem:
                if problem.errno in (errno.EACCES, errno.EAGAIN):
                    return False
                raise
            self._held[place] = held + 1
            return True

    def _unlocks(self, place: int) -> None:
        with self._threads:
            self._held[place] -= 1
            if not self._held[place]:
                fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, place)

    def _read(self, key: bytes) -> Any:
        with self._locked():
            record, _end = self._find(key)
            raw = b"" if record is None else os.pread(self._fd, record.length, record.place + _HEAD_SIZE)
        # A process may have been killed while it wrote. What it held can be made again.
        is_whole = record is not None and len(raw) == record.length and zlib.crc32(raw) == record.checksum
        return json.loads(raw) if is_whole else None

    def _store(self, key: bytes, value: Any) -> None:
        content = json.dumps(value).encode()
        with self._locked():
            record, end = self._find(key)
            room, place = (record.room, record.place) if record is not None else (0, end)
            if room < len(content):
                # Values of a kind grow and shrink a little when they are made again.
                room, place = max(_LEAST_ROOM, 1 << (len(content) - 1).bit_length()), end
            head = _HEAD.pack(key, room, len(content), zlib.crc32(content))
            os.pwrite(self._fd, head + _SEAL.pack(zlib.crc32(head)), place)
            os.pwrite(self._fd, content, place + _HEAD_SIZE)

    def _find(self, key: bytes) -> tuple[_Record | None, int]:
        """Return the last record of a key, and where the next new one goes."""
        found, end = None, 0
        for record in self._records():
            end = record.end
            if record.key == key:
                found = record
        return found, end

    def _records(self) -> Iterator[_Record]:
        place = 0
        while True:
            head = os.pread(self._fd, _HEAD_SIZE, place)
            # The end, or a head that was never finished.
            if len(head) < _HEAD_SIZE or _SEAL.unpack(head[_HEAD.size :])[0] != zlib.crc32(head[: _HEAD.size]):
                return
            record = _Record(place, *_HEAD.unpack(head[: _HEAD.size]))
            yield record
            place = record.end

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Record locks belong to a process and go with it, so a killed worker never leaves one behind.
        with self._threads:
            fcntl.lockf(self._fd, fcntl.LOCK_EX, 1, _WHOLE_FILE)
            try:
                yield
            finally:
                fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, _WHOLE_FILE)


def _unlinked_file() -> int:
    fd, path = tempfile.mkstemp()
    os.unlink(path)
    return fd
