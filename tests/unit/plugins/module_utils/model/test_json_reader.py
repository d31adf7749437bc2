# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An object that comes in pieces is what it is as a whole, wherever they end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.asr.failback.plugins.module_utils.model.json_reader import read_object

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)
OBJECTS = st.dictionaries(st.sampled_from(["results", "run", "", "é"]), VALUES, max_size=4)
INDENTS = st.sampled_from([None, 0, 4])


def pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def numbered(number: int, value: Any) -> Any:
    return [number, value]


@given(OBJECTS, INDENTS, st.integers(1, 30))
def test_an_object_in_pieces_is_the_same(value: dict[str, Any], indent: int | None, size: int) -> None:
    text = json.dumps(value, indent=indent)

    found = read_object(pieces(text, size), "results", numbered)

    listed = value.get("results")
    whole = {**value, "results": [*map(list, enumerate(listed))]} if isinstance(listed, list) else value
    assert found == whole
    assert [*found] == [*value]


@given(OBJECTS, st.integers(1, 30), st.data())
def test_a_part_of_one_is_refused(value: dict[str, Any], size: int, data: st.DataObject) -> None:
    text = json.dumps(value)
    part = text[: data.draw(st.integers(0, len(text) - 1))]

    with pytest.raises(ValueError, match=r"."):
        read_object(pieces(part, size), "results", numbered)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "[]", "7", "null", "{} {}", '{"a": 1,}', "{,}", '{"a" 1}', "{1: 2}", '{"a": 1 "b": 2}'),
        *('{"results": [1,]}', '{"results": [,1]}', '{"results": [1 2]}', '{"results": [1}', '{"results": 1]}'),
        '\ufeff{"a": 1}',
    ],
)
def test_what_is_no_object_is_refused(text: str) -> None:
    for size in (1, 100):
        with pytest.raises(ValueError, match=r"."):
            read_object(pieces(text, size), "results", numbered)


def test_an_entry_is_read_when_it_is_its_turn() -> None:
    told: list[str] = []

    def blocks() -> Any:
        for number in range(3):
            told.append(f"block {number}")
            yield f'{{"results": [{number}, ' if number == 0 else f"{number}{', ' if number < 2 else ']}'}"

    assert read_object(blocks(), "results", lambda number, _value: told.append(f"entry {number}")) == {
        "results": [None, None, None]
    }
    assert told.index("entry 0") < told.index("block 2")
