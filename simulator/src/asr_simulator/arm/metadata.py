# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metadata endpoint, from which clients of a private cloud learn where everything is.

Two forms: up to 2019-05-01 a list of clouds (read by azure.azcollection), later one object (read by the Azure CLI).
"""

from __future__ import annotations

from typing import Any

from asr_simulator.arm.world import ArmWorld
from asr_simulator.wire import ArmError, Reply, Request

CLOUD = "AsrSimulator"
LIST_VERSIONS = frozenset({"2018-05-01", "2019-05-01"})
OBJECT_VERSIONS = frozenset({"2019-10-01", "2020-06-01", "2022-09-01", "2023-11-01"})


def endpoints(world: ArmWorld, request: Request) -> Reply:
    """`GET /metadata/endpoints`, which needs no token."""
    version = request.query.get("api-version", "")
    if not version:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if version in LIST_VERSIONS:
        return Reply(body=[_cloud(world, request)])
    if version in OBJECT_VERSIONS:
        return Reply(body=_cloud(world, request))
    known = ",".join(sorted(LIST_VERSIONS | OBJECT_VERSIONS))
    raise ArmError(
        400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid. Supported are '{known}'."
    )


def _cloud(world: ArmWorld, request: Request) -> dict[str, Any]:
    base = request.base_url
    return {
        "name": CLOUD,
        "portal": base,
        "authentication": {
            "loginEndpoint": base,
            "audiences": [base, f"{base}/"],
            "tenant": world.entra.tenant_id,
            "identityProvider": "AAD",
        },
        "resourceManager": base,
        "graph": f"{base}/",
        "graphAudience": f"{base}/",
        "microsoftGraphResourceId": f"{base}/",
        "gallery": base,
        "media": base,
        "batch": base,
        "activeDirectoryDataLake": base,
        "sqlManagement": base,
        "vmImageAliasDoc": base,
        "suffixes": {},
    }
