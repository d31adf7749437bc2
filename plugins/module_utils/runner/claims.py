"""Which virtual machines each entry of a task stands for: no two of them move the same one."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from ..model.arm_ids import folded
from ..model.failures import ConfigurationError


class Claims:
    """The claims of the entries of one task, by name: a resource id and a name may be those of one machine, and a
    recovery plan may have it as well."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}
        self._lock = threading.Lock()

    def take(self, name: str, item_ids: Iterable[str]) -> None:
        """Claim replicated items for an entry, which may have them already.

        Raises ConfigurationError where another entry has one of them: each would send every step to it.
        """
        ids = [folded(item_id) for item_id in item_ids]
        with self._lock:
            other = next((self._taken[one] for one in ids if self._taken.get(one, name) != name), "")
            if not other:
                self._taken.update(dict.fromkeys(ids, name))
        if other:
            raise ConfigurationError(
                f"{other} and {name} are the same VM, or both have it.",
                f"Nothing was written for {name}. Keep one of them in replicated_items.",
            )
