# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer to a request for a shutdown means: asked, not asked, or not known."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.guest_shutdown import judge_shutdown


def answer_of(**parts: Any) -> dict[str, Any]:
    return {"before": {"state": "Running"}, "sent": True, "code": None, "failure": None, **parts}


@pytest.mark.parametrize("code", [0, 4096, 32782])
def test_a_guest_that_is_asked_or_goes_down_already(code: int) -> None:
    assert judge_shutdown(answer_of(code=code)).is_taken is True


@pytest.mark.parametrize(
    ("code", "words", "may_pass"),
    [
        (32768, "failed", False),
        (32769, "denied", False),
        (32775, "state", False),
        (32780, "not ready", True),
        (32781, "locked", True),
    ],
)
def test_a_guest_that_is_not_asked(code: int, words: str, may_pass: bool) -> None:
    verdict = judge_shutdown(answer_of(code=code))
    assert (verdict.is_taken, verdict.may_pass) == (False, may_pass)
    assert words in verdict.words
    assert f"return code {code}" in verdict.words


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "no return code"),
        ({"code": True}, "no return code"),
        ({"code": "0"}, "no return code"),
        ({"code": 1}, "return code 1, which is not known here"),
        ({"code": 40000}, "return code 40000, which is not known here"),
        ({"code": 32771}, "return code 32771, the status is unknown"),
        ({"code": 32772}, "return code 32772, the request timed out"),
        ({"failure": "The RPC server is unavailable."}, "The RPC server is unavailable."),
    ],
)
def test_what_does_not_tell_whether_a_guest_was_asked(parts: dict[str, Any], words: str) -> None:
    verdict = judge_shutdown(answer_of(**parts))
    assert (verdict.is_taken, verdict.may_pass) == (None, False)
    assert "whether its guest was asked is not known" in verdict.words
    assert words in verdict.words


@pytest.mark.parametrize(
    ("parts", "words", "may_pass"),
    [
        ({}, "integration service for shutdown is missing", False),
        ({"before": {"state": "RunningCritical"}}, "integration service for shutdown is missing", False),
        ({"failure": "Access denied"}, "could not be asked: Access denied", False),
        ({"before": {"state": "Paused"}}, "it is Paused", True),
        ({"before": None}, "it is not known", True),
    ],
)
def test_a_request_that_was_not_sent(parts: dict[str, Any], words: str, may_pass: bool) -> None:
    verdict = judge_shutdown(answer_of(sent=False, **parts))
    assert (verdict.is_taken, verdict.may_pass) == (False, may_pass)
    assert words in verdict.words
