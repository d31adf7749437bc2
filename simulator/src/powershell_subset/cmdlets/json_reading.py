# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ConvertFrom-Json as Windows PowerShell 5.1 reads it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from powershell_subset.errors import Terminating, runtime_error
from powershell_subset.objects import NotModelled, PSObject
from powershell_subset.running.stages import Collecting, cmdlet
from powershell_subset.values.dates import EPOCH
from powershell_subset.values.numbers import fits
from powershell_subset.values.text import to_text

MOST = 2 * 1024 * 1024
DATE = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")


@cmdlet()
class ConvertFromJson(Collecting):
    """ConvertFrom-Json: an array at the top is one object, which the pipeline does not take apart."""

    title = "ConvertFrom-Json"
    positions = ("InputObject",)

    def _end(self) -> None:
        texts = [to_text(item) for item in self.items]
        if self.has("InputObject"):
            value = self.given("InputObject")
            texts = [to_text(item) for item in value] if isinstance(value, list) else [to_text(value)]
        if len(texts) > 1 and not _is_json(texts[0]):
            texts = ["\r\n".join(texts)]
        for text in texts:
            self.emit(read(text))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def read(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        Terminating: it is no JSON.
    """
    if len(text) > MOST:
        raise NotModelled("JSON of more than 2 MiB characters, which JavaScriptSerializer refuses")
    if not text.strip():
        return None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_int=_integer, strict=False)
    except ValueError:
        raise _invalid(text) from None


def _invalid(text: str) -> Terminating:
    message = f"Invalid JSON primitive: {_primitive(text)}."
    error_id = "System.ArgumentException,Microsoft.PowerShell.Commands.ConvertFromJsonCommand"
    return runtime_error(message, error_id, "NotSpecified", kind="System.ArgumentException")


def _primitive(text: str) -> str:
    bare = text.strip()
    word = re.match(r"[^\s,:\[\]{}\"']+", bare)
    if word is None or word[0] in ("true", "false", "null"):
        raise NotModelled("the words of this error in a JSON text")
    return word[0]


def _object(pairs: list[tuple[str, Any]]) -> PSObject:
    names = [name.lower() for name, _unused in pairs]
    if len(set(names)) != len(names) or "" in names:
        raise NotModelled("a JSON object with a name twice (but for its case), or an empty one")
    return PSObject(properties={name: _dated(value) for name, value in pairs})


def _dated(value: Any) -> Any:
    found = DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return [_dated(each) for each in value] if isinstance(value, list) else value
    moment: datetime = EPOCH + timedelta(milliseconds=int(found[1]))
    return moment


def _integer(text: str) -> int | Decimal:
    value = int(text)
    return value if fits(value, "Int64") else Decimal(value)


def _number(text: str) -> Decimal | float:
    """JavaScriptSerializer takes what has no exponent for a Decimal."""
    return float(text) if "e" in text.lower() else Decimal(text)
