# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A WinRM service on loopback whose every answer a test writes, and sessions with it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.asr.failback.plugins.module_utils.hyperv.session import HostSession
from ansible_collections.asr.failback.plugins.module_utils.hyperv.settings import resolve_settings
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch
from support.web import LOOPBACK, Answer, Web

USER, PASSWORD = "CONTOSO\\failback", "p4ssw0rd-of-the-host"
_ENVELOPE = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{}</s:Body></s:Envelope>'
_STATE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/"
# What an operation says that has brought nothing within its time (MS-WSMV).
OPERATION_TIMEOUT = 2150858793


def soap(body: str, status: int = 200) -> Answer:
    """An answer of WS-Management."""
    return Answer(status, _ENVELOPE.format(body), {"Content-Type": "application/soap+xml;charset=UTF-8"})


def fault(code: int, words: str = "It did not work.") -> Answer:
    """A fault with Windows' own number."""
    detail = f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{code}"/>'
    return soap(
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>{words}</s:Text></s:Reason>"
        f"<s:Detail>{detail}</s:Detail></s:Fault>",
        500,
    )


def wmi_fault(code: int) -> Answer:
    """A fault whose number stands in an MSFT_WmiError."""
    name = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
    detail = f'<p:MSFT_WmiError xmlns:p="{name}"><p:error_Code>{code}</p:error_Code></p:MSFT_WmiError>'
    return soap(
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>A quota.</s:Text></s:Reason>"
        f"<s:Detail>{detail}</s:Detail></s:Fault>",
        500,
    )


def output(text: bytes = b"", errors: bytes = b"", code: int | None = 0) -> Answer:
    """What a command wrote, and its exit code; None while it runs."""
    streams = "".join(
        f'<Stream Name="{name}">{base64.b64encode(content).decode()}</Stream>'
        for name, content in (("stdout", text), ("stderr", errors))
        if content
    )
    ended = "Running" if code is None else "Done"
    exit_code = "" if code is None else f"<ExitCode>{code}</ExitCode>"
    state = f'<CommandState State="{_STATE}{ended}">{exit_code}</CommandState>'
    return soap(f"<ReceiveResponse>{streams}{state}</ReceiveResponse>")


def framed(answer: Mapping[str, Any], nonce: str) -> bytes:
    """An answer as the bootstrap writes it."""
    return b"<%s>%s</%s>" % (nonce.encode(), base64.b64encode(json.dumps(answer).encode()), nonce.encode())


def shown(text: Callable[[str], bytes], errors: bytes = b"", code: int | None = 0) -> Answer:
    """What a command wrote that knows the nonce of its question."""
    return replace(output(), body=lambda bodies: output(text(nonce_in(bodies)), errors, code).body)


def said(answer: Mapping[str, Any], code: int = 0) -> Answer:
    """What the bootstrap writes, and its end."""
    return shown(lambda nonce: framed(answer, nonce) + b"\r\n", code=code)


def sent_in(bodies: Sequence[Any]) -> bytes:
    """What reached the standard input of the last command."""
    begun = max((number for number, body in enumerate(bodies) if body and "shell/Command<" in body), default=0)
    parts = (re.search(r'Name="stdin"[^>]*>([^<]*)<', body) for body in bodies[begun:] if body)
    return b"".join(base64.b64decode(part.group(1)) for part in parts if part)


def nonce_in(bodies: Sequence[Any]) -> str:
    """The nonce of the last question."""
    return sent_in(bodies).decode().partition(":")[0]


def asked_in(bodies: Sequence[Any]) -> Any:
    """The last question."""
    return read(sent_in(bodies))


def read(sent: bytes) -> Any:
    """A question as it is sent."""
    _nonce, question, rest = b"".join(sent.split()).split(b":")
    assert rest == b""
    return json.loads(base64.b64decode(question))


SHELL = soap('<Shell><Selector Name="ShellId">A-SHELL</Selector></Shell>')
COMMAND = soap("<CommandResponse><CommandId>A-COMMAND</CommandId></CommandResponse>")
TAKEN = soap("<SendResponse/>")


@dataclass
class Host:
    """A WinRM service that gives its answers in order, and a session with it.

    `seconds` is the watch's time, which moves a `step` whenever it is looked at.
    """

    web: Web
    ca_bundle: str
    timeout: float = 600
    seconds: float = 0
    step: float = 1
    options: dict[str, Any] = field(default_factory=dict)

    def session(self, **options: Any) -> HostSession:
        """A session; options are those of a task."""
        given = {
            "winrm_user": USER,
            "winrm_password": PASSWORD,
            "winrm_transport": ["basic"],
            "winrm_ca_trust_path": self.ca_bundle,
            **self.options,
            **options,
        }
        settings = resolve_settings("hv01", given, {}, {}, f"{LOOPBACK}:{self.web.server_port}")
        return HostSession(settings, Watch(self.timeout, clock=self._tick, pause=self._pass))

    def ask(self, *, changes: bool = False, **options: Any) -> dict[str, Any]:
        """Ask something."""
        return self.session(**options).ask("param($Request)", {"name": "web01"}, changes=changes)

    def actions(self) -> list[str]:
        """What was asked of it, such as Create, Command or Receive."""
        return [body.split("</a:Action>")[0].rpartition("/")[2] for body in self.web.bodies if body]

    def _pass(self, seconds: float) -> None:
        self.seconds += seconds

    def _tick(self) -> float:
        self.seconds += self.step
        return self.seconds
