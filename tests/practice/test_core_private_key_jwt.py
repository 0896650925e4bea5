"""Client authentication by a signed assertion, under the rules in force since April 2026."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from core_support import START, Api, auth_error, open_api, still_tenant
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = rsa.generate_private_key(65537, 2048)
PEM = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


async def keyed_client(api: Api, alg: str = "RS256") -> str:
    credential = {"credential_type": "public_key", "pem": PEM, "alg": alg, "kid": "key-number-one"}
    client = await api.new_client(
        "Keyed",
        grant_types=["client_credentials"],
        client_authentication_methods={"private_key_jwt": {"credentials": [credential]}},
    )
    grant = {"client_id": client["client_id"], "audience": api.tenant.audience, "scope": ["read:clients"]}
    assert (await api.post("/client-grants", grant)).status_code == 201
    return str(client["client_id"])


async def ask(api: Api, client_id: str, *, alg: str = "RS256", kid: str | None = None, **claims: Any) -> Any:
    usual: dict[str, Any] = {
        "iss": client_id,
        "sub": client_id,
        "aud": api.tenant.issuer,
        "exp": START + 60,
        "jti": api.tenant.new_id("", 20),
    }
    payload = {name: value for name, value in (usual | claims).items() if value is not None}
    assertion = jwt.encode(payload, KEY, algorithm=alg, headers={"kid": kid} if kid else None)
    return await api.client.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "audience": api.tenant.audience,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        },
    )


@pytest.mark.parametrize("alg", ["RS256", "RS384", "PS256"])
async def test_an_assertion_with_the_registered_algorithm_gets_a_token(api: Api, alg: str) -> None:
    client_id = await keyed_client(api, alg)
    answer = await ask(api, client_id, alg=alg, kid="key-number-one")
    assert answer.status_code == 200
    assert answer.json()["scope"] == "read:clients"


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": ["https://practice.auth0.test/"]},
        {"aud": "https://practice.auth0.test/oauth/token"},
        {"aud": None},
        {"exp": None},
        {"exp": START - 60},
        {"exp": START + 400},
        {"exp": "soon"},
        {"jti": None},
        {"jti": "x" * 65},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"nbf": START + 60},
        {"iat": START + 60},
        {"padding": "x" * 2000},
        {"alg": "RS384"},
        {"kid": "another-key-name"},
    ],
    ids=str,
)
async def test_an_assertion_that_breaks_a_rule_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    client_id = await keyed_client(api)
    assert auth_error(await ask(api, client_id, **wrong))[:2] == (401, "invalid_client")


async def test_an_assertion_is_good_only_once(api: Api) -> None:
    client_id = await keyed_client(api)
    assert (await ask(api, client_id, jti="once")).status_code == 200
    assert auth_error(await ask(api, client_id, jti="once"))[:2] == (401, "invalid_client")


async def test_an_assertion_of_another_key_is_refused(api: Api) -> None:
    client_id = await keyed_client(api)
    stranger = rsa.generate_private_key(65537, 2048)
    claims = {"iss": client_id, "sub": client_id, "aud": api.tenant.issuer, "exp": START + 60, "jti": "j"}
    answer = await api.client.post(
        "/oauth/token",
        json={
            "grant_type": "client_credentials",
            "audience": api.tenant.audience,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(claims, stranger, algorithm="RS256"),
        },
    )
    assert auth_error(answer)[:2] == (401, "invalid_client")


async def test_an_application_with_keys_cannot_use_its_secret(api: Api) -> None:
    client_id = await keyed_client(api)
    secret = (await api.get(f"/clients/{client_id}")).json()["client_secret"]
    answer = await api.client.post(
        "/oauth/token",
        json={
            "grant_type": "client_credentials",
            "audience": api.tenant.audience,
            "client_id": client_id,
            "client_secret": secret,
        },
    )
    assert auth_error(answer) == (401, "access_denied", "Unauthorized")


async def test_keys_can_be_added_listed_and_taken_away(api: Api) -> None:
    client = await api.new_client()
    path = f"/clients/{client['client_id']}/credentials"
    made = await api.post(path, {"credential_type": "public_key", "pem": PEM, "name": "first"})
    assert made.status_code == 201
    assert "pem" not in made.json()
    assert [each["id"] for each in (await api.get(path)).json()] == [made.json()["id"]]
    assert (await api.get(f"{path}/{made.json()['id']}")).json()["name"] == "first"
    changed = await api.patch(f"{path}/{made.json()['id']}", {"expires_at": "2030-01-01T02:00:00.535694+02:00"})
    assert (changed.status_code, changed.json()["expires_at"]) == (200, "2030-01-01T00:00:00.535Z")
    assert (await api.get(f"{path}/{made.json()['id']}")).json() == changed.json()
    assert (await api.delete(f"{path}/{made.json()['id']}")).status_code == 204
    assert (await api.get(path)).json() == []


async def test_a_key_is_shown_with_the_recorded_members(api: Api) -> None:
    recorded = {"id", "credential_type", "kid", "alg", "name", "created_at", "updated_at"}
    credential = {"credential_type": "public_key", "pem": PEM, "name": "first"}
    methods = {"private_key_jwt": {"credentials": [credential | {"expires_at": "2033-05-13T09:33:13Z"}]}}
    client = await api.new_client(client_authentication_methods=methods)
    made = client["client_authentication_methods"]["private_key_jwt"]["credentials"][0]
    assert set(made) == recorded | {"expires_at"}
    assert made["expires_at"] == "2033-05-13T09:33:13.000Z"
    path = f"/clients/{client['client_id']}"
    later = (await api.get(path)).json()["client_authentication_methods"]
    assert later == {"private_key_jwt": {"credentials": [{"id": made["id"]}]}}
    assert set((await api.post(f"{path}/credentials", credential)).json()) == recorded


@pytest.mark.parametrize(("alg", "status"), [("RS256", 201), ("PS256", 201), ("HS256", 400)])
async def test_an_application_with_keys_signs_its_tokens_with_keys(api: Api, alg: str, status: int) -> None:
    methods = {"private_key_jwt": {"credentials": [{"credential_type": "public_key", "pem": PEM}]}}
    body = {"name": "Keyed", "jwt_configuration": {"alg": alg}, "client_authentication_methods": methods}
    assert (await api.post("/clients", body)).status_code == status


# The key of RFC 7638, section 3.1, and its thumbprint.
MODULUS = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
    "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
    "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
    "nqDKgw"
)
THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


async def test_a_key_without_a_name_is_called_by_its_thumbprint(api: Api) -> None:
    known = jwt.PyJWK({"kty": "RSA", "n": MODULUS, "e": "AQAB", "alg": "RS256"}).key
    pem = known.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    client = await api.new_client()
    credential = {"credential_type": "public_key", "pem": pem}
    made = await api.post(f"/clients/{client['client_id']}/credentials", credential)
    assert made.json()["kid"] == THUMBPRINT


@pytest.mark.parametrize("asked", [True, False])
async def test_a_key_ends_with_its_certificate_where_that_is_asked_for(api: Api, asked: bool) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "acme")])
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2033, 5, 13, 9, 33, 13, tzinfo=UTC)
    building = x509.CertificateBuilder(name, name, KEY.public_key(), 1, begin, end)
    pem = building.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    client = await api.new_client()
    credential = {"credential_type": "public_key", "pem": pem, "parse_expiry_from_cert": asked}
    made = await api.post(f"/clients/{client['client_id']}/credentials", credential)
    assert made.json().get("expires_at") == ("2033-05-13T09:33:13.000Z" if asked else None)


async def test_a_key_in_use_or_malformed_is_refused(api: Api) -> None:
    client_id = await keyed_client(api)
    path = f"/clients/{client_id}/credentials"
    used = (await api.get(path)).json()[0]["id"]
    assert (await api.delete(f"{path}/{used}")).status_code == 400
    assert (await api.post(path, {"credential_type": "public_key", "pem": "no key"})).status_code == 400
    assert (await api.post(path, {"credential_type": "public_key", "pem": "x", "kid": "short"})).status_code == 400
    never = await api.patch(f"{path}/{used}", {"expires_at": "2030-02-30T00:00:00Z"})
    assert (never.status_code, "on property expires_at" in never.text) == (400, True)


async def test_an_application_changes_over_to_keys_by_giving_up_its_method(api: Api) -> None:
    client = await api.new_client(grant_types=["client_credentials"], token_endpoint_auth_method="client_secret_post")
    path = f"/clients/{client['client_id']}"
    made = (await api.post(f"{path}/credentials", {"credential_type": "public_key", "pem": PEM})).json()
    methods = {"private_key_jwt": {"credentials": [{"id": made["id"]}]}}
    assert (await api.patch(path, {"client_authentication_methods": methods})).status_code == 400
    await api.patch(path, {"jwt_configuration": {"alg": "RS256"}})
    change = {"client_authentication_methods": methods, "token_endpoint_auth_method": None}
    changed = await api.patch(path, change)
    assert changed.status_code == 200, changed.text
    assert "token_endpoint_auth_method" not in changed.json()
    grant = {"client_id": client["client_id"], "audience": api.tenant.audience, "scope": []}
    await api.post("/client-grants", grant)
    assert (await ask(api, client["client_id"])).status_code == 200
