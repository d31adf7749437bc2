# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the simulator's tests: a running simulator, and callers that speak to it over TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from asr_simulator.server import Simulator

GROUP_VERSION = "2021-04-01"


class Caller:
    """Speaks to a simulator as one of its principals, with plain HTTP requests."""

    def __init__(self, simulator: Simulator, principal: str | None = None) -> None:
        connection = simulator.connection
        self.connection = connection
        named = {spec["name"]: spec for spec in connection["principals"]}
        self.identity = named[principal] if principal else connection["principals"][0]
        self.session = requests.Session()
        self.session.verify = connection["ca_bundle"]
        self.session.trust_env = False
        self.subscription = f"/subscriptions/{connection['subscription_id']}"
        self.group = f"{self.subscription}/resourceGroups/{connection['resource_group']}"
        self.vault = f"{self.group}/providers/Microsoft.RecoveryServices/vaults/{connection['vault_name']}"

    def sign_in(self) -> Caller:
        """Gets a token and sends it from now on."""
        answer = self.ask_token()
        assert answer.status_code == 200, answer.text
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    def ask_token(self, tenant: str | None = None, path: str = "oauth2/v2.0/token", **form: str) -> requests.Response:
        """The answer of the token endpoint; `form` replaces fields of a good request, an empty one removes it."""
        good = {
            "grant_type": "client_credentials",
            "client_id": self.identity["client_id"],
            "client_secret": self.identity["client_secret"],
            "scope": f"{self.connection['resource_manager']}/.default",
        }
        fields = {name: value for name, value in {**good, **form}.items() if value}
        return self.session.post(
            f"{self.connection['authority']}/{tenant or self.connection['tenant_id']}/{path}", data=fields, timeout=20
        )

    def call(self, method: str, path: str, version: str | None = GROUP_VERSION, **options: Any) -> requests.Response:
        """One call below the resource manager; `version` None sends no api-version."""
        query = {**({"api-version": version} if version else {}), **options.pop("params", {})}
        url = path if path.startswith("https:") else f"{self.connection['resource_manager']}{path}"
        return self.session.request(method, url, params=query, timeout=20, **options)

    def get(self, path: str, version: str | None = GROUP_VERSION, **options: Any) -> requests.Response:
        """GET."""
        return self.call("GET", path, version, **options)


@pytest.fixture(scope="module")
def simulate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Mapping[str, Any]], Simulator]]:
    """Starts simulators (speed 0: time stands still); they stop after the module's tests."""
    with ExitStack() as running:

        def start(scenario: Mapping[str, Any]) -> Simulator:
            folder: Path = tmp_path_factory.mktemp("simulator")
            return running.enter_context(Simulator.start(scenario, folder, speed=0))

        yield start


@pytest.fixture(scope="module")
def caller() -> Callable[..., Caller]:
    """Makes signed-in callers: `caller(simulator, principal=None)`."""
    return lambda simulator, principal=None: Caller(simulator, principal).sign_in()


@pytest.fixture(scope="module")
def stranger() -> Callable[..., Caller]:
    """Makes callers that have no token yet: `stranger(simulator, principal=None)`."""
    return Caller
