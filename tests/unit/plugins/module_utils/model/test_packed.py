# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as text: what comes back is what went in, and what is no such text is refused."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from zlib import compress

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.packed import hidden, pack, state_of, whole

RESULT: dict[str, Any] = {
    "changed": True,
    "handover": {"kind": "", "file": ""},
    "result": {"outcome": "protected", "steps": [{"step": "commit"}] * 20, "reversible": None},
    "state": {"target": "wéb01", "step": 3},
}


def text_of(content: bytes) -> str:
    return b64encode(compress(content)).decode()


def test_a_result_comes_back_whole() -> None:
    packed = pack(RESULT)
    assert {key: packed[key] for key in ("changed", "handover")} == {
        "changed": True,
        "handover": {"kind": "", "file": ""},
    }
    assert len(packed["packed"]) < 300
    assert whole(packed) == RESULT
    assert whole({"failed": False, **packed}) == {"failed": False, **RESULT}


def test_what_is_not_packed_is_whole() -> None:
    assert whole(RESULT) == RESULT
    assert whole({}) == {}


@pytest.mark.parametrize("given", [None, {}, "", {"target": "web01"}])
def test_a_state_is_read_from_the_text_or_given_as_it_is(given: object) -> None:
    assert state_of(given) == given
    assert state_of(pack({"state": given})["packed"]) == given


@pytest.mark.parametrize(
    "given", ["no base64", text_of(b"no JSON"), text_of(b"[]"), b64encode(b"not compressed").decode(), 7, None, ["a"]]
)
def test_another_text_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        whole({"packed": given})


def without_q(value: Any) -> Any:
    """Take the letter out of every text, as what hides a secret of one letter does."""
    if isinstance(value, dict):
        return {key: without_q(one) for key, one in value.items()}
    return value.replace("Q", "*") if isinstance(value, str) else value


def test_what_is_packed_is_not_hidden_again() -> None:
    packed = {"changed": True, "packed": "QQ=="}
    outcome = {"msg": "Q", "vms": {"web01": packed, "db01": {"msg": "Quiet"}}}
    assert hidden(outcome, without_q) == {"msg": "*", "vms": {"web01": packed, "db01": {"msg": "*uiet"}}}


@pytest.mark.parametrize("vms", [{}, {"vms": ["Q"]}, {"vms": {}}, {"vms": {"web01": "Quiet"}}])
def test_whatever_else_is_hidden(vms: dict[str, Any]) -> None:
    assert hidden({"msg": "Q", **vms}, without_q) == without_q({"msg": "Q", **vms})
