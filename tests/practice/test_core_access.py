"""What every Management API request meets first: its token, its scopes, its path and its body."""

from __future__ import annotations

from collections.abc import AsyncIterator

import jwt
import pytest
from core_support import Api, error, open_api, still_tenant


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (401, "Missing authentication", None)),
        ("Bearer", (400, "Bad HTTP authentication header format", "Bearer")),
        ("Bearer one two", (400, "Bad HTTP authentication header format", "Bearer")),
        ("Bearer nonsense", (401, "Invalid token.", None)),
        ("Bearer a.b.c", (401, "Invalid token.", None)),
        ("Basic YTpi", (401, "Missing authentication", None)),
    ],
)
async def test_a_bad_authorization_header_is_refused(
    api: Api, header: str | None, expected: tuple[int, str, str | None]
) -> None:
    headers = {"authorization": header} if header else {}
    assert error(await api.client.get("/api/v2/clients", headers=headers)) == expected


async def test_a_token_signed_by_somebody_else_is_refused(api: Api) -> None:
    other = still_tenant(seed=8)
    async with open_api(other) as stranger:
        answer = await api.client.get("/api/v2/clients", headers={"authorization": f"Bearer {stranger.token()}"})
    assert error(answer)[:2] == (401, "Invalid signature received for JSON Web Token validation")


async def test_an_unsigned_token_is_refused(api: Api) -> None:
    claims = jwt.decode(api.token(), options={"verify_signature": False})
    forged = jwt.encode(claims, "", algorithm="none")
    answer = await api.client.get("/api/v2/clients", headers={"authorization": f"Bearer {forged}"})
    assert error(answer)[:2] == (401, "Invalid token.")


async def test_a_token_for_another_api_is_refused(api: Api) -> None:
    token = api.tenant.tokens.issue({"aud": "https://other.example.com", "scope": "read:clients"}, 60)
    answer = await api.client.get("/api/v2/clients", headers={"authorization": f"Bearer {token}"})
    status, message, _ = error(answer)
    assert status == 401
    assert message.startswith("Bad audience: https://other.example.com")


async def test_a_missing_scope_is_named_as_real_tenants_name_it(api: Api) -> None:
    answer = await api.get("/connections", "read:users")
    assert answer.json() == {
        "statusCode": 403,
        "error": "Forbidden",
        "message": "Insufficient scope, expected any of: read:connections",
        "errorCode": "insufficient_scope",
    }


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/connections/con_0000000000000000", "read:connections"),
        ("POST", "/connections", "create:connections"),
        ("PATCH", "/connections/con_0000000000000000", "update:connections"),
        ("DELETE", "/connections/con_0000000000000000", "delete:connections"),
        ("GET", "/connections/con_0000000000000000/clients", "read:connections"),
        ("PATCH", "/connections/con_0000000000000000/clients", "update:connections"),
        ("DELETE", "/connections/con_0000000000000000/users?email=ann%40example.com", "delete:users"),
        ("POST", "/clients", "create:clients"),
        ("DELETE", "/clients/x", "delete:clients"),
        ("POST", "/clients/x/rotate-secret", "update:client_keys"),
        ("GET", "/clients/x/credentials", "read:client_credentials"),
        ("POST", "/clients/x/credentials", "create:client_credentials"),
        ("GET", "/client-grants", "read:client_grants"),
        ("POST", "/client-grants", "create:client_grants"),
        ("PATCH", "/client-grants/cgr_0000000000000000", "update:client_grants"),
        ("DELETE", "/client-grants/cgr_0000000000000000", "delete:client_grants"),
        ("GET", "/resource-servers", "read:resource_servers"),
        ("POST", "/resource-servers", "create:resource_servers"),
        ("PATCH", "/resource-servers/x", "update:resource_servers"),
        ("DELETE", "/resource-servers/x", "delete:resource_servers"),
        ("GET", "/tenants/settings", "read:tenant_settings"),
        ("PATCH", "/tenants/settings", "update:tenant_settings"),
        ("GET", "/rules", "read:rules"),
        ("DELETE", "/rules/rul_0000000000000000", "delete:rules"),
        ("GET", "/rules-configs", "read:rules_configs"),
        ("DELETE", "/rules-configs/KEY", "delete:rules_configs"),
    ],
)
async def test_each_call_needs_its_scope_before_anything_else(api: Api, method: str, path: str, scope: str) -> None:
    answer = await api.call(method, path, "read:nothing", content=b"{")
    assert error(answer) == (403, f"Insufficient scope, expected any of: {scope}", "insufficient_scope")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("PUT", "/connections"),
        ("POST", "/connections/con_0000000000000000"),
        ("GET", "/connections/"),
        ("OPTIONS", "/connections"),
        ("GET", ""),
    ],
)
async def test_an_unknown_path_or_method_is_a_404(api: Api, method: str, path: str) -> None:
    assert (await api.call(method, path)).json() == {"statusCode": 404, "error": "Not Found", "message": "Not Found"}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/roles", "read:roles"),
        ("POST", "/organizations", "create:organizations"),
        ("GET", "/guardian/factors/sms/templates", "read:guardian_factors"),
        ("GET", "/guardian/policies", "read:mfa_policies"),
        ("PUT", "/prompts/login/custom-text/en", "update:prompts"),
        ("DELETE", "/branding/phone/providers/1", "delete:phone_providers"),
        ("GET", "/connections/con_0000000000000000/scim-configuration", "read:scim_config"),
    ],
)
async def test_an_area_of_auth0_that_is_not_here_asks_for_a_scope_that_no_token_here_holds(
    api: Api, method: str, path: str, scope: str
) -> None:
    answer = await api.call(method, path)
    assert error(answer) == (403, f"Insufficient scope, expected any of: {scope}", "insufficient_scope")


