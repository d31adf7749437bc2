# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: a file that is whole at any moment, and that only its owner may read."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from .model.failures import ConfigurationError

Results = Sequence[Mapping[str, Any]]
EXPECTED = "Give them as asr.failback.result_of returns them."
_MODE = 0o600


def write_report(path: str, results: Results, *, check_mode: bool = False) -> bool:
    """Write the report, unless in check mode; return whether it was, or would be, another.

    Raises ConfigurationError where it cannot be written, or where the results are none.
    """
    content = _content(results)
    try:
        _require_file(path)
        changed = _content_of(path) != content
        if changed and not check_mode:
            _replace(path, content)
    except OSError as problem:
        raise ConfigurationError(
            f"The report {path} cannot be written: {problem.strerror}.",
            "Give the path of a file in a folder that is there and may be written to.",
        ) from problem
    return changed


def read_report(path: str) -> list[dict[str, Any]]:
    """Return the results in a report; none where it is no report, or is not there."""
    try:
        _require_file(path)
        found = json.loads(_content_of(path) or "{}")
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


def _content(results: Results) -> str:
    """Return the report as JSON; what JSON does not know, such as a date of YAML, as text."""
    try:
        return json.dumps({"results": list(results)}, indent=4, sort_keys=True, default=str) + "\n"
    except (TypeError, ValueError) as problem:
        raise ConfigurationError(f"The results cannot be serialized to JSON: {problem}.", EXPECTED) from problem


def _content_of(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _replace(path: str, content: str) -> None:
    """Put a file in the place of another in one step. Its name until then is always the same one: what a run that was
    killed has left there is gone after the next."""
    unfinished = f"{path}.part"
    with suppress(FileNotFoundError):
        os.unlink(unfinished)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError:
        os.unlink(unfinished)
        raise
