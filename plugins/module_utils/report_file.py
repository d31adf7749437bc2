# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: a file that is whole at any moment, and that only its owner may read."""

from __future__ import annotations

import json
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from .model.failures import ConfigurationError

Results = Iterable[Mapping[str, Any]]
EXPECTED = "Give them as asr.failback.result_of returns them."
_MODE = 0o600
_INDENT = 4
_BEGIN, _END = '{\n    "results": [', "]\n}\n"


def write_report(path: str, results: Results, *, check_mode: bool = False) -> bool:
    """Write the report, unless in check mode; return whether it was, or would be, another, or was open to others.

    The results are gone through twice where it is another. Raises ConfigurationError where it cannot be written, or
    where the results are none.
    """
    with _writing(path):
        content = _content(map(result_text, results))
        changed = not _holds(path, content) or _is_open_to_others(path)
        if check_mode:
            # What no file can hold is refused here, too.
            deque(content, maxlen=0)
        elif changed:
            _replace(path, _content(map(result_text, results)))
    return changed


def replace_report(path: str, texts: Iterable[str]) -> None:
    """Write the report of results as result_text() returns them. Raises ConfigurationError where it cannot be."""
    with _writing(path):
        _replace(path, _content(texts))


@contextmanager
def _writing(path: str) -> Iterator[None]:
    try:
        _require_file(path)
        yield
    except OSError as problem:
        raise ConfigurationError(
            f"The report {path} cannot be written: {problem.strerror}.",
            "Give the path of a file in a folder that is there and may be written to.",
        ) from problem


def read_report(path: str) -> list[dict[str, Any]]:
    """Return the results in a report; none where it is no report, or is not there."""
    try:
        _require_file(path)
        with open(path, encoding="utf-8", errors="replace") as file:
            found = json.load(file)
    except (OSError, ValueError, ConfigurationError):
        return []
    results = found.get("results") if isinstance(found, dict) else None
    return [one for one in results if isinstance(one, dict)] if isinstance(results, list) else []


def _require_file(path: str) -> None:
    """Refuse what is there and is no file: a pipe would be waited for, a device replaced."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ConfigurationError(
                f"The report {path} cannot be written: it is a folder, a pipe, a socket or a device.",
                "Nothing was written. Give the path of a file, or of one that is not there yet.",
            )


def _content(texts: Iterable[str]) -> Iterator[str]:
    """Yield the report, result by result: of a thousand, only one is there as text at a time."""
    yield _BEGIN
    before = ""
    for text in texts:
        yield f"{before}\n{text}"
        before = ","
    yield ("\n" + " " * _INDENT if before else "") + _END


def result_text(result: Mapping[str, Any]) -> str:
    """Return a result as JSON, indented as one of a list in the report; what JSON does not know, such as a date of
    YAML, as text. Raises ConfigurationError."""
    try:
        lines = json.dumps(result, indent=_INDENT, sort_keys=True, default=str)
    except (TypeError, ValueError) as problem:
        raise ConfigurationError(f"The results cannot be serialized to JSON: {problem}.", EXPECTED) from problem
    margin = 2 * _INDENT * " "
    return margin + lines.replace("\n", f"\n{margin}")


def _holds(path: str, content: Iterator[str]) -> bool:
    """Whether a file is there and holds just this, of which no more is taken than it takes to tell."""
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            return all(file.read(len(piece)) == piece for piece in content) and not file.read(1)
    except FileNotFoundError:
        return False


def _is_open_to_others(path: str) -> bool:
    """Whether anybody but its owner may do anything with a file that is there."""
    return bool(stat.S_IMODE(os.stat(path).st_mode) & (stat.S_IRWXG | stat.S_IRWXO))


def _replace(path: str, content: Iterable[str]) -> None:
    """Put a file in the place of another in one step. Its name until then is always the same one: what a run that was
    killed has left there is gone after the next."""
    unfinished = f"{path}.part"
    with suppress(FileNotFoundError):
        os.unlink(unfinished)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except (OSError, ConfigurationError):
        os.unlink(unfinished)
        raise
