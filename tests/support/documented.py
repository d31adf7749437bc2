# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's documentation as a user sees it, and whether a result keeps what it promises."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from support.module_contracts import CONTRACTS
from support.playbook_runner import COLLECTIONS

Documentation = Mapping[str, Any]
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "dict": (dict,),
    "list": (list,),
}
# What Ansible itself adds to results, and documents.
_COMMON = frozenset({"changed", "failed", "msg", "diff", "exception", "invocation", "warnings", "deprecations"})
_MENTIONED = re.compile(r"\bC\((\w+)\)")
_LIKE = re.compile(r"\b(?:as|of) RV\((\w+)\)", re.IGNORECASE)


@cache
def documentation() -> dict[str, Any]:
    """What ansible-doc shows of each module, fragments resolved: doc, examples (text), return."""
    names = [f"asr.failback.{name}" for name in CONTRACTS]
    shown = subprocess.run(
        ["ansible-doc", "--json", "--type", "module", *names],
        env={"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), **os.environ},
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    return {name.rsplit(".", 1)[1]: entry for name, entry in json.loads(shown.stdout).items()}


def broken_promises(module: str, result: Mapping[str, Any], *, failed: bool = False) -> list[str]:
    """What is wrong with a result by RETURN: keys without documentation, wrong types, documented keys that miss.

    Null is of every type. A key is documented below `contains`, or mentioned as C(key) in its parent's description.
    """
    documented = documentation()[module]["return"]
    checker = _Checker(documented)
    unknown = [f"{name} is not documented" for name in result if name not in documented and name not in _COMMON]
    missing = [
        f"{name} is missing"
        for name, entry in documented.items()
        if name not in result and _is_promised(str(entry.get("returned", "")), failed)
    ]
    wrong = [
        problem
        for name, value in result.items()
        if name in documented
        for problem in checker.problems(name, value, documented[name])
    ]
    return [*unknown, *missing, *wrong]


def _is_promised(returned: str, failed: bool) -> bool:
    """Whether a key is always there in this case; "success, when ..." promises nothing."""
    if returned == "always":
        return True
    if failed:
        return returned == "failure"
    return returned == "success" or returned.startswith("success, and ")


class _Checker:
    """Compares values with their documentation, down to the leaves."""

    def __init__(self, documented: Documentation) -> None:
        self._documented = documented

    def problems(self, path: str, value: Any, entry: Documentation) -> Iterator[str]:
        """Yield what is wrong with a value."""
        if value is None:
            return
        kind = entry["type"]
        wanted = _TYPES[kind]
        if not isinstance(value, wanted) or (kind in ("int", "float") and isinstance(value, bool)):
            yield f"{path} is {type(value).__name__}, documented as {kind}"
        elif isinstance(value, dict):
            yield from self._dict_problems(path, value, entry)
        elif isinstance(value, list):
            yield from self._list_problems(path, value, entry)

    def _list_problems(self, path: str, value: list[Any], entry: Documentation) -> Iterator[str]:
        for index, element in enumerate(value):
            yield from self.problems(f"{path}[{index}]", element, {**entry, "type": entry["elements"]})

    def _dict_problems(self, path: str, value: Mapping[str, Any], entry: Documentation) -> Iterator[str]:
        text = " ".join(entry["description"]) if isinstance(entry["description"], list) else entry["description"]
        like = _LIKE.search(text)
        if like:
            model = self._documented[like.group(1)]
            yield from self._dict_problems(path, value, {**model, "type": "dict", "description": ""})
            return
        inside, mentioned = entry.get("contains", {}), set(_MENTIONED.findall(text))
        if not inside and not mentioned:
            return
        for name, member in value.items():
            if name in inside:
                yield from self.problems(f"{path}.{name}", member, inside[name])
            elif name not in mentioned:
                yield f"{path}.{name} is not documented"
        yield from (f"{path}.{name} is missing" for name, one in inside.items() if name not in value and _is_whole(one))


def _is_whole(entry: Documentation) -> bool:
    return str(entry.get("returned", "always")) in ("always", "success")
