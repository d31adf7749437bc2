# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""XML in, XML out. What comes in must have no document type, so entities neither grow nor reach for files."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser, tostring


class _WithoutDoctype(TreeBuilder):
    """SOAP forbids document types; the parser asks before it expands anything that one declared."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Refuse."""
        raise ParseError("a document type is not allowed")


def read(document: bytes) -> Element:
    """The root of a document.

    Raises:
        ParseError: it is no XML, or has a document type.
    """
    try:
        parser = XMLParser(target=_WithoutDoctype())  # noqa: S314
        parser.feed(document)
        root: Element = parser.close()
    except (ValueError, LookupError) as error:  # an encoding that is none
        raise ParseError(str(error)) from error
    return root


def node(tag: str, *content: Element | str | Mapping[str, str]) -> Element:
    """An element; its tag has the prefix that it is written with. Content: text, children, attributes."""
    made = Element(tag)
    for part in content:
        if isinstance(part, str):
            made.text = part
        elif isinstance(part, Element):
            made.append(part)
        else:
            made.attrib.update(part)
    return made


def write(root: Element) -> bytes:
    """The document, UTF-8 without a declaration, as Windows sends it."""
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=False)
    return document
