# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An exchange with Azure that may be shown to others: its form and the service's words, and nothing of the customer's.

What a field is decides what is kept of it (fields). Numbers, times and Boolean values stay. A text in any
other field is replaced: it may be new, and then nobody knows what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import fields
from .replacements import Replacements
from .text import REDACTED, WHOLE_TIME, WORD, TextRedactor

_NUMBER = re.compile(r"\d[\d. ]*")
_SIZE = re.compile(r"(?:Standard|Basic|Premium|Ultra|StandardSSD|UltraSSD|PremiumV2)_[A-Za-z0-9_]{1,40}")
_CODE = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9]+)*|[\d:]+")
_TYPE = re.compile(r"Microsoft\.[A-Za-z0-9]+(?:/[A-Za-z]+)+|[A-Za-z]+")
_ACTION = re.compile(r"[A-Za-z0-9.*]+(?:/[A-Za-z0-9.*]+)*")
_KEY = re.compile(r"[@$]?[A-Za-z][A-Za-z0-9_.]{0,79}")
_PLAIN_HEADER = re.compile(r"[\w ,:;/=.+-]{1,80}")
_TASK_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_METHOD = re.compile(r"[A-Z]{3,7}")
_FIELDS_OF_TASKS = ("name", "taskid", "groupid")
_NOTHING: Mapping[str, Any] = {}


class Redactor:
    """Makes exchanges fit to be shown. C(replacements) is what it knows, and what it counts."""

    def __init__(self, replacements: Replacements) -> None:
        self._text = TextRedactor(replacements)
        # While names are only looked for, sentences, which may quote them, are left for later.
        self._only_names = False

    def redacted(self, exchange: Mapping[str, Any]) -> dict[str, Any]:
        """Return an exchange of the same form.

        C(exchange): time, method, path, query, request_body, status, response_headers, response_body.
        """
        # Ids say what names are of; sentences that quote the names come after them.
        path = self._text.path(str(exchange["path"]))
        self._only_names = True
        for body in (exchange["request_body"], exchange["response_body"]):
            self._body(body)
        self._only_names = False
        method = str(exchange["method"])
        return {
            "time": exchange["time"],
            "method": method if _METHOD.fullmatch(method) else REDACTED,
            "path": path,
            "query": {self._key(name): self._text.query(name, value) for name, value in exchange["query"].items()},
            "request_body": self._body(exchange["request_body"]),
            "status": exchange["status"],
            "response_headers": self._headers(exchange["response_headers"]),
            "response_body": self._body(exchange["response_body"]),
        }

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        shown: dict[str, str] = {}
        for name, value in headers.items():
            lowered = name.lower()
            way = "plain" if lowered.startswith(fields.LIMIT_HEADERS) else fields.HEADERS.get(lowered)
            if way == "plain":
                shown[name] = value if _PLAIN_HEADER.fullmatch(value) else REDACTED
            elif way == "text":
                shown[name] = self._whole_or_text(value)
        return shown

    def _whole_or_text(self, value: str) -> str:
        lowered = value.lower()
        if lowered.startswith(fields.ARM_ROOTS):
            return self._text.path(value)
        return self._text.url(value) if lowered.startswith(("http://", "https://")) else self._text.text(value)

    def _key(self, name: str) -> str:
        return name if _KEY.fullmatch(name) or name == "api-version" else REDACTED

    def _body(self, value: Any) -> Any:
        return self._value(value, "", _NOTHING)

    def _value(self, value: Any, key: str, parent: Mapping[str, Any]) -> Any:
        """Return a value of a field; C(key) is its name in lower case, C(parent) what has it."""
        if isinstance(value, Mapping):
            return self._object(value, key)
        if isinstance(value, list):
            return [self._value(one, key, parent) for one in value]
        if not isinstance(value, str):
            return value
        return self._string(value, key, parent)

    def _object(self, value: Mapping[str, Any], key: str) -> dict[str, Any]:
        if key in fields.CUSTOMERS_KEYS:
            return {self._text.name(name, "tag"): self._text.name(str(one), "text") for name, one in value.items()}
        return {
            name if _KEY.fullmatch(name) else self._text.name(name, "key"): self._value(one, name.lower(), value)
            for name, one in value.items()
        }

    def _string(self, value: str, key: str, parent: Mapping[str, Any]) -> str:
        if not value.strip() or WHOLE_TIME.fullmatch(value):
            return value
        if fields.SECRET.search(key):
            return REDACTED
        if _is_kept(value, key, parent):
            return value
        if key in fields.LABELS or (key == "friendlyname" and _is_labeled(parent)):
            return self._text.label(value)
        if key in fields.TEXTS or (key == "description" and "eventCode" in parent):
            return value if self._only_names else self._text.text(value)
        return self._named(value, key, parent)

    def _named(self, value: str, key: str, parent: Mapping[str, Any]) -> str:
        """Return what stands for a name, or for anything that is not known to be something else."""
        if key == "diskid" and re.fullmatch(r"[0-9A-Fa-f_-]+", value):
            return "_".join(self._text.name(part, "disk") if "-" in part else part for part in value.split("_"))
        return self._text.name(value, fields.KINDS.get(key) or _kind_of(parent))


def _is_kept(value: str, key: str, parent: Mapping[str, Any]) -> bool:
    """Whether a value is the service's own: by its field, and of the form that such a field has."""
    if key in fields.WORDS and WORD.fullmatch(value):
        return True
    if key in fields.TYPES and _TYPE.fullmatch(value):
        return True
    forms = ((fields.NUMBERS, _NUMBER), (fields.SIZES, _SIZE), (fields.CODES, _CODE), (fields.ACTIONS, _ACTION))
    for names, form in forms:
        if key in names and form.fullmatch(value):
            return True
    return key in _FIELDS_OF_TASKS and _is_of_a_task(parent) and bool(_TASK_NAME.fullmatch(value))


def _is_of_a_task(parent: Mapping[str, Any]) -> bool:
    """Whether an object is a task of a job, or of a group of a plan's job."""
    kinds = (parent.get("taskType"), parent.get("instanceType") if "rpGroupType" in parent else None)
    return any(kind in fields.LABELED_TASKS or kind == "VirtualMachineTaskDetails" for kind in kinds if kind)


def _is_labeled(parent: Mapping[str, Any]) -> bool:
    """Whether the friendly name of an object is the service's word for it: of jobs, and of tasks but those of VMs."""
    return "scenarioName" in parent or parent.get("taskType") in fields.LABELED_TASKS


def _kind_of(parent: Mapping[str, Any]) -> str:
    """Return what an object's names are of."""
    parts = str(parent.get("id") or "").strip("/").split("/")
    own = fields.KINDS_OF_RESOURCES.get(parts[-2].lower()) if len(parts) > 1 else None
    if own is None and "providerSpecificDetails" in parent and "protectionState" in parent:
        own = "vm"
    return own or "name"
