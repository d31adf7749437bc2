# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that exchanges with Azure are recorded in: whose it is, that its lines are whole, what it says twice."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from azure.core import PipelineClient
from azure.core.rest import HttpRequest
from support.web import Answer, Web

from ansible_collections.asr.failback.plugins.module_utils.azure.credentials import SignInTime
from ansible_collections.asr.failback.plugins.module_utils.azure.pipeline import (
    SignInTransport,
    WatchedTransport,
    WritesOncePolicy,
)
from ansible_collections.asr.failback.plugins.module_utils.azure.settings import AzureSettings, resolve_settings
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

GROUP = "/subscriptions/6f0f58a2-4fe5-4a70-9f76-5c4e3c9f0001/resourceGroups/rg"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/v"
BODY = {"name": "payroll", "properties": {"friendlyName": "payroll", "state": "Succeeded"}}


class Recorded:
    """Talks to a server; what is said goes to a file. `lines` are what was reported."""

    def __init__(self, file: Path, ca_bundle: str) -> None:
        self.file, self.names = file, Path(f"{file}.names")
        self.settings = AzureSettings("cli", "s", ca_bundle=ca_bundle, recording=str(file))
        self.lines: list[str] = []
        self.seconds = 0.0
        self.watch = Watch(600, self.lines.append, clock=lambda: self.seconds, pause=self._pause)

    def _pause(self, seconds: float) -> None:
        self.seconds += seconds

    def transport(self) -> WatchedTransport:
        """A transport that is recorded."""
        return WatchedTransport(lambda: self.watch, self.settings)

    def send(self, method: str, url: str, transport: WatchedTransport | None = None, **options: Any) -> int:
        """The status of the answer."""
        client: PipelineClient[Any, Any] = PipelineClient(
            url, policies=[WritesOncePolicy()], transport=transport or self.transport()
        )
        return client.send_request(HttpRequest(method, url, **options)).status_code

    def exchanges(self) -> list[dict[str, Any]]:
        """What the file holds."""
        return [json.loads(line) for line in self.file.read_text().splitlines()]


@pytest.fixture
def recorded(tmp_path: Path, client: Any) -> Recorded:
    """Recorded to a file that is not there yet."""
    return Recorded(tmp_path / "recording.jsonl", client.ca_bundle)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_an_exchange_is_a_line_and_its_names_are_in_a_file_of_their_own(
    web: Callable[..., Web], recorded: Recorded
) -> None:
    server = web(Answer(202, BODY, {"Retry-After": "30"}))
    url = f"{server.url}{VAULT}/replicationJobs/x1/resume?api-version=2025-08-01"
    assert recorded.send("POST", url, json={"properties": {"comments": "Payroll may stop"}}) == 202
    (line,) = recorded.exchanges()
    assert list(line) == [
        *("time", "method", "path", "query", "request_body", "status", "response_headers", "response_body")
    ]
    assert (line["method"], line["status"], line["query"]) == ("POST", 202, {"api-version": "2025-08-01"})
    assert line["path"].endswith("/vaults/vault-1/replicationJobs/name-1/resume")
    assert line["request_body"] == {"properties": {"comments": "text-1"}}
    assert line["response_headers"]["Retry-After"] == "30"
    assert line["response_body"]["properties"] == {"friendlyName": "name-2", "state": "Succeeded"}
    assert "payroll" not in recorded.file.read_text().lower()
    assert "payroll" in recorded.names.read_text()
    assert (mode(recorded.file), mode(recorded.names)) == (0o600, 0o600)


def test_every_try_is_recorded(web: Callable[..., Web], recorded: Recorded) -> None:
    server = web(Answer(503, {}, {"Retry-After": "7"}), Answer(200, BODY))
    assert recorded.send("GET", f"{server.url}{VAULT}") == 200
    assert [line["status"] for line in recorded.exchanges()] == [503, 200]


def test_of_a_sign_in_there_is_only_that_there_was_one(web: Callable[..., Web], recorded: Recorded) -> None:
    server = web(Answer(200, {"access_token": "Canary"}), Answer(200, {"name": "payroll"}))
    time_for_it = SignInTime(lambda: recorded.watch)
    time_for_it.begin()
    transport = SignInTransport(lambda: recorded.watch, recorded.settings, time_for_it)
    form = {"client_secret": "Canary", "client_assertion": "Canary"}
    recorded.send("POST", f"{server.url}/canary.example/oauth2/v2.0/token?code=Canary", transport, data=form)
    recorded.send("GET", f"{server.url}/metadata/endpoints?api-version=2022-09-01", recorded.transport())
    sign_in, metadata = recorded.exchanges()
    assert sign_in["path"] == "/domain-1.example/oauth2/v2.0/token"
    assert [sign_in[part] for part in ("query", "request_body", "response_headers", "response_body")] == [
        *({}, None, {}, None)
    ]
    assert metadata["response_body"] == {"name": "name-1"}
    assert "canary" not in recorded.file.read_text().lower()


def test_a_page_that_is_no_json_is_left_out(web: Callable[..., Web], recorded: Recorded) -> None:
    server = web(Answer(403, "<html>Payroll is blocked</html>"))
    assert recorded.send("GET", f"{server.url}{VAULT}") == 403
    assert recorded.exchanges()[0]["response_body"] is None


def test_a_later_run_goes_on_with_the_same_names(web: Callable[..., Web], recorded: Recorded, client: Any) -> None:
    server = web(Answer(200, {"friendlyName": "payroll"}), Answer(200, [{"friendlyName": "other"}, BODY]))
    recorded.send("GET", f"{server.url}{VAULT}")
    again = Recorded(recorded.file, client.ca_bundle)
    again.send("GET", f"{server.url}{VAULT.upper()}")
    first, second = recorded.exchanges()
    assert first["response_body"] == {"friendlyName": "name-1"}
    assert [one.get("friendlyName") for one in second["response_body"]] == ["name-2", None]
    assert second["response_body"][1]["name"] == "name-1"
    assert second["path"].lower() == first["path"].lower()


