# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of the sign-in.

A service fault of the sign-in is one of::

    {"tokens": "expired"}                            no token handed out so far is good; new ones are
    {"principal": "operator", "secret": "expired"}   its secret is taken no more ("good": again)

Each changes the world at once and stays: taking the faults away changes nothing back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asr_simulator.entra.directory import Entra


def concerns(fault: dict[str, Any]) -> bool:
    """Whether a service fault is one of the sign-in."""
    return bool({"tokens", "principal"} & set(fault))


def check(entra: Entra, fault: dict[str, Any]) -> None:
    """Whether a fault is understood and names whom there is.

    Raises:
        ValueError: no.
    """
    _change(entra, fault)


def apply(entra: Entra, fault: dict[str, Any]) -> None:
    """Do what the fault says.

    Raises:
        ValueError: it is not understood, or names whom there is not.
    """
    _change(entra, fault)()


def _change(entra: Entra, fault: dict[str, Any]) -> Callable[[], None]:
    said = set(fault) - {"added"}
    if said == {"tokens"} and fault["tokens"] == "expired":
        return entra.tokens.expire
    if said == {"principal", "secret"} and fault["secret"] in ("expired", "good"):
        name = str(fault["principal"])
        if name not in entra.principals:
            raise ValueError(f"no principal is named {name}; known are {', '.join(sorted(entra.principals))}")
        return lambda: entra.set_secret_expired(name, fault["secret"] == "expired")
    raise ValueError("a fault of the sign-in has tokens: expired, or principal and secret: expired or good")
