# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that a scenario gives twice, where they have to differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def twice(what: str, names: Iterable[str]) -> Iterator[str]:
    """A sentence for each name that two of a kind have; names are compared without case."""
    listed = [name.lower() for name in names]
    for name in sorted({name for name in listed if listed.count(name) > 1}):
        yield f"{what} {name} is named twice"
