# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identifiers that the seed decides: the same scenario and seed give the same ids."""

from __future__ import annotations

import random
import uuid


class Identities:
    """Names things. :meth:`of` is a function of kind and name; :meth:`fresh` counts on."""

    def __init__(self, seed: int) -> None:
        self._namespace = uuid.uuid5(uuid.NAMESPACE_URL, f"asr-simulator/{seed}")
        self._random = random.Random(seed)

    def of(self, kind: str, name: str) -> str:
        """The GUID of the thing of this kind and name."""
        return str(uuid.uuid5(self._namespace, f"{kind}/{name.lower()}"))

    def fresh(self) -> str:
        """A GUID that was not given before."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
