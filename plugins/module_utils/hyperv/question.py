# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A question as it goes to a host's PowerShell, and its answer among whatever else the console there shows.

Profiles and modules greet, programs write past the pipeline. What belongs to the question is told by a nonce that
nobody else knows. The form is that of scripts/bootstrap.py and scripts/guest_command.py.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .scripts.guest_command import SCRIPT as GUEST_COMMAND

_LINE = 1_000


@dataclass(frozen=True)
class Console:
    """What a command line wrote to its two streams, and its exit code."""

    output: bytes
    errors: bytes
    exit_code: int


@dataclass(frozen=True)
class Question:
    """A script, what it is asked for, and the nonce that marks what the bootstrap says of it.

    C(kind) is what a failure calls it that leaves open whether it was carried out.
    """

    script: str
    request: Mapping[str, Any]
    nonce: str
    kind: str = "change"

    def encoded(self) -> bytes:
        """Return what goes to standard input."""
        document = base64.b64encode(json.dumps({"script": self.script, "input": self.request}).encode())
        sent = b"%s:%s:" % (self.nonce.encode(), document)
        lines = [sent[start : start + _LINE] for start in range(0, len(sent), _LINE)]
        return b"\r\n".join([*lines, b""])

    def answer(self, console: Console) -> dict[str, Any] | None:
        """Return the last answer on a console; None where there is none, or none that is whole."""
        found = _framed(self.nonce, console.output)
        if found is not None:
            return found
        # Whoever has got no question has got no nonce either.
        nameless = _framed("", console.output) or {}
        return nameless if (nameless.get("error") or {}).get("not_run") else None

    def output(self, console: Console) -> str | None:
        """Return what a command of the user's has shown; None where it is not known that it was begun.

        Where it ended PowerShell, that is all that came after its begin; an answer that was cut off is none of it.
        """
        _before, begun, shown = console.output.partition(_mark(self.nonce, "begins").encode())
        if not begun or f"<{self.nonce}>".encode() in shown:
            return None
        whole = shown.partition(_mark(self.nonce, "ends").encode())[0].decode("utf-8", "replace")
        return re.sub(r"\A\r?\n", "", whole)


def question_of(script: str, request: Mapping[str, Any]) -> Question:
    """Return the question that a script of this collection is asked with."""
    return Question(script, request, secrets.token_hex(16))


def question_of_command(command: str) -> Question:
    """Return the question that runs a command of the user's."""
    nonce = secrets.token_hex(16)
    marks = {place: _mark(nonce, place) for place in ("begins", "ends")}
    return Question(GUEST_COMMAND, {"command": command, **marks}, nonce, "command")


def _mark(nonce: str, place: str) -> str:
    return f"<{nonce} {place}>"


def _framed(nonce: str, output: bytes) -> dict[str, Any] | None:
    name = nonce.encode()
    found = re.findall(rb"<%s>([^<>]*)</%s>" % (name, name), output)
    return _read(found[-1]) if found else None


def _read(text: bytes) -> dict[str, Any] | None:
    """Return the JSON of an answer: of base64, or as it is from where nothing can be encoded."""
    try:
        answer = json.loads(text if text.startswith(b"{") else base64.b64decode(b"".join(text.split()), validate=True))
    except (ValueError, binascii.Error):
        return None
    return answer if isinstance(answer, dict) else None
