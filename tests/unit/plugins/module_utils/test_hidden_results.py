# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible takes out of a result is taken out, and nothing else."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.common.parameters import remove_values
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.hidden_results import without_secrets

TEXTS = st.text("ab1é*", max_size=5)
LEAVES = st.none() | st.booleans() | st.integers(0, 200) | st.floats(0, 2) | TEXTS
LEAVES |= st.just(datetime(2026, 1, 1, tzinfo=timezone.utc)) | st.binary(max_size=2).filter(bytes.isascii)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXTS, inner, max_size=4)
        | st.tuples(inner)
        | st.frozensets(TEXTS)
    ),
)


@given(VALUES, st.sets(TEXTS.filter(bool), max_size=3))
def test_the_same_is_taken_out(value: Any, secrets: set[str]) -> None:
    assert without_secrets(value, secrets) == remove_values(value, secrets)


def test_what_is_deeper_than_python_goes_is_searched_too() -> None:
    value: Any = "the secret"
    for _level in range(5000):
        value = [value]

    found = without_secrets(value, ["secret"])

    while isinstance(found, list):
        found = found[0]
    assert found == "the ********"


def test_what_is_returned_is_another_one() -> None:
    value = {"a": ["x"]}

    found = without_secrets(value, ["secret"])
    found["a"].append("y")

    assert value == {"a": ["x"]}
