# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""[Text.Encoding]."""

from __future__ import annotations

from typing import Any

from powershell_subset.objects import Char, NotModelled
from powershell_subset.values.cast import cast
from powershell_subset.values.text import to_text

# Property of [Text.Encoding]: the codec, the .NET type and the name.
KNOWN = {
    "utf8": ("utf-8", "System.Text.UTF8Encoding", "utf-8"),
    "unicode": ("utf-16-le", "System.Text.UnicodeEncoding", "utf-16"),
    "bigendianunicode": ("utf-16-be", "System.Text.UnicodeEncoding", "utf-16BE"),
    "ascii": ("ascii", "System.Text.ASCIIEncoding", "us-ascii"),
    "utf32": ("utf-32-le", "System.Text.UTF32Encoding", "utf-32"),
}


class Encoding:
    """One encoding; `text` is its ToString()."""

    def __init__(self, name: str) -> None:
        self._codec, self.type_name, self.web_name = KNOWN[name]

    @property
    def text(self) -> str:
        """ToString()."""
        return self.type_name

    def encode(self, value: Any) -> bytes:
        """GetBytes(): characters that the encoding has not become ``?``."""
        if value is None:
            raise NotModelled("the bytes of $null")
        text = "".join(value) if isinstance(value, list) else to_text(value)
        return text.encode(self._codec, "replace" if self._codec == "ascii" else "surrogatepass")

    def decode(self, value: Any) -> str:
        """GetString(): bytes that mean nothing become the replacement character."""
        data: bytes = value if isinstance(value, bytes) else cast(value, "byte[]") or b""
        if self._codec == "ascii":
            return "".join(chr(byte) if byte < 128 else "?" for byte in data)
        return data.decode(self._codec, "replace")


def characters(text: str) -> list[Char]:
    """ToCharArray()."""
    return [Char(char) for char in text]
