# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Authorization header as Azure Resource Manager takes and refuses it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime

from asr_simulator.entra.tokens import ExpiredTokenError
from asr_simulator.wire import ArmError


def token_of(headers: Mapping[str, str], tenant_id: str) -> str:
    """The bearer token of a request; raises `ArmError` 401 when there is none."""
    value = headers.get("Authorization")
    if not value:
        raise _error(
            headers, tenant_id, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
        )
    scheme, _unused, token = value.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _error(
            headers,
            tenant_id,
            "AuthenticationFailedInvalidHeader",
            "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        )
    return token.strip()


def invalid(headers: Mapping[str, str], tenant_id: str) -> ArmError:
    """The token is malformed or was not issued by the tenant."""
    return _error(headers, tenant_id, "InvalidAuthenticationToken", "The access token is invalid.")


def expired(headers: Mapping[str, str], tenant_id: str, error: ExpiredTokenError) -> ArmError:
    """The token is too old."""
    return _error(
        headers,
        tenant_id,
        "ExpiredAuthenticationToken",
        f"The access token expiry UTC time '{_american(error.expired)}' is earlier than current UTC time "
        f"'{_american(error.now)}'.",
    )


def revoked(headers: Mapping[str, str], tenant_id: str, since: datetime) -> ArmError:
    """Continuous access evaluation: the challenge says which tokens are too old (Microsoft documentation)."""
    message = (
        "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
        "TokenIssuedBeforeRevocationTimestamp"
    )
    claims = json.dumps({"access_token": {"nbf": {"essential": True, "value": str(int(since.timestamp()))}}})
    authority = f"https://{headers.get('Host', 'localhost')}/{tenant_id}"
    challenge = (
        f'Bearer realm="", authorization_uri="{authority}", error="insufficient_claims", '
        f'claims="{base64.b64encode(claims.encode()).decode()}"'
    )
    return ArmError(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge})


def _american(when: datetime) -> str:
    return f"{when.month}/{when.day}/{when.year} {when.strftime('%I:%M:%S %p').lstrip('0')}"


def _error(headers: Mapping[str, str], tenant_id: str, code: str, message: str) -> ArmError:
    authority = f"https://{headers.get('Host', 'localhost')}/{tenant_id}"
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{message}"'
    return ArmError(401, code, message, headers={"WWW-Authenticate": challenge})
