"""A rehearsal of the steps that automatic migration adds, with a legacy API that knows one user."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jwt
from rehearsal import Rehearsal, person

from wizard.answers import Answers
from wizard.journal import Journal
from wizard.practice.samples import PASSWORD_REALM, Samples, add_samples
from wizard.runner import apply_plan, check_all, make_plan, receipt_of
from wizard.steps import STEPS
from wizard.tools import Tools
from wizard.vault import Secret
from wizard.world import World, connected

AUTOMATIC = [step for step in STEPS if step.key in ("connection", "custom_database", "legacy_api", "scripts", "guards")]
AUDIENCE = "https://legacy.example.com/api"
SCOPES = ["mark:users", "read:users", "verify:passwords"]
LEGACY = f"""
[strategy]
way = "automatic"
[legacy_api]
url = "https://legacy.example.com"
audience = "{AUDIENCE}"
[profile.app_metadata]
plan = "plan"
"""


PROFILE = {"user_id": "7", "email": "ann@example.com", "email_verified": True, "app_metadata": {"plan": "gold"}}
LEGACY_PASSWORD = "her old password"


class Legacy(httpx.AsyncBaseTransport):
    """A legacy API that knows one user, Ann, until she is marked as migrated."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.subjects: set[str] = set()
        self.ready = 200
        self.migrated = False
        self.down = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        self.calls.append(f"{request.method} {path}")
        if path in ("/healthz", "/readyz"):
            return httpx.Response(200 if path == "/healthz" else self.ready)
        if self.down:
            return self.refusal(503, "store_unavailable")
        token = request.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, options={"verify_signature": False})
        assert sorted(claims["scope"].split()) == SCOPES
        self.subjects.add(claims["sub"])
        if path == "/login":
            given = json.loads(await request.aread())
            if given["identifier"] != "ann@example.com" or self.migrated:
                return self.refusal(404, "unknown_user")
            if given["password"] != LEGACY_PASSWORD:
                return self.refusal(403, "wrong_password", user_id="7")
            return httpx.Response(200, json={"user": PROFILE})
        if path == "/users/7/migrated":
            self.migrated = True
            return httpx.Response(204)
        if path == "/users/7" or (path == "/users?email=ann%40example.com" and not self.migrated):
            return httpx.Response(200, json={"user": PROFILE})
        return self.refusal(404, "unknown_user")

    @staticmethod
    def refusal(status: int, code: str, **more: str) -> httpx.Response:
        return httpx.Response(status, json={"error": code, "message": "in words", **more})


class Automatic(Rehearsal):
    """A rehearsal of the steps that automatic migration adds; `last_login` is what the last one was told as error."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.memory: dict[tuple[str, str], Secret] = {}
        self.legacy = Legacy()
        self.tenant.outside["legacy.example.com"] = self.legacy
        self.last_login = ""
        self.journal_path = self.folder / "journal.db"
        text = self.answers_file.read_text(encoding="utf-8")
        self.answers_file.write_text(text + LEGACY, encoding="utf-8")
        self.write_people([person(1)])

    @property
    def world(self) -> World:
        environment = {"PRACTICE_SECRET": self.tenant.client_secret}
        return World(environment, self.clock, transport=self.transport, memory=self.memory, outside=self.legacy)

    @asynccontextmanager
    async def tools(self, answers: Answers) -> AsyncIterator[Tools]:
        journal = Journal(self.journal_path, now=self.clock.now)
        try:
            async with connected(answers, journal, self.folder, self.folder, self.world) as tools:
                yield tools
        finally:
            journal.close()

    def set_up(self, *flags: str, steps: Sequence[Any] = AUTOMATIC) -> list[str]:
        """Plan and apply; returns what was planned."""
        answers = self.answers(*flags)

        async def work() -> list[str]:
            async with self.tools(answers) as tools:
                plan = await make_plan(steps, answers, tools)
                await apply_plan(plan.approval, steps, answers, tools)
                return [planned.change.summary for planned in plan.changes]

        return asyncio.run(work())

    def planned(self, *flags: str) -> list[str]:
        answers = self.answers(*flags)

        async def work() -> list[str]:
            async with self.tools(answers) as tools:
                plan = await make_plan(AUTOMATIC, answers, tools)
                return [planned.change.summary for planned in plan.changes]

        return asyncio.run(work())

    def take_back(self) -> None:
        """Take back everything by the journal, in reverse order."""
        answers = self.answers()

        async def work() -> None:
            async with self.tools(answers) as tools:
                for intent in reversed(tools.journal.intents("change:")):
                    step = next(step for step in AUTOMATIC if step.key == intent.subject.split(":")[1])
                    if intent.outcome == "done" and step.key != "connection":
                        await step.undo(receipt_of(intent), tools)

        asyncio.run(work())

    def checked(self) -> bool:
        answers = self.answers()

        async def work() -> bool:
            async with self.tools(answers) as tools:
                return await check_all(AUTOMATIC[:], answers, tools)

        return asyncio.run(work())

    def connection(self) -> dict[str, Any]:
        [found] = self.ask("GET", "connections", params={"name": "acme-users"})
        return dict(found)

    def options(self) -> dict[str, Any]:
        return dict(self.connection()["options"])

    def patch_options(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Edit the options as the tenant's owner would in the Dashboard."""
        connection = self.connection()
        options = connection["options"]
        change(options)
        options.pop("passwordPolicy", None) if "password_options" in options else None
        self.ask("PATCH", f"connections/{connection['id']}", json={"options": options})

    def enable(self) -> Samples:
        """Enable the sample application for logins."""
        samples = add_samples(self.tenant)
        listed = [{"client_id": samples.login_client_id, "status": True}]
        self.ask("PATCH", f"connections/{self.connection()['id']}/clients", json=listed)
        return samples

    def log_in(self, password: str, email: str = "ann@example.com", audience: str | None = None) -> tuple[int, str]:
        """Log in as an end user would; returns status and error."""
        samples = self.enable()
        form = {
            "grant_type": PASSWORD_REALM,
            "realm": "acme-users",
            "username": email,
            "password": password,
            "client_id": samples.login_client_id,
            "client_secret": samples.login_client_secret,
            **({"audience": audience} if audience else {}),
        }
        answer = self._authenticate("/oauth/token", data=form)
        self.last_login = str(answer.json().get("error_description", ""))
        return answer.status_code, str(answer.json().get("error", ""))

    def sign_up(self, email: str) -> tuple[int, str]:
        """Sign up as an end user would; returns status and description."""
        body = {"client_id": self.enable().login_client_id, "connection": "acme-users", "email": email}
        answer = self._authenticate("/dbconnections/signup", json=body | {"password": "Sunny-Meadow-4711!"})
        return answer.status_code, str(answer.json().get("description", ""))

    def _authenticate(self, path: str, **request: Any) -> httpx.Response:
        async def exchange() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self.tenant.transport(), base_url=self.tenant.issuer, timeout=60
            ) as client:
                return await client.post(path, **request)

        self.clock.time += 30
        return asyncio.run(exchange())

    def application(self) -> dict[str, Any] | None:
        found = [one for one in self.ask("GET", "clients") if one.get("client_metadata", {}).get("auth0_migration")]
        return found[0] if found else None

    def bindings(self) -> list[str]:
        found = self.ask("GET", "actions/triggers/post-login/bindings")
        return [binding["action"]["name"] for binding in found["bindings"]]

    def sealed(self) -> Mapping[str, str]:
        """The configuration values in plain text, which only the tenant itself knows."""
        values = self.options().get("configuration", {})
        return {name: self.tenant.keys.unseal(value) for name, value in values.items()}
