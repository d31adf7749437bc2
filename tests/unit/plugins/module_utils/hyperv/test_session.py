# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A question to a host: what is sent, what comes back, and what becomes of it when something breaks."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from support.web import Answer
from support.winrm_host import (
    COMMAND,
    OPERATION_TIMEOUT,
    PASSWORD,
    SHELL,
    TAKEN,
    Host,
    asked_in,
    fault,
    framed,
    nonce_in,
    output,
    said,
    sent_in,
    shown,
    wmi_fault,
)

from ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts.bootstrap import BOOTSTRAP
from ansible_collections.asr.failback.plugins.module_utils.model.failures import (
    FateUnknown,
    HostAuthenticationError,
    HostError,
    HostUnreachable,
)

Start = Callable[..., Host]
NOTHING_YET = fault(OPERATION_TIMEOUT)
PARTS = (slice(1000), slice(1000, None))
STARTED = (SHELL, COMMAND, TAKEN)
ANSWERED = said({"result": {"state": "Off"}})
RESET = Answer(reset=True)
UNAUTHORIZED = Answer(401, "")
CLM_ERRORS = [
    (b"Cannot invoke method. Method invocation is supported only on core types in this language mode.", "Constrained"),
    (b"Methodenaufruf ... FullyQualifiedErrorId : MethodInvocationNotSupportedInConstrainedLanguage", "App Control"),
    (b"Something else.", "by hand"),
]


def test_a_question_is_one_shell_one_command_and_an_answer(host: Start) -> None:
    hv01 = host(*STARTED, ANSWERED, TAKEN)
    assert hv01.ask() == {"state": "Off"}
    assert hv01.actions() == ["Create", "Command", "Send", "Receive", "Signal", "Delete"]


def test_the_command_is_the_bootstrap_and_all_else_is_its_input(host: Start) -> None:
    hv01 = host(*STARTED, ANSWERED, TAKEN)
    awkward = {"name": "a'b\"c$(Stop-Computer)`d\r\n日本 \u0000 </rsp:Stream>", "list": [1, None, True]}
    hv01.session().ask("param($Request) 'é'", awkward)
    command = hv01.web.bodies[1]
    encoded = command.split("-EncodedCommand ")[1].split("<")[0]
    assert base64.b64decode(encoded).decode("utf-16-le") == BOOTSTRAP
    assert "Stop-Computer" not in "".join(hv01.web.bodies)
    assert max(map(len, sent_in(hv01.web.bodies).split(b"\r\n"))) <= 1000
    assert asked_in(hv01.web.bodies) == {"script": "param($Request) 'é'", "input": awkward}


def test_a_long_question_goes_in_parts_of_which_the_last_ends_it(host: Start) -> None:
    hv01 = host(SHELL, COMMAND, TAKEN, TAKEN, TAKEN, ANSWERED, TAKEN)
    hv01.session().ask("x" * 180_000, {})
    assert hv01.actions() == ["Create", "Command", "Send", "Send", "Send", "Receive", "Signal", "Delete"]
    ends = [re.search(r'End="(\w+)"', body) for body in hv01.web.bodies[2:5]]
    assert [end.group(1) for end in ends if end] == ["false", "false", "true"]
    assert max(len(body) for body in hv01.web.bodies) < 150_000
    assert len(asked_in(hv01.web.bodies)["script"]) == 180_000


def test_an_answer_may_take_its_time_and_come_in_parts(host: Start) -> None:
    whole = partial(framed, {"result": {"text": "日本" * 2000}})
    first, second = (shown(lambda nonce, part=part: whole(nonce)[part], code=None) for part in PARTS)
    parts = (first, NOTHING_YET, second, output())
    hv01 = host(*STARTED, NOTHING_YET, *parts, TAKEN)
    assert hv01.ask() == {"text": "日本" * 2000}
    assert hv01.actions().count("Receive") == 5


