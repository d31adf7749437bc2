# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What measurements of playbooks have in common."""

from __future__ import annotations

import os
import resource
from typing import Any


def environment(connection: dict[str, Any]) -> dict[str, str]:
    """The environment that leads Ansible to the simulator."""
    return {
        **os.environ,
        "AZURE_CLIENT_ID": connection["client_id"],
        "AZURE_CLIENT_SECRET": connection["client_secret"],
        "AZURE_TENANT_ID": connection["tenant_id"],
        "AZURE_SUBSCRIPTION_ID": connection["subscription_id"],
        "AZURE_CLOUD_ENVIRONMENT": connection["resource_manager"],
        "AZURE_DISABLE_INSTANCE_DISCOVERY": "true",
        "REQUESTS_CA_BUNDLE": connection["ca_bundle"],
        "ASR_RESOURCE_GROUP": connection["resource_group"],
        "ASR_VAULT_NAME": connection["vault_name"],
    }


def processor_seconds() -> float:
    """What the processes that this one started, and waited for, have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
