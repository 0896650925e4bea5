"""Linking: two users become one, whose identities they are, and part again."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx
import jwt
import pytest
from core_support import Api, StillClock, auth_error, error, open_api, still_tenant

from wizard.practice.switches import Switches

PASSWORD = "correct-Horse-battery-9"
REALM = "http://auth0.com/oauth/grant-type/password-realm"
NO_LAG = Switches(search_lag_seconds=0)


class Family:
    """Ann among the staff, and Anna, who is she too, among the customers."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.client: dict[str, Any] = {}
        self.connections: dict[str, str] = {}
        self.ann = ""
        self.anna = ""

    async def set_up(self) -> None:
        self.client = await self.api.new_client(grant_types=[REALM, "refresh_token"], oidc_conformant=True)
        for name in ("staff", "customers"):
            made = await self.api.new_connection(name)
            self.connections[name] = made["id"]
            change = [{"client_id": self.client["client_id"], "status": True}]
            await self.api.patch(f"/connections/{made['id']}/clients", change)
        self.ann = await self.new_user("staff", "ann@example.com", app_metadata={"role": "boss"})
        more = {"app_metadata": {"plan": "gold"}, "user_metadata": {"color": "blue"}, "given_name": "Anna"}
        self.anna = await self.new_user("customers", "anna@example.com", **more)

    async def new_user(self, connection: str, email: str, **more: Any) -> str:
        answer = await self.api.post(
            "/users", {"connection": connection, "email": email, "password": PASSWORD} | more, "create:users"
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["user_id"])

    async def link(self, *scopes: str, to: str | None = None, **body: Any) -> httpx.Response:
        usual = {"provider": "auth0", "user_id": self.anna.removeprefix("auth0|")}
        path = f"/users/{quote(to or self.ann)}/identities"
        return await self.api.post(path, body or usual, *(scopes or ("update:users",)))

    async def unlink(self, user_id: str, provider: str = "auth0", of: str | None = None) -> httpx.Response:
        return await self.api.delete(f"/users/{quote(of or self.ann)}/identities/{provider}/{quote(user_id)}")

    async def user(self, user_id: str) -> dict[str, Any] | None:
        answer = await self.api.get(f"/users/{quote(user_id)}")
        return dict(answer.json()) if answer.status_code == 200 else None

    async def found(self, **params: str) -> list[str]:
        return [user["email"] for user in (await self.api.get("/users", params=params)).json()]

    async def login(self, connection: str, email: str, **more: str) -> httpx.Response:
        as_client = {name: self.client[name] for name in ("client_id", "client_secret")}
        given = {"grant_type": REALM, "realm": connection, "username": email, "password": PASSWORD}
        return await self.api.client.post("/oauth/token", data=given | as_client | more)

    async def logged_in(self, connection: str, email: str) -> str:
        answer = await self.login(connection, email, scope="openid")
        assert answer.status_code == 200, answer.text
        return str(jwt.decode(answer.json()["id_token"], options={"verify_signature": False})["sub"])


@pytest.fixture
async def family() -> AsyncIterator[Family]:
    async with open_api(still_tenant(switches=NO_LAG)) as api:
        family = Family(api)
        await family.set_up()
        yield family


async def test_the_secondary_becomes_an_identity_of_the_primary(family: Family) -> None:
    answer = await family.link()
    assert answer.status_code == 201
    [first, second] = answer.json()
    assert first == {
        "connection": "staff",
        "user_id": family.ann.removeprefix("auth0|"),
        "provider": "auth0",
        "isSocial": False,
    }
    profile = second.pop("profileData")
    assert second == {
        "connection": "customers",
        "user_id": family.anna.removeprefix("auth0|"),
        "provider": "auth0",
        "isSocial": False,
    }
    assert (profile["email"], profile["email_verified"], profile["given_name"]) == ("anna@example.com", False, "Anna")
    assert not {"app_metadata", "user_metadata", "user_id", "identities", "created_at"} & profile.keys()
    user = await family.user(family.ann)
    assert user is not None
    assert user["identities"] == [first, second | {"profileData": profile}]
    assert (user["email"], user["app_metadata"]) == ("ann@example.com", {"role": "boss"})
    assert "user_metadata" not in user


