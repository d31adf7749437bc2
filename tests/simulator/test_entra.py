# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token endpoint and who a bearer token is, over TLS, with requests and with azure-identity as it is."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import jwt
import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential, ClientSecretCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

FOREIGN = "aaaaaaaa-0000-4000-8000-000000000001"
ISSUER, SUBJECT = "https://token.example.org", "repo:contoso/failback:ref:refs/heads/main"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def private_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "operator")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def federated_assertion(key, **changes):
    now = datetime.now(timezone.utc)
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": "api://AzureADTokenExchange", "exp": now + timedelta(minutes=5)}
    return jwt.encode({**claims, **changes}, key, algorithm="RS256")


@pytest.fixture(scope="module")
def keys():
    return {"certificate": private_key(), "federated": private_key()}


@pytest.fixture(scope="module")
def pem(keys):
    key = keys["certificate"]
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode() + certificate(key)


@pytest.fixture(scope="module")
def simulator(simulate, keys, pem):
    trusted = {"issuer": ISSUER, "subject": SUBJECT, "public_key": public_pem(keys["federated"])}
    return simulate(
        {
            "name": "entra",
            "principals": [
                {"name": "operator"},
                {"name": "late", "secret_expires": "2020-01-01T00:00:00Z"},
                {"name": "certified", "certificates": [pem[pem.index("-----BEGIN CERT") :]]},
                {"name": "federated", "federated_credentials": [trusted]},
            ],
        }
    )


def settings(simulator, **changes):
    connection = simulator.connection
    known = {"authority": connection["authority"], "connection_verify": connection["ca_bundle"]}
    return {**known, "disable_instance_discovery": True, **changes}


def identity(simulator, name):
    return next(spec for spec in simulator.connection["principals"] if spec["name"] == name)


def scope(simulator):
    return f"{simulator.connection['resource_manager']}/.default"


def test_a_client_secret_credential_gets_a_token_that_the_resource_manager_takes(simulator, stranger):
    connection = simulator.connection
    with ClientSecretCredential(
        connection["tenant_id"], connection["client_id"], connection["client_secret"], **settings(simulator)
    ) as credential:
        token = credential.get_token(scope(simulator))
    left = token.expires_on - datetime.now(timezone.utc).timestamp()
    assert 3500 < left <= 3600
    caller = stranger(simulator)
    caller.session.headers["Authorization"] = f"Bearer {token.token}"
    assert caller.get("/subscriptions").json()["value"][0]["subscriptionId"] == connection["subscription_id"]


def test_msal_discovers_the_instance_where_it_is_told_to(simulator):
    # MSAL asks its maker's own host about an unknown one, unless it is given the address to ask.
    connection = simulator.connection
    with requests.Session() as session:
        session.verify, session.trust_env = connection["ca_bundle"], False
        application = msal.ConfidentialClientApplication(
            connection["client_id"],
            client_credential=connection["client_secret"],
            authority=f"{connection['authority']}/{connection['tenant_id']}",
            instance_discovery=f"{connection['authority']}/common/discovery/instance",
            http_client=session,
        )
        granted = application.acquire_token_for_client([scope(simulator)])
    assert 3500 < granted["expires_in"] <= 3600
    assert "/common/discovery/instance" in {entry["path"] for entry in simulator.journal.entries()}


def test_a_wrong_secret_is_refused_by_its_number(simulator):
    connection = simulator.connection
    with (
        ClientSecretCredential(connection["tenant_id"], connection["client_id"], "wrong", **settings(simulator)) as bad,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        bad.get_token(scope(simulator))


def test_a_certificate_credential_gets_a_token(simulator, pem):
    with CertificateCredential(
        simulator.connection["tenant_id"],
        identity(simulator, "certified")["client_id"],
        certificate_data=pem.encode(),
        **settings(simulator),
    ) as credential:
        assert credential.get_token(scope(simulator)).token.count(".") == 2


def test_a_certificate_that_the_principal_does_not_have_is_refused(simulator, pem):
    with (
        CertificateCredential(
            simulator.connection["tenant_id"],
            identity(simulator, "operator")["client_id"],
            certificate_data=pem.encode(),
            **settings(simulator),
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700027"),
    ):
        credential.get_token(scope(simulator))


def test_a_federated_assertion_gets_a_token(simulator, keys):
    with ClientAssertionCredential(
        simulator.connection["tenant_id"],
        identity(simulator, "federated")["client_id"],
        lambda: federated_assertion(keys["federated"]),
        **settings(simulator),
    ) as credential:
        assert credential.get_token(scope(simulator)).token.count(".") == 2


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"sub": "repo:other"}, 700027),
        ({"iss": "https://elsewhere.example.org"}, 700027),
        ({"aud": "api://Other"}, 700027),
        ({"exp": datetime(2020, 1, 1, tzinfo=timezone.utc)}, 700024),
    ],
)
def test_a_federated_assertion_that_claims_something_else_is_refused(simulator, stranger, keys, changes, number):
    answer = stranger(simulator, "federated").ask_token(
        client_secret="",
        client_assertion=federated_assertion(keys["federated"], **changes),
        client_assertion_type=ASSERTION_TYPE,
    )
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [number])


