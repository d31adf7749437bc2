# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task of a fleet hands on to the next, as text.

Ansible keeps it for each host, and copies it on its way to and from each process that it starts. As a structure, that
of a thousand virtual machines takes twenty times the memory, and most of the processor time of storing it.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any
from zlib import compress, decompress, error

from .failures import ConfigurationError

PACKED = "packed"
# What Ansible, and the tasks that follow, read without unpacking.
_OUTSIDE = frozenset({"changed", "failed", "handover", "msg"})


def pack(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result with most of it as text; what JSON does not know becomes text for good."""
    inside = {key: value for key, value in result.items() if key not in _OUTSIDE}
    outside = {key: value for key, value in result.items() if key in _OUTSIDE}
    return {**outside, PACKED: b64encode(as_bytes(inside)).decode("ascii")}


def as_bytes(value: Mapping[str, Any]) -> bytes:
    """Return a structure as compressed text; what JSON does not know becomes text for good."""
    return compress(json.dumps(value, separators=(",", ":"), default=str).encode())


def from_bytes(given: bytes) -> Any:
    """Return the structure in what as_bytes() has returned. Raises ValueError, or zlib.error, where there is none."""
    return json.loads(decompress(given))


def whole(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result, packed or not, as it was. Raises ConfigurationError where the text is not that of pack()."""
    known = {key: value for key, value in result.items() if key != PACKED}
    return {**known, **_unpacked(result[PACKED])} if PACKED in result else known


def hidden(outcome: Mapping[str, Any], hide: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the outcome of a task without the secrets that C(hide) takes out of it.

    What is packed was without them before that; its text may have one of a few letters in it by chance.
    """
    vms = outcome.get("vms")
    # Other tasks return something else under this name.
    results = vms.items() if isinstance(vms, Mapping) else ()
    packed = {name: one for name, one in results if isinstance(one, Mapping) and PACKED in one}
    if not packed:
        return dict(hide(outcome))
    bare = {name: {key: value for key, value in one.items() if key != PACKED} for name, one in packed.items()}
    shown = dict(hide({**outcome, "vms": {**dict(results), **bare}}))
    whole_again = {name: {**shown["vms"][name], PACKED: one[PACKED]} for name, one in packed.items()}
    return {**shown, "vms": {**shown["vms"], **whole_again}}


def state_of(given: object) -> object:
    """Return the state in the text of a packed result; anything else as it is. Raises ConfigurationError."""
    return _unpacked(given).get("state") if isinstance(given, str) and given else given


def _unpacked(text: str) -> dict[str, Any]:
    try:
        found = from_bytes(b64decode(text, validate=True))
    except (ValueError, TypeError, error) as problem:
        raise _not_returned() from problem
    if not isinstance(found, dict):
        raise _not_returned()
    return found


def _not_returned() -> ConfigurationError:
    return ConfigurationError(
        "What an earlier task has returned cannot be read.",
        "Nothing was read or written by this task. Start the run again: it looks where each VM is.",
    )
