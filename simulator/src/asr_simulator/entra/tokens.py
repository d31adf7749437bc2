# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access tokens: signed JWTs, made and read. Their life counts in real seconds, as their clients count it."""

from __future__ import annotations

import functools
import uuid
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from asr_simulator.clock import Clock
from asr_simulator.entra.principals import Principal

LIFETIME = timedelta(seconds=3599)
KEY_ID = "asr-simulator"
# Times are checked against the simulator's clock and audiences by the caller: the library checks the signature alone.
SIGNATURE_ONLY: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}


class InvalidTokenError(Exception):
    """The token is no token of this tenant."""


class RevokedTokenError(Exception):
    """Continuous access evaluation: the token is of before an event that ended its session."""


class ExpiredTokenError(Exception):
    """The token was good until `expired`; it is `now`."""

    def __init__(self, expired: datetime, now: datetime) -> None:
        super().__init__(f"expired at {expired.isoformat()}, it is {now.isoformat()}")
        self.expired = expired
        self.now = now


def _base64(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return urlsafe_b64encode(data).decode().rstrip("=")


@functools.cache
def _key_of_this_process() -> rsa.RSAPrivateKey:
    """The key of every simulator here: to make one takes longer than all else of a start."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Tokens:
    """Signs with a key that is new in each process; a token that this tenant has not issued itself is a foreign one."""

    def __init__(self, tenant_id: str, clock: Clock, lifetime: timedelta = LIFETIME) -> None:
        self.tenant_id = tenant_id
        self.lifetime = lifetime
        self._clock = clock
        self._issued: set[str] = set()
        self._good: set[str] = set()
        self._revoked: set[str] = set()
        # The claims of tokens of this tenant whose signature was checked.
        self._checked: dict[str, dict[str, Any]] = {}
        self._key = _key_of_this_process()

    @property
    def issuer(self) -> str:
        """The `iss` of every token."""
        return f"https://sts.windows.net/{self.tenant_id}/"

    def issue(self, principal: Principal, audience: str) -> str:
        """A token for an audience (what the caller's scope names)."""
        now = self._clock.wall()
        number = uuid.uuid4().hex[:22]
        self._issued.add(number)
        self._good.add(number)
        claims = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
            "appid": principal.client_id,
            "appidacr": "1",
            "idp": self.issuer,
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": self.tenant_id,
            "uti": number,
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def expire(self) -> None:
        """From now on no token handed out so far is good."""
        self._good.clear()

    def revoke(self) -> None:
        """From now on every token handed out so far is answered with a challenge that a new one meets."""
        self._revoked |= self._good

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token of this tenant.

        Raises:
            InvalidTokenError: malformed, or not signed here.
            ExpiredTokenError: signed here, and too old.
            RevokedTokenError: signed here, not too old, and revoked since.
        """
        claims = self._checked.get(token) or self._check(token)
        now = self._clock.wall()
        expires = datetime.fromtimestamp(claims["exp"], now.tzinfo)
        if claims["uti"] not in self._good:
            raise ExpiredTokenError(min(expires, now - timedelta(seconds=1)), now)
        if now >= expires:
            raise ExpiredTokenError(expires, now)
        if claims["uti"] in self._revoked:
            raise RevokedTokenError
        return claims

    def _check(self, token: str) -> dict[str, Any]:
        try:
            public = self._key.public_key()
            claims: dict[str, Any] = jwt.decode(token, public, algorithms=["RS256"], options=SIGNATURE_ONLY)
        except jwt.InvalidTokenError as error:
            raise InvalidTokenError(str(error)) from error
        if claims["uti"] not in self._issued:
            raise InvalidTokenError("another tenant's")
        self._checked[token] = claims
        return claims

    def key_set(self) -> dict[str, Any]:
        """The public key as a JSON web key set."""
        public = self._key.public_key().public_numbers()
        return {
            "keys": [
                {"kty": "RSA", "use": "sig", "kid": KEY_ID, "n": _base64(public.n), "e": _base64(public.e)},
            ]
        }
