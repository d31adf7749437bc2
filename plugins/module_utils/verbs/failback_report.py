# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: lines for people, and a file that is whole at any moment and that only its owner may read."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..model.failures import ConfigurationError
from ..model.report_lines import report_lines
from ..runner.contract import Contract
from ..runner.services import Services
from ..watch import Watch

_MODE = 0o600
_EXPECTED = "Give them as asr.failback.result_of returns them."


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """C(results) are written to C(path), in this machine's file system, where there is one."""

    path: str | None
    results: Sequence[Mapping[str, Any]]
    check_mode: bool = False


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> ReportRequest:
    """Return what a task's options ask for."""
    return ReportRequest(path=parameters["path"], results=parameters["results"], check_mode=check_mode)


async def run(request: ReportRequest, _services: Services, _watch: Watch) -> dict[str, Any]:
    """Write the report unless it says the same already, or return its lines. Raises ConfigurationError where it cannot
    be written, or where the results are not what the role leaves."""
    if request.path is None:
        return {"changed": False, "path": None, "lines": _lines(request)}
    return {"changed": _write(request, request.path), "path": request.path}


def _lines(request: ReportRequest) -> list[str]:
    try:
        return report_lines(request.results)
    except (AttributeError, KeyError, TypeError) as problem:
        raise ConfigurationError(f"The results are not those of a failback: {problem!r}.", _EXPECTED) from problem


def _write(request: ReportRequest, path: str) -> bool:
    """Write the file, unless in check mode; return whether it was, or would be, another."""
    content = _content(request)
    try:
        _require_file(path)
        changed = _content_of(path) != content
        if changed and not request.check_mode:
            _replace(path, content)
    except OSError as problem:
        raise ConfigurationError(
            f"The report {path} cannot be written: {problem.strerror}.",
            "Give the path of a file in a folder that is there and may be written to.",
        ) from problem
    return changed


def _require_file(path: str) -> None:
    """Refuse what is there and is no file: a pipe would be waited for, a device replaced."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ConfigurationError(
                f"The report {path} cannot be written: it is a folder, a pipe, a socket or a device.",
                "Nothing was written. Give the path of a file, or of one that is not there yet.",
            )


def _content(request: ReportRequest) -> str:
    """Return the report as JSON; what JSON does not know, such as a date of YAML, as text."""
    try:
        return json.dumps({"results": list(request.results)}, indent=4, sort_keys=True, default=str) + "\n"
    except (TypeError, ValueError) as problem:
        raise ConfigurationError(
            f"The results cannot be serialized to JSON: {problem}.",
            _EXPECTED,
        ) from problem


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


CONTRACT = Contract(
    "failback_report",
    {
        "path": {"type": "path"},
        "results": {"type": "list", "elements": "dict", "required": True},
    },
    run,
    request_of,
    takes_target=False,
    waits=False,
    asks_azure=False,
)
