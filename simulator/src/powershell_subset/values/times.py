# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DateTime and TimeSpan as text.

A DateTime is an aware ``datetime``: its time zone is `UTC` (Kind Utc) or `LOCAL` (Kind Local; hosts live in UTC).
Python keeps microseconds, .NET a tenth of that: the last digit is always 0.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

UTC = timezone.utc
LOCAL: tzinfo = timezone(timedelta(0), "local")


def date_text(moment: datetime) -> str:
    """A DateTime as [string] makes it, whatever the culture."""
    return f"{moment:%m/%d/}{moment.year:04d}{moment: %H:%M:%S}"


def round_trip_text(moment: datetime) -> str:
    """ToString('o')."""
    zone = "+00:00" if moment.tzinfo is LOCAL else "Z"
    return f"{moment.year:04d}{moment:-%m-%dT%H:%M:%S.%f}0{zone}"


def span_text(span: timedelta) -> str:
    """ToString() of a TimeSpan."""
    total = abs(span)
    hours, rest = divmod(total.seconds, 3600)
    text = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    if total.days:
        text = f"{total.days}.{text}"
    if total.microseconds:
        text += f".{total.microseconds:06d}0"
    return "-" + text if span < timedelta(0) else text