@pytest.mark.parametrize(("timeout", "said"), [(20, r"within \d+ seconds"), (86400, "within 180 seconds")])
def test_a_host_that_never_ends_is_left_at_the_deadline_and_told_so(host: Start, timeout: float, said: str) -> None:
    hv01 = host(*STARTED, NOTHING_YET, timeout=timeout, step=1 if timeout < 100 else 60)
    with pytest.raises(HostUnreachable, match=f"did not finish its answer {said}") as caught:
        hv01.ask()
    # No option gives it more.
    assert caught.value.remedy == "See what keeps the host busy, then run the task again."
    assert hv01.actions()[-2:] == ["Signal", "Delete"]


QUOTA = fault(2150859174, "The maximum number of concurrent operations for this user has been exceeded.")
BUSY = fault(170, "The requested resource is in use.")


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("refusal", [QUOTA, BUSY], ids=["quota", "busy"])
@pytest.mark.parametrize(
    "answers",
    [
        lambda refusal: (refusal, *STARTED, ANSWERED),
        lambda refusal: (SHELL, refusal, COMMAND, TAKEN, ANSWERED),
        lambda refusal: (SHELL, COMMAND, refusal, TAKEN, ANSWERED),
        lambda refusal: (*STARTED, refusal, NOTHING_YET, refusal, ANSWERED),
    ],
    ids=["Create", "Command", "Send", "Receive"],
)
def test_a_quota_is_waited_for_wherever_it_is_met_and_nothing_is_sent_twice(
    host: Start, answers: Callable[[Answer], tuple[Answer, ...]], refusal: Answer, changes: bool
) -> None:
    hv01 = host(*answers(refusal), TAKEN)
    assert hv01.ask(changes=changes) == {"state": "Off"}


@pytest.mark.parametrize("number", [*range(2150859173, 2150859180), -2150859174])
def test_every_number_of_a_quota_is_one_also_where_it_stands_elsewhere(host: Start, number: int) -> None:
    refusal = fault(number) if number > 0 else wmi_fault(-number)
    hv01 = host(refusal, *STARTED, ANSWERED, TAKEN)
    assert hv01.ask() == {"state": "Off"}


def test_a_quota_that_stays_used_up_is_said_to_be_one(host: Start) -> None:
    with pytest.raises(HostError, match="concurrent operations") as caught:
        host(QUOTA, timeout=400, step=20).ask()
    assert "MaxConcurrentOperationsPerUser" in caught.value.remedy
    assert caught.value.details["fault_code"] == 2150859174


@pytest.mark.parametrize("number", [109, 232, 2147942509, 2147942632])
def test_where_the_pipe_has_ended_what_the_command_said_is_read(host: Start, number: int) -> None:
    hv01 = host(SHELL, COMMAND, fault(number, "The pipe has been ended."), output(errors=b"No memory.", code=1), TAKEN)
    with pytest.raises(HostError, match="exit code 1 and no answer: No memory"):
        hv01.ask()


@pytest.mark.parametrize(("error", "words"), CLM_ERRORS)
def test_constrained_language_mode_is_told_by_what_powershell_says(host: Start, error: bytes, words: str) -> None:
    with pytest.raises(HostError) as caught:
        host(*STARTED, output(errors=error, code=1), TAKEN).ask()
    assert words in caught.value.remedy


@pytest.mark.parametrize("number", [1260, 4551, 2147943660, 2147946951])
def test_app_control_that_blocks_powershell_is_told_from_a_broken_host(host: Start, number: int) -> None:
    with pytest.raises(HostError) as caught:
        host(SHELL, fault(number, "This program is blocked by group policy."), TAKEN).ask()
    assert "App Control" in caught.value.remedy
    assert "AppLocker" in caught.value.remedy


@pytest.mark.parametrize(("changes", "kind"), [(False, HostError), (True, HostError)])
def test_the_script_s_error_is_the_host_s_own_words(host: Start, changes: bool, kind: type[HostError]) -> None:
    words = "Der Vorgang wurde\r\nabgelehnt: 拒否されました"
    error = {"message": words, "id": "AccessDenied,X", "category": "PermissionDenied", "line": "Get-VM"}
    hv01 = host(*STARTED, said({"error": error}, code=1), TAKEN)
    with pytest.raises(kind, match="Der Vorgang wurde abgelehnt: 拒否されました") as caught:
        hv01.ask(changes=changes)
    assert caught.value.details["category"] == "PermissionDenied"
    assert caught.value.details["error_id"] == "AccessDenied,X"
    # What it did before its end is not known.
    assert caught.value.wrote is changes
    assert hv01.actions()[-2:] == ["Signal", "Delete"]


