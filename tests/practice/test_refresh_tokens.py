"""Refresh tokens: who gets one, what it is good for, and when it ends."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from core_support import Api, StillClock, auth_error, open_api, still_tenant

from wizard.practice.switches import Switches

PASSWORD = "correct-Horse-battery-9"
REALM = "http://auth0.com/oauth/grant-type/password-realm"
ORDERS = "https://orders.example.com"
UNKNOWN = (403, "invalid_grant", "Unknown or invalid refresh token.")
DAY = 86_400
ROTATING = {"rotation_type": "rotating", "expiration_type": "expiring"}
EXPIRING = {"rotation_type": "non-rotating", "expiration_type": "expiring"}


class Shop:
    """An application whose users stay logged in, one of them, and an API with offline access."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.client: dict[str, Any] = {}
        self.user_id = ""

    async def set_up(self) -> None:
        connection = await self.api.new_connection()
        self.client = await self.api.new_client(
            grant_types=["password", REALM, "refresh_token"], oidc_conformant=True, app_type="regular_web"
        )
        change = [{"client_id": self.client["client_id"], "status": True}]
        await self.api.patch(f"/connections/{connection['id']}/clients", change)
        body = {"connection": "acme-users", "email": "ann@example.com", "password": PASSWORD, "given_name": "Ann"}
        self.user_id = (await self.api.post("/users", body)).json()["user_id"]
        orders = {"identifier": ORDERS, "allow_offline_access": True, "scopes": [{"value": "read:orders"}]}
        assert (await self.api.post("/resource-servers", orders)).status_code == 201

    async def ask(self, path: str = "/oauth/token", **given: str | None) -> httpx.Response:
        usual = {"client_id": self.client["client_id"], "client_secret": self.client["client_secret"]}
        sent = {name: value for name, value in (usual | given).items() if value is not None}
        return await self.api.client.post(path, data=sent)

    async def login(self, scope: str = "openid email offline_access", **more: str) -> httpx.Response:
        given = {"grant_type": REALM, "realm": "acme-users", "username": "ann@example.com", "password": PASSWORD}
        return await self.ask(**(given | {"scope": scope} | more))

    async def token(self, **more: str) -> str:
        answer = await self.login(**more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["refresh_token"])

    async def refresh(self, token: str, **more: str | None) -> httpx.Response:
        return await self.ask("/oauth/token", **({"grant_type": "refresh_token", "refresh_token": token} | more))

    async def next(self, token: str) -> str:
        answer = await self.refresh(token)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["refresh_token"])

    async def is_good(self, token: str) -> bool:
        answer = await self.refresh(token)
        assert answer.status_code == 200 or auth_error(answer) == UNKNOWN, answer.text
        return answer.status_code == 200

    async def set(self, **changes: Any) -> None:
        answer = await self.api.patch(f"/clients/{self.client['client_id']}", changes)
        assert answer.status_code == 200, answer.text

    async def change_user(self, **changes: Any) -> None:
        assert (await self.api.patch(f"/users/{self.user_id}", changes)).status_code == 200

    def later(self, seconds: float) -> None:
        clock = self.api.tenant.clock
        assert isinstance(clock, StillClock)
        clock.time += seconds

    async def logs(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.api.get("/logs", params={"q": f"type:{kind}"})).json()
        return found


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_api(still_tenant()) as api:
        shop = Shop(api)
        await shop.set_up()
        yield shop


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


async def test_offline_access_gives_a_refresh_token_that_gives_new_tokens(shop: Shop) -> None:
    answer = (await shop.login()).json()
    assert answer["scope"] == "openid email offline_access"
    shop.later(60)
    renewed = await shop.refresh(answer["refresh_token"])
    assert renewed.status_code == 200
    assert renewed.headers["cache-control"] == "no-store"
    tokens = renewed.json()
    assert set(tokens) == {"access_token", "id_token", "token_type", "expires_in", "scope"}
    assert tokens["scope"] == "openid email offline_access"
    assert claims(tokens["access_token"])["gty"] == "refresh_token"
    assert claims(tokens["access_token"])["sub"] == claims(tokens["id_token"])["sub"] == shop.user_id
    assert claims(tokens["id_token"])["email"] == "ann@example.com"
    assert claims(tokens["id_token"])["iat"] == claims(answer["id_token"])["iat"] + 60
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await shop.api.client.get("/userinfo", headers=bearer)).json()["email"] == "ann@example.com"


async def test_without_offline_access_there_is_none(shop: Shop) -> None:
    for scope in ("openid", ""):
        assert "refresh_token" not in (await shop.login(scope)).json()