async def test_the_secondary_is_found_by_nothing_any_more(family: Family) -> None:
    await family.link(provider="auth0", user_id=family.anna[6:], connection_id=family.connections["customers"])
    assert await family.user(family.anna) is None
    assert (await family.api.get("/users-by-email", params={"email": "anna@example.com"})).json() == []
    assert await family.found() == ["ann@example.com"]
    assert await family.found(q="email:anna@example.com") == []
    assert error(await family.api.patch(f"/users/{quote(family.anna)}", {"blocked": True}))[0] == 404


async def test_search_finds_the_primary_by_the_identities_that_were_linked_to_it(family: Family) -> None:
    await family.link()
    anna = family.anna.removeprefix("auth0|")
    for query in (
        f'identities.user_id:"{anna}"',
        'identities.connection:"customers"',
        f'identities.connection:"customers" AND (identities.user_id:"{anna}" OR identities.user_id:"nobody")',
        'identities.profileData.email:"Anna@example.com"',
        'identities.connection:"staff"',
    ):
        assert await family.found(q=query) == ["ann@example.com"], query
    for query in ('identities.user_id:"nobody"', 'identities.profileData.email:"ann@example.com"'):
        assert await family.found(q=query) == [], query


@pytest.mark.parametrize(("setting", "found"), [("left out", []), ("with their primary", ["ann@example.com"])])
async def test_whether_an_export_of_their_connection_shows_linked_users_is_a_switch(
    setting: Literal["left out", "with their primary"], found: list[str]
) -> None:
    switches = Switches(search_lag_seconds=0, linked_users_in_exports=setting)
    async with open_api(still_tenant(switches=switches)) as api:
        family = Family(api)
        await family.set_up()
        await family.link()
        job = (await api.post("/jobs/users-exports", {"connection_id": family.connections["customers"]})).json()
        assert isinstance(api.tenant.clock, StillClock)
        api.tenant.clock.time += 10
        location = (await api.get(f"/jobs/{job['id']}")).json()["location"]
        lines = gzip.decompress((await api.client.get(location)).content).splitlines()
        assert [json.loads(line)["email"] for line in lines] == found


async def test_search_lags_behind_linking() -> None:
    async with open_api(still_tenant(switches=Switches(search_lag_seconds=2))) as api:
        family = Family(api)
        await family.set_up()
        clock = api.tenant.clock
        assert isinstance(clock, StillClock)
        both = ["ann@example.com", "anna@example.com"]
        clock.time += 2
        await family.link()
        assert sorted(await family.found()) == both
        clock.time += 2
        assert await family.found() == ["ann@example.com"]
        await family.unlink(family.anna[6:])
        assert await family.found() == ["ann@example.com"]
        clock.time += 2
        assert sorted(await family.found()) == both


async def test_either_login_is_one_of_the_primary(family: Family) -> None:
    await family.link()
    assert await family.logged_in("customers", "anna@example.com") == family.ann
    assert await family.logged_in("staff", "ann@example.com") == family.ann
    user = await family.user(family.ann)
    assert user is not None
    assert user["logins_count"] == 2
    assert {entry["user_id"] for entry in (await family.api.get("/logs", params={"q": "type:s"})).json()} == {
        family.ann
    }
    assert await family.found() == ["ann@example.com"]
    await family.api.patch(f"/users/{quote(family.ann)}", {"blocked": True})
    assert auth_error(await family.login("customers", "anna@example.com"))[2] == "user is blocked"


async def test_refresh_tokens_of_the_secondary_end_and_new_ones_are_of_the_primary(family: Family) -> None:
    offline = {"scope": "openid offline_access"}
    old = (await family.login("customers", "anna@example.com", **offline)).json()["refresh_token"]
    await family.link()
    new = (await family.login("customers", "anna@example.com", **offline)).json()["refresh_token"]
    as_client = {name: family.client[name] for name in ("client_id", "client_secret")}
    for token, status in ((old, 403), (new, 200)):
        given = {"grant_type": "refresh_token", "refresh_token": token} | as_client
        answer = await family.api.client.post("/oauth/token", data=given)
        assert answer.status_code == status, answer.text


