# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts a task may ask, and how the tasks of a run share what they said."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import Any

import pytest
from support.web import LOOPBACK, Answer
from support.winrm_host import (
    COMMAND,
    OPERATION_TIMEOUT,
    PASSWORD,
    SHELL,
    TAKEN,
    USER,
    Host,
    fault,
    read,
    said,
    sent_in,
)

from ansible_collections.asr.failback.plugins.module_utils.hyperv.hosts import Hosts, no_inventory
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    ConfigurationError,
    HostAuthenticationError,
    HostError,
    HostUnreachable,
)
from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache
from ansible_collections.asr.failback.plugins.module_utils.shared_reads import UNSHARED, SharedReads
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

Start = Callable[..., Host]
NAME = "hv01.contoso.example"
INVENTORY = {NAME: {"inventory_hostname": "hv01", "ansible_user": USER, "ansible_password": PASSWORD}}
UNAUTHORIZED = Answer(401, "")
# What is asked of a host about all its VMs.
EVERYTHING = {"vms": None, "power_only": False}
GONE = Answer(410, "asked more often than the test allows")


def facts(computer: str = "HV01") -> list[Answer]:
    """A whole session in which a host tells its facts."""
    return [SHELL, COMMAND, TAKEN, said({"result": {"computer": computer}}), TAKEN, TAKEN]


def hosts(
    options: Mapping[str, Any] | None = None,
    inventory: Mapping[str, Mapping[str, Any]] | None = None,
    cache: RunCache | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    *,
    of_many: bool = False,
) -> Hosts:
    known, watch = inventory or {}, Watch(600, clock=clock)
    shared = SharedReads(lambda: watch) if of_many else UNSHARED
    return Hosts(options or {}, known.get, watch, cache or RunCache(), {}, shared=shared)


def asking(
    host: Host,
    cache: RunCache | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    *,
    of_many: bool = False,
    **more: Any,
) -> Hosts:
    """The hosts of a task that may ask one host of a test. `of_many`: the task is for many virtual machines."""
    options = {
        "hyperv_hosts": {NAME: f"{LOOPBACK}:{host.web.server_port}"},
        "winrm_user": USER,
        "winrm_password": PASSWORD,
        "winrm_transport": ["basic"],
        "winrm_ca_trust_path": host.ca_bundle,
        **more,
    }
    return hosts(options, cache=cache, clock=clock, of_many=of_many)


def questions(host: Host) -> list[Any]:
    """The input of each script that reached a host."""
    sent = (sent_in([body]) for body in host.web.bodies)
    return [read(question)["input"] for question in sent if question]


def test_only_a_host_that_the_user_named_may_be_asked() -> None:
    named = {"hyperv_hosts": {"hv02": "10.0.0.2", "hv03.contoso.example": None}}
    known = hosts(named, INVENTORY)
    assert known.knows(NAME)
    assert known.knows("HV02.contoso.example")
    assert known.knows("hv03")
    assert not known.knows("hv04.contoso.example")
    with pytest.raises(ConfigurationError, match="hv04 is neither in the inventory nor in hyperv_hosts"):
        known.session("hv04")
    assert not Hosts({}, no_inventory, Watch(1), RunCache()).knows(NAME)


def test_a_host_is_asked_where_and_as_whom_the_user_says() -> None:
    account = {"winrm_user": "other", "winrm_password": "p"}
    named = hosts({"hyperv_hosts": {"hv09": NAME, "hv02": "10.0.0.2:15986", "hv03": None}, **account}, INVENTORY)
    of_inventory = hosts({"hyperv_hosts": {"hv09": NAME}}, INVENTORY).session("hv09.contoso.example").settings
    assert (of_inventory.address, of_inventory.user, of_inventory.name) == ("hv01", USER, "hv09.contoso.example")
    assert named.session("hv09").settings.user == "other"
    assert named.session("hv02").settings.endpoint == "https://10.0.0.2:15986/wsman"
    assert named.session("hv03.contoso.example").settings.address == "hv03.contoso.example"


