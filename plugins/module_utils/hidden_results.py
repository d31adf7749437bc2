# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results without secrets, as Ansible takes them out.

remove_values() asks of each value whether it is a sequence, a set, a mapping: for a thousand virtual machines that
takes longer than to decide what is done with them. Most results have no secret in them, which is quickly told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible.module_utils.common.parameters import remove_values


class _NotPlain(Exception):
    """There is a secret in a value, or something that is not for here to judge."""


def without_secrets(value: Any, secrets: Iterable[str]) -> Any:
    """Return a copy of a value without these texts in it."""
    wanted = tuple(secrets)
    try:
        return _copied(value, wanted)
    except (_NotPlain, RecursionError):
        return remove_values(value, wanted)


def _copied(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return _clean(value, value, secrets)
    if value is None or value is True or value is False:
        return value
    if isinstance(value, dict):
        return {key: _copied(one, secrets) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(one, secrets) for one in value]
    if isinstance(value, (int, float)):
        return _clean(value, str(value), secrets)
    raise _NotPlain


def _clean(value: Any, text: str, secrets: tuple[str, ...]) -> Any:
    for secret in secrets:
        if secret in text:
            raise _NotPlain
    return value