async def test_the_application_needs_the_grant_type(shop: Shop) -> None:
    token = await shop.token()
    await shop.set(grant_types=["password", REALM])
    answer = (await shop.login()).json()
    assert "refresh_token" not in answer
    assert answer["scope"] == "openid email"
    assert auth_error(await shop.refresh(token))[:2] == (403, "unauthorized_client")


async def test_the_api_must_allow_offline_access(shop: Shop) -> None:
    await shop.api.post("/resource-servers", {"identifier": "https://online.example.com"})
    refused = (await shop.login(audience="https://online.example.com")).json()
    assert "refresh_token" not in refused
    assert refused["scope"] == "openid email"
    for audience in (ORDERS, f"{shop.api.tenant.issuer}userinfo"):
        assert "refresh_token" in (await shop.login(audience=audience)).json()


async def test_a_refresh_keeps_the_audience(shop: Shop) -> None:
    token = await shop.token(scope="openid offline_access read:orders", audience=ORDERS)
    renewed = (await shop.refresh(token)).json()
    assert claims(renewed["access_token"])["aud"] == [ORDERS, f"{shop.api.tenant.issuer}userinfo"]
    assert claims(renewed["access_token"])["scope"] == "openid offline_access read:orders"


async def test_scopes_can_be_narrowed_and_are_never_widened(shop: Shop) -> None:
    token = await shop.token(scope="openid email offline_access read:orders", audience=ORDERS)
    narrow = (await shop.refresh(token, scope="email profile read:orders write:orders")).json()
    assert narrow["scope"] == "email read:orders"
    assert "id_token" not in narrow
    assert (await shop.refresh(token)).json()["scope"] == "openid email offline_access read:orders"


async def test_a_refresh_shows_the_user_as_of_now(shop: Shop) -> None:
    token = await shop.token(scope="openid profile offline_access")
    await shop.change_user(given_name="Anna")
    assert claims((await shop.refresh(token)).json()["id_token"])["given_name"] == "Anna"


async def test_an_unknown_token_is_refused(shop: Shop) -> None:
    assert auth_error(await shop.refresh("nonsense")) == UNKNOWN
    assert auth_error(await shop.ask(grant_type="refresh_token"))[:2] == (400, "invalid_request")


async def test_the_token_is_of_use_to_its_application_only(shop: Shop) -> None:
    token = await shop.token()
    other = await shop.api.new_client("Other", grant_types=["refresh_token"])
    as_other = {"client_id": other["client_id"], "client_secret": other["client_secret"]}
    assert auth_error(await shop.refresh(token, **as_other)) == UNKNOWN
    assert await shop.is_good(token)


async def test_the_application_must_authenticate(shop: Shop) -> None:
    token = await shop.token()
    for secret in (None, "wrong"):
        assert auth_error(await shop.refresh(token, client_secret=secret))[:2] == (401, "access_denied")
    await shop.set(token_endpoint_auth_method="none")
    assert (await shop.refresh(token, client_secret=None)).status_code == 200


async def test_no_token_stands_in_the_state_in_the_open(tmp_path: Path) -> None:
    async with open_api(still_tenant(state=tmp_path / "tenant.db")) as api:
        shop = Shop(api)
        await shop.set_up()
        token = await shop.token()
        dump = "\n".join(api.tenant.db.iterdump())
        assert token not in dump
        assert hashlib.sha256(token.encode()).hexdigest() in dump


async def test_tokens_survive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "tenant.db"
    async with open_api(still_tenant(state=state)) as api:
        shop = Shop(api)
        await shop.set_up()
        await shop.set(refresh_token=ROTATING)
        first = await shop.token()
        second = await shop.next(first)
    async with open_api(still_tenant(state=state)) as api:
        shop.api = api
        third = await shop.next(second)
        assert not await shop.is_good(first)
        assert not await shop.is_good(third)


async def test_a_blocked_user_gets_no_tokens_until_unblocked(shop: Shop) -> None:
    token = await shop.token()
    await shop.change_user(blocked=True)
    assert auth_error(await shop.refresh(token)) == (403, "invalid_grant", "user is blocked")
    await shop.change_user(blocked=False)
    assert await shop.is_good(token)


async def test_a_deleted_user_gets_no_tokens_even_when_another_has_the_same_id(shop: Shop) -> None:
    gone = (403, "invalid_grant", "The refresh_token was generated for a user who doesn't exist anymore.")
    token = await shop.token()
    await shop.api.delete(f"/users/{shop.user_id}")
    assert auth_error(await shop.refresh(token)) == gone
    shop.later(1)
    again = {"connection": "acme-users", "email": "ann@example.com", "password": PASSWORD}
    await shop.api.post("/users", again | {"user_id": shop.user_id.removeprefix("auth0|")})
    assert auth_error(await shop.refresh(token)) == gone


