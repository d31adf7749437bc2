# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, ids, paths, addresses and sentences with what is the customer's replaced. What each is, its form says."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from .fields import (
    ARM_ROOTS,
    CONSTANTS,
    HOSTS_OF_AZURE,
    KINDS_OF_RESOURCES,
    PLAIN_FILTERS,
    PLAIN_QUERY,
    PLAIN_SEGMENTS,
    SUFFIXES_OF_AZURE,
    WELL_KNOWN_IDS,
)
from .replacements import DOMAIN, HEX, ID, IP4, IP6, MAC, Replacements

REDACTED = "redacted"
_ID = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
_TIME = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?"
_LABEL = r"[\w](?:[\w-]*[\w])?"
_FQDN = rf"{_LABEL}(?:\.{_LABEL})*\.[A-Za-z][\w-]*"
_NAMESPACE = r"Microsoft\.[A-Z][A-Za-z0-9]+(?:/[A-Za-z*]+)*"
WHOLE_ID = re.compile(_ID)
WHOLE_TIME = re.compile(_TIME)
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_WHOLE_HEX = re.compile(r"[0-9A-Fa-f]{16,}")
_WHOLE_FQDN = re.compile(_FQDN)
_WHOLE_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[-:]){5}[0-9A-Fa-f]{2}")
_WHOLE_MAIL = re.compile(r"[^\s@'\"<>]+@[\w.-]+")
_WHOLE_NAMESPACE = re.compile(_NAMESPACE)
_CLOUD_OF_ID = re.compile(rf"(cloud_)({_ID})", re.IGNORECASE)
_LETTERS = re.compile(r"\.?[A-Za-z][A-Za-z0-9]*")
_PLAIN_WORDS = re.compile(r"[A-Za-z ]+")
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(?:-preview)?|\d+|[A-Za-z]+")
_FILTER = re.compile(r"(\w+)(\s+\w+\s+)'([^']*)'")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
# What a sentence may have in it; the first that fits counts. What is quoted is a name, and so is a token with digits.
_PIECES = re.compile(
    "|".join(
        (
            rf"(?P<time>(?<![\w-]){_TIME}(?![\w-]))",
            r"(?P<url>https?://[^\s'\"<>]+)",
            r"(?P<path>/(?:subscriptions|providers|tenants)/[^\s'\",;()<>]*)",
            r"(?P<secret>\beyJ[\w-]+(?:\.[\w-]*)*|\b(?:Bearer|Basic)\s+\S+"
            r"|\b(?:sig|secret|password|pwd|token|key|AccountKey|SharedAccessSignature)\s*[=:]\s*\S+)",
            r"(?P<mail>[^\s@'\"<>]+@[\w.-]+)",
            rf"(?P<id>(?<!\w){_ID}(?![0-9A-Fa-f]))",
            r"(?P<mac>\b(?:[0-9A-Fa-f]{2}[-:]){5}[0-9A-Fa-f]{2}\b)",
            r"(?P<ip>\b(?:\d{1,3}\.){3}\d{1,3}\b|(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:]))",
            r"(?P<quoted>(?<!\w)(?:'[^'\n]{1,256}'|\"[^\"\n]{1,256}\")(?!\w))",
            r"(?P<file>[A-Za-z]:\\[^\s'\"]*|\\\\[^\s'\"]+)",
            r"(?P<account>[\w.-]+\\[\w.$-]+)",
            rf"(?P<namespace>\b{_NAMESPACE})",
            r"(?P<constant>\b0x[0-9A-Fa-f]{1,8}\b|\bAADSTS\d+\b)",
            rf"(?P<host>{_FQDN})",
            r"(?P<blob>[A-Za-z0-9+/_-]*[0-9][A-Za-z0-9+/_=-]{31,})",
            r"(?P<token>[\w](?:[\w.-]*[\w])?)",
        )
    ),
    re.IGNORECASE,
)


