# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of the token endpoint, in the form and with the numbers of Entra ID (Microsoft documentation)."""

from __future__ import annotations

import uuid
from datetime import datetime

from asr_simulator.wire import Reply


class TokenError(Exception):
    """A refused token request: OAuth `error`, AADSTS `number`, the message without its number and trace."""

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(f"AADSTS{number}: {message}")
        self.status = status
        self.error = error
        self.number = number
        self.message = message

    def reply(self, base_url: str, when: datetime, correlation: str | None) -> Reply:
        """The answer; `correlation` is the caller's client-request-id."""
        stamp = when.strftime("%Y-%m-%d %H:%M:%SZ")
        trace = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.number} {stamp} {correlation}"))
        correlation = correlation or trace
        return Reply(
            self.status,
            {
                "error": self.error,
                "error_description": f"AADSTS{self.number}: {self.message} Trace ID: {trace} Correlation ID: "
                f"{correlation} Timestamp: {stamp}",
                "error_codes": [self.number],
                "timestamp": stamp,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": f"{base_url}/error?code={self.number}",
            },
            {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"},
        )


def blocked_by_conditional_access() -> TokenError:
    """A Conditional Access policy that blocks."""
    return TokenError(
        400,
        "invalid_grant",
        53003,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    )


def second_factor_needed(audience: str) -> TokenError:
    """A Conditional Access policy that asks for another factor."""
    return TokenError(
        400,
        "invalid_grant",
        50076,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must "
        f"use multi-factor authentication to access '{audience}'.",
    )


def unknown_tenant(tenant: str) -> TokenError:
    """No such tenant."""
    return TokenError(
        400,
        "invalid_request",
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    )


def unknown_client(client_id: str, tenant: str) -> TokenError:
    """No such application in the tenant."""
    return TokenError(
        400,
        "unauthorized_client",
        700016,
        f"Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You may have sent your authentication request to the wrong tenant.",
    )


def wrong_secret(client_id: str) -> TokenError:
    """A secret that is none of the application's."""
    return TokenError(
        401,
        "invalid_client",
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        f"the client secret ID, for a secret added to app '{client_id}'.",
    )


def expired_secret(client_id: str) -> TokenError:
    """A secret of the application, too old."""
    return TokenError(
        401,
        "invalid_client",
        7000222,
        f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new "
        "keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added "
        "security: https://aka.ms/certCreds.",
    )


def bad_assertion(reason: str) -> TokenError:
    """An assertion that no credential of the application explains."""
    return TokenError(401, "invalid_client", 700027, f"Client assertion failed signature validation. {reason}")


def expired_assertion() -> TokenError:
    """An assertion outside its time range."""
    return TokenError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")


def no_credential() -> TokenError:
    """Neither a secret nor an assertion."""
    return TokenError(
        401,
        "invalid_client",
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    )


def missing(parameter: str) -> TokenError:
    """A parameter that every token request needs."""
    return TokenError(
        400, "invalid_request", 900144, f"The request body must contain the following parameter: '{parameter}'."
    )


def unsupported_grant(grant: str) -> TokenError:
    """A grant that service principals do not use."""
    return TokenError(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")
