# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong, as exceptions that say what a person needs.

FailbackError
 +- ConfigurationError      options that contradict each other, or a setting that cannot be found
 +- AuthenticationError     Microsoft Entra ID refused the credential
 +- ServiceError            Azure answered with an error status
 |   +- NotFound            404, and only 404
 |   +- PermissionDenied    403
 |   +- Throttled           429 after all retries
 +- NotTaken                a write that certainly was not taken: look again, decide again
 +- Unreachable             no answer
 +- HostError               a Hyper-V host answered, but not with what was asked for
 |   +- HostUnreachable     no connection to it, or none that can be trusted
 |   +- HostAuthenticationError  it refused the account
 +- MissingLibrary          the Python that runs the task lacks one
 +- FateUnknown             a write was sent and it is not known whether it was taken
 +- TargetError             no replicated item or plan of that name, or several
 |   +- Vanished            it was there a moment ago
 +- UnknownState            a value of the service that this release does not know
 +- Refused                 the step does not fit the stage; nothing was written
 +- JobFailed               Site Recovery ended a job with an error
 +- WaitTimeout             the deadline came before the end; the job goes on
 +- Contradiction           a job succeeded, but what was read afterwards says otherwise
 +- ValidationFailed        a machine that was cut over does not work on-premises
 +- Orphaned                the run that the task belonged to is gone; nobody hears of this one
 +- InternalError           a fault of this collection
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# A full stop within a number or a name is followed by no space, or by no capital letter.
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
# What is for people only of what is known of both sides.
_WORDS = ("sentence", "danger")


class FailbackError(Exception):
    """A failure with its parts apart.

    C(happened) is one sentence; C(remedy) says what to do next; C(details) are JSON values for the result. C(asked)
    (what was being done, to what), C(authority) (which side is authoritative now, in a C(sentence) and as keys of the
    result, and the C(danger) of starting a VM), C(wrote) (a write was sent before it failed), C(leaves) (what goes on
    all the same) and C(returns) (more keys of the result) are filled in where they are known.
    """

    kind = "error"

    def __init__(self, happened: str, remedy: str = "", **details: Any) -> None:
        super().__init__(happened)
        self.happened = happened
        self.remedy = remedy
        self.details = details
        self.asked = ""
        self.authority: dict[str, Any] = {}
        self.wrote = False
        self.leaves = ""
        self.returns: dict[str, Any] = {}

    def __str__(self) -> str:
        return self.message()

    def message(self) -> str:
        """Return the message: what was asked, what happened and goes on, who is authoritative, what to do next."""
        lead = f"{self.asked}: " if self.asked else ""
        told = (str(self.authority.get(words, "")) for words in _WORDS)
        return lead + said_once(self.happened, self.leaves, *told, self.remedy)

    def as_result(self) -> dict[str, Any]:
        """Return the keys that a failed task reports, C(msg) and C(error) among them."""
        return {
            "msg": self.message(),
            "cause": said_once(self.happened),
            "remedy": said_once(self.remedy),
            "changed": self.wrote,
            "error": {"kind": self.kind, **self.details},
            **self.returns,
            **{key: value for key, value in self.authority.items() if key not in _WORDS},
        }


def said_once(*parts: str) -> str:
    """Join parts to sentences, each said once: what a service, a host and this collection say overlaps."""
    sentences = (sentence for part in parts if part for sentence in _BETWEEN_SENTENCES.split(as_sentence(part)))
    return " ".join(dict.fromkeys(sentences))


def as_sentence(part: str) -> str:
    """End a part as a sentence: texts of Azure and of libraries come without a full stop as often as with one."""
    stripped = part.strip()
    return stripped if stripped.endswith((".", "!", "?")) else f"{stripped}."


class ConfigurationError(FailbackError):
    """The options cannot be used as they are."""

    kind = "configuration"


class AuthenticationError(FailbackError):
    """Microsoft Entra ID refused the credential, or none could be had."""

    kind = "authentication"


class ServiceError(FailbackError):
    """Azure answered with an error. C(details): status, code, message, request_id, method, url."""

    kind = "service"

    @property
    def status(self) -> int:
        """HTTP status of the answer."""
        return int(self.details.get("status", 0))

    @property
    def code(self) -> str:
        """Innermost error code of the answer."""
        return str(self.details.get("code", ""))


