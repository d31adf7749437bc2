# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of any kind goes through scripts unharmed and is never run."""

from __future__ import annotations

import base64
import json

from hypothesis import example, given
from hypothesis import strategies as st
from support.powershells import REFUSAL, lines, run

NASTY = [
    "a'b",
    'a"b',
    "$(1 + 1)",
    "$env:COMPUTERNAME",
    "`n`0`$x",
    "line\r\nbreak\nand\ttab",
    "'; throw 'out",
    '"; throw "out',
    "@'\nhere\n'@",
    "${x}",
    "%{exit 9}",
    "\u540d\u524d \u0418\u043c\u044f \u05e9\u05dd \U0001f600",
    "\u2018smart\u2019 \u201cquotes\u201d",
    "\u2028\u2029\x85<>&",
    "/Date(1)",
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(NASTY)
ECHO = """
$ErrorActionPreference = 'Stop'
$document = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String(@($input) -join '')) | ConvertFrom-Json
$answer = & ([ScriptBlock]::Create($document.script)) $document.input
[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes((ConvertTo-Json $answer -Depth 8 -Compress)))
"""
SAME = "param($Request) [ordered]@{ text = $Request.text; again = \"$($Request.text)\"; list = @($Request.text, 'x') }"


def answer(script: str, text: str) -> dict[str, object]:
    """What a script answers whose input is a document with `text`, all of it in base64."""
    document = base64.b64encode(json.dumps({"script": script, "input": {"text": text}}).encode()).decode()
    sent = "\r\n".join(document[at : at + 76] for at in range(0, len(document), 76))
    (line,) = lines(ECHO, stdin=sent + "\r\n")
    found = json.loads(base64.b64decode(line))
    assert isinstance(found, dict)
    return found


@given(TEXT)
@example("\x00\x01\x1f\x7f\ufeff\ufffe")
def test_given_any_text_when_it_travels_as_json_in_base64_then_it_comes_back_unharmed(text: str) -> None:
    assert answer(SAME, text) == {"text": text, "again": text, "list": [text, "x"]}


@given(st.sampled_from(NASTY) | TEXT)
def test_given_any_text_when_compared_and_used_as_a_key_then_it_is_only_text(text: str) -> None:
    script = 'param($Request) $h = @{}; $h[$Request.text] = 1; @{ same = $Request.text.Equals("$($Request.text)");'
    script += " found = $h.ContainsKey($Request.text);"
    script += " filtered = @($Request.text | Where-Object { $_ -ceq $Request.text }).Count }"
    assert answer(script, text) == {"same": True, "found": True, "filtered": 1}


@given(TEXT)
def test_given_any_text_in_single_quotes_when_written_then_it_is_that_text(text: str) -> None:
    quoted = text.replace("'", "''")
    completed = run(f"[Console]::Out.Write('{quoted}')")
    if set(text) & set("\u2018\u2019\u201a\u201b"):
        # PowerShell takes these for quotes.
        assert completed.stderr.startswith(REFUSAL)
    else:
        assert completed.stdout == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=8,
    )
)
def test_given_any_document_when_read_and_written_then_it_means_the_same(value: object) -> None:
    document = json.dumps({"value": value})
    sent = base64.b64encode(document.encode()).decode()
    script = (
        "$value = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String(@($input) -join '')) | ConvertFrom-Json;"
    )
    script += "$json = ConvertTo-Json $value -Depth 20 -Compress;"
    script += "[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json))"
    (line,) = lines(script, stdin=sent)
    assert json.loads(base64.b64decode(line)) == json.loads(document)
