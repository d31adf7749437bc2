# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that nobody knows, and which known one was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

# Names of a role begin alike, so that any two of them resemble each other somewhat.
_RESEMBLES = 0.9


def unknown_variables(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return the names that are not known, each with the known one that resembles it most."""
    return [f"{name}{_advice(name, known)}" for name in sorted(set(names) - set(known))]


def _advice(name: str, known: Sequence[str]) -> str:
    meant = get_close_matches(name, known, n=1, cutoff=_RESEMBLES)
    return f" (did you mean {meant[0]}?)" if meant else ""
