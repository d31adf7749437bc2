# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes that run PowerShell in a guest, against a WinRM service whose every answer a test writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.web import LOOPBACK, Answer, Web, free_port
from support.winrm_host import COMMAND, SHELL, TAKEN, asked_in, output, said, shown

from ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts.guest_command import SCRIPT
from ansible_collections.asr.failback.plugins.module_utils.probes.powershell import WinrmProbe

SECONDS = 10.0
USER, PASSWORD = "CONTOSO\\probe", "Korrekt Pferd 7!"
STARTED = (SHELL, COMMAND, TAKEN)
UNKNOWN = "not known whether it completed"


def ended(text: str, exit_code: int = 0) -> Answer:
    """What a command shows, up to its end."""
    return shown(lambda nonce: f"<{nonce} begins>\r\n{text}<{nonce} ends>\r\n".encode(), code=exit_code)


def exited(text: str, exit_code: int) -> Answer:
    """What a command shows that ends PowerShell."""
    return shown(lambda nonce: f"Hello.<{nonce} begins>\r\n{text}".encode(), code=exit_code)


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Callable[..., tuple[Web, WinrmProbe]]]:
    """A guest that gives its answers in order, and a probe of it: `guest(*answers, **parts of the probe)`."""
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with ExitStack() as running:

        def start(*answers: Answer, **parts: Any) -> tuple[Web, WinrmProbe]:
            server = running.enter_context(Web(authority, answers))
            sign_in = {"user": USER, "password": PASSWORD, "transport": ("basic",), "ca_path": str(bundle)}
            given = {"name": "one", "command": "Get-Date", "port": server.server_port, **sign_in, **parts}
            return server, WinrmProbe(**given)

        yield start


def test_the_command_travels_as_data(guest: Any) -> None:
    command = "if (\"$(x)\" -eq 'y') { exit 1 } # `ü"
    server, probe = guest(*STARTED, ended("fine\r\n"), TAKEN, command=command)
    outcome = probe.attempt(LOOPBACK, SECONDS)
    assert (outcome.status, outcome.seen) == ("pass", "exit code 0: fine")
    question = asked_in(server.bodies)
    assert (question["script"], question["input"]["command"]) == (SCRIPT, command)
    assert command not in "".join(body for body in server.bodies if body)


@pytest.mark.parametrize(
    ("answer", "parts", "status", "seen", "cause"),
    [
        (ended("Running"), {"contains": "Run"}, "pass", "exit code 0: Running", ""),
        (ended("Stopped"), {"contains": "Run"}, "fail", "exit code 0: Stopped", "'Run' is not in"),
        (ended("", 4), {}, "fail", "exit code 4", "not 0"),
        (exited("", 3), {}, "fail", "exit code 3", "ended with 3, not 0"),
        (exited("Hi", 3), {"exit_code": 3, "contains": "Hi"}, "pass", "exit code 3: Hi", ""),
        (exited("", 0), {}, "pass", "exit code 0", ""),
        (exited("", 1), {"exit_code": 1}, "pass", "exit code 1", ""),
        # Nothing says that the command ran at all.
        (output(code=0), {}, "fail", f"{UNKNOWN} (exit code 0)", "The command was sent, but no answer came"),
        (output(errors=b"No memory.", code=1), {"exit_code": 1}, "fail", f"{UNKNOWN} (exit code 1)", "No memory."),
        (Answer(reset=True), {}, "fail", UNKNOWN, "The command was sent, but no answer came"),
        (ended("", 1), {"exit_code": 1}, "pass", "exit code 1", ""),
        (
            said({"error": {"message": "Cannot find any service", "id": "NoService", "category": "x", "line": ""}}, 1),
            {},
            "fail",
            "the command ended with an error",
            "Cannot find any service",
        ),
    ],
)
def test_the_end_is_judged(
    guest: Any, answer: Answer, parts: dict[str, Any], status: str, seen: str, cause: str
) -> None:
    _server, probe = guest(*STARTED, answer, TAKEN, **parts)
    outcome = probe.attempt(LOOPBACK, SECONDS)
    assert (outcome.status, outcome.seen) == (status, seen)
    assert cause in outcome.cause
    assert not outcome.is_final


def test_a_wrong_password_is_tried_once_and_never_shown(guest: Any) -> None:
    _server, probe = guest(Answer(401, ""))
    outcome = probe.attempt(LOOPBACK, SECONDS)
    assert (outcome.status, outcome.is_final) == ("fail", True)
    assert "refused" in outcome.cause
    assert PASSWORD not in repr(outcome)


def test_a_guest_that_does_not_answer_yet_may_do_so_later(guest: Any) -> None:
    _server, probe = guest(SHELL, port=free_port())
    outcome = probe.attempt(LOOPBACK, SECONDS)
    assert (outcome.status, outcome.seen, outcome.is_final) == ("fail", "not run", False)


def test_passwords_do_not_go_out_in_clear_text(guest: Any) -> None:
    server, probe = guest(SHELL, scheme="http")
    outcome = probe.attempt(LOOPBACK, SECONDS)
    assert (outcome.status, outcome.is_final) == ("fail", True)
    assert "clear text" in outcome.cause
    assert server.asked == []