async def test_the_names_of_the_secondary_stay_taken(family: Family) -> None:
    await family.link()
    body = {"connection": "customers", "email": "anna@example.com", "password": PASSWORD}
    assert (await family.api.post("/users", body)).status_code == 409


async def test_unlinking_makes_a_user_without_metadata_again(family: Family) -> None:
    old = (await family.login("customers", "anna@example.com", scope="openid offline_access")).json()["refresh_token"]
    await family.link()
    clock = family.api.tenant.clock
    assert isinstance(clock, StillClock)
    clock.time += 1
    answer = await family.unlink(family.anna[6:])
    assert answer.status_code == 200
    assert [each["connection"] for each in answer.json()] == ["staff"]
    user = await family.user(family.anna)
    assert user is not None
    assert (user["email"], user["given_name"]) == ("anna@example.com", "Anna")
    assert not {"app_metadata", "user_metadata", "logins_count", "last_login"} & user.keys()
    assert user["created_at"] == family.api.tenant.now_iso()
    assert sorted(await family.found()) == ["ann@example.com", "anna@example.com"]
    assert await family.logged_in("customers", "anna@example.com") == family.anna
    as_client = {name: family.client[name] for name in ("client_id", "client_secret")}
    given = {"grant_type": "refresh_token", "refresh_token": old} | as_client
    assert (await family.api.client.post("/oauth/token", data=given)).status_code == 403


async def test_an_identity_is_also_named_with_its_connection(family: Family) -> None:
    await family.link()
    assert (await family.unlink(f"customers|{family.anna[6:]}")).status_code == 200


async def test_both_go_when_the_primary_is_deleted(family: Family) -> None:
    await family.link()
    await family.api.delete(f"/users/{quote(family.ann)}")
    assert auth_error(await family.login("customers", "anna@example.com"))[0] == 403
    assert await family.new_user("customers", "anna@example.com")


async def test_an_identity_goes_with_its_connection_and_the_primary_with_its_own(family: Family) -> None:
    await family.link()
    third = await family.new_user("staff", "third@example.com")
    fourth = await family.new_user("customers", "fourth@example.com")
    await family.link(provider="auth0", user_id=third[6:], to=fourth)
    await family.api.delete(f"/connections/{family.connections['customers']}")
    clock = family.api.tenant.clock
    assert isinstance(clock, StillClock)
    clock.time += 60
    user = await family.user(family.ann)
    assert user is not None
    assert [each["connection"] for each in user["identities"]] == ["staff"]
    assert await family.found() == ["ann@example.com"]
    assert auth_error(await family.login("staff", "third@example.com"))[0] == 403


async def test_an_identity_goes_when_its_connection_deletes_the_address(family: Family) -> None:
    await family.link()
    path = f"/connections/{family.connections['customers']}/users?email=anna%40example.com"
    assert (await family.api.delete(path)).status_code == 204
    user = await family.user(family.ann)
    assert user is not None
    assert len(user["identities"]) == 1


async def test_what_cannot_be_linked(family: Family) -> None:
    plain = family.anna[6:]
    third = (await family.new_user("staff", "third@example.com"))[6:]
    for body, status, text in (
        ({"provider": "auth0", "user_id": family.ann[6:]}, 400, "Main identity and the new one are the same."),
        ({"provider": "auth0", "user_id": "nobody"}, 400, "Provided secondary account not found."),
        ({"provider": "github", "user_id": plain}, 400, "The provider/connection is not configured."),
        (
            {"provider": "auth0", "user_id": plain, "connection_id": "con_" + "x" * 16},
            400,
            "The provider/connection is not configured.",
        ),
        ({"provider": "auth0"}, 400, "Payload validation error: 'Missing required property: user_id'."),
        ({"link_with": "nonsense"}, 400, "Invalid token (link_with)."),
    ):
        answer = await family.link(**body)
        assert error(answer)[:2] == (status, text)
    assert error(await family.link(provider="auth0", user_id=plain, more=1))[0] == 400
    assert error(await family.link(to="auth0|nobody"))[0] == 404
    assert error(await family.link("read:users"))[0] == 403
    assert (await family.link()).status_code == 201
    assert error(await family.link())[:2] == (409, "Specified identity already exists.")
    as_secondary = await family.link(provider="auth0", user_id=family.ann[6:], to=f"auth0|{third}")
    assert error(as_secondary)[:2] == (400, "Unable to link with the secondary account.")


