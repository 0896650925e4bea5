"""POST /oauth/token for machines: who gets a token, what is in it, and how others are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from core_support import Api, StillClock, auth_error, open_api, still_tenant


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


def asked(api: Api, **changes: Any) -> dict[str, Any]:
    tenant = api.tenant
    usual = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "audience": tenant.audience,
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


async def test_a_token_may_be_asked_for_as_json_as_a_form_or_with_basic_authentication(api: Api) -> None:
    tenant = api.tenant
    as_json = await api.client.post("/oauth/token", json=asked(api))
    as_form = await api.client.post("/oauth/token", data=asked(api))
    as_basic = await api.client.post(
        "/oauth/token",
        data=asked(api, client_id=None, client_secret=None),
        auth=(tenant.client_id, tenant.client_secret),
    )
    for answer in (as_json, as_form, as_basic):
        assert answer.status_code == 200
        assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope"}
        assert answer.json()["token_type"] == "Bearer"
        assert answer.json()["expires_in"] == 86400
        assert answer.headers["cache-control"] == "no-store"


async def test_the_token_is_signed_with_the_published_key_and_names_a_machine(api: Api) -> None:
    token = (await api.client.post("/oauth/token", json=asked(api))).json()["access_token"]
    keys = jwt.PyJWKSet.from_dict((await api.client.get("/.well-known/jwks.json")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=api.tenant.audience,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == api.tenant.issuer
    assert claims["sub"] == f"{api.tenant.client_id}@clients"
    assert claims["azp"] == api.tenant.client_id
    assert claims["gty"] == "client-credentials"
    assert claims["exp"] - claims["iat"] == 86400
    assert "read:users" in claims["scope"].split()


async def test_discovery_names_the_issuer_the_tokens_have(api: Api) -> None:
    found = (await api.client.get("/.well-known/openid-configuration")).json()
    assert found["issuer"] == api.tenant.issuer
    assert found["token_endpoint"] == f"{api.tenant.issuer}oauth/token"


async def test_discovery_on_loopback_names_addresses_that_can_be_reached_there(api: Api) -> None:
    found = (await api.client.get("http://127.0.0.1:8787/.well-known/openid-configuration")).json()
    assert found["issuer"] == api.tenant.issuer
    assert found["jwks_uri"] == "http://127.0.0.1:8787/.well-known/jwks.json"
    assert (await api.client.get(found["jwks_uri"])).json()["keys"]


async def test_a_part_of_the_scopes_can_be_asked_for(api: Api) -> None:
    answer = await api.client.post("/oauth/token", json=asked(api, scope="read:users"))
    assert answer.json()["scope"] == "read:users"
    refused = await api.client.post("/oauth/token", json=asked(api, scope="read:users fly:high"))
    assert auth_error(refused)[:2] == (403, "access_denied")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_secret": "wrong"}, (401, "access_denied", "Unauthorized")),
        ({"client_id": "nobody"}, (401, "access_denied", "Unauthorized")),
        ({"client_secret": None}, (401, "access_denied", "Unauthorized")),
        (
            {"audience": "https://nowhere.example.com"},
            (403, "access_denied", "Service not enabled within domain: https://nowhere.example.com"),
        ),
        (
            {"audience": "https://practice.auth0.test/api/v2"},
            (403, "access_denied", "Service not enabled within domain: https://practice.auth0.test/api/v2"),
        ),
        ({"audience": None}, (403, "access_denied", "Non-global clients are not allowed access to APIv1")),
        ({"grant_type": "password"}, (403, "unauthorized_client", "Grant type 'password' not allowed for the client.")),
        ({"grant_type": "magic"}, (400, "unsupported_grant_type", "Unsupported grant type: magic")),
        ({"grant_type": None}, (400, "invalid_request", "Missing required parameter: grant_type")),
        ({"client_id": None, "client_secret": None}, (400, "invalid_request", "Missing required parameter: client_id")),
    ],
)
async def test_a_wrong_request_is_refused_in_auth0s_words(
    api: Api, changes: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert auth_error(await api.client.post("/oauth/token", json=asked(api, **changes))) == expected


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b'{"grant_type": {"a": 1}}', b"\xff\xfe"])
async def test_a_malformed_request_is_a_400(api: Api, body: bytes) -> None:
    answer = await api.client.post("/oauth/token", content=body, headers={"content-type": "application/json"})
    assert auth_error(answer)[:2] == (400, "invalid_request")


async def test_malformed_basic_authentication_is_a_400(api: Api) -> None:
    answer = await api.client.post("/oauth/token", json=asked(api), headers={"authorization": "Basic ???"})
    assert auth_error(answer)[:2] == (400, "invalid_request")


async def test_without_a_client_grant_the_api_stays_closed(api: Api) -> None:
    client = await api.new_client(grant_types=["client_credentials"])
    refused = await api.client.post(
        "/oauth/token", json=asked(api, client_id=client["client_id"], client_secret=client["client_secret"])
    )
    status, code, description = auth_error(refused)
    assert (status, code) == (403, "access_denied")
    assert f'Client "{client["client_id"]}" is not authorized to access resource server' in description


async def test_a_token_for_an_own_api_has_its_scopes_and_lifetime(api: Api) -> None:
    identifier = "https://legacy.example.com"
    await api.post(
        "/resource-servers",
        {"identifier": identifier, "scopes": [{"value": "read:legacy"}], "token_lifetime": 600},
    )
    client = await api.new_client(grant_types=["client_credentials"])
    grant = {"client_id": client["client_id"], "audience": identifier, "scope": ["read:legacy", "read:gone"]}
    assert (await api.post("/client-grants", grant)).status_code == 201
    answer = await api.client.post(
        "/oauth/token",
        data=asked(api, client_id=client["client_id"], client_secret=client["client_secret"], audience=identifier),
    )
    assert answer.json()["scope"] == "read:legacy"
    assert answer.json()["expires_in"] == 600


async def test_an_api_that_denies_machines_gives_them_no_token(api: Api) -> None:
    identifier = "https://closed.example.com"
    policy = {"client": {"policy": "deny_all"}}
    await api.post("/resource-servers", {"identifier": identifier, "subject_type_authorization": policy})
    grant = {"client_id": api.tenant.client_id, "audience": identifier, "scope": []}
    await api.post("/client-grants", grant)
    refused = await api.client.post("/oauth/token", json=asked(api, audience=identifier))
    assert auth_error(refused)[:2] == (403, "access_denied")


async def test_an_rfc9068_token_names_client_and_token_instead_of_grant(api: Api) -> None:
    identifier = "https://rfc.example.com"
    await api.post("/resource-servers", {"identifier": identifier, "token_dialect": "rfc9068_profile"})
    await api.post("/client-grants", {"client_id": api.tenant.client_id, "audience": identifier, "scope": []})
    answer = await api.client.post("/oauth/token", json=asked(api, audience=identifier))
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["client_id"] == api.tenant.client_id
    assert "jti" in claims
    assert not {"azp", "gty"} & set(claims)
    assert "scope" not in answer.json()


async def test_a_token_stops_working_when_its_time_is_over(api: Api) -> None:
    token = (await api.client.post("/oauth/token", json=asked(api))).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await api.client.get("/api/v2/clients", headers=headers)).status_code == 200
    assert isinstance(api.tenant.clock, StillClock)
    api.tenant.clock.time += 86400
    late = await api.client.get("/api/v2/clients", headers=headers)
    assert late.status_code == 401
    assert late.json() == {
        "statusCode": 401,
        "error": "Unauthorized",
        "message": "Expired token received for JSON Web Token validation",
        "attributes": {"error": "Expired token received for JSON Web Token validation"},
    }


async def test_the_address_the_tenant_is_reached_at_also_names_its_management_api(api: Api) -> None:
    host = {"host": "127.0.0.1:8787"}
    answer = await api.client.post(
        "/oauth/token", json=asked(api, audience="http://127.0.0.1:8787/api/v2/"), headers=host
    )
    assert answer.status_code == 200
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await api.client.get("/api/v2/clients", headers=bearer | host)).status_code == 200
