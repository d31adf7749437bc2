# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in a sentence: a few of them, as nobody reads a thousand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

_MOST = 5


def some_of(names: Sequence[str]) -> str:
    """Return the names, or the first of many with the number of the others: C(web01, web02 and 7 more)."""
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{more}"


def counted(words: Iterable[str]) -> str:
    """Say how often each word is there, the most frequent first: C(12 protected, 3 failed_over)."""
    counts = Counter(words)
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))
