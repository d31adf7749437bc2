# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects as the console shows them: only what has no columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from powershell_subset.errors import ErrorRecord
from powershell_subset.objects import NotModelled, PSEnum, Switch
from powershell_subset.values.dates import date_text
from powershell_subset.values.numbers import is_number
from powershell_subset.values.text import to_text
from powershell_subset.values.types import type_of


def shown(value: Any) -> str:
    """One object with its line ends.

    Raises:
        NotModelled: it would be a table or a list.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value) + "\r\n"
    if is_number(value) or isinstance(value, (bool, PSEnum)):
        return to_text(value) + "\r\n"
    if isinstance(value, datetime):
        return f"\r\n{date_text(value, 'F')}\r\n\r\n\r\n"
    if isinstance(value, list):
        return "".join(shown(item) for item in value)
    if isinstance(value, (ErrorRecord, Switch)):
        raise NotModelled(f"how the console shows {type_of(value)}")
    raise NotModelled(f"how the console shows {type_of(value)}; ConvertTo-Json is modelled")