CLIXML = (
    b'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    b'<Obj S="progress" RefId="0"><AV>Preparing modules for first use.</AV></Obj>'
    b'<S S="Error">The term _x0027_Get-VM_x0027_ is not_x000D__x000A_</S><S S="Error">recognized &amp; more</S></Objs>'
)


@pytest.mark.parametrize(
    ("text", "errors", "code", "words"),
    [
        (b"", CLIXML, 1, "The term 'Get-VM' is not recognized & more"),
        (b"", b"Access is denied.\r\n", 5, "Access is denied."),
        (b"", b"", 3, "ended with exit code 3 and no answer"),
        (b"Windows PowerShell\r\nCopyright", b"", 0, "Windows PowerShell Copyright"),
        (base64.b64encode(b'{"result": {}}'), b"", 0, "no answer"),
        (b"<>" + base64.b64encode(b'{"result": {}}') + b"</>", b"", 0, "no answer"),
        (b"\xff\xfe", b"", 1, "exit code 1"),
    ],
)
def test_an_end_without_an_answer_says_what_the_host_said(
    host: Start, text: bytes, errors: bytes, code: int, words: str
) -> None:
    with pytest.raises(HostError) as caught:
        host(*STARTED, output(text, errors, code), TAKEN).ask()
    assert words in caught.value.happened
    assert caught.value.details["exit_code"] == code


# What a console shows besides the answer, from nothing to what looks like one.
NOISE = (
    b"",
    b"Welcome to CONTOSO.\r\nActivity is monitored.\r\n",
    b"no line end",
    base64.b64encode(b'{"result": {"state": "Running"}}') + b"\r\n",
    b'<x>{"result": {"state": "Running"}}</x>',
    b"\xff\xfe<>e30=</>",
)
OFF = {"result": {"state": "Off"}}


@pytest.mark.parametrize("after", NOISE)
@pytest.mark.parametrize("before", NOISE)
def test_an_answer_is_found_whatever_else_is_shown(host: Start, before: bytes, after: bytes) -> None:
    answer = shown(lambda nonce: before + framed(OFF, nonce) + after, errors=b"More.")
    assert host(*STARTED, answer, TAKEN).ask() == {"state": "Off"}


def test_the_last_answer_that_is_whole_counts_and_each_question_has_its_own_nonce(host: Start) -> None:
    first = {"result": {"state": "Running"}}
    hv01 = host(*STARTED, shown(lambda nonce: framed(first, nonce) + framed(OFF, nonce) + framed(first, nonce)[:-9]))
    assert hv01.ask() == {"state": "Off"}
    nonce = nonce_in(hv01.web.bodies)
    hv01.web.answer(*STARTED, shown(lambda _nonce: framed(OFF, nonce)))
    with pytest.raises(HostError, match="no answer"):
        hv01.ask()


# What comes of a change whose answer is missing, cut off, or not to be read.
UNREADABLE = (
    output(b"", b"", 0),
    output(b"Welcome to CONTOSO.\r\n", b"", 0),
    output(b"", b"Not enough memory.", 1),
    shown(lambda nonce: framed(OFF, nonce)[:-1]),
    shown(lambda nonce: framed(OFF, nonce)[20:]),
    shown(lambda nonce: framed(OFF, nonce).replace(b"ey", b"e!")),
    shown(lambda nonce: framed(OFF, nonce).replace(b"ey", b"ez")),
    said({"result": None}),
    said({}),
)