class NotFound(ServiceError):
    """404. No other status ever means that something does not exist."""

    kind = "not_found"


class PermissionDenied(ServiceError):
    """403: the caller's roles do not contain the action."""

    kind = "permission"


class Throttled(ServiceError):
    """429 although every retry was waited for."""

    kind = "throttled"


class Unreachable(FailbackError):
    """The service could not be reached, or its answer could not be read."""

    kind = "unreachable"


class HostError(FailbackError):
    """A Hyper-V host could not do what it was asked. C(details): host, address, and the host's own words as message."""

    kind = "host"


class HostUnreachable(HostError):
    """No connection to the host came about, none that can be trusted, or it broke."""

    kind = "host_unreachable"


class HostAuthenticationError(HostError):
    """The host refused the account."""

    kind = "host_authentication"


class MissingLibrary(FailbackError):
    """The Python that runs the task lacks a library."""

    kind = "missing_library"


class FateUnknown(FailbackError):
    """A write was sent, no usable answer came. It is never sent again; reading tells what became of it."""

    kind = "fate_unknown"

    def __init__(self, happened: str, remedy: str = "", **details: Any) -> None:
        super().__init__(happened, remedy, **details)
        self.wrote = True


class NotTaken(FailbackError):
    """A write certainly was not taken, or not even sent. Whoever sent it looks and decides anew before another try.

    C(failure) is what it amounts to once it is not tried again, C(most) how often in a row it is tried. C(pause) is in
    seconds: how long the service asks to be left alone, None where it does not say.
    """

    def __init__(self, failure: FailbackError, *, pause: float | None = None, most: int = 10) -> None:
        super().__init__(failure.happened, failure.remedy, **failure.details)
        self.kind = failure.kind
        self.failure = failure
        self.pause = pause
        self.most = most


class TargetError(FailbackError):
    """The replicated item or recovery plan that was asked for cannot be determined."""

    kind = "target"


class Vanished(TargetError):
    """The vault has the target no more: somebody disabled its replication, or deleted the plan."""


class UnknownState(FailbackError):
    """The service used a value that is not known here; what it allows cannot be determined."""

    kind = "unknown_state"

    def __init__(self, field: str, value: str) -> None:
        super().__init__(
            f"Site Recovery reports {field} = '{value}', which this release does not know.",
            "Look at the item in the portal before going on, and report the value to the project.",
            field=field,
            value=value,
        )


class Refused(FailbackError):
    """The step does not fit the stage. Nothing was written."""

    kind = "refused"


class JobFailed(FailbackError):
    """A job of Site Recovery ended without success. C(details): the job's errors."""

    kind = "job_failed"


class WaitTimeout(FailbackError):
    """The deadline came first. The job goes on; running the task again attaches to it."""

    kind = "timeout"


class Contradiction(FailbackError):
    """Site Recovery reported success, and the sides do not look like it."""

    kind = "contradiction"


class ValidationFailed(FailbackError):
    """A machine was cut over, but does not work on-premises. C(details): the whole validation."""

    kind = "validation"


class Orphaned(FailbackError):
    """The run that asked for this was killed, and left the task alone with its work."""

    kind = "orphaned"


class InternalError(FailbackError):
    """A fault of this collection, of which the others that it works for at the same time must not suffer."""

    kind = "internal"

    @classmethod
    def of(cls, fault: BaseException | None) -> InternalError:
        """Return what to say of an exception that nothing here has foreseen."""
        place = traceback.extract_tb(fault.__traceback__)[-1] if fault and fault.__traceback__ else None
        where = f" ({place.filename.rpartition('/')[2]}, line {place.lineno})" if place else ""
        return cls(
            f"An internal error ended the work: {type(fault).__name__}{where}.",
            "Before anything else is done to the VM, see its stage with replicated_item_info. Report the error.",
        )


@contextmanager
def asked(what: str) -> Iterator[None]:
    """Let every failure that passes say what was being done, unless one below has said so already."""
    try:
        yield
    except FailbackError as problem:
        problem.asked = problem.asked or what
        raise
