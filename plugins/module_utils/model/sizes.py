# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes in words."""

from __future__ import annotations

_GIGABYTE = 2**30


def in_gb(size: int) -> str:
    """Return a number of bytes as a person reads it: C(8.0 GB)."""
    return f"{size / _GIGABYTE:.1f} GB"


def short_by(missing: int) -> str:
    """Return how many bytes are missing, rounded up: something that is short is never short by C(0.0 GB)."""
    tenths = -(-missing * 10 // _GIGABYTE)
    return f"{tenths / 10:.1f} GB short"