class TextRedactor:
    """Replaces what is the customer's in one piece of text, by what stands for it."""

    def __init__(self, replacements: Replacements) -> None:
        self._of = replacements
        self._ways: dict[str, Callable[[str], str]] = {
            "url": self.url,
            "path": self.path,
            "secret": lambda _text: REDACTED,
            "blob": self._blob,
            "ip": self._address,
            "quoted": lambda text: f"{text[0]}{self.name(text[1:-1], 'name')}{text[-1]}",
            "file": lambda text: self._of.of(text, "file"),
            "account": self._account,
            "token": self._token,
            "id": self.identifier,
            "mac": lambda text: self._of.of(text, MAC),
            "mail": self._mail,
            "host": self.host,
        }

    def name(self, value: str, kind: str) -> str:
        """Return what stands for a name, an id, or whatever else is a whole value."""
        if not value.strip() or value.casefold() in CONSTANTS or WHOLE_TIME.fullmatch(value):
            return value
        known = self._of.find(value)
        if known is not None:
            return known
        for form, way in (
            (_WHOLE_NAMESPACE, str),
            (WHOLE_ID, self.identifier),
            (_WHOLE_HEX, self._hex),
            (_WHOLE_MAC, lambda text: self._of.of(text, MAC)),
            (_WHOLE_MAIL, self._mail),
            (_CLOUD_OF_ID, self._cloud),
        ):
            if form.fullmatch(value):
                return way(value)
        if value.startswith("/") and value.lower().startswith(ARM_ROOTS):
            return self.path(value)
        if value.lower().startswith(("http://", "https://")):
            return self.url(value)
        if _is_address(value):
            return self._address(value)
        return self.host(value) if _WHOLE_FQDN.fullmatch(value) else self._encoded(value) or self._of.of(value, kind)

    def identifier(self, value: str) -> str:
        """Return the id that stands for one; the well-known ones are no customer's."""
        return value if value.lower() in WELL_KNOWN_IDS else self._of.of(value, ID)

    def path(self, value: str) -> str:
        """Return a path: types of resources as they are, names and ids replaced."""
        path, mark, query = value.partition("?")
        rooted = path.lower().startswith(ARM_ROOTS)
        segments = [unquote(segment) for segment in path.split("/")]
        shown = self._pairs(segments[1:]) if rooted else [self._plain(segment) for segment in segments[1:]]
        return "/".join(["", *shown]) + (f"{mark}{self._query(query)}" if mark else "")

    def _pairs(self, segments: list[str]) -> list[str]:
        """Return the segments of a resource's path, which are a type and a name in turn."""
        shown: list[str] = []
        for number, segment in enumerate(segments):
            if number % 2 == 0:
                shown.append(segment if _LETTERS.fullmatch(segment) or not segment else self.name(segment, "name"))
            else:
                shown.append(self._below(segments[number - 1].lower(), segment))
        return shown

    def _below(self, kind: str, segment: str) -> str:
        if kind == "providers" and re.fullmatch(r"[A-Za-z]+\.[A-Za-z0-9.]+", segment) and segment[:1].isupper():
            return segment
        return self.name(segment, KINDS_OF_RESOURCES.get(kind, "name"))

    def _plain(self, segment: str) -> str:
        return segment if segment.lower() in PLAIN_SEGMENTS else self.name(segment, "name")

    def query(self, name: str, value: str) -> str:
        """Return the value of a parameter of a query."""
        if name.lower() == "$filter":
            return self._filter(value)
        return value if name.lower() in PLAIN_QUERY and _VERSION.fullmatch(value) else REDACTED

    def _query(self, query: str) -> str:
        pairs = parse_qsl(query, keep_blank_values=True)
        return "&".join(f"{name if _is_plain(name) else REDACTED}={self.query(name, value)}" for name, value in pairs)

    def _filter(self, value: str) -> str:
        if value == "atScope()":
            return value

        def term(found: re.Match[str]) -> str:
            name, between, text = found.groups()
            plain = name.lower() in PLAIN_FILTERS and (WORD.fullmatch(text) or WHOLE_TIME.fullmatch(text))
            return f"{name}{between}'{text if plain else self.name(text, 'name')}'"

        terms = _FILTER.sub(term, value)
        return terms if not _FILTER.sub("", value).strip(" ()andorANDOR") else REDACTED

    def url(self, value: str) -> str:
        """Return a URL: a host of Azure's as it is, what is below a customer's account replaced."""
        try:
            parts = urlsplit(value)
            host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
        except ValueError:
            return REDACTED
        query = f"?{self._query(parts.query)}" if parts.query else ""
        return f"{parts.scheme}://{self.host(host)}{port}{self.path(parts.path) if parts.path else ''}{query}"

    def host(self, value: str) -> str:
        """Return the name of a host: each of its names keeps what stands for it, and so does its domain."""
        lowered = value.lower()
        if lowered in HOSTS_OF_AZURE or not value:
            return value
        if _is_address(value):
            return self._address(value)
        first, dot, domain = value.partition(".")
        if any(lowered.endswith(suffix) for suffix in SUFFIXES_OF_AZURE):
            return f"{self.name(first, 'storage')}.{domain}"
        if "." not in domain:
            return self._of.of(value, DOMAIN if dot else "host")
        return f"{self.name(first, 'host')}.{self._of.of(domain, DOMAIN)}"

    def text(self, value: str) -> str:
        """Return a sentence of the service's with what is the customer's in it replaced."""
        known = self._of.phrases().sub(
            lambda found: f"\x00{self._of.find(found.group()) or REDACTED}\x00", value.replace("\x00", " ")
        )
        parts = known.split("\x00")
        return "".join(part if number % 2 else _PIECES.sub(self._piece, part) for number, part in enumerate(parts))

    def _piece(self, found: re.Match[str]) -> str:
        way = self._ways.get(found.lastgroup or "")
        return found.group() if way is None else way(found.group())

    def label(self, value: str) -> str:
        """Return a text in which nothing should be the customer's. Plain words stay, even if something is called so."""
        if _PLAIN_WORDS.fullmatch(value):
            return value
        return _PIECES.sub(self._word_of_label, value)

    def _word_of_label(self, found: re.Match[str]) -> str:
        text = found.group()
        plain = found.lastgroup == "token" and (text.isdecimal() or _PLAIN_WORDS.fullmatch(text.replace("-", "")))
        return text if plain else self._piece(found)

    def _token(self, token: str) -> str:
        """Return a word of a sentence: as it is, unless it is known, or has a part that is, or looks like a name."""
        known = self._of.find(token)
        if known is not None:
            return known
        looks_so = any(letter.isdigit() for letter in token) and any(letter.isalpha() for letter in token)
        parts = re.split(r"[-_.]", token)
        if looks_so or not token.isascii() or (len(parts) > 1 and any(self._of.find(part) for part in parts if part)):
            return self._of.of(token, "name")
        return token

    def _account(self, value: str) -> str:
        domain, _separator, user = value.partition("\\")
        return f"{self.name(domain, 'realm')}\\{self.name(user, 'user')}"

    def _mail(self, value: str) -> str:
        user, _separator, domain = value.rpartition("@")
        return f"{self.name(user, 'user')}@{self._of.of(domain, DOMAIN)}"

    def _cloud(self, value: str) -> str:
        prefix, identifier = value[:6], value[6:]
        return f"{prefix}{self.identifier(identifier)}"

    def _hex(self, value: str) -> str:
        return value if value.lower() in WELL_KNOWN_IDS else self._of.of(value, HEX)

    def _blob(self, value: str) -> str:
        return self._of.find(value) or (self._hex(value) if _WHOLE_HEX.fullmatch(value) else REDACTED)

    def _address(self, value: str) -> str:
        address, mark, size = value.partition("/")
        if not _is_address(address):
            return value if not any(map(str.isalnum, address)) else self._of.of(value, "name")
        kind = IP4 if "." in address and ":" not in address else IP6
        return f"{self._of.of(address, kind)}{mark}{size}"

    def _encoded(self, value: str) -> str:
        """Return an id in base64, as those of network adapters are, with what is inside replaced; empty for others."""
        if not _BASE64.fullmatch(value):
            return ""
        try:
            inside = base64.b64decode(value, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        prefix, mark, ids = inside.partition(":")
        names = ids.split("\\")
        if prefix.lower() != "microsoft" or not mark or not all(WHOLE_ID.fullmatch(name) for name in names):
            return ""
        shown = "\\".join(map(self.identifier, names))
        return base64.b64encode(f"{prefix}:{shown}".encode()).decode()


def _is_plain(name: str) -> bool:
    return bool(re.fullmatch(r"\$?[A-Za-z-]{1,20}", name))


def _is_address(value: str) -> bool:
    address, _separator, size = value.partition("/")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return not size or size.isdecimal()
