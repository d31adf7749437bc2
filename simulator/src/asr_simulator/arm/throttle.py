# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ARM's request limits: token buckets for each subscription and principal, and for the whole subscription.

Sizes and refill rates are those of Microsoft's documentation of 2024; the header names were recorded in 2026.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import datetime

from asr_simulator.clock import Clock
from asr_simulator.scenarios import Scenario
from asr_simulator.wire import ArmError, Principal

READS, WRITES, DELETES = "reads", "writes", "deletes"
KINDS = {"GET": READS, "HEAD": READS, "DELETE": DELETES}
GLOBAL_FACTOR = 15


@dataclass(frozen=True)
class Limit:
    """A bucket of `bucket` requests that gains `refill` requests a second, of simulated time."""

    bucket: float
    refill: float

    def times(self, factor: float) -> Limit:
        """The same, `factor` times as large."""
        return Limit(self.bucket * factor, self.refill * factor)


DEFAULTS = {READS: Limit(250, 25), WRITES: Limit(200, 10), DELETES: Limit(200, 10)}


@dataclass
class _Bucket:
    limit: Limit
    tokens: float
    filled: datetime

    def fill(self, now: datetime) -> None:
        gained = (now - self.filled).total_seconds() * self.limit.refill
        self.tokens, self.filled = min(self.limit.bucket, self.tokens + gained), now

    def wait(self) -> int:
        """Whole seconds until there is a token, at least 1: what Retry-After says."""
        if self.limit.refill <= 0:
            return 3600
        return max(1, math.ceil((1 - self.tokens) / self.limit.refill))


class Throttle:
    """Counts requests and refuses those beyond the limits.

    The scenario's `throttle` may set `{reads|writes|deletes: {bucket, refill}, global_factor}`, each part alone.
    """

    def __init__(self, scenario: Scenario, clock: Clock) -> None:
        settings = scenario.throttle
        self._clock = clock
        self._global_factor = settings.get("global_factor", GLOBAL_FACTOR)
        self._limits = {
            kind: Limit(**{**asdict(default), **settings.get(kind, {})}) for kind, default in DEFAULTS.items()
        }
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def take(self, principal: Principal, subscription: str | None, method: str) -> dict[str, str]:
        """Counts one request; returns the remaining-requests headers.

        A request without a subscription (of the tenant) has a bucket of its own and no global one. Raises `ArmError`
        429 with Retry-After, in seconds, when a bucket is empty; the request is then not counted.
        """
        kind = KINDS.get(method, WRITES)
        limit = self._limits[kind]
        if subscription is None:
            own = self._bucket((kind, "tenant", principal.object_id), limit)
            self._spend([own], kind, "tenant", principal)
            return {f"x-ms-ratelimit-remaining-tenant-{kind}": str(int(own.tokens))}
        own = self._bucket((kind, subscription.lower(), principal.object_id), limit)
        everyone = self._bucket((kind, subscription.lower()), limit.times(self._global_factor))
        self._spend([own, everyone], kind, f"subscription '{subscription}'", principal)
        prefix = "x-ms-ratelimit-remaining-subscription-"
        return {f"{prefix}{kind}": str(int(own.tokens)), f"{prefix}global-{kind}": str(int(everyone.tokens))}

    def _bucket(self, key: tuple[str, ...], limit: Limit) -> _Bucket:
        now = self._clock.now()
        bucket = self._buckets.setdefault(key, _Bucket(limit, limit.bucket, now))
        bucket.fill(now)
        return bucket

    @staticmethod
    def _spend(buckets: list[_Bucket], kind: str, whose: str, principal: Principal) -> None:
        empty = [bucket for bucket in buckets if bucket.tokens < 1]
        if not empty:
            for bucket in buckets:
                bucket.tokens -= 1
            return
        seconds = max(bucket.wait() for bucket in empty)
        raise ArmError(
            429,
            "SubscriptionRequestsThrottled",
            f"Number of '{kind[:-1]}' requests for {whose} actor '{principal.object_id}' exceeded. Please try again "
            f"after '{seconds}' seconds after additional tokens are available. Refer to "
            "https://aka.ms/arm-throttling for additional information.",
            headers={"Retry-After": str(seconds)},
        )
