# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all probes have in common: one attempt to reach something in a virtual machine, and what it showed."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ..hyperv.lockout_guard import Refusals
from ..model.evidence import Outcome
from ..model.programs import RunProgram

# What is kept of an answer: enough to recognize it, too little to be a leak of its own.
_SEEN_LENGTH = 200
WRONG_PASSWORD = "Correct user and password of the probe, and see that the account is not locked."
_NO_TEXT = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, kw_only=True)
class Probe(ABC):
    """A probe of the user's choice.

    C(vm) is the name of the machine that it is for, empty for every one; C(host) the name or address that it goes to,
    empty for the machine's own address; C(timeout) the seconds that one attempt may take.
    """

    kind: ClassVar[str]
    runs_command: ClassVar[bool] = False

    name: str
    vm: str = ""
    host: str = ""
    timeout: float = 10

    @property
    def needs_address(self) -> bool:
        """Whether it goes to the machine's own address."""
        return not self.host

    def equipped(self, _run_program: RunProgram, _refusals: Refusals) -> Probe:
        """Return the probe with what runs programs of this machine, and what the run knows of refused passwords, where
        it needs them."""
        return self

    @abstractmethod
    def attempt(self, address: str, timeout: float) -> Outcome:
        """Try once. C(address) is where it goes, C(timeout) the seconds that it may take at most."""


def short(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text from outside as a line that may be shown: without line breaks, controls and secrets, and cut."""
    hidden = [secret for secret in secrets if secret]
    # Once more afterwards: a line break may have been in the middle of one.
    line = _without(hidden, _NO_TEXT.sub(" ", _without(hidden, text)).strip())
    return line if len(line) <= _SEEN_LENGTH else f"{line[:_SEEN_LENGTH]}..."


def _without(secrets: Iterable[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "********")
    return text


def place(address: str, port: int) -> str:
    """Return an address with a port as it is written."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
