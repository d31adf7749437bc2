# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of runs, held against their schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema

_SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "run-record.schema.json"
_VALIDATOR = jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text()))


def read_record(path: Path) -> dict[str, Any]:
    """Return the record in a file, which has to be one."""
    record: dict[str, Any] = json.loads(path.read_text())
    assert objections_to(record) == []
    return record


def objections_to(record: Mapping[str, Any]) -> list[str]:
    """Return what the schema has against a record, with the place of each."""
    return [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(record)]
