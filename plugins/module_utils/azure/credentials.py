# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials of azure-identity, and the token that the tasks of a run share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..model.failures import AuthenticationError, ConfigurationError, Unreachable
from ..run_cache import RunCache
from ..watch import WatchNow
from .clouds import Cloud
from .sdk import (
    AccessToken,
    AzureCliCredential,
    CertificateCredential,
    ClientSecretCredential,
    CredentialUnavailableError,
    ManagedIdentityCredential,
    UsernamePasswordCredential,
    WorkloadIdentityCredential,
)
from .settings import AzureSettings

# azure-core asks for a new token when less than five minutes are left; ask a little earlier than that.
_MARGIN_SECONDS = 330
# Seconds for a token: what a task gets at least whose time is over (it still tells how things stand), and at most, and
# after how many it is said that none has come.
_LEAST_SECONDS, _MOST_SECONDS, _SILENT_SECONDS = 5, 300, 10
# The Azure CLI's own client, which azure.azcollection signs users in with too.
_AZURE_CLI_CLIENT_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
_INSTEAD = "or give tenant, client_id and secret, in the options or the environment."
_WHERE_TO_GET_ONE = {
    "cli": f"Install the Azure CLI where the task runs and sign in with 'az login', {_INSTEAD}",
    "managed_identity": f"Run the task on a machine of Azure that has this managed identity, {_INSTEAD}",
}


class SignInTime:
    """The time that a task may take to get a token, its turn among the tasks of the run included.

    Within the deadline of the task, at whose end it still gets a few seconds, and with a patience of its own. C(asked)
    is who is asked.
    """

    def __init__(self, watch: WatchNow, asked: str = "Microsoft Entra ID") -> None:
        self._watch = watch
        self._asked = asked
        self._began = self._ends = watch().now()

    def begin(self) -> None:
        """Count from now."""
        self._began = self._watch().now()
        self._ends = self._began + min(max(self._watch().remaining(), _LEAST_SECONDS), _MOST_SECONDS)

    def left(self) -> float:
        """Return the seconds that are left."""
        return self._ends - self._watch().now()

    def wait(self, seconds: float) -> None:
        """Wait, not longer than there is time; after a while it is said for whom."""
        waited = self._watch().now() - self._began
        if waited >= _SILENT_SECONDS:
            self._watch().report(f"{self._asked} has not answered for {_tens_of(waited)} seconds")
        seconds = max(min(seconds, self.left()), 0)
        self._watch().at_least(seconds).sleep(seconds)

    def wait_for_turn(self, seconds: float) -> None:
        """Wait while another task of the run asks. Raises Unreachable where the time is over."""
        if self.left() <= 0:
            raise Unreachable(
                f"{self._asked} did not answer another task of this run within {self._ends - self._began:.0f} seconds.",
                "Check network, proxy, cloud_environment and adfs_authority_url, then run it again.",
            )
        self.wait(seconds)


def _tens_of(seconds: float) -> int:
    return int(seconds) // 10 * 10


class SharedToken:
    """A credential whose token is asked for once in a run, however many processes the run has."""

    def __init__(
        self,
        make_credential: Callable[[], Any],
        settings: AzureSettings,
        cloud: Cloud,
        cache: RunCache,
        time_for_it: SignInTime,
    ) -> None:
        self._time = time_for_it
        self._make_credential = make_credential
        self._credential = make_credential()
        self._cache = cache
        self._refused: set[str] = set()
        # How often this task has asked for a token.
        self.asked = 0
        self._settings = settings
        self._key = _key(settings, cloud)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token for scopes.

        One that answers a challenge (C(claims)) is always a new one, and takes the place of the refused one.
        """
        self._time.begin()
        answer = self._ask(*scopes, **options) if options.get("claims") else None

        def make() -> list[Any]:
            fresh = answer or self._ask(*scopes, **options)
            return [fresh.token, fresh.expires_on]

        key = f"token|{self._key}|{' '.join(scopes)}"
        value = self._cache.get_or_make(key, self._is_good, make, self._time.wait_for_turn)
        return answer or AccessToken(*value)

    def _ask(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked += 1
        try:
            with _made_usable():
                token: AccessToken = self._credential.get_token(*scopes, **options)
        except CredentialUnavailableError as problem:
            raise AuthenticationError(
                f"{self._settings.incomplete} No credential was found: {str(problem).splitlines()[0]}".lstrip(),
                _WHERE_TO_GET_ONE.get(self._settings.method, "Choose another auth_source."),
            ) from problem
        return token

    def refuse(self, token: str) -> None:
        """Do not hand out a token any more that Azure has refused: expired by its clock, or revoked.

        azure-identity keeps tokens of its own, so its credential is made anew.
        """
        self._refused.add(token)
        self._credential = self._make_credential()

    def _is_good(self, value: list[Any]) -> bool:
        return value[0] not in self._refused and bool(value[1] - time.time() > _MARGIN_SECONDS)


def _key(settings: AzureSettings, cloud: Cloud) -> str:
    """Return all that a token depends on."""
    who = (
        settings.authority or cloud.authority,
        settings.method,
        settings.tenant,
        settings.client_id,
        settings.ad_user,
    )
    proof = (settings.secret, settings.password, settings.x509_certificate_path, settings.federated_token_file)
    # The subscription tells the Azure CLI whom to sign in.
    chosen = settings.subscription_id if settings.method == "cli" else ""
    return "|".join((*who, *proof, chosen, *settings.read_elsewhere))


def build_credential(settings: AzureSettings, cloud: Cloud, transport: Any) -> Any:
    """Return the credential of azure-identity that settings describe. Nothing is sent before a token is needed.

    Raises ConfigurationError where a name or a file cannot be used.
    """
    with _made_usable():
        return _credential(settings, cloud, transport)


@contextmanager
def _made_usable() -> Iterator[None]:
    """Let azure-identity's bare errors about names and files say what they are about."""
    try:
        yield
    except (OSError, TypeError, ValueError) as problem:
        raise ConfigurationError(
            f"The credential cannot be used: {problem}",
            "Check tenant, client_id, adfs_authority_url and the file of the certificate or federated token.",
        ) from problem


def _credential(settings: AzureSettings, cloud: Cloud, transport: Any) -> Any:
    common: dict[str, Any] = {
        "authority": settings.authority or cloud.authority,
        "disable_instance_discovery": settings.disable_instance_discovery,
        "transport": transport,
    }
    who = (settings.tenant, settings.client_id)
    if settings.method == "secret":
        return ClientSecretCredential(*who, settings.secret, **common)
    if settings.method == "certificate":
        return CertificateCredential(*who, settings.x509_certificate_path, **common)
    if settings.method == "federated":
        path = settings.federated_token_file
        return WorkloadIdentityCredential(
            tenant_id=settings.tenant, client_id=settings.client_id, token_file_path=path, **common
        )
    if settings.method == "password":
        return _user_credential(settings, common)
    if settings.method == "managed_identity":
        return ManagedIdentityCredential(client_id=settings.client_id or None)
    # The CLI takes one of the two, and the subscription tells the tenant.
    return AzureCliCredential(subscription=settings.subscription_id)


def _user_credential(settings: AzureSettings, common: dict[str, Any]) -> Any:
    client_id = settings.client_id or _AZURE_CLI_CLIENT_ID
    tenant = {"tenant_id": settings.tenant} if settings.tenant else {}
    return UsernamePasswordCredential(client_id, settings.ad_user, settings.password, **tenant, **common)
