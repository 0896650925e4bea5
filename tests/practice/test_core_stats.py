"""Figures about the tenant, the log of one user, and links that verify an address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from core_support import Api, error, open_api, still_tenant

PASSWORD = "correct-Horse-battery-9"
REALM = "http://auth0.com/oauth/grant-type/password-realm"
DAY = 86_400


class Shop:
    """An application whose people log in."""

    def __init__(self, api: Api, client: dict[str, Any]) -> None:
        self.api = api
        self.client = client

    async def add(self, name: str, **more: Any) -> str:
        body = {"connection": "people", "email": f"{name}@example.com", "password": PASSWORD, "user_id": name}
        answer = await self.api.post("/users", body | more)
        assert answer.status_code == 201, answer.text
        return f"auth0|{name}"

    async def login(self, name: str, password: str = PASSWORD) -> None:
        form = {"grant_type": REALM, "realm": "people", "username": f"{name}@example.com", "password": password}
        form |= {"client_id": self.client["client_id"], "client_secret": self.client["client_secret"]}
        await self.api.client.post("/oauth/token", data=form)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_api(still_tenant()) as api:
        connection = await api.new_connection("people")
        client = await api.new_client("Shop", grant_types=[REALM])
        change = [{"client_id": client["client_id"], "status": True}]
        assert (await api.patch(f"/connections/{connection['id']}/clients", change)).status_code == 204
        yield Shop(api, client)


async def test_who_logged_in_within_thirty_days_is_active(shop: Shop) -> None:
    for name in ("ann", "bob", "cyd"):
        await shop.add(name)
    await shop.login("ann")
    await shop.api.tenant.clock.sleep(29 * DAY)
    await shop.login("bob")
    assert (await shop.api.get("/stats/active-users", "read:stats")).json() == 2
    await shop.api.tenant.clock.sleep(2 * DAY)
    assert (await shop.api.get("/stats/active-users", "read:stats")).json() == 1


async def test_a_day_has_its_logins_and_sign_ups(shop: Shop) -> None:
    body = {"client_id": shop.client["client_id"], "connection": "people", "email": "new@example.com"}
    signed_up = await shop.api.client.post("/dbconnections/signup", json=body | {"password": PASSWORD})
    assert signed_up.status_code == 200, signed_up.text
    await shop.add("ann")
    await shop.login("ann")
    await shop.login("ann", "wrong")
    await shop.api.tenant.clock.sleep(DAY)
    await shop.login("ann")
    first, second = (await shop.api.get("/stats/daily", "read:stats")).json()
    assert (first["date"], first["logins"], first["signups"]) == ("2026-09-21T00:00:00.000Z", 1, 1)
    assert (second["date"], second["logins"], second["signups"]) == ("2026-09-22T00:00:00.000Z", 1, 0)
    assert (await shop.api.get("/stats/daily?from=20260922")).json() == [second]
    assert (await shop.api.get("/stats/daily?from=20260901&to=20260921")).json() == [first]
    assert error(await shop.api.get("/stats/daily?from=20261301"))[0] == 400


@pytest.mark.parametrize("path", ["/stats/active-users", "/stats/daily"])
async def test_stats_need_their_scope(shop: Shop, path: str) -> None:
    answer = await shop.api.get(path, "read:users", "read:logs")
    assert error(answer)[1:] == ("Insufficient scope, expected any of: read:stats", "insufficient_scope")


async def test_the_log_of_a_user_has_nothing_of_others(shop: Shop) -> None:
    await shop.add("ann")
    await shop.add("bob")
    await shop.login("ann")
    await shop.login("bob")
    await shop.login("ann", "wrong")
    events = (await shop.api.get("/users/auth0%7Cann/logs", "read:logs_users")).json()
    assert [event["type"] for event in events] == ["fp", "sepft", "s"]
    assert {event["user_id"] for event in events} == {"auth0|ann"}
    page = (await shop.api.get("/users/auth0%7Cann/logs?per_page=1&sort=date:1&include_totals=true")).json()
    assert (page["total"], page["length"], page["logs"][0]["type"]) == (3, 1, "s")
    assert (await shop.api.get("/users/auth0%7Cnobody/logs")).json() == []


async def verified(shop: Shop, user_id: str) -> bool:
    return bool((await shop.api.get(f"/users/{user_id}")).json()["email_verified"])


async def open_link(shop: Shop) -> int:
    """Open the newest link, and say how that went."""
    [mail, *_] = (await shop.api.client.get("/practice/email-verifications")).json()["mails"]
    return (await shop.api.client.post(f"/practice/email-verifications/{mail['ticket']}")).status_code


async def test_an_address_is_verified_by_a_ticket(shop: Shop) -> None:
    user_id = await shop.add("ann")
    made = await shop.api.post("/tickets/email-verification", {"user_id": user_id}, "create:user_tickets")
    assert made.status_code == 201
    ticket = made.json()["ticket"].partition("ticket=")[2].rstrip("#")
    assert not await verified(shop, user_id)
    elsewhere = await shop.api.client.post(f"/practice/password-resets/{ticket}", json={"password": PASSWORD})
    assert elsewhere.status_code == 404
    assert await open_link(shop) == 204
    assert await verified(shop, user_id)
    assert (await shop.api.client.post(f"/practice/email-verifications/{ticket}")).status_code == 404


async def test_an_address_is_verified_by_a_mail(shop: Shop) -> None:
    user_id = await shop.add("ann")
    job = await shop.api.post("/jobs/verification-email", {"user_id": user_id}, "update:users")
    assert (job.status_code, job.json()["type"], job.json()["status"]) == (201, "verification_email", "pending")
    await shop.api.tenant.clock.sleep(60)
    assert (await shop.api.get(f"/jobs/{job.json()['id']}")).json()["status"] == "completed"
    assert await open_link(shop) == 204
    assert await verified(shop, user_id)


async def test_nobody_is_sent_no_link(shop: Shop) -> None:
    assert error(await shop.api.post("/tickets/email-verification", {"user_id": "auth0|x"}))[0] == 404
    assert error(await shop.api.post("/jobs/verification-email", {"user_id": "auth0|x"}))[0] == 400
    for path in ("/tickets/email-verification", "/jobs/verification-email"):
        assert error(await shop.api.post(path, {"user_id": "x"}))[0] == 400
        assert error(await shop.api.post(path, {}))[0] == 400
        assert error(await shop.api.post(path, {"user_id": "auth0|x"}, "read:users"))[0] == 403
