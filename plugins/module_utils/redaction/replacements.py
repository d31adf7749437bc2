# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for what in a redacted file: the same for the same value, and of the same form.

A replacement is counted, never calculated from what it stands for: whoever has it can only guess who has counted.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator

# Kind, value in lower case, replacement.
Entry = tuple[str, str, str]
ID, HEX, IP4, IP6, MAC, DOMAIN = "id", "hex", "ip4", "ip6", "mac", "domain"
# Networks that nobody routes: RFC 2544 and RFC 3849.
_IP4_NETWORK, _IP6_NETWORK = ipaddress.ip_network("198.18.0.0/15"), ipaddress.ip_network("2001:db8::/32")
_WORD = re.compile(r"\w+", re.UNICODE)
_ONE_TOKEN = re.compile(r"[\w.-]+", re.UNICODE)


class Replacements:
    """The list of what stands for what. Values are equal without regard to case."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._new: list[Entry] = []
        self._phrases: re.Pattern[str] | None = None

    def know(self, entries: Iterable[Entry]) -> None:
        """Take over what another one has counted."""
        for kind, value, replacement in entries:
            if value not in self._of:
                self._counts[kind] += 1
                self._of[value] = replacement
                self._phrases = None

    def take_new(self) -> list[Entry]:
        """Return what was counted since the last time."""
        new, self._new = self._new, []
        return new

    def find(self, value: str) -> str | None:
        """Return what stands for a value, in its case; None where nothing does yet."""
        known = self._of.get(value.casefold())
        return None if known is None else _cased(value, known)

    def of(self, value: str, kind: str) -> str:
        """Return what stands for a value, counted now where nothing did."""
        key = value.casefold()
        if key not in self._of:
            self._counts[kind] += 1
            self._of[key] = _made(kind, self._counts[kind], value)
            self._new.append((kind, key, self._of[key]))
            self._phrases = None
        return _cased(value, self._of[key])

    def phrases(self) -> re.Pattern[str]:
        """Return a pattern of the known values that are more than one token."""
        if self._phrases is None:
            found = sorted((key for key in self._of if _is_phrase(key)), key=len, reverse=True)
            spelled = "|".join(rf"(?<!\w){re.escape(key)}(?!\w)" for key in found)
            self._phrases = re.compile(spelled or r"(?!)", re.IGNORECASE)
        return self._phrases


def _is_phrase(value: str) -> bool:
    return bool(_WORD.search(value)) and _ONE_TOKEN.fullmatch(value) is None


def _made(kind: str, count: int, value: str) -> str:
    """Return the replacement that has this number, of the form that the kind has."""
    if kind == ID:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(count)))
    if kind == HEX:
        return "".join(_digits(count, len(value)))
    if kind in (IP4, IP6):
        network = _IP4_NETWORK if kind == IP4 else _IP6_NETWORK
        return str(network[count % network.num_addresses])
    if kind == MAC:
        return value[2].join(f"{(0x00005E005300 + count).to_bytes(6, 'big')[n]:02x}" for n in range(6))
    # RFC 2606.
    return f"{kind}-{count}.example" if kind == DOMAIN else f"{kind}-{count}"


def _digits(count: int, length: int) -> Iterator[str]:
    rest = length
    block = str(count)
    while rest > 0:
        block = hashlib.sha256(block.encode()).hexdigest()
        yield block[:rest]
        rest -= len(block)


def _cased(value: str, replacement: str) -> str:
    """Return a replacement in capitals where the value is."""
    return replacement.upper() if value.isupper() else replacement
