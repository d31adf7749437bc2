# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain Resource Manager reads, for the few resources that are not worth an SDK of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..model import arm_ids
from ..model.azure_resources import Lock, Permission, parse_lock, parse_permission
from ..model.failures import NotFound, PermissionDenied
from ..model.json_path import items, text
from ..shared_reads import UNSHARED, SharedReads
from .answers import one_object, page_of_objects, successful
from .errors import found_or_none, translated
from .sdk import ARMPipelineClient, HttpRequest, HttpResponse

_LOCKS_VERSION = "2020-05-01"
_PERMISSIONS_VERSION = "2022-04-01"
_VAULT_VERSION = "2024-04-01"


def _whole(resource_id: str) -> str:
    return arm_ids.require_whole("the id of a resource", resource_id)


class Resources:
    """Reads below one Resource Manager endpoint."""

    def __init__(self, client: ARMPipelineClient[Any, Any], shared: SharedReads = UNSHARED) -> None:
        self._client = client
        self._shared = shared

    def find(self, resource_id: str, api_version: str) -> Any | None:
        """Return a resource's body, or None where it does not exist."""
        path = f"{_whole(resource_id)}?api-version={api_version}"
        return found_or_none(lambda: self._get(path))

    def every(self, path: str, api_version: str) -> Iterator[Any]:
        """Yield the bodies of all resources at a path, page by page."""
        return self._values(f"{path}?api-version={api_version}")

    def vault(self, vault_id: str) -> Any:
        """Return the body of a Recovery Services vault."""
        return self._get(f"{vault_id}?api-version={_VAULT_VERSION}")

    def locks(self, scope: str) -> list[Lock]:
        """Return the locks at a resource, above it (its resource group, its subscription) and below it.

        Where there is somebody to share with, those of its resource group are read once for all that is in it.
        """
        of_group = self._locks_of_group(scope) if self._shared.shares else None
        if of_group is None:
            return self._shared.get(f"locks|{scope.lower()}", lambda: self._read_locks(scope))
        return [lock for lock in of_group if lock.may_concern(scope)]

    def _locks_of_group(self, scope: str) -> list[Lock] | None:
        """Return the locks at, above and below the resource group of a resource. None where it is in none, or where
        they may not be read: a role may be held at the resource alone."""
        if not arm_ids.names_a_group(scope):
            return None
        group = arm_ids.group_of(scope)

        def read() -> list[Lock] | None:
            try:
                return self._read_locks(group)
            except (PermissionDenied, NotFound):
                return None

        return self._shared.get(f"locks in|{group.lower()}", read)

    def _read_locks(self, scope: str) -> list[Lock]:
        path = f"{_whole(scope)}/providers/Microsoft.Authorization/locks?api-version={_LOCKS_VERSION}"
        return [parse_lock(document) for document in self._values(path)]

    def permissions(self, scope: str) -> list[Permission]:
        """Return what the caller may do at a scope."""
        path = f"{_whole(scope)}/providers/Microsoft.Authorization/permissions?api-version={_PERMISSIONS_VERSION}"
        return self._shared.get(
            f"permissions|{scope.lower()}", lambda: [parse_permission(document) for document in self._values(path)]
        )

    def _values(self, path: str) -> Iterator[Any]:
        following = path
        while following:
            page = self._get(following, page_of_objects)
            yield from items(page, "value")
            following = text(page, "nextLink")

    def _get(self, url: str, read: Callable[[HttpResponse], Any] = one_object) -> Any:
        with translated():
            return read(successful(self._client.send_request(HttpRequest("GET", self._client.format_url(url)))))
