# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of the sign-in.

A service fault of the sign-in is one of::

    {"tokens": "expired"}                            no token handed out so far is good; new ones are
    {"tokens": "revoked"}                            the same, by continuous access evaluation: with a challenge
    {"principal": "operator", "sign_in": "blocked"}  Conditional Access refuses it ("mfa": asks for another factor;
                                                     "allowed": again)
    {"principal": "operator", "secret": "expired"}   its secret is taken no more ("good": again)

Each changes the world at once and stays: taking the faults away changes nothing back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asr_simulator.entra.directory import CONDITIONS, Entra
from asr_simulator.fault_values import text


def concerns(fault: dict[str, Any]) -> bool:
    """Whether a service fault is one of the sign-in."""
    return bool({"tokens", "principal"} & set(fault))


def change_of(entra: Entra, fault: dict[str, Any]) -> Callable[[], None]:
    """Understand a fault, and return what does what it says.

    Raises:
        ValueError: it is not understood, or names what is not there.
    """
    said = set(fault) - {"added"}
    if said == {"tokens"} and fault["tokens"] == "expired":
        return entra.tokens.expire
    if said == {"tokens"} and fault["tokens"] == "revoked":
        return entra.tokens.revoke
    if said == {"principal", "secret"} and fault["secret"] in ("expired", "good"):
        name = _principal(entra, fault)
        return lambda: entra.set_secret_expired(name, fault["secret"] == "expired")
    if said == {"principal", "sign_in"} and fault["sign_in"] in ("allowed", *CONDITIONS):
        name = _principal(entra, fault)
        return lambda: entra.set_sign_in(name, fault["sign_in"])
    raise ValueError(
        "a fault of the sign-in has tokens: expired or revoked, or principal and secret: expired or good, or principal "
        "and sign_in: blocked, mfa or allowed"
    )


def _principal(entra: Entra, fault: dict[str, Any]) -> str:
    name = text(fault, "principal")
    if name not in entra.principals:
        raise ValueError(f"no principal is named {name}; known are {', '.join(sorted(entra.principals))}")
    return name
