# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is whole at any moment, and that only its owner may read.

C(what) is what a message calls it: C(report).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from .model.failures import ConfigurationError

# Who may read a file.
OWNER, EVERYBODY = 0o600, 0o644
_BLOCK = 1 << 16


def write_if_other(
    path: str, content: Callable[[], Iterator[str]], what: str, *, check_mode: bool = False, mode: int = OWNER
) -> bool:
    """Write a file, unless in check mode; return whether it was, or would be, another, or was open to others than
    C(mode) says.

    C(content) is gone through twice where it is another. Raises ConfigurationError where it cannot be written, and what
    the content raises.
    """
    with _writing(path, what):
        changed = not _holds(path, content()) or _others_may(os.stat(path).st_mode) != _others_may(mode)
        if check_mode:
            # What no file can hold is refused here, too.
            deque(content(), maxlen=0)
        elif changed:
            _replace(path, content(), mode)
    return changed


def replace_file(path: str, content: Iterable[str], what: str) -> None:
    """Write a file. Raises ConfigurationError as write_if_other() does."""
    with _writing(path, what):
        _replace(path, content)


def require_file(path: str, what: str) -> None:
    """Refuse what is there and is no file: a pipe would be waited for, a device replaced."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ConfigurationError(
                f"The {what} {path} cannot be written: it is a folder, a pipe, a socket or a device.",
                "Nothing was written. Give the path of a file, or of one that is not there yet.",
            )


@contextmanager
def _writing(path: str, what: str) -> Iterator[None]:
    try:
        require_file(path, what)
        yield
    except OSError as problem:
        raise ConfigurationError(
            f"The {what} {path} cannot be written: {problem.strerror}.",
            "Give the path of a file in a folder that is there and may be written to.",
        ) from problem


@contextmanager
def appending(path: str, what: str) -> Iterator[int]:
    """Open a file to add to, made where it is not there; yield its descriptor. Whatever it was, only its owner may read
    it from now on. A link is not followed: it would be somebody else's word for where this goes.

    Raises ConfigurationError where it cannot be added to, or is another user's.
    """
    with _writing(path, what):
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags, OWNER)
    try:
        _require_own(descriptor, path, what)
        yield descriptor
    finally:
        os.close(descriptor)


def _require_own(descriptor: int, path: str, what: str) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        raise ConfigurationError(
            f"The {what} {path} cannot be added to: it is no file of the user that the task runs as.",
            "Nothing was written. Give the path of a file of its own, or of one that is not there yet.",
        )
    if _others_may(found.st_mode):
        os.fchmod(descriptor, OWNER)


def append_lines(descriptor: int, lines: Iterable[str]) -> None:
    """Add whole lines to a file that nobody else adds to meanwhile, and none of them where one does not fit.

    Half a line that somebody left who was killed is taken away. Raises OSError.
    """
    end = _end_of_lines(descriptor)
    os.ftruncate(descriptor, end)
    content = "".join(f"{line}\n" for line in lines).encode()
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        os.ftruncate(descriptor, end)
        raise


def _end_of_lines(descriptor: int) -> int:
    """Return where the last whole line of a file ends."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _holds(path: str, content: Iterator[str]) -> bool:
    """Whether a file is there and holds just this, of which no more is taken than it takes to tell."""
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            return all(file.read(len(piece)) == piece for piece in content) and not file.read(1)
    except FileNotFoundError:
        return False


def _others_may(mode: int) -> int:
    """Return what anybody but its owner may do with a file."""
    return stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO)


def _replace(path: str, content: Iterable[str], mode: int = OWNER) -> None:
    """Put a file in the place of another in one step. Its name until then is always the same one: what a run that was
    killed has left there is gone after the next. Of several that write at the same time, each waits for its turn."""
    unfinished = f"{path}.part"
    # A name of a file may have bytes in it that are no text.
    with os.fdopen(_alone(unfinished), "w", encoding="utf-8", errors="backslashreplace") as file:
        try:
            file.writelines(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            os.replace(unfinished, path)
        except BaseException:
            os.unlink(unfinished)
            raise


def _alone(path: str) -> int:
    """Make an empty file that nobody else writes until its descriptor is closed, and return that. Raises OSError."""
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, OWNER)
        except OSError as problem:
            if problem.errno not in (errno.ELOOP, errno.ENXIO):
                raise
            # A link, or a pipe: somebody else's word for where this goes.
            os.unlink(path)
            continue
        # Where a file system has no locks, the one that is second may find its file gone.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_own(descriptor, path):
            os.fchmod(descriptor, OWNER)
            os.ftruncate(descriptor, 0)
            return descriptor
        os.close(descriptor)


def _is_own(descriptor: int, path: str) -> bool:
    """Whether an open file is still the one of this name, and a plain one of this user; otherwise that name is free for
    another."""
    found = os.fstat(descriptor)
    try:
        is_there = os.path.samestat(found, os.lstat(path))
    except FileNotFoundError:
        return False
    is_plain = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1
    if is_there and not is_plain:
        os.unlink(path)
    return is_there and is_plain
