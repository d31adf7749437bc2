# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Entra ID answers over HTTP: discovery, keys and tokens."""

from __future__ import annotations

from typing import Any, Protocol

from asr_simulator.clock import Clock
from asr_simulator.entra.directory import Entra
from asr_simulator.entra.errors import TokenError, missing
from asr_simulator.wire import ArmError, Reply, Request, Route

# Tenants that a client may discover without knowing its own.
SHARED_TENANTS = frozenset({"common", "organizations"})


class EntraWorld(Protocol):
    """What signing in needs of the simulated world."""

    clock: Clock
    entra: Entra


def _token_endpoints(request: Request, tenant: str) -> tuple[str, str]:
    """The v2.0 and the v1 endpoint of a tenant."""
    return f"{request.base_url}/{tenant}/oauth2/v2.0/token", f"{request.base_url}/{tenant}/oauth2/token"


def _refusal(world: EntraWorld, request: Request, error: TokenError) -> Reply:
    return error.reply(request.base_url, world.clock.wall(), request.headers.get("client-request-id"))


def openid_configuration(world: EntraWorld, request: Request) -> Reply:
    """The v2.0 configuration of a tenant."""
    return _configuration(world, request, "oauth2/v2.0", "discovery/v2.0/keys", "v2.0")


def openid_configuration_v1(world: EntraWorld, request: Request) -> Reply:
    """The v1 configuration of a tenant."""
    return _configuration(world, request, "oauth2", "discovery/keys", "")


def _configuration(world: EntraWorld, request: Request, oauth2: str, keys: str, version: str) -> Reply:
    tenant = request.parameters["tenant"]
    if tenant.lower() not in SHARED_TENANTS:
        try:
            world.entra.check_tenant(tenant)
        except TokenError as error:
            return _refusal(world, request, error)
    base = f"{request.base_url}/{tenant}"
    return Reply(
        body={
            "token_endpoint": f"{base}/{oauth2}/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/{keys}",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{base}/{version}".rstrip("/"),
            "authorization_endpoint": f"{base}/{oauth2}/authorize",
            "device_authorization_endpoint": f"{base}/{oauth2}/devicecode",
            "end_session_endpoint": f"{base}/{oauth2}/logout",
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "oid", "tid", "ver"],
            "tenant_region_scope": None,
            "cloud_instance_name": request.base_url.partition("://")[2],
        }
    )


def instance_discovery(world: EntraWorld, request: Request) -> Reply:
    """Which authorities are one and the same: this one alone."""
    host = request.base_url.partition("://")[2]
    tenant = _tenant_of(request.query.get("authorization_endpoint", ""), world.entra.tenant_id)
    return Reply(
        body={
            "tenant_discovery_endpoint": f"{request.base_url}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": request.query.get("api-version", "1.1"),
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
    )


def _tenant_of(endpoint: str, default: str) -> str:
    segments = endpoint.partition("://")[2].split("/")
    return segments[1] if len(segments) > 1 and segments[1] else default


def keys(world: EntraWorld, request: Request) -> Reply:
    """The keys that tokens are signed with."""
    return Reply(body=world.entra.tokens.key_set())


def token(world: EntraWorld, request: Request) -> Reply:
    """A token of the v2.0 endpoint: for `scope`, which may name any resource."""
    return _grant(world, request, "scope")


def token_v1(world: EntraWorld, request: Request) -> Reply:
    """A token of the v1 endpoint: for `resource`; numbers are strings there."""
    reply = _grant(world, request, "resource")
    if reply.status != 200 or not isinstance(reply.body, dict):
        return reply
    issued = int(world.clock.wall().timestamp())
    reply.body = {
        **{name: str(value) for name, value in reply.body.items()},
        "not_before": str(issued),
        "expires_on": str(issued + reply.body["expires_in"]),
        "resource": request.form["resource"],
    }
    return reply


def _grant(world: EntraWorld, request: Request, target: str) -> Reply:
    tenant = request.parameters["tenant"]
    try:
        principal = world.entra.sign_in(tenant, request.form, _token_endpoints(request, tenant))
        audience = _audience(request.form, target)
    except TokenError as error:
        return _refusal(world, request, error)
    seconds = int(world.entra.tokens.lifetime.total_seconds())
    body: dict[str, Any] = {
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": world.entra.tokens.issue(principal, audience),
    }
    return Reply(body=body, headers={"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})


def _audience(form: dict[str, str], target: str) -> str:
    if not form.get(target):
        raise missing(target)
    return form[target].split()[0].removesuffix("/.default")


def no_interaction(world: EntraWorld, request: Request) -> Reply:
    """Sign-in of users is not simulated."""
    raise ArmError(501, "NotImplemented", f"The simulator signs in service principals only, not by {request.path}.")


ROUTES = [
    Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", openid_configuration, authenticated=False),
    Route("GET", "/{tenant}/.well-known/openid-configuration", openid_configuration_v1, authenticated=False),
    Route("GET", "/{tenant}/discovery/instance", instance_discovery, authenticated=False),
    Route("GET", "/{tenant}/discovery/v2.0/keys", keys, authenticated=False),
    Route("GET", "/{tenant}/discovery/keys", keys, authenticated=False),
    Route("POST", "/{tenant}/oauth2/v2.0/token", token, authenticated=False),
    Route("POST", "/{tenant}/oauth2/token", token_v1, authenticated=False),
    Route("GET", "/{tenant}/oauth2/v2.0/authorize", no_interaction, authenticated=False),
    Route("GET", "/{tenant}/oauth2/authorize", no_interaction, authenticated=False),
    Route("POST", "/{tenant}/oauth2/v2.0/devicecode", no_interaction, authenticated=False),
    Route("POST", "/{tenant}/oauth2/devicecode", no_interaction, authenticated=False),
]