def test_the_user_s_own_word_is_a_host_of_the_inventory_or_an_address() -> None:
    known = hosts({"winrm_user": "u", "winrm_password": "p"}, INVENTORY)
    assert known.named(NAME).settings.address == "hv01"
    assert known.named("10.0.0.7:5986").settings.address == "10.0.0.7"
    with pytest.raises(ConfigurationError, match="host is not given"):
        known.named("")


def test_one_host_is_asked_once_for_all_tasks_of_a_run(host: Start) -> None:
    hv01, cache = host(*facts(), GONE), RunCache()
    for _task in range(3):
        assert asking(hv01, cache).facts(NAME, [("", "web01")], max_age=60).computer == "HV01"
    assert hv01.actions().count("Create") == 1
    # So that the answer serves the tasks of the other machines.
    assert questions(hv01) == [EVERYTHING]


def test_an_answer_about_power_alone_serves_no_one_who_asks_for_more(host: Start) -> None:
    hv01, cache = host(*facts(), *facts(), GONE), RunCache()
    for power_only in (True, False, True):
        asking(hv01, cache).facts(NAME, max_age=60, power_only=power_only)
    assert questions(hv01) == [{**EVERYTHING, "power_only": True}, EVERYTHING]


def test_processes_that_ask_at_once_open_one_session(host: Start) -> None:
    hv01, cache = host(*facts(), GONE), RunCache()

    def ask() -> int:
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            status = int(asking(hv01, cache).facts(NAME, max_age=60).computer != "HV01")
        finally:
            os._exit(status)

    children = [ask() for _number in range(6)]
    assert all(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 for child in children)
    assert hv01.actions().count("Create") == 1


def test_an_answer_that_is_too_old_is_asked_for_again(host: Start) -> None:
    hv01, cache, now = host(*facts("OLD"), *facts("NEW"), GONE), RunCache(), [0.0]
    known = asking(hv01, cache, lambda: now[0])
    assert known.facts(NAME, max_age=60).computer == "OLD"
    now[0] = 60
    assert known.facts(NAME, max_age=60).computer == "OLD"
    now[0] = 61
    assert known.facts(NAME, max_age=60).computer == "NEW"


@pytest.mark.parametrize("changed", [said({"result": {"made": True}}), said({"error": {"message": "No."}})])
def test_what_a_host_said_before_a_change_counts_no_more(host: Start, changed: Answer) -> None:
    change = [SHELL, COMMAND, TAKEN, changed, TAKEN, TAKEN]
    hv01, cache = host(*facts("OLD"), *change, *facts("NEW"), GONE), RunCache()
    known = asking(hv01, cache)
    assert known.facts(NAME, max_age=60).computer == "OLD"
    with suppress(HostError):
        known.change(known.named(f"{LOOPBACK}:{hv01.web.server_port}"), "a script", {"name": "Production"})
    assert known.facts(NAME, max_age=60).computer == "NEW"
    assert questions(hv01) == [EVERYTHING, {"name": "Production"}, EVERYTHING]


def test_a_proof_is_asked_for_anew_and_about_its_machine_alone(host: Start) -> None:
    hv01, cache = host(*facts("OLD"), *facts("NEW"), GONE), RunCache()
    assert asking(hv01, cache).facts(NAME, max_age=60).computer == "OLD"
    assert asking(hv01, cache).facts(NAME, [("an-id", "web01")]).computer == "NEW"
    assert questions(hv01) == [EVERYTHING, {**EVERYTHING, "vms": [{"id": "an-id", "name": "web01"}]}]
    assert asking(hv01, cache).facts(NAME, max_age=60).computer == "OLD"


def test_another_account_does_not_get_what_the_first_one_was_told(host: Start) -> None:
    hv01, cache = host(*facts(), UNAUTHORIZED), RunCache()
    asking(hv01, cache).facts(NAME, max_age=60)
    with pytest.raises(HostAuthenticationError):
        asking(hv01, cache, winrm_password="another").facts(NAME, max_age=60)