async def test_tokens_outlive_a_change_of_the_password(shop: Shop) -> None:
    token = await shop.token()
    shop.later(1)
    await shop.change_user(password="another-Horse-battery-9")
    assert await shop.is_good(token)


async def test_tokens_end_with_their_application(shop: Shop) -> None:
    await shop.token()
    await shop.api.delete(f"/clients/{shop.client['client_id']}")
    assert shop.api.tenant.db.execute("select count(*) from refresh_tokens").fetchone()[0] == 0


async def test_a_rotating_token_is_good_once(shop: Shop) -> None:
    await shop.set(refresh_token=ROTATING)
    first = await shop.token()
    second = await shop.next(first)
    assert second != first
    assert await shop.is_good(second)


async def test_reuse_revokes_the_whole_family(shop: Shop) -> None:
    await shop.set(refresh_token=ROTATING)
    first, other = await shop.token(), await shop.token()
    second = await shop.next(first)
    assert auth_error(await shop.refresh(first)) == UNKNOWN
    assert auth_error(await shop.refresh(second)) == UNKNOWN
    assert await shop.is_good(other)
    [entry] = await shop.logs("ferrt")
    assert (entry["user_id"], entry["client_name"]) == (shop.user_id, "Shop")


async def test_within_the_leeway_the_previous_token_is_good_again(shop: Shop) -> None:
    await shop.set(refresh_token=ROTATING | {"leeway": 5})
    first = await shop.token()
    second = await shop.next(first)
    shop.later(4)
    twin = await shop.next(first)
    assert twin not in {first, second}
    shop.later(1)
    assert auth_error(await shop.refresh(first)) == UNKNOWN
    assert not await shop.is_good(second)
    assert not await shop.is_good(twin)


async def test_the_second_to_last_token_is_reuse_also_within_the_leeway(shop: Shop) -> None:
    await shop.set(refresh_token=ROTATING | {"leeway": 60})
    first = await shop.token()
    third = await shop.next(await shop.next(first))
    assert auth_error(await shop.refresh(first)) == UNKNOWN
    assert not await shop.is_good(third)


async def test_rotation_turned_on_takes_over_tokens_at_their_next_use(shop: Shop) -> None:
    first, other = await shop.token(), await shop.token()
    elsewhere = await shop.token(audience=ORDERS)
    await shop.set(refresh_token=ROTATING)
    rotating = await shop.next(first)
    assert not await shop.is_good(first)
    assert not await shop.is_good(other)
    assert await shop.is_good(rotating)
    assert await shop.is_good(elsewhere)


async def test_rotation_turned_off_replaces_a_family_by_one_lasting_token(shop: Shop) -> None:
    await shop.set(refresh_token=ROTATING)
    first = await shop.token()
    second = await shop.next(first)
    await shop.set(refresh_token=EXPIRING)
    lasting = await shop.next(second)
    assert not await shop.is_good(second)
    for _ in range(2):
        answer = await shop.refresh(lasting)
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()


async def test_an_expiring_token_ends_after_its_lifetime(shop: Shop) -> None:
    lives = {"token_lifetime": 3 * DAY, "infinite_idle_token_lifetime": True}
    await shop.set(refresh_token=EXPIRING | lives)
    token = await shop.token()
    await shop.set(refresh_token=EXPIRING | lives | {"token_lifetime": 9 * DAY})
    shop.later(3 * DAY - 1)
    assert await shop.is_good(token)
    shop.later(1)
    assert not await shop.is_good(token)


async def test_rotation_does_not_lengthen_the_lifetime(shop: Shop) -> None:
    await shop.set(refresh_token=ROTATING | {"token_lifetime": 3 * DAY, "idle_token_lifetime": 3 * DAY})
    token = await shop.token()
    shop.later(2 * DAY)
    token = await shop.next(token)
    shop.later(DAY)
    assert not await shop.is_good(token)


async def test_an_idle_token_ends_by_the_settings_of_now(shop: Shop) -> None:
    await shop.set(refresh_token=EXPIRING | {"infinite_token_lifetime": True, "idle_token_lifetime": 5 * DAY})
    token = await shop.token()
    for _ in range(3):
        shop.later(5 * DAY - 1)
        assert await shop.is_good(token)
    await shop.set(refresh_token=EXPIRING | {"infinite_token_lifetime": True, "idle_token_lifetime": DAY})
    shop.later(DAY)
    assert not await shop.is_good(token)


async def test_lifetimes_are_thirty_days_where_none_are_given(shop: Shop) -> None:
    await shop.set(refresh_token=EXPIRING)
    token = await shop.token()
    for days in (29, 1):
        shop.later(days * DAY)
        assert await shop.is_good(token) is (days == 29)


