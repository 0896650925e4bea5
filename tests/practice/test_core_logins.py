"""Password grants, what they give, and the protection against guessing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from core_support import Api, StillClock, auth_error, open_api, still_tenant

PASSWORD = "correct-Horse-battery-9"
REALM = "http://auth0.com/oauth/grant-type/password-realm"


class Canary:
    """A connection with one user, and an application that may log in."""

    def __init__(self, api: Api, client: dict[str, Any], connection: dict[str, Any]) -> None:
        self.api = api
        self.client = client
        self.connection = connection

    async def login(self, *, headers: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
        usual = {
            "grant_type": REALM,
            "realm": "acme-users",
            "username": "ann@example.com",
            "password": PASSWORD,
            "client_id": self.client["client_id"],
            "client_secret": self.client["client_secret"],
        }
        given = {name: value for name, value in (usual | changes).items() if value is not None}
        return await self.api.client.post("/oauth/token", data=given, headers=headers)


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    async with open_api(still_tenant()) as api:
        connection = await api.new_connection()
        client = await api.new_client(
            grant_types=["password", REALM], is_token_endpoint_ip_header_trusted=True, oidc_conformant=True
        )
        await api.patch(
            f"/connections/{connection['id']}/clients", [{"client_id": client["client_id"], "status": True}]
        )
        body = {"connection": "acme-users", "email": "ann@example.com", "password": PASSWORD, "given_name": "Ann"}
        assert (await api.post("/users", body)).status_code == 201
        yield Canary(api, client, connection)


async def test_a_good_password_gives_tokens_of_the_user(canary: Canary) -> None:
    answer = await canary.login(scope="openid profile email")
    assert answer.status_code == 200
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope", "id_token"}
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert claims["aud"] == canary.client["client_id"]
    assert claims["email"] == "ann@example.com"
    assert claims["given_name"] == "Ann"
    assert claims["sub"].startswith("auth0|")
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    profile = await canary.api.client.get("/userinfo", headers=bearer)
    assert profile.json()["sub"] == claims["sub"]
    assert profile.json()["email"] == "ann@example.com"


async def test_logins_are_logged_with_the_names_of_all_concerned(canary: Canary) -> None:
    await canary.login()
    await canary.login(password="wrong")
    await canary.login(username="nobody@example.com")
    logged = {each["type"]: each for each in (await canary.api.get("/logs")).json()}  # the oldest of each
    at_connection = {
        "connection": "acme-users",
        "connection_id": canary.connection["id"],
        "strategy": "auth0",
        "strategy_type": "database",
    }
    names = {"s": "ann", "fp": "ann", "fu": "nobody", "sepft": "ann", "fepft": "ann"}
    for kind, name in names.items():
        assert logged[kind].items() >= (at_connection | {"user_name": f"{name}@example.com"}).items()
        assert logged[kind].items() >= {"client_id": canary.client["client_id"], "client_name": "Shop"}.items()


async def test_a_blocked_users_login_is_logged_with_the_application(canary: Canary) -> None:
    [user] = (await canary.api.get("/users-by-email", params={"email": "ann@example.com"})).json()
    await canary.api.patch(f"/users/{user['user_id']}", {"blocked": True})
    assert (await canary.login()).status_code == 401
    [entry] = (await canary.api.get("/logs", params={"q": "type:f"})).json()
    assert (entry["description"], entry["client_name"]) == ("user is blocked", "Shop")


async def test_userinfo_can_be_the_audience(canary: Canary) -> None:
    tenant = canary.api.tenant
    for audience in (f"{tenant.issuer}userinfo", f"https://{canary.api.client.base_url.host}/userinfo"):
        answer = await canary.login(scope="openid email", audience=audience)
        assert answer.status_code == 200
        bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
        profile = await canary.api.client.get("/userinfo", headers=bearer)
        assert profile.json()["email"] == "ann@example.com"


async def test_userinfo_takes_its_token_from_the_query_too(canary: Canary) -> None:
    token = (await canary.login(scope="openid email")).json()["access_token"]
    profile = await canary.api.client.get("/userinfo", params={"access_token": token})
    assert profile.json()["email"] == "ann@example.com"
    other = {"authorization": "Bearer x"}
    assert (await canary.api.client.get("/userinfo", params={"access_token": token}, headers=other)).status_code == 401


async def test_on_the_free_plan_a_user_has_ten_profiles_at_once_then_five_a_minute() -> None:
    tenant = still_tenant(plan="free")
    async with open_api(tenant) as api:

        async def profiles(user_id: str, count: int) -> list[int]:
            claims = {"sub": user_id, "aud": f"{tenant.issuer}userinfo", "scope": "openid"}
            bearer = {"authorization": f"Bearer {tenant.tokens.issue(claims, 3600)}"}
            return [(await api.client.get("/userinfo", headers=bearer)).status_code for _ in range(count)]

        connection = await api.new_connection()
        tenant.clock.time += 60  # type: ignore[attr-defined]
        await api.patch(f"/connections/{connection['id']}/clients", [{"client_id": tenant.client_id, "status": True}])
        for name in ("ann", "bob"):
            tenant.clock.time += 60  # type: ignore[attr-defined]
            body = {"connection": "acme-users", "email": f"{name}@example.com", "password": PASSWORD, "user_id": name}
            assert (await api.post("/users", body)).status_code == 201
        assert await profiles("auth0|ann", 11) == [200] * 10 + [429]
        assert await profiles("auth0|bob", 1) == [200]
        tenant.clock.time += 12  # type: ignore[attr-defined]
        assert await profiles("auth0|ann", 2) == [200, 429]


async def test_userinfo_needs_a_users_token(canary: Canary) -> None:
    for header in ({}, {"authorization": "Bearer x"}, {"authorization": f"Bearer {canary.api.token()}"}):
        assert (await canary.api.client.get("/userinfo", headers=header)).status_code == 401
    for token in ("", "x", canary.api.token()):
        assert (await canary.api.client.get("/userinfo", params={"access_token": token})).status_code == 401


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "wrong"}, (403, "invalid_grant")),
        ({"username": "bob@example.com"}, (403, "invalid_grant")),
        ({"password": None}, (400, "invalid_request")),
        ({"username": None}, (400, "invalid_request")),
        ({"realm": None}, (400, "invalid_request")),
        ({"realm": "nowhere"}, (403, "invalid_request")),
        ({"client_secret": "wrong"}, (401, "access_denied")),
        ({"client_secret": None}, (401, "access_denied")),
        ({"audience": "https://nowhere.example.com"}, (400, "invalid_request")),
    ],
)
async def test_a_wrong_login_is_refused(canary: Canary, changes: dict[str, Any], expected: tuple[int, str]) -> None:
    assert auth_error(await canary.login(**changes))[:2] == expected


async def test_the_wrong_password_is_named_like_the_unknown_user(canary: Canary) -> None:
    wrong, unknown = await canary.login(password="wrong"), await canary.login(username="bob@example.com")
    assert wrong.json() == unknown.json() == {"error": "invalid_grant", "error_description": "Wrong email or password."}


async def test_the_connection_must_be_enabled_for_the_application(canary: Canary) -> None:
    off = [{"client_id": canary.client["client_id"], "status": False}]
    await canary.api.patch(f"/connections/{canary.connection['id']}/clients", off)
    assert auth_error(await canary.login())[:2] == (403, "unauthorized_client")


async def test_the_grant_without_realm_needs_the_tenants_default_directory(canary: Canary) -> None:
    assert (await canary.login(grant_type="password", realm=None)).status_code == 403
    await canary.api.patch("/tenants/settings", {"default_directory": "acme-users"})
    assert (await canary.login(grant_type="password", realm=None)).status_code == 200


async def test_a_realm_that_is_not_the_name_also_works(canary: Canary) -> None:
    await canary.api.patch(f"/connections/{canary.connection['id']}", {"realms": ["staff"]})
    assert (await canary.login(realm="staff")).status_code == 200


async def test_ten_wrong_passwords_from_one_address_block_the_account_for_that_address(canary: Canary) -> None:
    for _ in range(10):
        assert (await canary.login(password="wrong")).status_code == 403
    assert auth_error(await canary.login())[:2] == (429, "too_many_attempts")
    elsewhere = await canary.login(headers={"auth0-forwarded-for": "203.0.113.9"})
    assert elsewhere.status_code == 200


async def test_a_block_ends_thirty_days_after_the_last_wrong_password(canary: Canary) -> None:
    clock = canary.api.tenant.clock
    assert isinstance(clock, StillClock)
    for _ in range(10):
        await canary.login(password="wrong")
    for seconds, status in ((29 * 86_400, 429), (2 * 86_400, 200)):
        clock.time += seconds
        assert (await canary.login()).status_code == status


async def test_a_good_password_forgets_the_wrong_ones(canary: Canary) -> None:
    for _ in range(2):
        for _ in range(5):
            await canary.login(password="wrong")
        assert (await canary.login()).status_code == 200


async def test_a_connection_may_do_without_brute_force_protection(canary: Canary) -> None:
    await canary.api.patch(f"/connections/{canary.connection['id']}", {"options": {"brute_force_protection": False}})
    for _ in range(12):
        await canary.login(password="wrong")
    assert (await canary.login()).status_code == 200


async def test_twenty_attempts_in_a_minute_are_enough(canary: Canary) -> None:
    answers = [await canary.login() for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[-1].json()["error"] == "too_many_requests"
    clock = canary.api.tenant.clock
    assert isinstance(clock, StillClock)
    clock.time += 6
    assert (await canary.login()).status_code == 200


async def test_an_api_may_deny_end_users(canary: Canary) -> None:
    identifier = "https://legacy.example.com"
    closed = {"identifier": identifier, "subject_type_authorization": {"user": {"policy": "deny_all"}}}
    api = (await canary.api.post("/resource-servers", closed)).json()
    assert auth_error(await canary.login(audience=identifier))[:2] == (403, "access_denied")
    opened = {"subject_type_authorization": {"user": {"policy": "allow_all"}}}
    await canary.api.patch(f"/resource-servers/{api['id']}", opened)
    assert (await canary.login(audience=identifier)).status_code == 200


async def test_a_login_for_an_api_that_is_not_there_is_a_bad_request(canary: Canary) -> None:
    refused = auth_error(await canary.login(audience="https://nowhere.example.com"))
    assert refused == (400, "invalid_request", "invalid audience specified for password grant exchange")


async def test_an_end_users_token_cannot_manage_the_tenant(canary: Canary) -> None:
    answer = await canary.login(audience=canary.api.tenant.audience, scope="openid read:users")
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await canary.api.client.get("/api/v2/users", headers=bearer)).status_code == 403


async def test_a_reset_answers_alike_for_known_and_unknown_addresses(canary: Canary) -> None:
    for email in ("ann@example.com", "nobody@example.com"):
        body = {"email": email, "connection": "acme-users"}
        answer = await canary.api.client.post("/dbconnections/change_password", json=body)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.text == "We've just sent you an email to reset your password."


async def test_resets_for_one_account_are_limited(canary: Canary) -> None:
    body = {"email": "ann@example.com", "connection": "acme-users"}
    answers = [await canary.api.client.post("/dbconnections/change_password", json=body) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]


async def test_a_reset_needs_a_connection_that_exists(canary: Canary) -> None:
    for body in ({"email": "ann@example.com"}, {"email": "ann@example.com", "connection": "nowhere"}):
        answer = await canary.api.client.post("/dbconnections/change_password", json=body)
        assert auth_error(answer)[:2] == (400, "invalid_request")
