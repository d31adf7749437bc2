# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""[Text.Encoding]::UTF8, and base64."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from powershell_subset.errors import invocation_error
from powershell_subset.objects import NotModeled

BAD_BASE64 = (
    "The input is not a valid Base-64 string as it contains a non-base 64 character, "
    "more than two padding characters, or an illegal character among the padding characters. "
)
BAD_LENGTH = "Invalid length for a Base-64 char array or string."


class Utf8:
    """The encoding UTF-8."""


def encoded(_encoding: Utf8, text: Any) -> bytes:
    """GetBytes()."""
    if not isinstance(text, str):
        raise NotModeled("GetBytes() of anything but a string")
    # Halves of characters become the replacement character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")


def decoded(_encoding: Utf8, data: Any) -> str:
    """GetString()."""
    if not isinstance(data, bytes):
        raise NotModeled("GetString() of anything but bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotModeled("GetString() of bytes that are no UTF-8") from None


def from_base64(text: Any) -> bytes:
    """[Convert]::FromBase64String()."""
    if not isinstance(text, str):
        raise NotModeled("FromBase64String() of anything but a string")
    bare = re.sub(r"[ \t\r\n]", "", text)
    if len(bare) % 4:
        raise invocation_error("FromBase64String", 1, BAD_LENGTH, "FormatException")
    try:
        return base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        raise invocation_error("FromBase64String", 1, BAD_BASE64, "FormatException") from None


def to_base64(data: Any) -> str:
    """[Convert]::ToBase64String()."""
    if not isinstance(data, bytes):
        raise NotModeled("ToBase64String() of anything but bytes")
    return base64.b64encode(data).decode("ascii")
