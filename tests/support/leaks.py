# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secrets where none must be: in what was printed, in files, in the arguments of programs."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

# A token of Entra ID: a signed JWT.
_TOKEN = re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")
_PAUSE = 0.02


def forms(secret: str) -> set[bytes]:
    """How a secret may be written: as it is, escaped for JSON or a URL, in base64 wherever in a text it begins."""
    plain = secret.encode()
    escaped = {json.dumps(secret)[1:-1].encode(), quote(secret, safe="").encode(), quote_plus(secret).encode()}
    # What stands before and after it decides the first and the last characters.
    coded = {base64.b64encode(b"x" * before + plain)[4 if before else 0 : -4].rstrip(b"=") for before in range(3)}
    return {plain, plain.decode().encode("utf-16-le"), *escaped, *coded}


@dataclass(frozen=True)
class Hunt:
    """Looks for the secrets of these names."""

    secrets: dict[str, str]

    def found_in(self, content: bytes | str) -> list[str]:
        """The names of the secrets in a content; `token` for a token of Entra ID."""
        data = content.encode(errors="surrogateescape") if isinstance(content, str) else content
        found = [name for name, secret in self.secrets.items() if any(form in data for form in forms(secret))]
        return [*found, *(["token"] if _TOKEN.search(data) else [])]

    def found_below(self, folders: Iterable[Path], but: Iterable[Path] = ()) -> list[str]:
        """The files below these folders that hold a secret or are named after one; `but`: not these, or below them."""
        spared = tuple(but)
        files = (file for folder in folders for file in sorted(folder.rglob("*")))
        return [
            f"{file}: {', '.join(names)}"
            for file in files
            if not any(file == one or one in file.parents for one in spared)
            for names in [self.found_in(str(file)) + (self.found_in(file.read_bytes()) if file.is_file() else [])]
            if names
        ]


@dataclass
class Programs:
    """What was seen of the programs below this process: those with a secret among their arguments, or around them."""

    hunt: Hunt
    seen: set[int] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    surrounded: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Look at every one that there is now."""
        for pid in _below(os.getpid()):
            arguments, environment = _read(pid, "cmdline"), _read(pid, "environ")
            line = arguments.replace(b"\0", b" ").decode(errors="replace").strip()
            self.seen.add(pid)
            if self.hunt.found_in(arguments):
                self.told.add(line)
            if line and self.hunt.found_in(environment):
                self.surrounded.add(line)


@contextmanager
def watched(hunt: Hunt) -> Iterator[Programs]:
    """Look at the programs below this process all the time."""
    programs, ended = Programs(hunt), threading.Event()

    def look_on() -> None:
        while not ended.wait(_PAUSE):
            programs.look()

    thread = threading.Thread(target=look_on, daemon=True)
    thread.start()
    try:
        yield programs
    finally:
        ended.set()
        thread.join()


def _below(root: int) -> Iterator[int]:
    """The processes that descend from one, whichever of its threads started them."""
    for thread in _threads(root):
        for child in map(int, _read(root, f"task/{thread}/children").split()):
            yield child
            yield from _below(child)


def _threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        # It has ended meanwhile.
        return b""
