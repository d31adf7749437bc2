# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that the WS-Management service of Windows answers with: MS-WSMV, and the error codes of wsmerror.h."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from asr_simulator.wsman.markup import node

WSMAN_FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
ADDRESSING_FAULT = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"
FAULT_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"
FAULT_NAMESPACE = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
WMI_ERROR = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
CMD_PLUGIN = {"provider": "Shell cmd plugin", "path": r"%systemroot%\system32\winrscmd.dll"}


@dataclass(eq=False)
class Fault(Exception):
    """A SOAP fault. ``reason`` is the sentence of the subcode, ``message`` what the service adds to it.

    ``code`` is the number of a WSManFault; ``plugin`` tells that the command shell's plug-in speaks.
    """

    subcode: str
    code: int
    reason: str
    message: str = ""
    detail: str = ""
    plugin: bool = False
    receiver: bool = False
    wmi_error: bool = False

    @property
    def action(self) -> str:
        """The action of the answer that carries it."""
        return ADDRESSING_FAULT if self.subcode.startswith("a:") else WSMAN_FAULT

    def body(self, machine: str) -> Element:
        """The element below the answer's body."""
        return node(
            "s:Fault",
            node(
                "s:Code",
                node("s:Value", "s:Receiver" if self.receiver else "s:Sender"),
                node("s:Subcode", node("s:Value", self.subcode)),
            ),
            node("s:Reason", node("s:Text", self.reason, {"xml:lang": "en-US"})),
            node("s:Detail", *self._detail(machine)),
        )

    def _detail(self, machine: str) -> list[Element]:
        text = self.message or self.reason
        if self.wmi_error:
            return [node("p:MSFT_WmiError", {"xmlns:p": WMI_ERROR}, node("p:error_Code", str(self.code)))]
        message = node("f:Message", node("f:ProviderFault", text, CMD_PLUGIN) if self.plugin else text)
        fault = {"xmlns:f": FAULT_NAMESPACE, "Code": str(self.code), "Machine": machine}
        detail = [node("w:FaultDetail", FAULT_DETAIL + self.detail)] if self.detail else []
        return [*detail, node("f:WSManFault", message, fault)]


BLOCKED_BY_GROUP_POLICY = 2147943660
_SELECTORS = (
    "The WS-Management service cannot process the request because the request contained invalid selectors for the "
    "resource. "
)
_SCHEMA = (
    "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and retry. "
)
_NOT_FOUND = (
    "The WS-Management service cannot process the request. "
    "The service cannot find the resource identified by the resource URI and selectors. "
)
_TIMED_OUT = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "


def timed_out() -> Fault:
    """Nothing happened within the operation timeout: the client asks again."""
    return Fault("w:TimedOut", 2150858793, _TIMED_OUT, receiver=True)


def shell_not_found(shell: str) -> Fault:
    """No such shell, or another user's."""
    message = (
        f"The request for the Windows Remote Shell with ShellId {shell} failed because the shell was not found on the "
        "server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. "
        "Provide the correct ShellId or create a new shell and retry the operation. "
    )
    return Fault("w:InvalidSelectors", 2150858843, _SELECTORS, message, "UnexpectedSelectors")


def shell_needed() -> Fault:
    """The request does not say which shell it is for."""
    message = (
        "The Windows Remote Shell cannot process the request because it requires the following selector: ShellId. "
        "Retry with the correct selector. "
    )
    return Fault("w:InvalidSelectors", 2150858843, _SELECTORS, message, "UnexpectedSelectors")


def command_not_found() -> Fault:
    """No such command in the shell."""
    message = (
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not "
        "exist. Either the command has completed execution or the client specified an invalid command identifier. "
    )
    return Fault("w:InvalidSelectors", 2150858843, _SELECTORS, message, "UnexpectedSelectors")


def resource_not_found(uri: str) -> Fault:
    """A resource that the host does not offer."""
    message = (
        f"The WS-Management service cannot process the request. The resource URI ({uri}) was not found in the "
        "WS-Management catalog. The catalog contains the metadata that describes resources, or logical endpoints. "
    )
    return Fault("a:DestinationUnreachable", 2150858752, _NOT_FOUND, message, "InvalidResourceURI")


