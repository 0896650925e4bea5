"""Accounts of which one user is an identity of another one's, as tests make them."""

import json
from pathlib import Path

import httpx
import pytest
from rehearsal import CountingTransport, Rehearsal, known_hash, person

from wizard.events import CheckFailed, CheckPassed
from wizard.practice.switches import Switches
from wizard.practice.users.creation import add_user
from wizard.practice.users.endpoints import plant_half_made_user

PEOPLE = 12
EXPORTS = pytest.mark.parametrize("exports", ["left out", "with their primary"])


def stage_of(folder: Path, *, connection: bool = True, **switches: object) -> Rehearsal:
    stage = Rehearsal(folder, settings={"switches": Switches.model_validate(switches)})
    stage.write_people([person(number) for number in range(1, PEOPLE + 1)])
    stage.make_connection("staff")
    if connection:
        made = stage.make_connection("acme-users")
        [shop] = [row for row in stage.ask("GET", "clients") if row["name"] == "Web shop"]
        stage.ask("PATCH", f"connections/{made}/clients", json=[{"client_id": shop["client_id"], "status": True}])
    return stage


def add(stage: Rehearsal, connection: str, user_id: str, email: str) -> None:
    found = stage.tenant.connection_named(connection)
    assert found is not None
    add_user(stage.tenant, found, {"user_id": user_id, "email": email}, secret=known_hash())


def id_of(stage: Rehearsal, connection: str) -> str:
    found = stage.tenant.connection_named(connection)
    assert found is not None
    return found.id


def link(stage: Rehearsal, secondary: str, *, to: str = "prim", of: str = "acme-users") -> None:
    """Make a user an identity of another one's account; the other is of the staff, unless it is there already."""
    if stage.tenant.db.execute("select 1 from users where id = ?", (to,)).fetchone() is None:
        add(stage, "staff", to, f"{to}@example.org")
    identity = {"provider": "auth0", "user_id": secondary, "connection_id": id_of(stage, of)}
    stage.ask("POST", f"users/auth0%7C{to}/identities", json=identity)


def identities(stage: Rehearsal, user_id: str = "prim") -> list[tuple[str, str]]:
    user = stage.ask("GET", f"users/auth0%7C{user_id}")
    return [(one["connection"], one["user_id"]) for one in user["identities"]]


def password_of(stage: Rehearsal, user_id: str) -> tuple[int, str] | None:
    """The row of the identity and its hash: another one where it was made anew."""
    row = stage.tenant.db.execute(
        "select seq, secret from users where id = ? and connection_id = ?", (user_id, id_of(stage, "acme-users"))
    ).fetchone()
    return tuple(row) if row else None


class Searches(CountingTransport):
    """Remembers what is searched for by id."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        super().__init__(inner)
        self.queries: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params.get("q", "")
        self.queries += [query] if "identities.user_id" in query else []
        return await super().handle_async_request(request)


def details(stage: Rehearsal) -> list[dict[str, object]]:
    lines = stage.runs.find("latest").verify.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def told(stage: Rehearsal, name: str) -> CheckPassed | CheckFailed:
    """The last word on a check."""
    found = [one for one in stage.events if isinstance(one, CheckPassed | CheckFailed) and one.name == name]
    return found[-1]


def plant(stage: Rehearsal, number: int) -> None:
    who = person(number)
    plant_half_made_user(stage.tenant, id_of(stage, "acme-users"), user_id=who["id"], email=who["mail"])