@pytest.mark.parametrize("answer", UNREADABLE)
def test_a_change_without_an_answer_that_can_be_read_may_have_been_made(host: Start, answer: Answer) -> None:
    hv01 = host(*STARTED, answer, TAKEN)
    with pytest.raises(FateUnknown, match="The change was sent, but no answer came") as caught:
        hv01.ask(changes=True)
    assert caught.value.wrote
    assert hv01.actions().count("Command") == 1
    with pytest.raises(HostError, match="no answer"):
        host(*STARTED, answer, TAKEN).ask()


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("named", [True, False], ids=["cut off", "nothing"])
def test_a_question_that_did_not_arrive_was_not_carried_out(host: Start, named: bool, changes: bool) -> None:
    error = {"error": {"message": "Standard input ended.", "id": "x", "not_run": "input"}}
    answer = shown(lambda nonce: b"Hello." + framed(error, nonce if named else ""), code=1)
    with pytest.raises(HostError, match=r"did not reach .* nothing was run there: Standard input ended") as caught:
        host(*STARTED, answer, TAKEN).ask(changes=changes)
    assert caught.value.details["not_run"] == "input"
    assert not caught.value.wrote


@pytest.mark.parametrize("changes", [False, True])
def test_constrained_language_mode_is_named_with_the_way_out(host: Start, changes: bool) -> None:
    text = b'{"error":{"message":"ConstrainedLanguage","id":"x","not_run":"language_mode"}}'
    answer = shown(lambda nonce: b"<%s>%s</%s>" % (nonce.encode(), text, nonce.encode()), code=1)
    with pytest.raises(HostError, match="runs in ConstrainedLanguage, not in FullLanguage mode") as caught:
        host(*STARTED, answer, TAKEN).ask(changes=changes)
    assert "script rule" in caught.value.remedy
    assert "rule option 11" in caught.value.remedy
    assert not caught.value.wrote


def marked(text: bytes, *, ends: bool = True) -> Callable[[str], bytes]:
    """What a user's command shows, between the marks."""
    end = b"<%s ends>" if ends else b"%.0s"
    return lambda nonce: (b"<%s begins>\r\n" + text + end) % (nonce.encode(), nonce.encode())


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (shown(marked(b"fine\r\n")), (0, "fine\r\n", "")),
        (shown(lambda nonce: b"Hello." + marked("日本".encode())(nonce) + b"Bye.", b"Oh.", 4), (4, "日本", "Oh.")),
        (shown(marked(b"before\r\n", ends=False), code=3), (3, "before\r\n", "")),
        (shown(marked(b"", ends=False), code=0), (0, "", "")),
        (shown(marked(b""), code=4294967295), (-1, "", "")),
    ],
)
def test_a_command_s_output_is_what_the_console_shows_between_its_marks(
    host: Start, answer: Answer, ended: tuple[int, str, str]
) -> None:
    ran = host(*STARTED, answer, TAKEN).session().run("check")
    assert (ran.exit_code, ran.output, ran.errors) == ended


def test_an_error_of_a_command_is_its_own_words(host: Start) -> None:
    error = {"error": {"message": "the shop is closed", "id": "shop", "category": "x", "line": "", "not_run": ""}}
    answer = shown(lambda nonce: marked(b"before", ends=False)(nonce) + framed(error, nonce), code=1)
    with pytest.raises(HostError, match="the shop is closed") as caught:
        host(*STARTED, answer, TAKEN).session().run("check")
    assert caught.value.details["error_id"] == "shop"


@pytest.mark.parametrize(
    "answer",
    [
        output(b"", b"Not enough memory.", 1),
        output(b"Welcome.", b"", 0),
        shown(lambda nonce: marked(b"before", ends=False)(nonce) + framed(OFF, nonce)[:-9], code=1),
        RESET,
    ],
)
def test_a_command_that_nobody_knows_to_have_begun_or_failed_is_not_sent_again(host: Start, answer: Answer) -> None:
    hv01 = host(*STARTED, answer)
    with pytest.raises(FateUnknown, match="The command was sent, but no answer came"):
        hv01.session().run("check")
    assert hv01.actions().count("Command") == 1