def test_two_at_the_same_time_know_each_others_names(web: Callable[..., Web], recorded: Recorded) -> None:
    server = web(*(Answer(200, {"friendlyName": name}) for name in ("a1", "b2", "a1", "b2")))
    one, other = recorded.transport(), recorded.transport()
    for transport in (one, other, other, one):
        recorded.send("GET", f"{server.url}{VAULT}", transport)
    assert [line["response_body"]["friendlyName"] for line in recorded.exchanges()] == ["name-1", "name-2"] * 2


def _send_from_a_process(file: Path, ca_bundle: str, urls: list[str]) -> None:
    own = Recorded(file, ca_bundle)
    own.watch = Watch(60)
    threads = [threading.Thread(target=own.send, args=("GET", url)) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_processes_and_threads_write_whole_lines(web: Callable[..., Web], recorded: Recorded) -> None:
    long = {"value": [{"friendlyName": f"machine{number}"} for number in range(2000)]}
    server = web(Answer(200, long))
    urls = [f"{server.url}{VAULT}/replicationJobs/j{number}" for number in range(4)]
    started = [
        get_context("fork").Process(
            target=_send_from_a_process, args=(recorded.file, recorded.settings.ca_bundle, urls)
        )
        for _number in range(3)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    lines = recorded.exchanges()
    assert len(lines) == 12
    assert len({json.dumps(line["response_body"]) for line in lines}) == 1
    assert len({line["path"] for line in lines}) == 4


def fifo(file: Path) -> None:
    os.mkfifo(file)


def link(file: Path) -> None:
    file.symlink_to(file.with_name("other"))


@pytest.mark.parametrize("suffix", ["", ".names"])
@pytest.mark.parametrize("make", [fifo, link, Path.mkdir], ids=["fifo", "link", "folder"])
def test_what_is_no_file_is_refused_before_anything_is_sent(
    make: Callable[[Path], object], suffix: str, recorded: Recorded, web: Callable[..., Web]
) -> None:
    server = web(Answer(200, BODY))
    make(Path(f"{recorded.file}{suffix}"))
    with pytest.raises(ConfigurationError, match="recording"):
        recorded.send("GET", server.url)
    assert server.asked == []
    assert not recorded.file.with_name("other").exists()


def test_a_folder_that_is_not_there_is_named(recorded: Recorded, client: Any) -> None:
    lost = Recorded(recorded.file.parent / "lost" / "recording", client.ca_bundle)
    with pytest.raises(ConfigurationError, match=r"lost/recording.* cannot be written: No such file"):
        lost.transport()


def test_a_file_that_others_may_read_is_closed_to_them(recorded: Recorded, web: Callable[..., Web]) -> None:
    for file in (recorded.file, recorded.names):
        file.touch()
        file.chmod(0o664)
    recorded.send("GET", f"{web(Answer(200, BODY)).url}{VAULT}")
    assert (mode(recorded.file), mode(recorded.names)) == (0o600, 0o600)


def test_a_recording_without_its_names_is_not_continued(recorded: Recorded, web: Callable[..., Web]) -> None:
    recorded.send("GET", f"{web(Answer(200, BODY)).url}{VAULT}")
    recorded.names.unlink()
    with pytest.raises(ConfigurationError, match=r"cannot be continued.*recording.jsonl.names"):
        recorded.transport()


def test_half_a_line_of_somebody_who_was_killed_is_taken_away(recorded: Recorded, web: Callable[..., Web]) -> None:
    server = web(Answer(200, BODY))
    recorded.send("GET", f"{server.url}{VAULT}")
    for file in (recorded.file, recorded.names):
        with file.open("a") as content:
            content.write('{"half": "of ')
    recorded.send("GET", f"{server.url}{VAULT}/replicationJobs/j1")
    assert [line["status"] for line in recorded.exchanges()] == [200, 200]
    assert all(json.loads(line) for line in recorded.names.read_text().splitlines())


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process becomes larger than so many bytes meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_the_recording_and_nothing_else(recorded: Recorded, web: Callable[..., Web]) -> None:
    server = web(Answer(200, BODY), Answer(200, {"name": "x" * 40, "state": "y" * 60}))
    transport = recorded.transport()
    recorded.send("GET", f"{server.url}{VAULT}", transport)
    with largest_file(recorded.file.stat().st_size + 10):
        assert recorded.send("GET", f"{server.url}{VAULT}", transport) == 200
        assert recorded.send("POST", f"{server.url}{VAULT}", transport) == 200
    assert len(recorded.exchanges()) == 1
    assert len(recorded.lines) == 1
    assert f"nothing more is recorded to {recorded.file}" in recorded.lines[0]


def test_somebody_who_keeps_the_lock_is_not_waited_for_for_ever(recorded: Recorded) -> None:
    with recorded.names.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ConfigurationError, match=r"Somebody else has had .*names for 10 seconds"):
            recorded.transport()
    assert recorded.seconds == pytest.approx(10, abs=1)


def test_the_option_goes_before_the_environment(tmp_path: Path) -> None:
    environ = {"AZURE_SUBSCRIPTION_ID": "s", "ASR_FAILBACK_RECORDING": "/of/the/environment"}
    options: dict[str, Any] = {"auth_source": "cli"}
    assert resolve_settings(options, environ, tmp_path / "none").recording == "/of/the/environment"
    options["recording"] = "/of/the/options"
    assert resolve_settings(options, environ, tmp_path / "none").recording == "/of/the/options"
