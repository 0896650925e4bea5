"""A two-phase migration in miniature: users move at login as Auth0 would make them, then the rest in bulk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import httpx
from rehearsal import Rehearsal, kept, known_hash, person

from wizard.practice.users.creation import add_user
from wizard.practice.users.endpoints import plant_half_made_user
from wizard.vault import Secret
from wizard.world import World

TABLES = """[strategy]
way = "two-phase"
[legacy_api]
url = "https://legacy.example.com"
audience = "https://legacy.example.com/api"
[cutover]
confirm = "acme-users"
"""
DAY = 86_400.0


class PhasesStage(Rehearsal):
    """A rehearsal whose users can log in: each then is in the connection with the id that the scripts give.

    `marked` are the ids that its legacy API has marked, `unknown` those that it does not know, `calls` what it was asked.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.marked: set[str] = set()
        self.unknown: set[str] = set()
        self.refuses_marks = self.refuses_unmarks = False
        self.is_gone = False
        self.calls: list[tuple[str, str]] = []
        self.memory: dict[tuple[str, str], Secret] = {}
        self.answer("[connection]", TABLES + "[connection]")

    @property
    def world(self) -> World:
        return replace(super().world, memory=self.memory, outside=httpx.MockTransport(self._legacy_api))

    def _legacy_api(self, request: httpx.Request) -> httpx.Response:
        """The contract of the legacy API, as far as the engine asks it."""
        self.calls.append((request.method, request.url.path))
        if self.is_gone:
            raise httpx.ConnectError("refused", request=request)
        if request.url.path in ("/healthz", "/readyz"):
            return httpx.Response(200)
        if not request.headers.get("Authorization", "").startswith("Bearer ey"):
            return httpx.Response(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if request.url.path == "/migrated":
            take, after = int(request.url.params["take"]), request.url.params.get("after", "")
            page = [user_id for user_id in sorted(self.marked) if user_id > after][:take]
            more = {"next": page[-1]} if len(page) == take else {}
            return httpx.Response(200, json={"count": len(self.marked), "user_ids": page, **more})
        [_, users, user_id, what] = request.url.path.split("/")
        assert (users, what) == ("users", "migrated")
        if request.method == "DELETE":
            if self.refuses_unmarks:
                return httpx.Response(503, json={"error": "unavailable"})
            self.marked.discard(user_id)
            return httpx.Response(204)
        assert request.method == "POST"
        if self.refuses_marks or user_id in self.unknown:
            return httpx.Response(503 if self.refuses_marks else 404, json={"error": "unknown_user"})
        self.marked.add(user_id)
        return httpx.Response(204)

    def log_in(self, numbers: Iterable[int], **changes: object) -> None:
        """Let these people move, as Auth0 makes a user of what the login script has answered."""
        connection = self.tenant.connection_named("acme-users")
        assert connection is not None
        for number in numbers:
            add_user(self.tenant, connection, kept(number) | changes, secret=known_hash(), logins_count=1)
            self.marked.add(str(number))

    def sign_up(self, user_id: str, email: str) -> None:
        """Let somebody whom the legacy store has never known come in through Auth0."""
        connection = self.tenant.connection_named("acme-users")
        assert connection is not None
        add_user(self.tenant, connection, {"user_id": user_id, "email": email}, secret=known_hash())

    def pass_days(self, days: float) -> None:
        self.clock.time += days * DAY

    @property
    def connection_id(self) -> str:
        [connection] = self.ask("GET", "connections", params={"name": "acme-users"})
        return str(connection["id"])


def stage_of(folder: Path, users: int = 30, way: str = "two-phase") -> PhasesStage:
    stage = PhasesStage(folder)
    stage.answer('way = "two-phase"', f'way = "{way}"')
    stage.write_people([person(number) for number in range(1, users + 1)])
    return stage


def plant(stage: PhasesStage, numbers: list[int]) -> None:
    for number in numbers:
        who = person(number)
        plant_half_made_user(stage.tenant, stage.connection_id, user_id=who["id"], email=who["mail"])