def test_that_a_host_cannot_be_asked_is_found_out_once(host: Start) -> None:
    hv01, cache = host(UNAUTHORIZED, GONE), RunCache()
    caught = []
    for _task in range(3):
        with pytest.raises(HostAuthenticationError) as problem:
            asking(hv01, cache).facts(NAME, max_age=60)
        caught.append(problem.value.as_result())
    assert caught[0] == caught[1] == caught[2]
    assert len(hv01.web.asked) == 1
    with pytest.raises(HostError, match="HTTP 410"):
        asking(hv01, cache).facts(NAME)


def asked(known: Hosts, name: str = NAME) -> str:
    """Ask, and return how a refusal is told."""
    with pytest.raises(HostAuthenticationError) as problem:
        known.facts(name)
    assert PASSWORD not in str(problem.value.as_result())
    return problem.value.happened


def several(cache: RunCache, *known: Host, **more: Any) -> Hosts:
    """The hosts of a task that may ask `hv0`, `hv1` ..."""
    addresses = {f"hv{number}": f"{LOOPBACK}:{host.web.server_port}" for number, host in enumerate(known)}
    return asking(known[0], cache, **{"hyperv_hosts": addresses, **more})


def test_an_account_that_two_hosts_refused_is_tried_on_no_other(host: Start) -> None:
    first, second, third, cache = host(UNAUTHORIZED), host(UNAUTHORIZED), host(GONE), RunCache()
    for name in ("hv0", "hv1"):
        assert "was refused before" not in asked(several(cache, first, second, third), name)
    for name in ("hv2", "hv0", "hv1"):
        told = asked(several(cache, first, second, third), name)
        assert "was refused before in this run, by hv0 (" in told
        assert ", hv1 (" in told
    with pytest.raises(HostAuthenticationError, match="was refused before"):
        several(cache, first, second, third).named(f"{LOOPBACK}:{third.web.server_port}").ask("a script", {})
    with pytest.raises(HostAuthenticationError, match="was refused before"):
        several(cache, first, second, third).facts("hv2", max_age=60)
    assert [len(one.web.asked) for one in (first, second, third)] == [1, 1, 0]


def test_a_host_that_refuses_by_itself_is_asked_twice_and_keeps_nobody_from_others(host: Start) -> None:
    wrong, right, cache = host(UNAUTHORIZED), host(*facts(), *facts(), GONE), RunCache()
    assert "was refused before" not in asked(several(cache, wrong, right), "hv0")
    # From here on the password is known to be right: the other host alone is wrong.
    assert several(cache, wrong, right).facts("hv1").computer == "HV01"
    told = [asked(several(cache, wrong, right), "hv0") for _time in range(3)]
    assert ["was refused before" in words for words in told] == [False, True, True]
    assert len(wrong.web.asked) == 2
    assert several(cache, wrong, right).facts("hv1").computer == "HV01"


def test_a_password_that_was_refused_twice_is_tried_nowhere(host: Start) -> None:
    wrong, other, cache = host(UNAUTHORIZED), host(*facts()), RunCache()
    for _time in range(2):
        asked(several(cache, wrong, other), "hv0")
    assert "was refused before in this run, by hv0" in asked(several(cache, wrong, other), "hv1")
    assert (len(wrong.web.asked), len(other.web.asked)) == (2, 0)


def test_each_way_to_sign_in_is_a_try(host: Start) -> None:
    first, second, cache = host(UNAUTHORIZED), host(UNAUTHORIZED), RunCache()
    ways = {"winrm_transport": ["basic", "ntlm"]}
    known = several(cache, first, second, **ways)
    assert "was refused before" not in asked(known, "hv0")
    assert "was refused before" in asked(known, "hv1")
    assert (len(first.web.asked), len(second.web.asked)) == (2, 0)


