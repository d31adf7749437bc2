# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ARM scopes: paths compared without case, each containing those below it."""

from __future__ import annotations

import re

from asr_simulator.wire import ArmError

SUBSCRIPTION = re.compile(r"^/subscriptions/([^/]+)", re.IGNORECASE)


def subscription_of(path: str) -> str | None:
    """The subscription id that a path names, as it is spelled there."""
    found = SUBSCRIPTION.match(path)
    return found.group(1) if found else None


def no_subscription(subscription_id: str) -> ArmError:
    """404: the tenant has no such subscription."""
    return ArmError(404, "SubscriptionNotFound", f"The subscription '{subscription_id}' could not be found.")


def canonical(scope: str) -> str:
    """The scope for comparisons: lower case, one leading slash, none at the end; the root is empty."""
    stripped = scope.strip("/").lower()
    return f"/{stripped}" if stripped else ""


def contains(outer: str, inner: str) -> bool:
    """Whether `inner` is `outer` or below it."""
    above, below = canonical(outer), canonical(inner)
    return below == above or below.startswith(f"{above}/")


def of_path(path: str) -> str:
    """The scope that a request's path is authorised at: itself without a trailing action or type name.

    A path alternates types and names after `providers/<namespace>`; an odd segment at its end is a list or an action,
    whose scope is the parent (as the message of a denied list names it).
    """
    segments = path.strip("/").split("/")
    lowered = [segment.lower() for segment in segments]
    last = len(lowered) - 1 - lowered[::-1].index("providers") if "providers" in lowered else None
    if last is None:
        kept = len(segments) - len(segments) % 2
    else:
        names = len(segments) - last - 2
        kept = last + 2 + names - names % 2 if names > 1 else last
    return "/" + "/".join(segments[:kept])
