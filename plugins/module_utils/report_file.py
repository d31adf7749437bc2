# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run, in a file of its owner's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .model.failures import ConfigurationError
from .owners_file import replace_file, require_file, write_if_other

Results = Iterable[Mapping[str, Any]]
EXPECTED = "Give them as asr.failback.result_of returns them."
_REPORT = "report"
_INDENT = 4
_BEGIN, _END = '{\n    "results": [', "]\n}\n"


def write_report(path: str, results: Results, *, check_mode: bool = False) -> bool:
    """Write the report, unless in check mode; return whether it was, or would be, another, or was open to others.

    The results are gone through twice where it is another. Raises ConfigurationError where it cannot be written, or
    where the results are none.
    """
    return write_if_other(path, lambda: _content(results), _REPORT, check_mode=check_mode)


def replace_report(path: str, results: Results) -> None:
    """Write the report. Raises ConfigurationError as write_report() does."""
    replace_file(path, _content(results), _REPORT)


def read_report(path: str) -> list[dict[str, Any]]:
    """Return the results in a report; none where it is no report, or is not there."""
    try:
        require_file(path, _REPORT)
        with open(path, encoding="utf-8", errors="replace") as file:
            found = json.load(file)
    except (OSError, ValueError, ConfigurationError):
        return []
    results = found.get("results") if isinstance(found, dict) else None
    return [one for one in results if isinstance(one, dict)] if isinstance(results, list) else []


def _content(results: Results) -> Iterator[str]:
    """Yield the report as JSON; what JSON does not know, such as a date of YAML, as text.

    It comes result by result: of a thousand, only one is there as text at a time.
    """
    yield _BEGIN
    before = ""
    for result in results:
        yield f"{before}\n{_as_json(result)}"
        before = ","
    yield ("\n" + " " * _INDENT if before else "") + _END


def _as_json(result: Mapping[str, Any]) -> str:
    """Return a result as JSON, indented as one of a list in the report."""
    try:
        lines = json.dumps(result, indent=_INDENT, sort_keys=True, default=str)
    except (TypeError, ValueError) as problem:
        raise ConfigurationError(f"The results cannot be serialized to JSON: {problem}.", EXPECTED) from problem
    margin = 2 * _INDENT * " "
    return margin + lines.replace("\n", f"\n{margin}")
