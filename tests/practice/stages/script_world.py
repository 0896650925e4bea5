"""A practice tenant whose connection uses its own database, for the tests of scripts, Actions and Rules."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from core_support import Api, open_api, still_tenant

from wizard.practice.sandbox.sandbox import Patience
from wizard.practice.tenant import Connection, PracticeTenant

REALM = "http://auth0.com/oauth/grant-type/password-realm"
LEGACY = "legacy.example.com"
SOON = Patience(seconds=2, least=0.2)
PATIENT = Patience(seconds=60, least=60)
PASSWORD = "correct-Horse-battery-9"

LOGIN = """
async function login(identifier, password, callback) {
  const answer = await fetch(configuration.LEGACY_API_URL + '/login', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ identifier, password }),
  });
  const body = await answer.json();
  if (answer.status === 403) return callback(new WrongUsernameOrPasswordError(body.user_id, 'wrong password'));
  if (answer.status === 404) return callback(new WrongUsernameOrPasswordError(null, 'unknown user'));
  if (answer.status !== 200) return callback(new Error('the legacy store is not available'));
  return callback(null, body.user);
}
"""
GET_USER = """
async function getByEmail(email, callback) {
  const answer = await fetch(configuration.LEGACY_API_URL + '/users?email=' + encodeURIComponent(email));
  if (answer.status === 404) return callback(null);
  if (answer.status !== 200) return callback(new Error('the legacy store is not available'));
  return callback(null, (await answer.json()).user);
}
"""


class LegacyApi:
    """A small API in front of a legacy store; counts what it is asked."""

    def __init__(self) -> None:
        self.people: dict[str, tuple[str, dict[str, Any]]] = {}
        self.asked: list[str] = []
        self.down = False

    def add(self, email: str, password: str, **profile: Any) -> None:
        user = {"user_id": f"legacy|{len(self.people) + 1}", "email": email, "email_verified": True}
        self.people[email] = (password, user | profile)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.down:
            return httpx.Response(503, json={"error": "store_unavailable"})
        if request.url.path == "/login":
            given = json.loads(request.content)
            found = self.people.get(given["identifier"])
            if found is None:
                return httpx.Response(404, json={"error": "unknown_user"})
            if found[0] != given["password"]:
                return httpx.Response(403, json={"error": "wrong_password", "user_id": found[1]["user_id"]})
            return httpx.Response(200, json={"user": found[1]})
        found = self.people.get(request.url.params["email"])
        if found is None:
            return httpx.Response(404, json={"error": "unknown_user"})
        return httpx.Response(200, json={"user": found[1]})


class ScriptWorld:
    """The tenant, its Management API, the legacy store, one connection and an application that may log in."""

    def __init__(self, api: Api, legacy: LegacyApi) -> None:
        self.api = api
        self.legacy = legacy
        self.client: dict[str, Any] = {}
        self.connection_id = ""

    @property
    def tenant(self) -> PracticeTenant:
        return self.api.tenant

    @property
    def connection(self) -> Connection:
        found = self.tenant.connection(self.connection_id)
        assert found is not None
        return found

    async def set_up(self, **options: Any) -> None:
        usual = {
            "enabledDatabaseCustomization": True,
            "import_mode": True,
            "customScripts": {"login": LOGIN, "get_user": GET_USER},
            "configuration": {"LEGACY_API_URL": f"https://{LEGACY}"},
        }
        given = {name: part for name, part in (usual | options).items() if part is not None}
        self.connection_id = (await self.api.new_connection("people", **given))["id"]
        self.client = await self.api.new_client(
            grant_types=["password", REALM], is_token_endpoint_ip_header_trusted=True, oidc_conformant=True
        )
        await self.api.patch(
            f"/connections/{self.connection_id}/clients", [{"client_id": self.client["client_id"], "status": True}]
        )

    async def change(self, **options: Any) -> None:
        """PATCH options of the connection, merged by hand as clients must."""
        there = (await self.api.get(f"/connections/{self.connection_id}")).json()["options"]
        there.pop("passwordPolicy", None)
        answer = await self.api.patch(f"/connections/{self.connection_id}", {"options": there | options})
        assert answer.status_code == 200, answer.text

    async def use(self, **scripts: str) -> None:
        await self.change(customScripts={"login": LOGIN, "get_user": GET_USER} | scripts)

    async def login(self, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        given = {
            "grant_type": REALM,
            "realm": "people",
            "username": email,
            "password": password,
            "client_id": self.client["client_id"],
            "client_secret": self.client["client_secret"],
        }
        return await self.api.client.post("/oauth/token", data=given | more)

    async def user(self, email: str) -> dict[str, Any] | None:
        found = (await self.api.get("/users-by-email", params={"email": email})).json()
        assert len(found) <= 1
        return found[0] if found else None

    def logs(self, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
        rows = self.tenant.db.execute("select type, body from logs order by row")
        wanted = kinds or ("s", "f", "fp", "fu", "w")
        return [(row["type"], json.loads(row["body"])) for row in rows if row["type"] in wanted]


@asynccontextmanager
async def script_world(options: dict[str, Any] | None = None, **settings: Any) -> AsyncIterator[ScriptWorld]:
    legacy = LegacyApi()
    outside = {LEGACY: httpx.MockTransport(legacy.answer)}
    async with open_api(still_tenant(**({"outside": outside, "patience": PATIENT} | settings))) as api:
        world = ScriptWorld(api, legacy)
        await world.set_up(**(options or {}))
        yield world