@pytest.mark.parametrize("before", [(), (SHELL,), (SHELL, COMMAND), STARTED, (*STARTED, NOTHING_YET)])
def test_a_question_that_changes_nothing_is_asked_again_when_the_connection_breaks(
    host: Start, before: tuple[Answer, ...]
) -> None:
    # What is told to the broken session, its end, is lost as well.
    ending = [RESET] * (0 if not before else 1 if len(before) == 1 else 2)
    hv01 = host(*before, RESET, *ending, *STARTED, ANSWERED, TAKEN)
    assert hv01.ask() == {"state": "Off"}


def test_it_is_not_asked_a_third_time(host: Start) -> None:
    hv01 = host(RESET)
    with pytest.raises(HostUnreachable, match=r"hv01 \(127.0.0.1:\d+\) could not be reached"):
        hv01.ask()
    assert hv01.actions() == ["Create", "Create"]


@pytest.mark.parametrize(
    ("before", "broken", "kind"),
    [
        ((), RESET, HostUnreachable),
        ((SHELL,), RESET, HostUnreachable),
        ((SHELL, COMMAND), RESET, FateUnknown),
        (STARTED, RESET, FateUnknown),
        (STARTED, fault(1234), FateUnknown),
        (STARTED, UNAUTHORIZED, FateUnknown),
        (STARTED, Answer(502, "<html>"), FateUnknown),
    ],
)
def test_a_change_is_sent_once_and_its_fate_is_not_guessed(
    host: Start, before: tuple[Answer, ...], broken: Answer, kind: type[Exception]
) -> None:
    hv01 = host(*before, broken)
    with pytest.raises(kind) as caught:
        hv01.ask(changes=True)
    assert hv01.actions().count("Send") <= 1
    assert hv01.actions().count("Create") == 1
    assert getattr(caught.value, "wrote", None) is (kind is FateUnknown)


def test_a_change_is_waited_for_longer_than_a_question(host: Start) -> None:
    with pytest.raises(FateUnknown, match="within 600 seconds"):
        host(*STARTED, NOTHING_YET, timeout=86400, step=60).ask(changes=True)


def test_a_change_that_takes_too_long_is_not_known_either(host: Start) -> None:
    with pytest.raises(FateUnknown, match="did not finish its answer"):
        host(*STARTED, NOTHING_YET, timeout=20).ask(changes=True)


def test_the_next_way_to_sign_in_is_tried_only_when_the_host_refuses_the_first(host: Start) -> None:
    hv01 = host(UNAUTHORIZED, *STARTED, ANSWERED, TAKEN)
    assert hv01.ask(winrm_transport=["ntlm", "basic"]) == {"state": "Off"}
    hv02 = host(UNAUTHORIZED)
    with pytest.raises(HostAuthenticationError):
        hv02.ask()
    assert len(hv02.web.asked) == 1


def test_what_this_machine_lacks_is_passed_over(host: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winrm.transport.HAVE_CREDSSP", False)
    hv01 = host(*STARTED, ANSWERED, TAKEN)
    assert hv01.ask(winrm_transport=["credssp", "basic"]) == {"state": "Off"}


def test_a_session_that_cannot_be_closed_has_answered_all_the_same(host: Start) -> None:
    assert host(*STARTED, ANSWERED, RESET).ask() == {"state": "Off"}
    assert host(*STARTED, ANSWERED, Answer(404, "gone")).ask() == {"state": "Off"}


@pytest.mark.parametrize(
    "answers",
    [
        (UNAUTHORIZED,),
        (Answer(500, f"{PASSWORD} {base64.b64encode(PASSWORD.encode()).decode()}"),),
        (Answer(200, "<html>log in</html>"),),
        (fault(5, "Access is denied."),),
        (RESET,),
        (*STARTED, output(errors=b"no", code=1), TAKEN),
    ],
)
def test_no_failure_tells_the_password(host: Start, answers: tuple[Answer, ...]) -> None:
    with pytest.raises(HostError) as caught:
        host(*answers).ask()
    told: Any = (str(caught.value.as_result()), repr(caught.value), caught.value.message())
    assert PASSWORD not in "".join(told)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_for_hosts(host: Start, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert host(*STARTED, ANSWERED, TAKEN).ask() == {"state": "Off"}