def test_a_federated_assertion_signed_by_another_key_is_refused(simulator, stranger, keys):
    answer = stranger(simulator, "federated").ask_token(
        client_secret="",
        client_assertion=federated_assertion(keys["certificate"]),
        client_assertion_type=ASSERTION_TYPE,
    )
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [700027])


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": FOREIGN}, 400, "unauthorized_client", 700016),
        ({"tenant": FOREIGN}, 400, "invalid_request", 90002),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"scope": ""}, 400, "invalid_request", 900144),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ],
)
def test_a_bad_token_request_is_refused_as_entra_refuses_it(simulator, stranger, changes, status, error, number):
    answer = stranger(simulator).ask_token(**changes)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert body["correlation_id"] in body["error_description"]


def test_an_expired_secret_is_refused_although_it_is_right(simulator, stranger):
    answer = stranger(simulator, "late").ask_token()
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [7000222])


@pytest.mark.parametrize("wanted", ["https://management.example.org/.default", "anything"])
def test_any_scope_is_granted_and_becomes_the_audience(simulator, stranger, wanted):
    token = stranger(simulator).ask_token(scope=wanted).json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == wanted.removesuffix("/.default")
    assert claims["tid"] == simulator.connection["tenant_id"]


def test_the_v1_endpoint_answers_with_strings(simulator, stranger):
    body = (
        stranger(simulator).ask_token(path="oauth2/token", scope="", resource="https://management.example.org").json()
    )
    assert body["resource"] == "https://management.example.org"
    assert int(body["expires_on"]) - int(body["not_before"]) == int(body["expires_in"])


def test_tokens_verify_with_the_published_keys(simulator, stranger):
    caller = stranger(simulator)
    root = f"{simulator.connection['authority']}/{simulator.connection['tenant_id']}"
    for path in ("v2.0/.well-known/openid-configuration", ".well-known/openid-configuration"):
        known = caller.get(f"{root}/{path}", None).json()
        key_set = jwt.PyJWKSet.from_dict(caller.get(known["jwks_uri"], None).json())
        token = caller.ask_token().json()["access_token"]
        audience = simulator.connection["resource_manager"]
        assert jwt.decode(token, key_set.keys[0], algorithms=["RS256"], audience=audience)["idtyp"] == "app"
        assert {"authorization_endpoint", "token_endpoint", "issuer", "device_authorization_endpoint"} <= set(known)


def test_discovery_of_an_unknown_tenant_is_refused(simulator, stranger):
    url = f"{simulator.connection['authority']}/{FOREIGN}/v2.0/.well-known/openid-configuration"
    assert stranger(simulator).get(url, None).json()["error_codes"] == [90002]


def test_sign_in_of_users_is_said_to_be_missing(simulator, stranger):
    url = f"{simulator.connection['authority']}/{simulator.connection['tenant_id']}/oauth2/v2.0/devicecode"
    answer = stranger(simulator).call("POST", url, None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "AuthenticationFailed"),
        ("Basic b3BlcmF0b3I6c2VjcmV0", "AuthenticationFailedInvalidHeader"),
        ("Bearer", "AuthenticationFailedInvalidHeader"),
        ("Bearer not-a-token", "InvalidAuthenticationToken"),
        (
            f"Bearer {jwt.encode({'appid': FOREIGN}, 'another issuer, with a key of 32 bytes')}",
            "InvalidAuthenticationToken",
        ),
    ],
)
def test_a_call_without_a_good_token_is_challenged(simulator, stranger, authorization, code):
    caller = stranger(simulator)
    if authorization:
        caller.session.headers["Authorization"] = authorization
    answer = caller.get("/subscriptions")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    authority = f"{simulator.connection['authority']}/{simulator.connection['tenant_id']}"
    assert answer.headers["WWW-Authenticate"].startswith(f'Bearer authorization_uri="{authority}"')


def test_a_token_expires_in_real_seconds(simulate, caller):
    simulator = simulate({"name": "expiry"})
    signed_in = caller(simulator)
    simulator.clock.advance(3598)
    assert signed_in.get("/subscriptions").status_code == 200
    simulator.clock.advance(2)
    answer = signed_in.get("/subscriptions")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")


def test_a_token_of_another_run_is_foreign(simulate, caller, stranger):
    first, second = simulate({"name": "one"}), simulate({"name": "one"})
    other = stranger(second)
    other.session.headers["Authorization"] = caller(first).session.headers["Authorization"]
    assert other.get("/subscriptions").json()["error"]["code"] == "InvalidAuthenticationToken"


def test_token_requests_are_journaled_without_their_form(simulate, stranger):
    simulator = simulate({"name": "journal"})
    caller = stranger(simulator)
    caller.ask_token()
    entry = simulator.journal.entries()[-1]
    assert entry["path"].endswith("/oauth2/v2.0/token")
    assert (entry["status"], entry["request_body"], entry["write"]) == (200, None, False)
    assert caller.identity["client_secret"] not in str(simulator.journal.entries())
