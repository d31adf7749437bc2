# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the playbooks, as meta/reference.yml has it: each thing by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_TEXT = (Path(__file__).resolve().parents[2] / "meta" / "reference.yml").read_text(encoding="utf-8")
_DOCUMENTS: dict[str, dict[str, Any]] = yaml.safe_load(_TEXT)
VARIABLES = _DOCUMENTS["variables"]
FACTS = _DOCUMENTS["facts"]
PLAYBOOKS = _DOCUMENTS["playbooks"]
