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
VAULT_VERSION = "2025-08-01"
ENDED = ("Succeeded", "Failed", "Cancelled", "PartiallySucceeded")


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


class Desk:
    """An operator of a simulated vault: asks for operations on items by name, lets time pass, looks at both sides."""

    def __init__(self, simulator: Simulator, caller: Caller) -> None:
        self.simulator = simulator
        self.caller = caller

    def truth(self, name: str) -> dict[str, Any]:
        """The item as the control API shows it."""
        return next(item for item in self.simulator.state()["items"] if item["name"] == name)

    def path(self, name: str) -> str:
        """The id of an item or a plan."""
        state = self.simulator.state()
        return next(thing["id"] for thing in (*state["items"], *state["plans"]) if thing["name"] == name)

    def read(self, path: str, **query: str) -> Any:
        """The body of a GET below the vault, or of a whole id."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str, **query: str) -> requests.Response:
        """A GET below the vault, or of a whole id."""
        return self.caller.get(
            path if path.startswith("/") else f"{self.caller.vault}/{path}", VAULT_VERSION, params=query
        )

    def item(self, name: str) -> dict[str, Any]:
        """The properties that Site Recovery shows of an item or a plan."""
        return dict(self.read(self.path(name))["properties"])

    def ask(self, name: str, operation: str, properties: Mapping[str, Any] | None = None) -> requests.Response:
        """The answer to an operation on an item or a plan."""
        return self.post(f"{self.path(name)}/{operation}", properties)

    def post(self, path: str, properties: Mapping[str, Any] | None = None) -> requests.Response:
        """A POST below the vault, or on a whole id."""
        url = path if path.startswith("/") else f"{self.caller.vault}/{path}"
        options = {} if properties is None else {"json": {"properties": properties}}
        return self.caller.call("POST", url, VAULT_VERSION, **options)

    def begin(self, name: str, operation: str, properties: Mapping[str, Any] | None = None) -> str:
        """Starts an operation that must be accepted; the id of its job."""
        answer = self.ask(name, operation, properties)
        assert answer.status_code == 202, answer.text
        return str(self.caller.get(answer.headers["Azure-AsyncOperation"], None).json()["name"])

    def job(self, name: str) -> dict[str, Any]:
        """The properties of a job."""
        return dict(self.read(f"replicationJobs/{name}")["properties"])

    def act(self, job: str, action: str) -> requests.Response:
        """Resume, cancel or restart a job."""
        body = {"comments": " "} if action == "resume" else None
        return self.post(f"replicationJobs/{job}/{action}", body)

    def pass_time(self, seconds: float) -> None:
        """Lets simulated time pass."""
        self.simulator.locked(lambda world: world.clock.advance(seconds))

    def until(self, job: str, *states: str, hours: int = 12) -> dict[str, Any]:
        """The job, once it is in one of the states; minute by minute."""
        for _unused in range(hours * 60):
            found = self.job(job)
            if found["state"] in states:
                return found
            self.pass_time(60)
        raise AssertionError(f"{job} is {found['state']} after {hours} hours, not {states}")

    def do(self, name: str, operation: str, properties: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Starts an operation and waits for the end of its job."""
        return self.until(self.begin(name, operation, properties), *ENDED)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Opens desks: `desk(scenario, principal=None)`; each starts a simulator of its own, in which time stands still."""
    with ExitStack() as running:

        def opened(scenario: Mapping[str, Any] | str, principal: str | None = None, **options: Any) -> Desk:
            folder = tmp_path / f"simulator{len(list(tmp_path.iterdir()))}"
            simulator = running.enter_context(Simulator.start(scenario, folder, speed=0, **options))
            return Desk(simulator, Caller(simulator, principal).sign_in())

        yield opened


def failback_to(data_sync: str = "ForDownTime", create: str = "NoAction", **more: str) -> dict[str, Any]:
    """The properties of an item's failback."""
    details = {"dataSyncOption": data_sync, "recoveryVmCreationOption": create, **more}
    return {
        "failoverDirection": "RecoveryToPrimary",
        "providerSpecificDetails": {"instanceType": "HyperVReplicaAzureFailback", **details},
    }


@pytest.fixture
def failback() -> Callable[..., dict[str, Any]]:
    """Makes the properties of an item's failback: `failback(data_sync, create, **more)`."""
    return failback_to


@pytest.fixture
def plan_failback() -> Callable[..., dict[str, Any]]:
    """Makes the properties of a plan's failback: `plan_failback(data_sync, create)`."""

    def made(*options: str) -> dict[str, Any]:
        item = failback_to(*options)
        return {**item, "providerSpecificDetails": [item["providerSpecificDetails"]]}

    return made


@pytest.fixture
def to_azure() -> dict[str, Any]:
    """The properties of a reverse replication or a failover."""
    return {
        "failoverDirection": "PrimaryToRecovery",
        "providerSpecificDetails": {"instanceType": "HyperVReplicaAzure"},
    }


@pytest.fixture
def vault_of() -> Callable[..., dict[str, Any]]:
    """Makes small scenarios: `vault_of(*items, **parts)`; items are by default on host `hv01` and failed over."""

    def made(*items: Mapping[str, Any], **parts: Any) -> dict[str, Any]:
        site = {"name": "site1", "type": "HyperVSite", "hosts": [{"name": "hv01"}, {"name": "hv02"}]}
        cloud = {"name": "vmm01", "type": "VMM", "clouds": [{"name": "cloud1"}]}
        defaults = {"stage": "failed_over", "in_azure_for": "2d"}
        placed = [{**defaults, **({} if "cloud" in item else {"host": "hv01"}), **item} for item in items]
        return {"name": "small", "fabrics": [site, cloud], "items": placed, **parts}

    return made
