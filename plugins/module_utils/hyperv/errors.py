# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between here and a host, in the collection's words. The one place that turns pywinrm's exceptions,
and those of what it stands on, into failures. No message has the password: nothing here reads it.
"""

from __future__ import annotations

import html
import re
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from ..model.failures import (
    FailbackError,
    HostAuthenticationError,
    HostError,
    HostUnreachable,
    MissingLibrary,
)
from .pywinrm import (
    AuthenticationError,
    AuthenticationException,
    NTStatusException,
    ProxyError,
    RequestException,
    SpnegoError,
    SSLError,
    Timeout,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)
from .question import Console
from .settings import HostSettings

# pywinrm reads answers without looking at them first: these stand for one that is no WS-Management.
_OTHER_PROTOCOL = (
    AssertionError,
    ElementTree.ParseError,
    ExpatError,
    KeyError,
    StopIteration,
    ValueError,
    struct.error,
)
# How the libraries below pywinrm say that the host did not let the account in; requests_ntlm by the last one.
_REFUSED = (AuthenticationError, AuthenticationException, NTStatusException, SpnegoError, PermissionError)
# The same, as an error of requests.
_REFUSED_BY_KERBEROS = frozenset({"KerberosExchangeError", "MutualAuthenticationError"})
OF_PYWINRM = (
    *_REFUSED,
    RequestException,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    *_OTHER_PROTOCOL,
)
# Of urllib3; a name that does not resolve is the second.
_NO_CONNECTION = frozenset({"NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "InvalidURL"})
# Windows' own number for "Access is denied".
_ACCESS_DENIED = 5
# wsmerror.h: the quotas of shells, operations, users, processes ...; the last is Windows' "resource in use", with which
# a Send is refused while the one before it is still being handled.
_CROWDED = frozenset({*range(2150859173, 2150859180), 170})
# Windows' "The pipe has been ended" and "is being closed", as numbers of Windows and as HRESULTs.
_PIPE_ENDED = frozenset({109, 232, 0x8007006D, 0x800700E8})
# Blocked by group policy (AppLocker, software restriction) and by an App Control policy, in the same two forms.
_BLOCKED = frozenset({1260, 4551, 0x800704EC, 0x800711C7})
_LOG = "Look at the host's event log Microsoft-Windows-WinRM/Operational."
_CROWDED_REMEDY = (
    "Use fewer forks, or raise on the host winrm/config/winrs MaxShellsPerUser and MaxProcessesPerShell, or "
    "winrm/config/service MaxConcurrentOperationsPerUser."
)
_BLOCKED_REMEDY = (
    "A policy of App Control or AppLocker keeps powershell.exe from starting for this account: the host's event logs "
    "CodeIntegrity/Operational and AppLocker name it. Have it allowed, or leave the host out (it is not checked then)."
)
_CONSTRAINED_REMEDY = (
    "App Control or AppLocker runs what comes over WinRM in Constrained Language Mode, because it is not signed. "
    "With AppLocker, have a script rule allow this account's scripts by path, including its temporary folder, "
    "where PowerShell tests which mode applies. With App Control, have script enforcement off for this host "
    "(rule option 11). If neither is possible, leave the host out (it is not checked then), and probe a guest by "
    "tcp, http or ssh."
)
_BY_HAND = "Run powershell.exe on the host by hand: is it there, is it allowed, does it start?"
# PowerShell's id of the error, which no language of Windows changes, and its English words.
_OF_CONSTRAINED = re.compile(r"InConstrainedLanguage|in this language mode", re.IGNORECASE)
# Why a script was not begun, by the bootstrap's word: what happened, and what to do.
_NOT_RUN = {
    "input": (
        "The request did not reach {where}, and nothing was run there: {words}",
        "Try again. If the error persists, something between WinRM and PowerShell consumes standard input: a "
        "wrapper of powershell.exe, or a security agent.",
    ),
    "language_mode": (
        "PowerShell on {where} runs in {words}, not in FullLanguage mode, and nothing was run there",
        _CONSTRAINED_REMEDY,
    ),
}
# WinRM lets administrators alone open its own shell; what the group Remote Management Users may open is PowerShell's.
_SHELL_REMEDY = (
    "Make the account an administrator of the host; or give it, or a group that it is in, Read and Execute there with "
    "winrm configSDDL default, besides the group Hyper-V Administrators."
)
_REMEDIES = {
    403: f"{_SHELL_REMEDY} See also what a proxy allows.",
    404: "Check winrm_port and winrm_path: something else answers there.",
}
_ERROR_IN_CLIXML = re.compile(r'<S S="Error">(.*?)</S>', re.DOTALL)
# PowerShell's objects; the last ones may have been cut off.
_OBJECTS = re.compile(r"<Objs\b.*?(?:</Objs>|\Z)", re.DOTALL)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LONGEST = 2000


class ConnectionBroken(HostUnreachable):
    """A connection that was there broke: the host may have got all of what was sent."""


class NoAnswer(HostError):
    """PowerShell ran, and what it was asked for is not in what it said: none of it, not all, or not to be read."""


class AccessDenied(HostAuthenticationError):
    """The host knows the account, and its password was right; it may not do this."""


@contextmanager
def translated(settings: HostSettings) -> Iterator[None]:
    """Turn every exception of pywinrm, requests and pyspnego raised inside into a failure that names the host."""
    try:
        yield
    except OF_PYWINRM as problem:
        raise _failure(settings, problem) from problem


def _failure(settings: HostSettings, problem: Exception) -> FailbackError:
    details = {"host": settings.name, "address": f"{settings.address}:{settings.port}"}
    if isinstance(problem, _REFUSED) or type(problem).__name__ in _REFUSED_BY_KERBEROS:
        return _refused(settings, "" if isinstance(problem, AuthenticationError) else _first_line(problem), details)
    if isinstance(problem, RequestException):
        return _no_answer(settings, problem, details)
    if isinstance(problem, WSManFaultError):
        return _fault(settings, problem, details)
    if isinstance(problem, WinRMOperationTimeoutError):
        return timed_out(settings, settings.operation_timeout, "or raise winrm_operation_timeout_sec")
    return _other(settings, problem, details)


def _refused(settings: HostSettings, words: str, details: dict[str, Any]) -> FailbackError:
    who = settings.user or "the account"
    how = ", ".join(settings.transports)
    return HostAuthenticationError(
        f"{settings.where} refused {who} ({how}){': ' if words else ''}{words}",
        "Check ansible_user and ansible_password (winrm_user, winrm_password), that the account is not locked, and "
        "that the host offers this way to sign in (winrm_transport).",
        **details,
        message=words,
    )


def _denied(settings: HostSettings, words: str, details: dict[str, Any]) -> AccessDenied:
    return AccessDenied(
        f"{settings.user or 'The account'} is signed in, but may not open a shell on {settings.where}: {words}",
        _SHELL_REMEDY,
        **details,
        message=words,
    )


def _no_answer(settings: HostSettings, problem: RequestException, details: dict[str, Any]) -> FailbackError:
    causes = list(_causes(problem))
    untrusted = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if untrusted is not None:
        return HostUnreachable(
            f"The certificate of {settings.where} is not trusted: {untrusted.verify_message or untrusted.reason}",
            "Set winrm_ca_trust_path to the CA that issued it, and address the host by a name in it. "
            "winrm_server_cert_validation=ignore is safe only where nobody can intercept the connection.",
            **details,
        )
    words = _of_system(causes) or _first_line(problem)
    kind: type[HostUnreachable] = HostUnreachable if _never_connected(problem, causes) else ConnectionBroken
    if isinstance(problem, Timeout):
        # It would take as long once more.
        kind, words = HostUnreachable, _no_answer_within(settings.read_timeout)
    return _unreached(settings, words, details, kind)


def nobody_there(settings: HostSettings, problem: OSError | ValueError, seconds: float) -> HostUnreachable:
    """Return the failure of a connection that was never made, before anything was asked, within so many seconds."""
    words = _no_answer_within(seconds) if isinstance(problem, TimeoutError) else _of_system([problem])
    details = {"host": settings.name, "address": f"{settings.address}:{settings.port}"}
    return _unreached(settings, words or _first_line(problem), details, HostUnreachable)


def _no_answer_within(seconds: float) -> str:
    return f"no answer within {seconds:.0f} seconds"


def _unreached(
    settings: HostSettings, words: str, details: dict[str, Any], kind: type[HostUnreachable]
) -> HostUnreachable:
    return kind(
        f"{settings.where} could not be reached: {words}",
        "Check that the host runs, its name and address (ansible_host, winrm_port), firewalls, and that WinRM listens: "
        "winrm enumerate winrm/config/listener on the host.",
        **details,
        message=words,
    )


def _never_connected(problem: RequestException, causes: list[BaseException]) -> bool:
    early = (ProxyError, SSLError)
    return isinstance(problem, early) or any(type(cause).__name__ in _NO_CONNECTION for cause in causes)


def _of_system(causes: list[BaseException]) -> str:
    """Return the words of the operating system or the TLS library, the innermost ones."""
    known = [cause for cause in causes if isinstance(cause, (OSError, socket.gaierror)) and cause.args[1:]]
    return str(known[-1].args[1]) if known else ""


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that requests and urllib3 have wrapped in it."""
    seen: set[int] = set()
    pending: list[BaseException] = [problem]
    while pending:
        cause = pending.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args)
        pending += [each for each in inner if isinstance(each, BaseException)]


