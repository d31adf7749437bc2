# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question to one host: a shell, a command, an answer.

The command is the same whatever is asked (scripts/bootstrap.py); script and input travel on its standard input, as JSON
in base64, so that nothing that anybody typed is ever part of a command line or a script.
"""

from __future__ import annotations

import base64
import random
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from ..model.failures import FateUnknown, HostAuthenticationError, HostError, MissingLibrary
from ..model.programs import Ended, RunProgram, no_programs
from ..waiting import Pending, run_to_end, wait_until
from ..watch import Watch
from .errors import (
    OF_PYWINRM,
    ConnectionBroken,
    NoAnswer,
    clean,
    is_crowded,
    is_ended_pipe,
    nobody_there,
    said_no,
    said_nothing,
    timed_out,
    translated,
)
from .kerberos import ticket
from .lockout_guard import Refusals
from .pywinrm import Protocol, Timeout, WinRMOperationTimeoutError, WSManFaultError, missing_winrm
from .question import Console, Question, question_of, question_of_command
from .scripts.bootstrap import BOOTSTRAP
from .settings import HostSettings

Operated = TypeVar("Operated")
Confirm = Callable[[], None]

_UTF_8 = 65001
_ARGUMENTS = ("-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-EncodedCommand")
# A host whose services hang may say for ever that it is not done yet: seconds. One that hangs must leave time for the
# next; a change has been sent, and whoever does not wait for its end does not know it.
_PATIENCE = 180
_PATIENCE_WITH_CHANGES = 600
# Seconds for a connection: a write rests on a look of half a minute, and a host without power, or behind a firewall,
# says nothing for as long as anybody waits.
_CONNECT_SECONDS = 5
# Of base64 text; with what WS-Management makes of it below 150 KB, the least envelope that hosts take.
_CHUNK = 96_000
# Seconds: how long to wait for an operation that the host's quotas allow, and between two tries.
_QUEUE_SECONDS = 120
_PAUSE = (1.0, 3.0)


class HostSession:
    """Asks one host. C(watch) owns the deadline; each question is a session of its own, closed whatever happens.

    C(least_seconds) is what a question that changes nothing gets, however little the watch has left: what a job has
    done is proved after it has used the time up. C(refusals) are those of the run; by default each question stands
    for itself. C(run_program) runs what makes a Kerberos ticket.
    """

    def __init__(
        self,
        settings: HostSettings,
        watch: Watch,
        least_seconds: float = 0,
        refusals: Refusals | None = None,
        run_program: RunProgram = no_programs,
    ) -> None:
        self._settings = settings
        self._watch = watch
        self._least_seconds = least_seconds
        self._refusals = refusals or Refusals.of_one(watch)
        self._run_program = run_program

    @property
    def settings(self) -> HostSettings:
        """How the host is reached."""
        return self._settings

    def ask(
        self, script: str, request: Mapping[str, Any], *, changes: bool = False, confirm: Confirm | None = None
    ) -> dict[str, Any]:
        """Return what a script of this collection returns for a request.

        C(confirm) is called for a change right before each try to send it, and raises where it is not to be sent.

        A question that C(changes) nothing is asked once more when the connection breaks; one that does never is.
        Raises HostUnreachable, HostAuthenticationError, HostError, MissingLibrary, and FateUnknown for a change of
        which it is not known whether it was made. A HostError that says C(wrote) was the end of a change on its way;
        any other came before its begin.
        """
        question = question_of(script, request)
        if not changes:
            return self._result(question, self._ask_and_repeat(question))
        console = self._ask_once(question, confirm)
        try:
            return self._result(question, console)
        except HostError as problem:
            if isinstance(problem, NoAnswer):
                raise _fate_unknown(question, problem) from problem
            # A script that ends with an error may have changed something before it.
            problem.wrote = "not_run" not in problem.details
            raise

    def run(self, command: str) -> Ended:
        """Run a command of the user's, once, and return what it showed and its exit code.

        Nobody but the user knows what it changes, so it is a change. Raises what C(ask) raises for one: HostError with
        the command's own words, and an error_id, where an error ended it.
        """
        question = question_of_command(command)
        console = self._ask_once(question)
        answer, output = question.answer(console), question.output(console)
        if answer is not None:
            raise said_no(self._settings, answer.get("error") or {})
        if output is None:
            raise _fate_unknown(question, said_nothing(self._settings, console))
        return Ended(_signed(console.exit_code), output, clean(console.errors.decode("utf-8", "replace")))

    def _ask_once(self, question: Question, confirm: Confirm | None = None) -> Console:
        """Send what changes something."""
        _require_winrm()

        def confirm_and_want() -> None:
            self._watch.require_wanted()
            if confirm is not None:
                confirm()

        return self._ask_by_any(self._settings.transports, question, confirm_and_want)

    def _ask_and_repeat(self, question: Question) -> Console:
        """Ask for something that changes nothing, within the time that it gets at least."""
        _require_winrm()
        watch = self._watch.at_least(self._least_seconds)
        patient = HostSession(self._settings, watch, refusals=self._refusals, run_program=self._run_program)
        try:
            return patient._ask_by_any(self._settings.transports, question)
        except ConnectionBroken:
            return patient._ask_by_any(self._settings.transports, question)

    def _in_turn(self, operate: Callable[[], Operated]) -> Operated:
        """Do what a host refuses while other tasks use up a quota, before it has begun: wait for one of them to end."""
        refusals: list[WSManFaultError] = []

        def attempt() -> Operated | Pending:
            try:
                return operate()
            except WSManFaultError as fault:
                if not is_crowded(fault):
                    raise
                refusals.append(fault)
                return Pending()

        def crowded(_pending: Pending) -> Operated:
            raise refusals[-1]

        # Those that wait must not all come back at once.
        pause = random.uniform(*_PAUSE)
        return run_to_end(
            wait_until(attempt, self._watch, pause, patience=_QUEUE_SECONDS, out_of_time=crowded), self._watch
        )

    def _ask_by_any(self, transports: Sequence[str], question: Question, confirm: Confirm | None = None) -> Console:
        """Ask by the first transport that the host and this machine take. C(confirm) where it is a change."""
        first, *others = transports
        try:
            return self._ask(first, question, confirm)
        except (HostAuthenticationError, MissingLibrary):
            if not others:
                raise
        return self._ask_by_any(others, question, confirm)

    def _ask(self, transport: str, question: Question, confirm: Confirm | None) -> Console:
        changes = confirm is not None
        with ExitStack() as opened:
            protocol, shell = opened.enter_context(self._shell(transport))
            command = opened.enter_context(self._command(protocol, shell))
            try:
                with self._refusals.noted(self._settings), translated(self._settings):
                    self._send(protocol, shell, command, question.encoded(), confirm)
                    return self._receive(protocol, shell, command, changes)
            except HostError as problem:
                if changes:
                    raise _fate_unknown(question, problem) from problem
                raise

    @contextmanager
    def _shell(self, transport: str) -> Iterator[tuple[Any, str]]:
        """Sign in and open a shell; close it and the connection."""
        _require_listening(self._settings)
        with ExitStack() as ending:
            with self._refusals.signing_in(self._settings):
                ending.enter_context(ticket(self._settings, transport, self._run_program))
                with translated(self._settings):
                    protocol = Protocol(**self._protocol_options(transport))
                    ending.callback(protocol.transport.close_session)
                    shell = _opened(protocol)
            with translated(self._settings):
                shell = shell or self._in_turn(partial(protocol.open_shell, codepage=_UTF_8))
            ending.callback(_end, protocol.close_shell, shell)
            yield protocol, shell

    @contextmanager
    def _command(self, protocol: Any, shell: str) -> Iterator[str]:
        """Start the command, which waits for its question; end it."""
        with ExitStack() as ending:
            with self._refusals.noted(self._settings), translated(self._settings):
                arguments = (*_ARGUMENTS, base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode())
                start = partial(protocol.run_command, shell, "powershell.exe", arguments)
                command = self._in_turn(partial(start, console_mode_stdin=False, skip_cmd_shell=True))
                ending.callback(_end, protocol.cleanup_command, shell, command)
            yield command

    def _send(self, protocol: Any, shell: str, command: str, question: bytes, confirm: Confirm | None) -> None:
        """Send the question. What became of it where the host says nothing of that, the answer tells."""

        def send() -> None:
            # A host that is crowded is asked again, for minutes.
            if confirm is not None:
                confirm()
            protocol.send_command_input(shell, command, question[start : start + _CHUNK], end=is_last)

        for start in range(0, len(question), _CHUNK):
            is_last = start + _CHUNK >= len(question)
            try:
                # Under heavy load a host may say that it timed out over what it has taken.
                with suppress(WinRMOperationTimeoutError):
                    self._in_turn(send)
            except Timeout:
                # Of one part among several it is not known whether the next one would follow it.
                if not is_last:
                    raise
            except WSManFaultError as fault:
                if not is_ended_pipe(fault):
                    raise
                return

    def _receive(self, protocol: Any, shell: str, command: str, changes: bool) -> Console:
        output, errors = bytearray(), bytearray()
        patience = min(self._watch.remaining(), _PATIENCE_WITH_CHANGES if changes else _PATIENCE)
        deadline = self._watch.now() + patience
        while True:
            # The host says so when an operation has brought nothing yet; asking again is the way to wait.
            with suppress(WinRMOperationTimeoutError):
                out, err, code, is_done = self._in_turn(partial(protocol.get_command_output_raw, shell, command))
                output += out
                errors += err
                if is_done:
                    return Console(bytes(output), bytes(errors), code)
            if self._watch.now() >= deadline:
                raise timed_out(self._settings, patience)

    def _result(self, question: Question, console: Console) -> dict[str, Any]:
        """Return what the script returned. Raises NoAnswer, and HostError for an error that the script has told."""
        answer = question.answer(console) or {}
        if "error" in answer:
            raise said_no(self._settings, answer["error"] or {})
        result = answer.get("result")
        if not isinstance(result, dict):
            raise said_nothing(self._settings, console)
        return result

    def _protocol_options(self, transport: str) -> dict[str, Any]:
        settings = self._settings
        remaining = max(1, int(min(settings.operation_timeout, self._watch.remaining())))
        return {
            "endpoint": settings.endpoint,
            "transport": transport,
            "username": settings.user or None,
            "password": settings.password,
            "service": settings.service,
            # None: neither what pywinrm looks for in the environment nor a proxy that is meant for Azure.
            "ca_trust_path": settings.ca_trust_path or None,
            "proxy": settings.proxy or None,
            "cert_pem": settings.cert_pem or None,
            "cert_key_pem": settings.cert_key_pem or None,
            "server_cert_validation": "validate" if settings.validates_certificate else "ignore",
            "kerberos_delegation": settings.kerberos_delegation,
            "kerberos_hostname_override": settings.kerberos_hostname_override or None,
            "message_encryption": "always" if settings.scheme == "http" else settings.message_encryption,
            "send_cbt": settings.send_cbt,
            "operation_timeout_sec": remaining,
            "read_timeout_sec": remaining + settings.read_timeout - settings.operation_timeout,
        }


def _opened(protocol: Any) -> str:
    """Open a shell, which is the first request and signs in. Nothing where other tasks have all shells: it is in."""
    try:
        return str(protocol.open_shell(codepage=_UTF_8))
    except WSManFaultError as fault:
        if not is_crowded(fault):
            raise
    return ""


def _require_listening(settings: HostSettings) -> None:
    """Raise HostUnreachable where nothing listens: before a turn to sign in, for which all others would wait, and long
    before pywinrm would give up, which takes as long for a connection as for an answer."""
    if settings.proxy:
        return
    seconds = min(settings.read_timeout, _CONNECT_SECONDS)
    try:
        socket.create_connection((settings.address, settings.port), seconds).close()
    # A ValueError: no host can have such a name.
    except (OSError, ValueError) as problem:
        raise nobody_there(settings, problem, seconds) from problem


def _require_winrm() -> None:
    problem = missing_winrm()
    if problem is not None:
        raise MissingLibrary(
            f"The Python that runs this task lacks a library: {problem.msg}.",
            "Install pywinrm (requirements.txt) for it: Hyper-V hosts are accessed with it.",
        ) from problem


def _signed(exit_code: int) -> int:
    """Return an exit code as PowerShell shows it; WinRM has it without a sign."""
    return exit_code - 2**32 if exit_code >= 2**31 else exit_code


def _end(end: Callable[..., object], *what: str) -> None:
    """End a command or shell. What became of the question is known by now, and the host ends what it is not told to."""
    with suppress(*OF_PYWINRM):
        end(*what)


def _fate_unknown(question: Question, problem: HostError) -> FateUnknown:
    return FateUnknown(
        f"The {question.kind} was sent, but no answer came. {problem.happened}",
        "It is not sent again. Run the task again: it reads the current state first.",
        **problem.details,
    )
