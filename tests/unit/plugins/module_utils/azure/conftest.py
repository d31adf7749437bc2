# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on loopback, and clients of them that wait on a watch whose time is the test's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from azure.core import PipelineClient
from azure.core.rest import HttpRequest, HttpResponse
from support.signing_in import signed_in_policies
from support.web import Answer, Web

from ansible_collections.asr.failback.plugins.module_utils.azure.pipeline import WatchedTransport, WritesOncePolicy
from ansible_collections.asr.failback.plugins.module_utils.azure.settings import AzureSettings
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch


@dataclass
class Client:
    """Sends requests through the retry policy and transport of the collection; `pauses` are the waits between tries."""

    ca_bundle: str
    pauses: list[float] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    @property
    def transport(self) -> WatchedTransport:
        """A transport that trusts the servers of the test."""
        settings = AzureSettings("cli", "subscription", ca_bundle=self.ca_bundle)
        watch = Watch(600, clock=lambda: sum(self.pauses), pause=self._pause)
        return WatchedTransport(lambda: watch, settings)

    @property
    def policies(self) -> list[Any]:
        """The pipeline of a task, signed in as somebody."""
        return signed_in_policies()

    def send(self, method: str, url: str) -> HttpResponse:
        """The answer after all tries. Raises AzureError where there is none."""
        policies = [WritesOncePolicy()]
        client: PipelineClient[Any, Any] = PipelineClient(url, policies=policies, transport=self.transport)
        with client:
            return client.send_request(HttpRequest(method, url, json={} if method != "GET" else None))

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.meanwhile()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the certificates of the servers."""
    return trustme.CA()


@pytest.fixture
def client(authority: trustme.CA, tmp_path: Path) -> Client:
    """A client that trusts the servers."""
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    return Client(str(bundle))


@pytest.fixture
def web(authority: trustme.CA) -> Iterator[Callable[..., Web]]:
    """Starts servers: `web(answer, ..., port=0)`."""
    with ExitStack() as running:

        def start(*answers: Answer, port: int = 0) -> Web:
            return running.enter_context(Web(authority, answers, port))

        yield start