def code_of(fault: WSManFaultError) -> int:
    """Return Windows' own number of a fault, wherever it stands; 0 where there is none."""
    return int(fault.wsman_fault_code or fault.wmierror_code or 0)


def is_crowded(fault: WSManFaultError) -> bool:
    """Whether the host refuses an operation, which it has not begun, for others that will end."""
    return code_of(fault) in _CROWDED or str(fault.fault_subcode or "").endswith("QuotaLimit")


def is_ended_pipe(fault: WSManFaultError) -> bool:
    """Whether the program that was to read the input is gone; what it said is still there."""
    return code_of(fault) in _PIPE_ENDED


def _fault(settings: HostSettings, fault: WSManFaultError, details: dict[str, Any]) -> FailbackError:
    words = clean(str(fault.reason))
    if fault.wsman_fault_code == _ACCESS_DENIED:
        return _denied(settings, words, details)
    crowded = _CROWDED_REMEDY if is_crowded(fault) else _LOG
    remedy = _BLOCKED_REMEDY if code_of(fault) in _BLOCKED else crowded
    return HostError(
        f"WinRM of {settings.where} answered: {words}",
        remedy,
        **details,
        message=words,
        fault_code=code_of(fault) or None,
    )


def _other(settings: HostSettings, problem: Exception, details: dict[str, Any]) -> FailbackError:
    words = _first_line(problem)
    if isinstance(problem, WinRMTransportError):
        remedy = _REMEDIES.get(problem.code, "Check winrm_port, winrm_path, and any proxy in between.")
        return HostError(f"{settings.where} answered HTTP {problem.code}.", remedy, **details, status=problem.code)
    if isinstance(problem, WinRMError) and "not installed" in words:
        return MissingLibrary(
            f"The Python that runs this task lacks a library: {words}.",
            "Install pywinrm with its extra: pywinrm[kerberos] or pywinrm[credssp]; or use winrm_transport=ntlm.",
        )
    if isinstance(problem, WinRMError):
        return HostError(f"{settings.where}: {words}", "Check the options winrm_*.", **details, message=words)
    return HostError(
        f"What answers at {settings.where} does not speak WS-Management: {type(problem).__name__}",
        "Check ansible_host, winrm_port and winrm_path: it may be another service, or a proxy.",
        **details,
        message=words,
    )


