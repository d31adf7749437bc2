# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerberos ticket for a session, made from the password as Ansible's connection plugin winrm does it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from ..model.child_environment import for_other_programs
from ..model.failures import HostAuthenticationError, MissingLibrary
from ..model.programs import Program, RunProgram
from .settings import HostSettings

_CACHE = "KRB5CCNAME"
# A folder for a ticket, and the ticket in it.
_PREFIX, _TICKET = "asr-failback-", "ticket"
_SECONDS = 60


class _Held:
    """Whose ticket the environment names now. It can name one alone: the sessions of a user share it, others wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._who: Hashable = None
        self._sessions = 0
        self._ending = ExitStack()

    @contextmanager
    def during(self, who: Hashable, ticket_of: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
        """Hold the ticket of somebody, made where no other session of theirs has it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._sessions or self._who == who)
            if not self._sessions:
                with ExitStack() as made:
                    made.enter_context(ticket_of())
                    self._ending = made.pop_all()
                self._who = who
            self._sessions += 1
        try:
            yield
        finally:
            with self._changed:
                self._sessions -= 1
                if not self._sessions:
                    self._ending.close()
                self._changed.notify_all()


_HELD = _Held()


def ticket(settings: HostSettings, transport: str, run_program: RunProgram) -> AbstractContextManager[None]:
    """Hold a ticket for the settings' user in a cache of its own. Without a password the user's own cache serves."""
    if transport != "kerberos":
        return nullcontext()
    if not (settings.user and settings.password):
        return _HELD.during(None, nullcontext)
    return _HELD.during((settings.user, settings.password), lambda: _made(settings, run_program))


@contextmanager
def _made(settings: HostSettings, run_program: RunProgram) -> Iterator[None]:
    before = os.environ.get(_CACHE)
    _remove_orphans()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder, ExitStack() as held:
        # A file system may have no locks: there nobody takes the folder for an orphan either.
        with suppress(OSError):
            held.enter_context(_locked(folder))
        os.environ[_CACHE] = f"FILE:{Path(folder) / _TICKET}"
        try:
            _kinit(settings, run_program)
            yield
        finally:
            if before is None:
                del os.environ[_CACHE]
            else:
                os.environ[_CACHE] = before


@contextmanager
def _locked(folder: str | Path) -> Iterator[None]:
    """Hold a folder: the lock is gone with the process, also when that is killed. Raises OSError where another has it.

    A link to a folder is none.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _remove_orphans() -> None:
    """Remove the tickets of runs that were killed: each could be used for hours.

    A folder without a ticket may be one that somebody makes just now, and has not locked yet.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.lstat().st_uid == os.geteuid() and (folder / _TICKET).exists():
                with _locked(folder):
                    shutil.rmtree(folder)


def _kinit(settings: HostSettings, run_program: RunProgram) -> None:
    command = [settings.kinit_cmd, *(["-f"] if settings.kerberos_delegation else []), settings.user]
    password = f"{settings.password}\n".encode()
    try:
        ended = run_program(Program(command, for_other_programs(os.environ), _SECONDS, password))
    except FileNotFoundError as problem:
        raise MissingLibrary(
            f"Kerberos needs the command {settings.kinit_cmd} to sign in with a password, and it is not there.",
            "Install the Kerberos client (krb5-user, krb5-workstation), or get a ticket first and give no password.",
        ) from problem
    except TimeoutError as problem:
        raise _refused(settings, f"no answer within {_SECONDS} seconds") from problem
    if ended.exit_code:
        raise _refused(settings, ended.errors.replace(settings.password, "********"))


def _refused(settings: HostSettings, words: str) -> HostAuthenticationError:
    said = " ".join(words.split())
    return HostAuthenticationError(
        f"No Kerberos ticket for {settings.user}: {said}",
        "Check user (name@REALM, the realm in capitals), password, /etc/krb5.conf and this machine's clock.",
        host=settings.name,
        message=said,
    )
