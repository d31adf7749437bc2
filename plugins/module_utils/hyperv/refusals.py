# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts were refused in this run: a wrong password that is tried on and on locks its account.

The tasks of a run, on all hosts, share what became of an account. Only passwords are counted: tickets and certificates
lock nobody out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..failback.failures import HostAuthenticationError
from ..run_cache import RunCache
from ..watch import Watch
from .errors import AccessDenied
from .settings import HostSettings

# So often an account is tried in vain: on one host, which may be wrong by itself, and on different hosts.
_MOST = 2
# Seconds. Windows forgets failed attempts after 10 to 30 minutes unless a policy says otherwise.
_FORGOTTEN_AFTER = 1800


class Refusals:
    """The refused sign-ins of a run, shared through its cache."""

    def __init__(self, cache: RunCache, watch: Watch) -> None:
        self._cache = cache
        self._watch = watch

    @contextmanager
    def watched(self, settings: HostSettings) -> Iterator[None]:
        """Note what becomes of the account inside.

        Raises HostAuthenticationError at once where the account has been refused too often.
        """
        if not settings.password:
            yield
            return
        refused = self._of(settings)
        self._check(settings, refused)
        try:
            yield
        except AccessDenied:
            # The password was right.
            raise
        except HostAuthenticationError:
            self._cache.update(_key(settings), lambda before: [*(before or []), [settings.where, self._watch.now()]])
            raise
        if refused:
            self._cache.update(_key(settings), lambda _before: [])

    def _of(self, settings: HostSettings) -> list[str]:
        """Return the hosts that refused the account lately, as often as they did."""
        kept = self._cache.get_or_make(_key(settings), lambda _refused: True, list)
        return [where for where, time in kept if self._watch.now() - time < _FORGOTTEN_AFTER]

    def _check(self, settings: HostSettings, refused: list[str]) -> None:
        hosts = list(dict.fromkeys(refused))
        if len(hosts) < _MOST and refused.count(settings.where) < _MOST:
            return
        raise HostAuthenticationError(
            f"{settings.where} was not asked: {settings.user} was refused before in this run, by {', '.join(hosts)}.",
            "Check ansible_user and ansible_password (winrm_user, winrm_password), and that the account is not locked. "
            "It was not tried again, so that it does not get locked.",
            host=settings.name,
            address=f"{settings.address}:{settings.port}",
            message="",
        )


def _key(settings: HostSettings) -> str:
    return f"refused|{settings.user.lower()}|{settings.password}"
