# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's own pipeline, for somebody who has signed in already."""

from __future__ import annotations

import time
from typing import Any

from azure.core.credentials import AccessToken

from ansible_collections.asr.failback.plugins.module_utils.azure.clouds import Cloud
from ansible_collections.asr.failback.plugins.module_utils.azure.credentials import SharedToken, SignInTime
from ansible_collections.asr.failback.plugins.module_utils.azure.pipeline import ServiceClock, build_policies
from ansible_collections.asr.failback.plugins.module_utils.azure.settings import AzureSettings
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

CLOUD = Cloud("https://arm.contoso.example", "https://login.contoso.example", "https://arm.contoso.example/.default")


class SignedIn:
    """A credential that has a token."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """A token that is good for an hour."""
        return AccessToken("token", int(time.time()) + 3600)


def signed_in_policies() -> list[Any]:
    """The policies that every client of a task shares that has just looked at its target."""
    watch = Watch(60)
    token = SharedToken(SignedIn, AzureSettings("secret", "s"), CLOUD, RunCache(), SignInTime(lambda: watch))
    token.get_token(CLOUD.scope)
    watch.look.begin()
    return build_policies(token, CLOUD.scope, ServiceClock(lambda: watch), lambda: watch)
