# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects as the console shows them: only what has no columns."""

from __future__ import annotations

from typing import Any

from powershell_subset.objects import NotModeled, PSEnum
from powershell_subset.values.text import to_text
from powershell_subset.values.types import type_of


def shown(value: Any) -> str:
    """One object with its line ends.

    Raises:
        NotModeled: it would be a table or a list.
    """
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(shown(item) for item in value)
    if isinstance(value, (str, bool, int, float, PSEnum)):
        return to_text(value) + "\r\n"
    raise NotModeled(f"how the console shows {type_of(value)}; select what you need of it, and ConvertTo-Json")
