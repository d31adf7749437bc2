# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SOAP envelopes of WS-Management: what is read of a request, and the form of an answer. See MS-WSMV, 2.2."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from asr_simulator.wsman import faults
from asr_simulator.wsman.markup import node, read, write

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
ANONYMOUS = f"{ADDRESSING}/role/anonymous"
# The declarations of an answer: the prefixes that subcodes (they are qualified names) and elements are written with.
PREFIXES = {
    "xmlns:s": SOAP,
    "xmlns:a": ADDRESSING,
    "xmlns:x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "xmlns:w": WSMAN,
    "xmlns:rsp": SHELL,
    "xmlns:p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
}
# What a client takes that does not say: MS-WSMV, 3.1.4.1.
DEFAULT_ENVELOPE_SIZE = 153600
DEFAULT_TIMEOUT = 60.0
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


@dataclass
class Envelope:
    """A request. Selectors are named in lower case, options in upper case."""

    action: str = ""
    resource: str = ""
    message_id: str = ""
    operation_timeout: str = ""
    envelope_size: str = ""
    selectors: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    body: Element | None = None

    @property
    def timeout(self) -> float:
        """How many seconds an answer may take.

        Raises:
            Fault: the request says it in a way that is none.
        """
        return seconds_of(self.operation_timeout, "OperationTimeout") if self.operation_timeout else DEFAULT_TIMEOUT

    @property
    def largest(self) -> int:
        """How many bytes an answer may have.

        Raises:
            Fault: the request says no number.
        """
        if self.envelope_size and not self.envelope_size.isdecimal():
            raise faults.element_invalid("MaxEnvelopeSize")
        return int(self.envelope_size or DEFAULT_ENVELOPE_SIZE)

    @property
    def identifies(self) -> bool:
        """Whether it asks what the service is; such a request needs no headers."""
        return self.body is not None and self.body.tag == f"{{{IDENTITY}}}Identify"


def open_envelope(document: bytes) -> Envelope:
    """The request in a document.

    Raises:
        Fault: it is no envelope.
    """
    try:
        root = read(document)
    except ParseError as error:
        raise faults.malformed() from error
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or body is None:
        raise faults.malformed()
    header = root.find(f"{{{SOAP}}}Header")
    content = next(iter(body), None)
    return Envelope(body=content) if header is None else _addressed(header, content)


def _addressed(header: Element, body: Element | None) -> Envelope:
    return Envelope(
        action=_text(header, ADDRESSING, "Action"),
        resource=_text(header, WSMAN, "ResourceURI"),
        message_id=_text(header, ADDRESSING, "MessageID"),
        operation_timeout=_text(header, WSMAN, "OperationTimeout"),
        envelope_size=_text(header, WSMAN, "MaxEnvelopeSize"),
        selectors={name.lower(): value for name, value in _named(header, "SelectorSet", "Selector")},
        options={name.upper(): value for name, value in _named(header, "OptionSet", "Option")},
        body=body,
    )


def _text(parent: Element, namespace: str, name: str) -> str:
    return (parent.findtext(f"{{{namespace}}}{name}") or "").strip()


def _named(header: Element, container: str, name: str) -> Iterator[tuple[str, str]]:
    for element in header.iterfind(f"{{{WSMAN}}}{container}/{{{WSMAN}}}{name}"):
        yield element.get("Name", ""), (element.text or "").strip()


def seconds_of(duration: str, element: str) -> float:
    """The seconds of an XML duration of days and less; it is the text of this element.

    Raises:
        Fault: it is none.
    """
    found = _DURATION.fullmatch(duration)
    if not found or duration.endswith(("P", "T")):
        raise faults.element_invalid(element)
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def close_envelope(action: str, body: Iterable[Element], relates_to: str) -> bytes:
    """The document of an answer with these elements in its body."""
    header = node(
        "s:Header",
        node("a:Action", action),
        node("a:MessageID", "uuid:" + str(uuid.uuid4()).upper()),
        node("a:To", ANONYMOUS),
        node("a:RelatesTo", relates_to),
    )
    return _enveloped(header, body)


def close_identification(body: Iterable[Element]) -> bytes:
    """The document of an answer to Identify, which has no headers."""
    return _enveloped(node("s:Header"), body)


def _enveloped(header: Element, body: Iterable[Element]) -> bytes:
    return write(node("s:Envelope", {"xml:lang": "en-US"}, PREFIXES, header, node("s:Body", *body)))