def resource_needed() -> Fault:
    """The request names no resource."""
    message = (
        "The WS-Management service cannot process the request. The resource URI is missing or it has an incorrect "
        "format. Check the documentation or use the following command for information on how to construct a resource "
        'URI: "winrm help uris". '
    )
    return Fault("a:DestinationUnreachable", 2150858811, _NOT_FOUND, message, "InvalidResourceURI")


def action_not_supported() -> Fault:
    """An action that the resource does not know."""
    reason = "The WS-Management service does not support the action specified in the request. "
    return Fault("a:ActionNotSupported", 2150858771, reason)


def header_missing() -> Fault:
    """The request has no action or no message id."""
    reason = (
        "The WS-Management service cannot process the request. The request does not have all the expected SOAP "
        "headers. "
    )
    return Fault("a:MessageInformationHeaderRequired", 2150858769, reason)


def malformed() -> Fault:
    """The request is no XML, no SOAP, or has a document type."""
    message = "WinRM cannot process the request because the input XML contains a syntax error. "
    return Fault("w:SchemaValidationError", 2150858817, _SCHEMA, message)


def element_invalid(name: str) -> Fault:
    """An element of the body is missing or has no good value."""
    message = (
        f"The Windows Remote Shell cannot process the request. The SOAP packet contains an element {name} that is "
        "invalid. Retry the request with the correct XML element. "
    )
    return Fault("w:SchemaValidationError", 2150858817, _SCHEMA, message)


def option_invalid() -> Fault:
    """An option of the shell has no good value."""
    reason = (
        "The WS-Management service cannot process the request because one or more of the options has an invalid value. "
    )
    return Fault("w:InvalidOptions", 2150858835, reason, detail="InvalidValue")


def too_many_shells(most: int) -> Fault:
    """The user has as many shells as the quota allows."""
    reason = (
        "The WS-Management service cannot process the request. The maximum number of concurrent shells for this user "
        "has been exceeded. Close existing shells or raise the quota for this user. "
    )
    message = (
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {most} "
        "concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user. "
    )
    return Fault("w:QuotaLimit", 2150859173, reason, message)


def quota(code: int, wmi_error: bool = False) -> Fault:
    """Another quota of the service, by its number: operations, users, shells of a process ..."""
    reason = (
        "The WS-Management service cannot process the request. The maximum number of concurrent operations for this "
        "user has been exceeded. Close existing operations for this user, or raise the quota for this user. "
    )
    return Fault("w:InternalError" if wmi_error else "w:QuotaLimit", code, reason, receiver=True, wmi_error=wmi_error)


def access_denied() -> Fault:
    """The account is known, and may not do this."""
    return Fault("w:AccessDenied", 5, "Access is denied. ")


def program_blocked(code: int) -> Fault:
    """App Control or AppLocker keeps the program from starting."""
    reason = (
        "This program is blocked by group policy. For more information, contact your system administrator. "
        if code == BLOCKED_BY_GROUP_POLICY
        else "An Application Control policy has blocked this file. "
    )
    return Fault("w:InternalError", code, reason, plugin=True, receiver=True)


def pipe_ended() -> Fault:
    """Windows' error 109: the program at the other end is gone."""
    return Fault("w:InternalError", 109, "The pipe has been ended. ", plugin=True, receiver=True)


def parameter_incorrect() -> Fault:
    """Windows' error 87, from the plug-in of the command shell."""
    return Fault("w:InvalidParameter", 87, "The parameter is incorrect. ", detail="InvalidValue", plugin=True)


def program_not_found() -> Fault:
    """Windows' error 2, from the plug-in of the command shell that was to start a program without cmd.exe."""
    reason = "The system cannot find the file specified. "
    return Fault("w:InternalError", 2147942402, reason, plugin=True, receiver=True)


def command_line_too_long() -> Fault:
    """Windows' error 206: CreateProcess takes no more than 32767 characters."""
    reason = "The filename or extension is too long. "
    return Fault("w:InternalError", 2147942606, reason, plugin=True, receiver=True)
