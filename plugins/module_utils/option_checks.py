# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no option may be, whichever module it is given to: empty where it names something, or out of all bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .model.failures import ConfigurationError
from .model.limits import MOST_SECONDS

_NAMES = ("resource_group", "vault_name", "replicated_item", "recovery_plan", "name", "host", "target_host")
_ABOVE_ZERO = (
    *("wait_timeout", "poll_interval", "report_interval", "timeout", "interval", "limit", "shutdown_timeout"),
    "validation_max_age",
    *("winrm_operation_timeout_sec", "winrm_read_timeout_sec"),
)
# What Ansible's own check of options ends in instead of a message: for a number where a dictionary with options of its
# own belongs, and for an infinite one where a whole number does.
OF_ANOTHER_TYPE = (TypeError, OverflowError)
WRONG_TYPE = "An option is not of the documented type"
# Half characters, which no file and no request can hold, and the end of a text to whoever is written in C.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_PLAIN = (str, int, float)


def check_values(parameters: Mapping[str, Any]) -> None:
    """Raise ConfigurationError for a value that no module can use."""
    for name, value in parameters.items():
        if any(_NO_TEXT.search(text) for text in texts(value)):
            raise _refused(f"{name} contains NUL or an unpaired surrogate.")
    for name in _NAMES:
        value = parameters.get(name)
        if value is not None and not str(value).strip():
            raise ConfigurationError(
                f"{name} is empty.", "Nothing was read or written. Is a variable that it uses not set here?"
            )
    for name in _ABOVE_ZERO:
        value = parameters.get(name)
        if value is not None:
            _check_number(name, value)
    for name, value in parameters.items():
        if any(isinstance(leaf, float) and not math.isfinite(leaf) for leaf in _leaves(value)):
            raise _refused(f"{name} contains a number that is not finite, which JSON does not have.")


def _check_number(name: str, value: float) -> None:
    # In this order: a whole number may be too large to be asked whether it is one.
    if value > MOST_SECONDS or math.isnan(value):
        raise _refused(f"{name} must be a number up to {MOST_SECONDS}.")
    if value <= 0:
        raise _refused(f"{name} must be greater than 0, not {value}.")


def _refused(happened: str) -> ConfigurationError:
    return ConfigurationError(happened, "Nothing was read or written.")


def texts(value: Any) -> Iterator[str]:
    """Yield every text inside of a value, names of keys too."""
    return (leaf for leaf in _leaves(value) if isinstance(leaf, str))


def _leaves(value: Any) -> Iterator[Any]:
    """Yield everything inside of a value that is neither a list nor a mapping, names of keys too."""
    left = [value]
    while left:
        one = left.pop()
        # Most are. To ask first whether it is a mapping takes longer than everything else here.
        if one is None or isinstance(one, _PLAIN):
            yield one
        elif isinstance(one, Mapping):
            for pair in one.items():
                left.extend(pair)
        elif isinstance(one, (list, tuple)):
            left.extend(one)
        else:
            yield one