async def test_an_area_that_is_not_here_asks_for_a_token_first(api: Api) -> None:
    assert error(await api.client.get("/api/v2/roles"))[:2] == (401, "Missing authentication")


async def test_json_names_its_charset_but_that_of_tokens(api: Api) -> None:
    for answer in (
        await api.get("/connections"),
        await api.get("/nothing"),
        await api.client.post("/dbconnections/signup", json={}),
    ):
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
    client = {"client_id": api.tenant.client_id, "client_secret": api.tenant.client_secret}
    wanted = client | {"grant_type": "client_credentials", "audience": api.tenant.audience}
    for answer in (await api.client.post("/oauth/token", json=wanted), await api.client.post("/oauth/token", json={})):
        assert answer.headers["content-type"] == "application/json"


async def test_a_head_request_is_answered_like_a_get(api: Api) -> None:
    assert (await api.call("HEAD", "/connections")).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"{'a': 1}", b"\xff", b'{"name": NaN}', b"[" * 500 + b"]" * 500])
async def test_malformed_json_is_a_400(api: Api, body: bytes) -> None:
    answer = await api.call("POST", "/connections", content=body, headers={"content-type": "application/json"})
    assert error(answer)[:2] == (400, "Invalid request payload JSON format")


async def test_deep_json_is_refused_before_it_can_hurt(api: Api) -> None:
    deep = b'{"name": "a", "strategy": "auth0", "options": {"x": ' + b"[" * 900 + b"]" * 900 + b"}}"
    answer = await api.call("POST", "/connections", content=deep, headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_another_media_type_is_a_415(api: Api) -> None:
    answer = await api.call("POST", "/connections", content=b"<a/>", headers={"content-type": "text/xml"})
    assert error(answer)[:2] == (415, "Unsupported Media Type")


async def test_a_body_over_a_mebibyte_is_a_413(api: Api) -> None:
    answer = await api.post("/connections", {"name": "a", "strategy": "auth0", "options": {"x": "y" * 1_100_000}})
    assert answer.status_code == 413
    assert answer.json()["error"] == "Request Entity Too Large"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "Payload validation error: 'Expected type object but found type null'."),
        ([], "Payload validation error: 'Expected type object but found type array'."),
        ({"name": "a"}, "Payload validation error: 'Missing required property: strategy'."),
        (
            {"name": "a_b", "strategy": "auth0"},
            "Payload validation error: 'String does not match pattern ^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$' on property name.",
        ),
        (
            {"name": 5, "strategy": "auth0"},
            "Payload validation error: 'Expected type string but found type integer' on property name.",
        ),
        (
            {"name": "a", "strategy": "auth0", "colour": "red"},
            "Payload validation error: 'Additional properties not allowed: colour'.",
        ),
        (
            {"name": "a", "strategy": "magic"},
            "Payload validation error: 'No enum match for: magic' on property strategy.",
        ),
        (
            {"name": "a", "strategy": "auth0", "options": {"import_mode": "yes"}},
            "Payload validation error: 'Expected type boolean but found type string' on property options.import_mode.",
        ),
    ],
)
async def test_a_body_outside_the_schema_is_refused_in_the_validators_words(
    api: Api, body: object, message: str
) -> None:
    answer = await api.call("POST", "/connections", json=body)
    assert error(answer) == (400, message, "invalid_body")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("per_page=101", "Query validation error: 'Value 101 is greater than maximum 100' on property per_page."),
        ("per_page=0", "Query validation error: 'Value 0 is less than minimum 1' on property per_page."),
        ("page=-1", "Query validation error: 'Value -1 is less than minimum 0' on property page."),
        ("page=two", "Query validation error: 'Expected type integer but found type string' on property page."),
        (
            "include_totals=maybe",
            "Query validation error: 'Expected type boolean but found type string' on property include_totals.",
        ),
        ("take=101", "Query validation error: 'Value 101 is greater than maximum 100' on property take."),
        ("strategy=magic", "Query validation error: 'No enum match for: magic' on property strategy."),
    ],
)
async def test_a_query_outside_its_limits_is_refused(api: Api, query: str, message: str) -> None:
    assert error(await api.get(f"/connections?{query}")) == (400, message, "invalid_query_string")


async def test_a_cursor_of_nobody_is_refused(api: Api) -> None:
    assert (await api.get("/connections?from=nonsense&take=5")).status_code == 400


async def test_answers_bear_the_tenants_own_time(api: Api) -> None:
    assert (await api.get("/connections")).headers["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