async def test_what_cannot_be_unlinked(family: Family) -> None:
    await family.link()
    assert error(await family.unlink(family.ann[6:]))[:2] == (400, "Main identity cannot be removed.")
    assert error(await family.unlink("nobody"))[0] == 400
    assert error(await family.unlink(family.anna[6:], provider="nowhere"))[0] == 400
    assert error(await family.unlink(family.anna[6:], of="auth0|nobody"))[0] == 404


def called(family: Family, scope: str, **claims: Any) -> dict[str, str]:
    """Headers of a caller whose token came through the application."""
    usual = {"aud": family.api.tenant.audience, "azp": family.client["client_id"], "scope": scope}
    return {"authorization": f"Bearer {family.api.tenant.tokens.issue(usual | claims, 600)}"}


async def test_a_user_links_with_the_id_token_of_another_account(family: Family) -> None:
    token = (await family.login("customers", "anna@example.com", scope="openid")).json()["id_token"]
    other = family.api.tenant.tokens.issue({"sub": family.anna, "aud": "another"}, 600)
    nameless = family.api.tenant.tokens.issue({"aud": family.client["client_id"]}, 600)
    path = f"/api/v2/users/{quote(family.ann)}/identities"
    headers = called(family, "update:current_user_identities", sub=family.ann)
    for wrong, text in ((other, "aud claim that matches"), (nameless, "sub claim")):
        refused = await family.api.client.post(path, json={"link_with": wrong}, headers=headers)
        assert refused.status_code == 400
        assert text in refused.json()["message"]
    as_other = called(family, "update:current_user_identities", sub=family.anna)
    refused = await family.api.client.post(path, json={"link_with": token}, headers=as_other)
    assert error(refused)[:2] == (403, "User to be acted on does not match subject in bearer token.")
    answer = await family.api.client.post(path, json={"link_with": token}, headers=headers)
    assert answer.status_code == 201
    assert [each["connection"] for each in answer.json()] == ["staff", "customers"]


async def test_links_survive_a_restart_also_of_a_state_from_before_there_were_any(tmp_path: Path) -> None:
    state = tmp_path / "tenant.db"
    async with open_api(still_tenant(state=state)) as api:
        family = Family(api)
        await family.set_up()
        for table in ("users", "former_users"):
            api.tenant.db.execute("drop index if exists users_linked")
            for column in ("linked_to", "linked"):
                api.tenant.db.execute(f"alter table {table} drop column {column}")
    async with open_api(still_tenant(state=state)) as api:
        family.api = api
        assert (await family.link()).status_code == 201
    async with open_api(still_tenant(state=state)) as api:
        family.api = api
        assert await family.user(family.anna) is None
        assert await family.logged_in("customers", "anna@example.com") == family.ann


async def test_a_reset_gives_the_identity_a_new_password_and_is_logged_for_the_primary(family: Family) -> None:
    await family.link()
    asked = {"email": "anna@example.com", "connection": "customers"}
    await family.api.client.post("/dbconnections/change_password", json=asked)
    [mail] = (await family.api.client.get("/practice/password-resets")).json()["mails"]
    answer = await family.api.client.post(
        f"/practice/password-resets/{mail['ticket']}", json={"password": "N3w-" + PASSWORD}
    )
    assert answer.status_code == 204
    assert (await family.login("customers", "anna@example.com", password="N3w-" + PASSWORD)).status_code == 200
    [entry] = (await family.api.get("/logs", params={"q": "type:scp"})).json()
    assert entry["user_id"] == family.ann


async def test_exports_know_primaries_only(family: Family) -> None:
    await family.link()
    started = (await family.api.post("/jobs/users-exports", {"format": "json"})).json()
    clock = family.api.tenant.clock
    assert isinstance(clock, StillClock)
    clock.time += 60
    job = (await family.api.get(f"/jobs/{started['id']}")).json()
    lines = gzip.decompress((await family.api.client.get(job["location"])).content).splitlines()
    assert [json.loads(line)["email"] for line in lines] == ["ann@example.com"]
