# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Hyper-V host answered when it was to ask a guest to shut down.

Source: InitiateShutdown of the class Msvm_ShutdownComponent (Microsoft documentation). There any code but 0 "indicates
an error condition"; the one for a shutdown that is in progress is as good as asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .power_states import Power, state_of

_TAKEN = frozenset({0, 4096, 32782})
_SERVICE = "Turn on Operating system shutdown among the VM's integration services, and see that it runs in the guest."
_LATER = "Wait until its guest has started."
_LOCKED = "Sign out who is signed in there, or let applications be closed (close_applications: true)."
# By return code: what is said of it, and what to do about it besides shutting the guest down by hand.
_REFUSED = {
    32768: ("the request to its guest failed", ""),
    32769: ("access to its guest is denied", "Let the account administer Hyper-V there."),
    32770: ("its guest does not support it", _SERVICE),
    32773: ("the host does not take the request", ""),
    32774: ("it is in use", ""),
    32775: ("its state does not allow it", ""),
    32776: ("the host does not take the request", ""),
    32777: ("its guest is not available", ""),
    32778: ("the host is out of memory", ""),
    32779: ("a file was not found", ""),
    32780: ("its guest is not ready for it", _LATER),
    32781: ("its guest is locked, and shuts down only when it is forced to", _LOCKED),
}
# Whether the guest was asked, these do not tell.
_NOT_KNOWN = "whether its guest was asked is not known"
_UNCLEAR = {32771: "the status is unknown", 32772: "the request timed out"}
_PASSES = frozenset({32780, 32781})


@dataclass(frozen=True)
class ShutdownAnswer:
    """C(is_taken): the guest was asked, or goes down already; None where that is not known. C(may_pass): the same
    request may be taken later. C(words) say why it was not, or is not known to be; C(remedy) is of the refusal.
    """

    is_taken: bool | None
    words: str = ""
    remedy: str = ""
    may_pass: bool = False


def judge_shutdown(answer: Mapping[str, Any]) -> ShutdownAnswer:
    """Return what became of a request, by what the script vm_power answered."""
    code, failure = answer.get("code"), str(answer.get("failure") or "")
    if not answer.get("sent"):
        return _not_sent(answer, failure)
    if isinstance(code, bool) or not isinstance(code, int):
        return ShutdownAnswer(None, f"{_NOT_KNOWN}: {failure or 'there was no return code'}")
    if code in _TAKEN:
        return ShutdownAnswer(True)
    if code in _REFUSED:
        words, remedy = _REFUSED[code]
        return ShutdownAnswer(False, f"{words} (return code {code})", remedy, may_pass=code in _PASSES)
    words = _UNCLEAR.get(code, "which is not known here")
    return ShutdownAnswer(None, f"{_NOT_KNOWN}: return code {code}, {words}")


def _not_sent(answer: Mapping[str, Any], failure: str) -> ShutdownAnswer:
    before = answer.get("before") or {}
    state = str(before.get("state") or "not known")
    if failure:
        return ShutdownAnswer(False, f"its guest could not be asked: {failure}")
    if state_of(state).power is not Power.ON:
        return ShutdownAnswer(False, f"it is {state}, and only a guest that runs can be asked", _LATER, may_pass=True)
    return ShutdownAnswer(
        False, "the integration service for shutdown is missing in its guest, or off in the VM's settings", _SERVICE
    )
