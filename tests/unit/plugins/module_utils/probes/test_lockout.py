# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passwords of probes: all that a run knows of a refused one counts for them, and theirs counts for the run."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support.web import LOOPBACK, Answer, Web

from ansible_collections.asr.failback.plugins.module_utils.hyperv.lockout_guard import Refusals
from ansible_collections.asr.failback.plugins.module_utils.hyperv.settings import resolve_settings
from ansible_collections.asr.failback.plugins.module_utils.model.failures import HostAuthenticationError
from ansible_collections.asr.failback.plugins.module_utils.model.programs import no_programs
from ansible_collections.asr.failback.plugins.module_utils.probes.web import HttpProbe
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

SECONDS = 10.0
ACCOUNT = {"user": "CONTOSO\\probe", "password": "wrong"}
REFUSES, SHOWS = Answer(401), Answer(body="fine")


@pytest.fixture
def refusals() -> Refusals:
    """What a run knows of refused passwords."""
    return Refusals(RunCache(), Watch(600))


def http(server: Web, refusals: Refusals, **parts: Any) -> HttpProbe:
    return HttpProbe(name="page", port=server.server_port, **{**ACCOUNT, **parts}).equipped(no_programs, refusals)


def test_a_page_that_is_shown_says_nothing_about_the_password(refusals: Refusals) -> None:
    """A server may show it to anybody."""
    with Web(None, [REFUSES]) as strict, Web(None, [SHOWS]) as open_to_all:
        attempts = [http(server, refusals).attempt(LOOPBACK, SECONDS) for server in (open_to_all, *[strict] * 4)]
        shown = http(open_to_all, refusals).attempt(LOOPBACK, SECONDS)
    assert len(strict.asked) == 2
    assert [one.seen for one in attempts[3:]] == ["not asked"] * 2
    assert (shown.status, shown.is_final) == ("fail", True)
    assert "was refused before in this run" in shown.cause


def test_a_refusal_that_is_expected_is_one_all_the_same(refusals: Refusals) -> None:
    with Web(None, [REFUSES]) as server:
        attempts = [http(server, refusals, status=(401,)).attempt(LOOPBACK, SECONDS) for _time in range(3)]
    assert [one.status for one in attempts] == ["pass", "pass", "fail"]
    assert len(server.asked) == 2


def test_without_a_password_nothing_is_counted(refusals: Refusals) -> None:
    with Web(None, [REFUSES]) as server:
        for _time in range(4):
            http(server, refusals, user="", password="").attempt(LOOPBACK, SECONDS)
    assert len(server.asked) == 4


def test_what_hosts_have_refused_is_not_tried_in_a_guest(refusals: Refusals) -> None:
    options = {"winrm_user": ACCOUNT["user"].upper(), "winrm_password": ACCOUNT["password"]}
    host = resolve_settings("hv01", options, {}, {})
    for _time in range(2):
        with pytest.raises(HostAuthenticationError), refusals.noted(host):
            raise HostAuthenticationError("hv01 refused the account")
    with Web(None, [SHOWS]) as server:
        outcome = http(server, refusals).attempt(LOOPBACK, SECONDS)
    assert server.asked == []
    assert "by hv01" in outcome.cause


def test_whoever_waits_for_another_s_try_waits_no_longer_than_an_attempt_may_take(refusals: Refusals) -> None:
    hangs, ends = threading.Event(), threading.Event()

    def answer(_bodies: Any) -> str:
        hangs.set()
        ends.wait(SECONDS)
        return "fine"

    with Web(None, [Answer(body=answer)]) as slow, Web(None, [SHOWS]) as quick:
        first = threading.Thread(target=lambda: http(slow, refusals).attempt(LOOPBACK, SECONDS))
        first.start()
        assert hangs.wait(SECONDS)
        outcome = http(quick, refusals).attempt(LOOPBACK, 0.3)
        ends.set()
        first.join()
        assert quick.asked == []
        assert (outcome.status, outcome.seen, outcome.is_final) == ("fail", "not asked", False)
        assert "other tasks of this run were trying the password of CONTOSO\\probe" in outcome.cause
        assert http(quick, refusals).attempt(LOOPBACK, SECONDS).status == "pass"
