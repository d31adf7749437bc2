# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerberos ticket for one session, made from the password as Ansible's connection plugin winrm does it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..failback.failures import HostAuthenticationError, MissingLibrary
from ..failback.surroundings import for_other_programs
from .settings import HostSettings

_CACHE = "KRB5CCNAME"
_SECONDS = 60


@contextmanager
def ticket(settings: HostSettings, transport: str) -> Iterator[None]:
    """Hold a ticket for the settings' user in a cache of its own. Without a password the user's own cache serves."""
    if transport != "kerberos" or not (settings.user and settings.password):
        yield
        return
    before = os.environ.get(_CACHE)
    with tempfile.TemporaryDirectory(prefix="asr-failback-") as folder:
        os.environ[_CACHE] = f"FILE:{Path(folder) / 'ticket'}"
        try:
            _kinit(settings)
            yield
        finally:
            if before is None:
                del os.environ[_CACHE]
            else:
                os.environ[_CACHE] = before


def _kinit(settings: HostSettings) -> None:
    command = [settings.kinit_cmd, *(["-f"] if settings.kerberos_delegation else []), settings.user]
    try:
        ended = subprocess.run(
            command,
            env=for_other_programs(os.environ),
            input=f"{settings.password}\n".encode(),
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            start_new_session=True,
        )
    except FileNotFoundError as problem:
        raise MissingLibrary(
            f"Kerberos needs the command {settings.kinit_cmd} to sign in with a password, and it is not there.",
            "Install the Kerberos client (krb5-user, krb5-workstation), or get a ticket first and give no password.",
        ) from problem
    except subprocess.TimeoutExpired as problem:
        raise _refused(settings, f"no answer within {_SECONDS} seconds") from problem
    if ended.returncode:
        raise _refused(settings, ended.stderr.decode("utf-8", "replace").replace(settings.password, "********"))


def _refused(settings: HostSettings, words: str) -> HostAuthenticationError:
    said = " ".join(words.split())
    return HostAuthenticationError(
        f"No Kerberos ticket for {settings.user}: {said}",
        "Check user (name@REALM, the realm in capitals), password, /etc/krb5.conf and this machine's clock.",
        host=settings.name,
        message=said,
    )
