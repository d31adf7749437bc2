# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant: who may sign in, and who a request comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from asr_simulator.clock import Clock
from asr_simulator.entra import assertions, bearer, errors
from asr_simulator.entra.principals import Application, Certificate, FederatedCredential, Principal, Secret
from asr_simulator.entra.tokens import ExpiredTokenError, InvalidTokenError, RevokedTokenError, Tokens
from asr_simulator.scenarios import Scenario, ScenarioError
from asr_simulator.scenarios.model import PrincipalSpec

CONDITIONS: dict[str, Callable[[str], errors.TokenError]] = {
    "blocked": lambda _audience: errors.blocked_by_conditional_access(),
    "mfa": errors.second_factor_needed,
}


class Entra:
    """The service principals of the scenario's tenant and their tokens.

    Raises:
        ScenarioError: a certificate cannot be read.
    """

    def __init__(self, scenario: Scenario, clock: Clock) -> None:
        self.tenant_id = scenario.vault.tenant_id
        self.tokens = Tokens(self.tenant_id, clock)
        self._clock = clock
        applications = (_application(spec, self.tenant_id) for spec in scenario.principals)
        self._applications = {application.principal.client_id.lower(): application for application in applications}
        self._expired: set[str] = set()
        # What a Conditional Access policy says to a principal with a good secret, by its name.
        self._refused: dict[str, Callable[[str], errors.TokenError]] = {}

    @property
    def principals(self) -> set[str]:
        """The names of the service principals."""
        return {application.principal.name for application in self._applications.values()}

    def set_secret_expired(self, principal: str, expired: bool) -> None:
        """Take the secrets of a principal no more, or again."""
        (self._expired.add if expired else self._expired.discard)(principal)

    def set_sign_in(self, principal: str, verdict: str) -> None:
        """Let Conditional Access block a principal, ask for another factor, or let it pass again."""
        self._refused.pop(principal, None)
        if verdict in CONDITIONS:
            self._refused[principal] = CONDITIONS[verdict]

    def check_tenant(self, tenant: str) -> None:
        """Raises `errors.TokenError` (AADSTS90002) for a tenant that is not here."""
        if tenant.lower() != self.tenant_id.lower():
            raise errors.unknown_tenant(tenant)

    def sign_in(self, tenant: str, form: Mapping[str, str], endpoints: Iterable[str]) -> Principal:
        """Who a token request comes from; `endpoints` are this tenant's token endpoints.

        Raises:
            errors.TokenError: as Entra ID refuses it.
        """
        self.check_tenant(tenant)
        if "grant_type" not in form:
            raise errors.missing("grant_type")
        if form["grant_type"] != "client_credentials":
            raise errors.unsupported_grant(form["grant_type"])
        if not form.get("client_id"):
            raise errors.missing("client_id")
        application = self._applications.get(form["client_id"].lower())
        if application is None:
            raise errors.unknown_client(form["client_id"], tenant)
        self._check_proof(application, form, endpoints)
        refuse = self._refused.get(application.principal.name)
        if refuse is not None:
            raise refuse(form.get("scope") or form.get("resource") or "")
        return application.principal

    def _check_proof(self, application: Application, form: Mapping[str, str], endpoints: Iterable[str]) -> None:
        if form.get("client_assertion"):
            if form.get("client_assertion_type") != assertions.ASSERTION_TYPE:
                raise errors.missing("client_assertion_type")
            assertions.check(application, form["client_assertion"], endpoints, self._clock.wall())
        elif form.get("client_secret"):
            self._check_secret(application, form["client_secret"])
        else:
            raise errors.no_credential()

    def _check_secret(self, application: Application, presented: str) -> None:
        matching = [secret for secret in application.secrets if secret.is_value(presented)]
        if not matching:
            raise errors.wrong_secret(application.principal.client_id)
        now = self._clock.wall()
        too_old = all(secret.expires is not None and secret.expires <= now for secret in matching)
        if too_old or application.principal.name in self._expired:
            raise errors.expired_secret(application.principal.client_id)

    def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """Who sent a request to Azure Resource Manager.

        Raises:
            ArmError: 401 with WWW-Authenticate: no token, a malformed, a foreign or an expired one.
        """
        token = bearer.token_of(headers, self.tenant_id)
        try:
            claims = self.tokens.read(token)
        except InvalidTokenError as error:
            raise bearer.invalid(headers, self.tenant_id) from error
        except ExpiredTokenError as error:
            raise bearer.expired(headers, self.tenant_id, error) from error
        except RevokedTokenError as error:
            raise bearer.revoked(headers, self.tenant_id, self._clock.wall()) from error
        application = self._applications.get(claims["appid"].lower())
        if application is None:
            raise bearer.invalid(headers, self.tenant_id)
        return application.principal


def _application(spec: PrincipalSpec, tenant_id: str) -> Application:
    return Application(
        principal=Principal(spec.name, spec.client_id, spec.object_id, tenant_id),
        secrets=(Secret(spec.client_secret, spec.secret_expires),),
        certificates=tuple(_certificate(spec.name, pem) for pem in spec.certificates),
        federated=tuple(FederatedCredential(**trusted) for trusted in spec.federated_credentials),
    )


def _certificate(principal: str, pem: str) -> Certificate:
    certificate = Certificate(pem)
    try:
        certificate.thumbprints()
    except ValueError as error:
        raise ScenarioError(f"principal {principal}: certificates: {error}") from error
    return certificate