def timed_out(settings: HostSettings, seconds: float, or_else: str = "then run the task again") -> FailbackError:
    """Return the failure of a question that was not answered in time. C(or_else) is what helps besides."""
    return HostUnreachable(
        f"{settings.where} did not finish its answer within {round(seconds)} seconds",
        f"See what keeps the host busy, {or_else}.",
        host=settings.name,
        address=f"{settings.address}:{settings.port}",
    )


def said_no(settings: HostSettings, error: dict[str, Any]) -> HostError:
    """Return the failure that PowerShell reported: C(error) has message, id, category, line and not_run."""
    words = clean(str(error.get("message") or ""))
    details = {"host": settings.name, "address": f"{settings.address}:{settings.port}", "message": words}
    not_run = str(error.get("not_run") or "")
    if not_run in _NOT_RUN:
        happened, remedy = _NOT_RUN[not_run]
        return HostError(happened.format(where=settings.where, words=words), remedy, **details, not_run=not_run)
    return HostError(
        f"{settings.where} answered: {words or '(no message)'}",
        "Reported by the host.",
        **details,
        error_id=str(error.get("id") or ""),
        category=str(error.get("category") or ""),
    )


def said_nothing(settings: HostSettings, console: Console) -> NoAnswer:
    """Return the failure of a command that ended without an answer."""
    words = clean((console.errors or console.output).decode("utf-8", "replace"))
    ended = f"PowerShell on {settings.where} ended with exit code {console.exit_code} and no answer"
    return NoAnswer(
        f"{ended}{': ' if words else ''}{words}",
        _CONSTRAINED_REMEDY if _OF_CONSTRAINED.search(words) else _BY_HAND,
        host=settings.name,
        address=f"{settings.address}:{settings.port}",
        message=words,
        exit_code=console.exit_code,
    )


def clean(words: str) -> str:
    """Return what a host said as one line: out of PowerShell's XML, without escapes and line breaks, not too long."""
    plain = words
    if words.lstrip().startswith("#< CLIXML"):
        plain = _of_clixml(words[words.index("CLIXML") + len("CLIXML") :])
    return " ".join(_ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), plain).split())[:_LONGEST]


def _of_clixml(content: str) -> str:
    """Return the errors among the objects, and what a program has written beside them."""
    errors = "".join(html.unescape(part) for part in _ERROR_IN_CLIXML.findall(content))
    return " ".join((_OBJECTS.sub(" ", content), errors))


def _first_line(problem: BaseException) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__).strip()
