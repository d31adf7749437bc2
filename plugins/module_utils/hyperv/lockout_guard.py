# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which passwords were refused in this run: one that is wrong and is tried on and on locks its account.

The tasks of a run share what became of a password, on hosts and in the guests that are probed. Until one place has
taken it, they try it one after the other: each of those that tried at once would find that nobody has been refused yet.
Tickets and certificates lock nobody out, and are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ..model.failures import HostAuthenticationError, WaitTimeout
from ..run_cache import RunCache
from ..watch import Watch
from .errors import AccessDenied
from .settings import HostSettings

# So often a password is tried in vain: in the whole run while no place has taken it, later at one that refuses by
# itself.
_MOST = 2
# Seconds. Windows forgets failed attempts after 10 to 30 minutes unless a policy says otherwise.
_FORGOTTEN_AFTER = 1800


class SignIn(Protocol):
    """A password that is tried somewhere."""

    @property
    def name(self) -> str:
        """What the place is called."""

    @property
    def address(self) -> str:
        """Where it is."""

    @property
    def port(self) -> int:
        """The port there."""

    @property
    def where(self) -> str:
        """The place for a message."""

    @property
    def user(self) -> str:
        """Whose password it is."""

    @property
    def password(self) -> str:
        """The password; empty where something else signs in."""


@dataclass(frozen=True)
class _Record:
    """What became of a password: C(refused) has the place and the time of each refusal, C(taken) the places."""

    refused: tuple[tuple[str, float], ...] = ()
    taken: tuple[str, ...] = ()

    def after_refusal(self, where: str, now: float) -> _Record:
        """Add a refusal. Where the password was good before, it is known to be good nowhere any more."""
        return _Record((*self.refused, (where, now)), () if where in self.taken else self.taken)

    def after_success(self, where: str) -> _Record:
        """Add a place that has taken it; what that refused before was not the password."""
        return _Record(
            tuple(entry for entry in self.refused if entry[0] != where), tuple(dict.fromkeys((*self.taken, where)))
        )

    def against(self, where: str, now: float) -> list[str]:
        """Return the places whose refusals count for a place, as often as they refused."""
        lately = [place for place, time in self.refused if now - time < _FORGOTTEN_AFTER]
        return [place for place in lately if place == where] if self.taken else lately


class Refusals:
    """The refused sign-ins of a run, shared through its cache. C(patience): who waits for its turn no longer than that
    has time."""

    def __init__(self, cache: RunCache, watch: Watch, patience: Watch | None = None) -> None:
        self._cache = cache
        self._watch = watch
        self._patience = patience

    @classmethod
    def of_one(cls, watch: Watch) -> Refusals:
        """Return those of somebody who has no run to share them with."""
        return cls(RunCache(), watch)

    def within(self, patience: Watch) -> Refusals:
        """Return them for an attempt that has its own time."""
        return Refusals(self._cache, self._watch, patience)

    @contextmanager
    def signing_in(self, settings: HostSettings) -> Iterator[None]:
        """Note what becomes of the password inside, where nothing but the sign-in is done.

        Raises HostAuthenticationError at once where it has been refused too often.
        """
        if not settings.password:
            yield
            return
        with self._turn(settings):
            self._check(settings)
            with self.noted(settings):
                yield
            if settings.where not in self._read(settings).taken:
                self._change(settings, lambda record: record.after_success(settings.where))

    @contextmanager
    def trying(self, who: SignIn) -> Iterator[None]:
        """Try a password inside, over a connection that is there, where an answer does not tell that it was taken. What
        was refused is to be told with refused(), before the end.

        Raises HostAuthenticationError at once where it has been refused too often, WaitTimeout where others try it.
        """
        with self._turn(who):
            self._check(who)
            yield

    def refused(self, who: SignIn) -> None:
        """Note that a place has refused the password."""
        self._change(who, lambda record: record.after_refusal(who.where, self._watch.now()))

    @contextmanager
    def noted(self, settings: SignIn) -> Iterator[None]:
        """Note it where the account is refused inside, after its sign-in as well."""
        try:
            yield
        except AccessDenied:
            # The password was right.
            self._change(settings, lambda record: record.after_success(settings.where))
            raise
        except HostAuthenticationError:
            self.refused(settings)
            raise

    @contextmanager
    def _turn(self, who: SignIn) -> Iterator[None]:
        """Let one task at a time try a password that this place has not taken; in all the run, one no place has taken.

        That somebody listens there was seen before: the others would wait while one waits for a place that is gone.
        """
        with ExitStack() as of_place, ExitStack() as of_run:
            if who.where not in self._read(who).taken:
                of_place.enter_context(self._alone(who, f"sign-in|{who.where}|{_key(who)}"))
            if not self._read(who).taken:
                of_run.enter_context(self._alone(who, f"sign-in|{_key(who)}"))
                if self._read(who).taken:
                    of_run.close()
            yield

    def _alone(self, who: SignIn, key: str) -> AbstractContextManager[bytes]:
        patience = self._patience
        if patience is None:
            return self._cache.turn(key)

        def pause(seconds: float) -> None:
            if patience.remaining() <= 0:
                raise WaitTimeout(
                    f"{who.where} was not asked: other tasks of this run were trying the password of {who.user}, which "
                    "nobody has accepted so far, one after the other.",
                    "Try again.",
                )
            patience.pause(min(seconds, patience.remaining()))

        return self._cache.turn(key, pause)

    def _read(self, settings: SignIn) -> _Record:
        return _record(self._cache.get_or_make(_key(settings), lambda _kept: True, dict))

    def _change(self, settings: SignIn, change: Callable[[_Record], _Record]) -> None:
        if settings.password:
            self._cache.update(_key(settings), lambda kept: asdict(change(_record(kept))))

    def _check(self, settings: SignIn) -> None:
        counted = self._read(settings).against(settings.where, self._watch.now())
        if len(counted) < _MOST:
            return
        hosts = ", ".join(dict.fromkeys(counted))
        raise HostAuthenticationError(
            f"{settings.where} was not asked: {settings.user} was refused before in this run, by {hosts}.",
            "Check ansible_user and ansible_password (winrm_user, winrm_password), and that the account is not locked. "
            "It was not tried again, so that it does not get locked.",
            host=settings.name,
            address=f"{settings.address}:{settings.port}",
            message="",
        )


def _record(kept: Mapping[str, Any] | None) -> _Record:
    found = kept or {}
    return _Record(tuple((place, time) for place, time in found.get("refused", ())), tuple(found.get("taken", ())))


def _key(settings: SignIn) -> str:
    return f"refused|{settings.user.lower()}|{settings.password}"
