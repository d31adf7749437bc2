# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant's service principals and what each can prove its identity with."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True)
class Principal:
    """An authenticated caller: a service principal of the tenant."""

    name: str
    client_id: str
    object_id: str
    tenant_id: str


@dataclass(frozen=True)
class Secret:
    """A client secret; `expires` None: never."""

    value: str = field(repr=False)
    expires: datetime | None = None

    def is_value(self, presented: str) -> bool:
        """Compares in constant time."""
        return hmac.compare_digest(self.value.encode(), presented.encode())


@dataclass(frozen=True)
class Certificate:
    """A certificate whose owner signs assertions: PEM."""

    pem: str

    @property
    def public_key(self) -> str:
        """The public key, PEM."""
        key = self._parsed().public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def _parsed(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.pem.encode())

    def thumbprints(self) -> set[str]:
        """What a signed assertion's `x5t` or `x5t#S256` header holds, base64url without padding."""
        # An identifier that clients of Entra ID send, not a protection.
        digests = (self._parsed().fingerprint(algorithm) for algorithm in (hashes.SHA1(), hashes.SHA256()))  # noqa: S303
        return {urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests}


@dataclass(frozen=True)
class FederatedCredential:
    """Trust in another issuer: an assertion with this issuer, subject and audience, signed by `public_key` (PEM)."""

    issuer: str
    subject: str
    public_key: str
    audience: str = "api://AzureADTokenExchange"


@dataclass(frozen=True)
class Application:
    """A service principal with its credentials."""

    principal: Principal
    secrets: tuple[Secret, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    federated: tuple[FederatedCredential, ...] = ()
