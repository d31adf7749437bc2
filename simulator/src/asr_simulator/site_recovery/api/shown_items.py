# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Items as they are shown: each body is kept, with its JSON, until something of its item changes.

Most of what clients ask for are items, in lists of many, and few of them change between two looks.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from asr_simulator.site_recovery.api.representation.item_bodies import item_body, replicating
from asr_simulator.site_recovery.model.items import Item
from asr_simulator.site_recovery.model.lifecycle import PROTECTED
from asr_simulator.site_recovery.workflows.vault import Vault
from asr_simulator.wire import Rendered

# With what each was made from.
_KEPT: WeakKeyDictionary[Item, tuple[list[Any], Rendered]] = WeakKeyDictionary()


def shown_item(vault: Vault, item: Item) -> dict[str, Any]:
    """A replicated item, now."""
    body = _kept(vault, item)
    # Replication runs only towards Azure and only while the item is protected; else the last time stands.
    runs = item.stage == PROTECTED and item.is_hyperv_to_azure
    return replicating(body, vault.clock.now()) if runs else body


def _kept(vault: Vault, item: Item) -> Rendered:
    made_from = list(vars(item).values())
    kept = _KEPT.get(item)
    if kept is None or kept[0] != made_from:
        kept = _KEPT[item] = (made_from, Rendered(item_body(vault, item)))
    return kept[1]
