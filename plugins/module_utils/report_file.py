# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run, in a file of its owner's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .model.failures import ConfigurationError
from .model.json_path import CompactDocument
from .model.json_reader import read_object
from .model.record_shape import misshapen, misshapen_result
from .model.run_document import SCHEMA_VERSION, Document, Entries, Head, as_seen_before
from .owners_file import replace_file, require_file, write_if_other

Results = Iterable[Mapping[str, Any]]
EXPECTED = "Give them as asr.failback.result_of returns them."
_REPORT = "report"
_INDENT = 4
_MARGIN = _INDENT * " "
_RESULTS = "results"
# Characters of a file that are read at a time.
_BLOCK = 1 << 20


def write_report(path: str, head: Head, results: Results, *, check_mode: bool = False) -> bool:
    """Write the record, unless in check mode; return whether it was, or would be, another, or was open to others. When
    it was written is no difference.

    The results are gone through twice where it is another. Raises ConfigurationError where it cannot be written, or
    where the results are none.
    """
    before = as_seen_before(head, read_report(path))
    if before is not None and not write_if_other(path, lambda: _content(before, results), _REPORT, check_mode=True):
        return False
    return write_if_other(path, lambda: _content(head, results), _REPORT, check_mode=check_mode)


def replace_report(path: str, head: Head, results: Results) -> None:
    """Write the record of a run that goes on, again and again: each result is a line, which takes a tenth of the time.
    Raises ConfigurationError as write_report() does."""
    replace_file(path, _content(head, results, indent=None), _REPORT)


def read_report(path: str) -> Document | None:
    """Return the record that a file holds, its results as text in memory; None where it holds none, or is not there."""
    try:
        return load_report(path, CompactDocument)
    except ConfigurationError:
        return None


def load_report(path: str, kept: Callable[[dict[str, Any]], Document] = dict) -> Document:
    """Return the record that a file holds; of its results, what C(kept) makes of each. Raises ConfigurationError where
    it is not there, or is none of this version."""
    wrong = ""

    def result(number: int, found: Any) -> Document:
        nonlocal wrong
        wrong = wrong or misshapen_result(found, number)
        return {} if wrong else kept(found)

    try:
        require_file(path, _REPORT)
        with open(path, encoding="utf-8") as file:
            found = read_object(iter(partial(file.read, _BLOCK), ""), _RESULTS, result)
    except OSError as problem:
        raise _unreadable(path, f"it cannot be read: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:
        raise _unreadable(path, "it is no JSON object") from problem
    if found.get("schema_version") != SCHEMA_VERSION:
        raise _unreadable(path, f"it has no schema_version {SCHEMA_VERSION}")
    place = misshapen(found) or wrong
    if place:
        raise _unreadable(path, f"{place} is missing, or is something else there")
    return found


def records_below(paths: Iterable[str]) -> Iterator[tuple[str, Document | ConfigurationError]]:
    """Yield the records of files, and of all C(.json) files in folders and below, each with its path; of a file that
    holds none, why. Raises ConfigurationError where there is neither file nor folder."""
    for path in paths:
        yield from ((str(file), _record_or_problem(str(file))) for file in _files_below(Path(path)))


def _record_or_problem(path: str) -> Document | ConfigurationError:
    try:
        return load_report(path)
    except ConfigurationError as problem:
        return problem


def _files_below(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*.json") if file.is_file())
    if path.exists():
        return [path]
    raise ConfigurationError(f"{path} does not exist.", "Give a folder with records of runs, or such records.")


def _unreadable(path: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not the record of a run: {why}.", "Give a file that failback_report has written in this release."
    )


def _content(head: Head, results: Results, indent: int | None = _INDENT) -> Iterator[str]:
    """Yield the record as JSON; what JSON does not know, such as a date of YAML, as text.

    It comes result by result: of a thousand, only one is there as text at a time.
    """
    yield "{"
    for name, value in head.items():
        yield f'\n{_MARGIN}"{name}": {_as_json(value, 1, indent)},'
    yield f'\n{_MARGIN}"results": ['
    entries, before = Entries(head, results), ""
    for entry in entries:
        yield f"{before}\n{2 * _MARGIN}{_as_json(entry, 2, indent)}"
        before = ","
    yield (f"\n{_MARGIN}" if before else "") + f'],\n{_MARGIN}"verdict": {_as_json(entries.verdict, 1, indent)}\n}}\n'


def _as_json(value: Any, depth: int, indent: int | None) -> str:
    """Return a part of the record as JSON, indented as one that lies so deep; on one line without C(indent)."""
    try:
        lines = json.dumps(value, indent=indent, sort_keys=True, default=str)
    except (TypeError, ValueError) as problem:
        raise not_serializable(problem) from problem
    return lines.replace("\n", f"\n{depth * _MARGIN}")


def not_serializable(problem: Exception) -> ConfigurationError:
    """Return what to say of results that have something in them that JSON cannot hold."""
    return ConfigurationError(f"The results cannot be serialized to JSON: {problem}.", EXPECTED)
