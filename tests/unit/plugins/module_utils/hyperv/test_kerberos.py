# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ticket is made from the password by kinit, for one session, and is gone afterwards, whoever runs kinit."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.programs_run import RUNNERS

from ansible_collections.asr.failback.plugins.module_utils.hyperv.kerberos import ticket
from ansible_collections.asr.failback.plugins.module_utils.hyperv.settings import HostSettings, resolve_settings
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    HostAuthenticationError,
    MissingLibrary,
)
from ansible_collections.asr.failback.plugins.module_utils.model.programs import RunProgram

PASSWORD = "p4ss w0rd $HOME 'x'"
Kinit = Callable[[str], str]


@pytest.fixture
def kinit(tmp_path: Path) -> Kinit:
    """Writes a command in the place of kinit that notes what it is told, then does as the test says."""

    def write(then: str) -> str:
        path = tmp_path / "kinit"
        path.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat > {tmp_path}/input\n{then}\n')
        path.chmod(stat.S_IRWXU)
        return str(path)

    return write


@pytest.fixture(params=RUNNERS)
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> RunProgram:
    """What runs programs: in the controller's own process, in a module."""
    runner: RunProgram = RUNNERS[request.param](monkeypatch)
    return runner


def settings(command: str, **variables: object) -> HostSettings:
    given = {"ansible_user": "failback@CONTOSO.EXAMPLE", "ansible_password": PASSWORD}
    return resolve_settings("hv01", {}, {**given, "ansible_winrm_kinit_cmd": command, **variables}, {})


def test_a_ticket_is_there_for_the_session_alone(
    kinit: Kinit, run: RunProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/of/the/user")
    monkeypatch.setenv("AZURE_SECRET", "Canary-7281")
    command = kinit(f'touch "${{KRB5CCNAME#FILE:}}"; env > {tmp_path}/environment')
    with ticket(settings(command), "kerberos", run):
        cache = Path(os.environ["KRB5CCNAME"].removeprefix("FILE:"))
        assert cache.is_file()
        assert stat.S_IMODE(cache.parent.stat().st_mode) == 0o700
    assert not cache.parent.exists()
    assert os.environ["KRB5CCNAME"] == "FILE:/of/the/user"
    assert (tmp_path / "arguments").read_text() == "failback@CONTOSO.EXAMPLE\n"
    assert (tmp_path / "input").read_text() == f"{PASSWORD}\n"
    assert "Canary-7281" not in (tmp_path / "environment").read_text()


@contextmanager
def another_process(config: HostSettings, run: RunProgram) -> Iterator[Callable[[], None]]:
    """Another process that holds a ticket; what is yielded kills it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            with ticket(config, "kerberos", run):
                os.write(writing, b"x")
                signal.pause()
        finally:
            os._exit(1)
    os.close(writing)
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    ended: list[int] = []

    def kill() -> None:
        os.kill(child, signal.SIGKILL)
        ended.append(os.waitpid(child, 0)[0])

    try:
        yield kill
    finally:
        if not ended:
            kill()


def test_the_ticket_of_a_killed_run_is_removed_by_the_next_and_that_of_one_that_goes_on_is_not(
    kinit: Kinit, run: RunProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, config = tmp_path / "tmp", settings(kinit('touch "${KRB5CCNAME#FILE:}"'))
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    # Nothing of these is a ticket of somebody who is gone.
    (folder / "asr-failback-1").mkdir()
    (folder / "asr-failback-2").symlink_to(tmp_path)
    (tmp_path / "ticket").touch()
    kept = set(folder.iterdir())
    with another_process(config, run):
        (living,) = set(folder.iterdir()) - kept
        with another_process(config, run) as kill:
            (dead,) = set(folder.iterdir()) - kept - {living}
            kill()
        assert (dead / "ticket").is_file()
        with ticket(config, "kerberos", run):
            assert not dead.exists()
            assert (living / "ticket").is_file()
        assert set(folder.iterdir()) == {*kept, living}
    assert (tmp_path / "ticket").exists()


def test_a_ticket_that_may_be_handed_on_is_asked_for(kinit: Kinit, run: RunProgram, tmp_path: Path) -> None:
    with ticket(settings(kinit(""), ansible_winrm_kerberos_delegation=True), "kerberos", run):
        assert (tmp_path / "arguments").read_text().startswith("-f ")


def test_what_kinit_says_is_told_without_the_password(
    kinit: Kinit, run: RunProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KRB5CCNAME", raising=False)
    command = kinit(f"echo 'kinit: Client not found' >&2; cat {Path(kinit('')).parent}/input >&2; exit 1")
    with (
        pytest.raises(HostAuthenticationError, match="Client not found") as caught,
        ticket(settings(command), "kerberos", run),
    ):
        pass
    assert PASSWORD not in str(caught.value.as_result())
    assert "KRB5CCNAME" not in os.environ


def test_without_kinit_it_is_said_what_is_needed(run: RunProgram, tmp_path: Path) -> None:
    with (
        pytest.raises(MissingLibrary, match="kinit-of-nobody") as caught,
        ticket(settings(str(tmp_path / "kinit-of-nobody")), "kerberos", run),
    ):
        pass
    assert "krb5-user" in caught.value.remedy


@pytest.mark.parametrize(("transport", "variables"), [("ntlm", {}), ("kerberos", {"ansible_password": ""})])
def test_no_ticket_is_made_where_none_is_needed_or_the_user_has_one(
    kinit: Kinit, run: RunProgram, tmp_path: Path, transport: str, variables: dict[str, str]
) -> None:
    with ticket(settings(kinit(""), **variables), transport, run):
        assert not (tmp_path / "arguments").exists()


def test_sessions_of_one_user_share_a_ticket_and_those_of_others_wait_for_its_end(
    kinit: Kinit, run: RunProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KRB5CCNAME", raising=False)
    command = kinit(f"echo x >> {tmp_path}/made")
    mine, other = settings(command), settings(command, ansible_user="other@CONTOSO.EXAMPLE")
    seen: list[str] = []

    def wait() -> None:
        with ticket(other, "kerberos", run):
            seen.append(os.environ["KRB5CCNAME"])

    waiting = threading.Thread(target=wait)
    with ticket(mine, "kerberos", run):
        first = os.environ["KRB5CCNAME"]
        waiting.start()
        with ticket(mine, "kerberos", run):
            assert os.environ["KRB5CCNAME"] == first
        assert os.environ["KRB5CCNAME"] == first
        assert seen == []
        assert (tmp_path / "made").read_text().split() == ["x"]
    waiting.join(20)
    assert len(seen) == 1
    assert seen != [first]
    assert (tmp_path / "made").read_text().split() == ["x", "x"]
    assert "KRB5CCNAME" not in os.environ
