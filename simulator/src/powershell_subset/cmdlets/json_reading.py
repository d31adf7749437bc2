# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ConvertFrom-Json as Windows PowerShell 5.1 reads it."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from powershell_subset.objects import NotModeled, PSObject
from powershell_subset.running.stages import Cmdlet, cmdlet
from powershell_subset.values.numbers import fits
from powershell_subset.values.text import to_text

MOST = 2 * 1024 * 1024
# JavaScriptSerializer makes a date of it.
DATE = re.compile(r"/Date\(.*\)/", re.DOTALL)


@cmdlet()
class ConvertFromJson(Cmdlet):
    """ConvertFrom-Json: an array at the top is one object, which the pipeline does not take apart."""

    title = "ConvertFrom-Json"
    positions = ("InputObject",)

    def begin(self) -> None:
        """Before the first object."""
        self._texts: list[str] = []

    def process(self, item: Any) -> None:
        """Collect the texts."""
        self._texts.append(to_text(item))

    def end(self) -> None:
        """Read the text, or the lines of one."""
        texts = [to_text(self.given("InputObject"))] if self.has("InputObject") else self._texts
        if not texts:
            raise NotModeled("ConvertFrom-Json of nothing")
        if len(texts) > 1 and _is_json(texts[0]):
            raise NotModeled("ConvertFrom-Json of several texts")
        self.emit(read("\r\n".join(texts)))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def read(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        NotModeled: it is no JSON, or such that versions read it differently.
    """
    if len(text) > MOST:
        raise NotModeled("JSON of more than 2 MiB characters, which JavaScriptSerializer refuses")
    if not text.strip():
        return None
    try:
        return _plain(json.loads(text, object_pairs_hook=_object, parse_float=_refuse, parse_constant=_refuse))
    except ValueError:
        raise NotModeled("the error for a text that is no JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> PSObject:
    names = [name.lower() for name, _unused in pairs]
    if len(set(names)) != len(names) or "" in names:
        raise NotModeled("a JSON object with a name twice (but for its case), or an empty one")
    return PSObject(properties={name: _plain(value) for name, value in pairs})


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str) and DATE.fullmatch(value):
        raise NotModeled("a date in a JSON text")
    if isinstance(value, int) and not fits(value, 64):
        _refuse(str(value))
    return value


def _refuse(text: str) -> NoReturn:
    raise NotModeled(f"the number {text} in a JSON text")
