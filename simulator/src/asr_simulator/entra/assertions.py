# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client assertions: proof of identity by a signed JWT, from a certificate or from a federated issuer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import jwt

from asr_simulator.entra import errors
from asr_simulator.entra.principals import Application, Certificate, FederatedCredential
from asr_simulator.entra.tokens import SIGNATURE_ONLY

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["RS256", "PS256", "ES256"]
SKEW_SECONDS = 300


def check(application: Application, assertion: str, audiences: Iterable[str], now: datetime) -> None:
    """Accepts the assertion or raises `errors.TokenError`.

    `audiences` are the token endpoints that a certificate's assertion may name; `now` is real time, as JWTs count.
    """
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise errors.bad_assertion(f"The assertion is not a JWT: {error}.") from error
    _check_times(claims, now)
    certificate = _certificate_of(application, header)
    if certificate is not None:
        _check_signed_by_owner(application, certificate, assertion, frozenset(audiences))
    else:
        _check_federated(application, assertion, claims)


def _check_times(claims: dict[str, Any], now: datetime) -> None:
    moment = now.timestamp()
    expires, starts = claims.get("exp", 0), claims.get("nbf", 0)
    if not isinstance(expires, (int, float)) or not isinstance(starts, (int, float)):
        raise errors.expired_assertion()
    if moment > expires + SKEW_SECONDS or moment < starts - SKEW_SECONDS:
        raise errors.expired_assertion()


def _certificate_of(application: Application, header: dict[str, Any]) -> Certificate | None:
    presented = {str(header.get(name, "")).rstrip("=") for name in ("x5t", "x5t#S256")} - {""}
    for certificate in application.certificates:
        if presented & certificate.thumbprints():
            return certificate
    if presented:
        raise errors.bad_assertion("The key was not found: no certificate of the application has that thumbprint.")
    return None


def _check_signed_by_owner(
    application: Application, certificate: Certificate, assertion: str, audiences: frozenset[str]
) -> None:
    client_id = application.principal.client_id
    claims = _verified(assertion, certificate.public_key)
    if claims.get("sub") != client_id or claims.get("iss") != client_id:
        raise errors.bad_assertion(f"Issuer and subject must be the application '{client_id}'.")
    if claims.get("aud") not in audiences:
        raise errors.bad_assertion(f"The audience '{claims.get('aud')}' is not a token endpoint of the tenant.")


def _check_federated(application: Application, assertion: str, claims: dict[str, Any]) -> None:
    for trusted in application.federated:
        if _trusts(trusted, claims):
            _verified(assertion, trusted.public_key)
            return
    raise errors.bad_assertion(
        f"No matching federated identity record found for presented assertion issuer '{claims.get('iss')}', subject "
        f"'{claims.get('sub')}' and audience '{claims.get('aud')}'."
    )


def _trusts(trusted: FederatedCredential, claims: dict[str, Any]) -> bool:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return (
        claims.get("iss") == trusted.issuer and claims.get("sub") == trusted.subject and trusted.audience in audiences
    )


def _verified(assertion: str, key: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(assertion, key, algorithms=ALGORITHMS, options=SIGNATURE_ONLY)
    except (jwt.InvalidTokenError, TypeError, ValueError) as error:
        raise errors.bad_assertion(f"{error}.") from error
    return claims