async def test_tokens_that_do_not_expire_start_to_at_the_first_use_after_a_lifetime_is_set(shop: Shop) -> None:
    token = await shop.token()
    shop.later(900 * DAY)
    await shop.set(refresh_token=EXPIRING | {"token_lifetime": DAY, "infinite_idle_token_lifetime": True})
    assert await shop.is_good(token)
    await shop.set(refresh_token=EXPIRING | {"infinite_token_lifetime": True, "infinite_idle_token_lifetime": True})
    shop.later(DAY)
    assert not await shop.is_good(token)


async def test_a_user_has_at_most_two_hundred_tokens_of_an_application(shop: Shop) -> None:
    oldest, second = await shop.token(), await shop.token()
    for _ in range(199):
        shop.later(60)
        await shop.token()
    assert not await shop.is_good(oldest)
    assert await shop.is_good(second)


async def test_a_revoked_token_is_of_no_more_use(shop: Shop) -> None:
    token, other = await shop.token(), await shop.token()
    answer = await shop.ask("/oauth/revoke", token=token)
    assert (answer.status_code, answer.content) == (200, b"")
    assert not await shop.is_good(token)
    assert await shop.is_good(other)
    [entry] = await shop.logs("srrt")
    assert (entry["user_id"], entry["client_id"]) == (shop.user_id, shop.client["client_id"])


async def test_revocation_takes_json_too(shop: Shop) -> None:
    token = await shop.token()
    body = {"client_id": shop.client["client_id"], "client_secret": shop.client["client_secret"], "token": token}
    assert (await shop.api.client.post("/oauth/revoke", json=body)).status_code == 200
    assert not await shop.is_good(token)


async def test_revoking_what_is_unknown_is_no_failure(shop: Shop) -> None:
    answer = await shop.ask("/oauth/revoke", token="nonsense")
    assert (answer.status_code, answer.content) == (200, b"")
    assert await shop.logs("srrt") == []


async def test_revocation_ends_a_family(shop: Shop) -> None:
    await shop.set(refresh_token=ROTATING | {"leeway": 60})
    first = await shop.token()
    second = await shop.next(first)
    await shop.ask("/oauth/revoke", token=second)
    assert not await shop.is_good(second)
    assert not await shop.is_good(first)


async def test_revocation_takes_the_grant_with_it_where_the_tenant_says_so(shop: Shop) -> None:
    await shop.api.patch("/tenants/settings", {"flags": {"revoke_refresh_token_grant": True}})
    token, other, elsewhere = await shop.token(), await shop.token(), await shop.token(audience=ORDERS)
    await shop.ask("/oauth/revoke", token=token)
    assert not await shop.is_good(other)
    assert await shop.is_good(elsewhere)


async def test_revocation_asks_who_is_there(shop: Shop) -> None:
    token = await shop.token()
    refused = await shop.ask("/oauth/revoke", token=token, client_secret="wrong")
    assert auth_error(refused)[0] == 401
    assert auth_error(await shop.ask("/oauth/revoke"))[:2] == (400, "invalid_request")
    assert await shop.is_good(token)


@pytest.mark.parametrize(("foreign", "status"), [("refused", 400), ("ignored", 200)])
async def test_another_applications_token_is_not_revoked(foreign: Any, status: int) -> None:
    async with open_api(still_tenant(switches=Switches(foreign_token_revocation=foreign))) as api:
        shop = Shop(api)
        await shop.set_up()
        token = await shop.token()
        other = await api.new_client("Other")
        as_other = {"client_id": other["client_id"], "client_secret": other["client_secret"]}
        assert (await shop.ask("/oauth/revoke", token=token, **as_other)).status_code == status
        assert await shop.is_good(token)


async def test_exchanges_are_logged(shop: Shop) -> None:
    token = await shop.token(scope="openid offline_access", audience=ORDERS)
    await shop.refresh(token)
    await shop.refresh("nonsense")
    [good], [bad] = await shop.logs("sertft"), await shop.logs("fertft")
    assert good.items() >= {
        "client_id": shop.client["client_id"],
        "client_name": "Shop",
        "connection": "acme-users",
        "user_id": shop.user_id,
        "user_name": "ann@example.com",
        "audience": ORDERS,
        "scope": "openid offline_access",
    }.items()  # fmt: skip
    assert (bad["client_name"], bad["description"]) == ("Shop", UNKNOWN[2])
    assert token not in str(await shop.logs("*"))


async def test_discovery_names_what_there_is(shop: Shop) -> None:
    found = (await shop.api.client.get("/.well-known/openid-configuration")).json()
    assert found["revocation_endpoint"] == f"https://{shop.api.tenant.domain}/oauth/revoke"
    assert "offline_access" in found["scopes_supported"]