@pytest.mark.parametrize("of_hosts", [1, 12], ids=["one host", "a host each"])
def test_a_wrong_password_is_tried_twice_whatever_the_forks(host: Start, of_hosts: int) -> None:
    hosts, cache = [host(UNAUTHORIZED) for _host in range(of_hosts)], RunCache()

    def ask(number: int) -> int:
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            told = asked(several(cache, *hosts), f"hv{number % of_hosts}")
            status = int("refused" not in told)
        finally:
            os._exit(status)

    children = [ask(number) for number in range(12)]
    assert all(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 for child in children)
    assert sum(len(one.web.asked) for one in hosts) == 2


def test_another_password_is_another_try(host: Start) -> None:
    hv01, cache = host(UNAUTHORIZED), RunCache()
    for _time in range(3):
        asked(asking(hv01, cache))
    assert len(hv01.web.asked) == 2
    assert "was refused before" not in asked(asking(hv01, cache, winrm_password="another"))


def test_a_refusal_is_forgotten_when_windows_forgets_it(host: Start) -> None:
    hv01, cache, now = host(UNAUTHORIZED), RunCache(), [0.0]
    told = []
    for time in (0, 0, 1799, 1800):
        now[0] = time
        told.append(asked(asking(hv01, cache, lambda: now[0])))
    assert ["was refused before" in words for words in told] == [False, False, True, False]


def test_an_account_that_may_not_do_this_has_the_right_password(host: Start) -> None:
    denied, cache = fault(5, "Access is denied."), RunCache()
    first, second, third = host(denied), host(denied), host(*facts())
    for name in ("hv0", "hv1"):
        assert "may not open a shell" in asked(several(cache, first, second, third), name)
    assert several(cache, first, second, third).facts("hv2").computer == "HV01"


def test_a_proof_gets_its_time_when_a_job_has_used_all_of_it(host: Start) -> None:
    nothing_yet = fault(OPERATION_TIMEOUT)
    hv01, now = host(SHELL, COMMAND, TAKEN, *[nothing_yet] * 5, *facts()[3:], GONE), chain([0], range(600, 10_000))
    assert asking(hv01, clock=lambda: float(next(now))).facts(NAME).computer == "HV01"
    slow, ticks = host(SHELL, COMMAND, TAKEN, nothing_yet), chain([0], range(600, 10_000))
    with pytest.raises(HostUnreachable, match=r"within 1[12]\d seconds"):
        asking(slow, clock=lambda: float(next(ticks))).facts(NAME)


def test_another_clock_is_read_before_and_after_and_kept_with_the_answer(host: Start) -> None:
    hv01, cache = host(*facts(), GONE), RunCache()
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    times = iter(start + timedelta(seconds=number) for number in range(2))
    for _task in range(2):
        answer = asking(hv01, cache).facts(NAME, max_age=60, now=lambda: next(times))
        assert answer.asked_between == (start, start + timedelta(seconds=1))
    assert asking(host(*facts())).facts(NAME).asked_between is None


def test_who_told_everything_has_told_what_runs(host: Start) -> None:
    here = host(*facts(), GONE)
    known = asking(here, of_many=True)
    known.facts(NAME)
    assert known.has_answer(NAME, 0, power_only=True, may_miss_end=False)
    assert known.facts(NAME, power_only=True).computer == "HV01"
    assert questions(here) == [EVERYTHING]


def test_who_could_not_tell_everything_is_asked_what_runs(host: Start) -> None:
    """A host with a hundred machines may have no time to tell all of them: that says nothing of what runs there."""
    here = host(SHELL, COMMAND, TAKEN, said({"error": {"message": "too slow"}}), TAKEN, TAKEN, *facts())
    known = asking(here, of_many=True)
    with pytest.raises(HostError):
        known.facts(NAME)
    assert not known.has_answer(NAME, 0, power_only=True, may_miss_end=True)
    assert known.facts(NAME, power_only=True, may_miss_end=True).computer == "HV01"
    assert questions(here) == [EVERYTHING, {"vms": None, "power_only": True}]
