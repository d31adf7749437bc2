# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of the WS-Management shell protocol (MS-WSMV, 3.1.4): XML in, XML out.

The rules are in `shells` and `commands`.
"""

from __future__ import annotations

import base64
import binascii
import codecs
from collections.abc import Callable
from xml.etree.ElementTree import Element

from asr_simulator.wsman import commands, faults
from asr_simulator.wsman.calls import Call, Unanswered, Waiting
from asr_simulator.wsman.envelope import ANONYMOUS, SHELL, seconds_of
from asr_simulator.wsman.markup import node
from asr_simulator.wsman.shells import INTERRUPTED, Settings, Shell

CMD = f"{SHELL}/cmd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
# What the service takes and sends: MaxEnvelopeSizekb, 500 unless configured.
LARGEST_KILOBYTES = 500
SMALLEST = 8192
# What an answer of output needs besides the output.
OVERHEAD = 4096


def _create(call: Call) -> list[Element]:
    content = call.content("Shell")
    variables = content.iterfind(f"{{{SHELL}}}Environment/{{{SHELL}}}Variable")
    settings = Settings(
        shell_id=content.get("ShellId", ""),
        environment={variable.get("Name", ""): variable.text or "" for variable in variables},
        encoding=_encoding(call.option("WINRS_CODEPAGE")),
    )
    settings.input_streams = _text(content, "InputStreams") or settings.input_streams
    settings.output_streams = _text(content, "OutputStreams") or settings.output_streams
    idle = _text(content, "IdleTimeOut")
    if idle:
        settings.idle_seconds = seconds_of(idle, "IdleTimeOut")
    return _created(call, call.shells.open(call.peer, settings))


def _encoding(code_page: str) -> str:
    if not code_page:
        return Settings.encoding
    try:
        return codecs.lookup("utf-8" if code_page == "65001" else f"cp{int(code_page)}").name
    except (LookupError, ValueError):
        raise faults.option_invalid() from None


def _created(call: Call, shell: Shell) -> list[Element]:
    selector = node("w:SelectorSet", node("w:Selector", shell.id, {"Name": "ShellId"}))
    reference = node("a:ReferenceParameters", node("w:ResourceURI", CMD), selector)
    return [node("x:ResourceCreated", node("a:Address", ANONYMOUS), reference), _shown(call, shell)]


def _shown(call: Call, shell: Shell) -> Element:
    age, idle = call.shells.age(shell)
    fields = {
        "ShellId": shell.id,
        "ResourceUri": CMD,
        "Owner": shell.user,
        "ClientIP": shell.address,
        "IdleTimeOut": f"PT{shell.settings.idle_seconds:.3f}S",
        "InputStreams": shell.settings.input_streams,
        "OutputStreams": shell.settings.output_streams,
        "ShellRunTime": _duration(age),
        "ShellInactivity": _duration(idle),
    }
    return node("rsp:Shell", *(node(f"rsp:{name}", value) for name, value in fields.items()))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"P{hours // 24}DT{hours % 24}H{minutes}M{rest}S"


def _command(call: Call) -> list[Element]:
    content = call.content("CommandLine")
    shell = call.shell()
    words = [_text(content, "Command"), *((part.text or "") for part in content.iterfind(f"{{{SHELL}}}Arguments"))]
    if not words[0]:
        raise faults.parameter_incorrect()
    skips_cmd = call.option("WINRS_SKIP_CMD_SHELL") in ("TRUE", "1")
    command = commands.begin(call, shell, content.get("CommandId", ""), " ".join(filter(None, words)), skips_cmd)
    return [node("rsp:CommandResponse", node("rsp:CommandId", command.id))]


def _send(call: Call) -> list[Element]:
    shell = call.shell()
    for stream in call.content("Send").iterfind(f"{{{SHELL}}}Stream"):
        command = shell.command(stream.get("CommandId", ""))
        if stream.get("Name") not in shell.settings.input_streams.split():
            raise faults.element_invalid("Stream")
        try:
            data = base64.b64decode("".join((stream.text or "").split()), validate=True)
        except (binascii.Error, ValueError):
            raise faults.element_invalid("Stream") from None
        commands.feed(call, shell, command, data, stream.get("End", "").lower() in ("true", "1"))
    if call.peer.host.remoting.send_times_out:
        raise Unanswered
    return [node("rsp:SendResponse")]


def _receive(call: Call) -> list[Element] | Waiting:
    shell = call.shell()
    desired = call.content("Receive").find(f"{{{SHELL}}}DesiredStream")
    if desired is None:
        raise faults.element_invalid("DesiredStream")
    command = shell.command(desired.get("CommandId", ""))
    if command.exit_code is None:
        return Waiting(command.changed)
    taken = dict(zip(("stdout", "stderr"), command.take(_room(call)), strict=True))
    wanted = [name for name in (desired.text or "").split() if name in taken]
    streams = [_stream(command.id, name, taken[name]) for name in wanted if taken[name]]
    if command.is_taken:
        streams += [node("rsp:Stream", {"Name": name, "CommandId": command.id, "End": "true"}) for name in wanted]
    state = {"CommandId": command.id, "State": f"{SHELL}/CommandState/{'Done' if command.is_taken else 'Running'}"}
    exit_code = [node("rsp:ExitCode", str(command.exit_code))] if command.is_taken else []
    return [node("rsp:ReceiveResponse", *streams, node("rsp:CommandState", state, *exit_code))]


def _room(call: Call) -> int:
    """How many bytes of output fit into an answer, which has them in base64."""
    largest = min(max(call.envelope.largest, SMALLEST), LARGEST_KILOBYTES * 1024)
    return (largest - OVERHEAD) * 3 // 4


def _stream(command_id: str, name: str, data: bytes) -> Element:
    return node("rsp:Stream", base64.b64encode(data).decode(), {"Name": name, "CommandId": command_id})


def _signal(call: Call) -> list[Element]:
    shell = call.shell()
    content = call.content("Signal")
    command = shell.command(content.get("CommandId", ""))
    kind = _text(content, "Code").rpartition("/")[2].lower()
    if kind == "terminate":
        commands.interrupt(shell, command, INTERRUPTED)
        call.shells.remove(shell, command)
    elif kind in ("ctrl_c", "ctrl_break"):
        commands.interrupt(shell, command, INTERRUPTED)
    else:
        raise faults.parameter_incorrect()
    return [node("rsp:SignalResponse")]


def _delete(call: Call) -> list[Element]:
    call.shells.close(call.shell())
    return []


def _get_shell(call: Call) -> list[Element]:
    return [_shown(call, call.shell())]


def _get_config(call: Call) -> list[Element]:
    """The one setting that clients ask for, to know how much they may send."""
    size = node("cfg:MaxEnvelopeSizekb", str(LARGEST_KILOBYTES))
    return [node("cfg:Config", {"xmlns:cfg": CONFIG}, size)]


def _text(parent: Element, name: str) -> str:
    return (parent.findtext(f"{{{SHELL}}}{name}") or "").strip()


Operation = Callable[[Call], "list[Element] | Waiting"]
OPERATIONS: dict[str, dict[str, Operation]] = {
    CMD: {
        f"{TRANSFER}Create": _create,
        f"{TRANSFER}Delete": _delete,
        f"{TRANSFER}Get": _get_shell,
        f"{SHELL}/Command": _command,
        f"{SHELL}/Send": _send,
        f"{SHELL}/Receive": _receive,
        f"{SHELL}/Signal": _signal,
    },
    SHELL: {f"{TRANSFER}Get": _get_shell, f"{TRANSFER}Delete": _delete},
    CONFIG: {f"{TRANSFER}Get": _get_config},
}


def operate(call: Call) -> list[Element] | Waiting:
    """The elements of the answer's body.

    Raises:
        Fault: the request is refused.
    """
    envelope = call.envelope
    if not envelope.action or not envelope.message_id:
        raise faults.header_missing()
    if not envelope.resource:
        raise faults.resource_needed()
    known = OPERATIONS.get(envelope.resource)
    if known is None:
        raise faults.resource_not_found(envelope.resource)
    if envelope.action not in known:
        raise faults.action_not_supported()
    operation = envelope.action.rpartition("/")[2]
    if operation == "Create" and call.peer.host.remoting.shell_denied:
        raise faults.access_denied()
    quota = call.peer.host.remoting.quota_for(operation)
    if quota is not None:
        raise faults.quota(quota.code, quota.in_wmi_error)
    return known[envelope.action](call)
