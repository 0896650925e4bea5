"""Every format after a real import job: the right password logs in on the practice tenant, a wrong one does not."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rehearsal import Rehearsal
from test_passwords_vectors import PEPPER, VECTORS, stays

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import User, compile_mapping
from wizard.mapping.table import Table
from wizard.passwords.answers import PasswordsAnswers
from wizard.practice.samples import add_samples
from wizard.profile import ProfileAnswers

WAYS = ("plain", "NFD", "NFC", "72 bytes")
PROFILE = ProfileAnswers.model_validate({"user_id": "id", "email": "mail"})
TRAVEL = [vector for vector in VECTORS if not stays(vector) and vector["maker"] not in ("better-auth", "Lucia")]
FORMS = {name: number for number, name in enumerate(dict.fromkeys((each["maker"], each["form"]) for each in TRAVEL))}
EVERYBODY = bool(os.environ.get("AUTH0_MIGRATE_REQUIRE_ALL"))
PEOPLE = [
    each for each in TRAVEL if EVERYBODY or each["password"] == WAYS[FORMS[each["maker"], each["form"]] % len(WAYS)]
]
"""Every form with every kind of password; where time is short, with one of them in turn."""


def user_of(number: int, vector: dict[str, Any]) -> User:
    """The user as it is prepared, by the compiled function."""
    row = {"id": str(number), "mail": f"person{number}@example.com", **vector["row"]}
    passwords = PasswordsAnswers.model_validate({"column": "hash", **vector["declared"]})
    mapping = compile_mapping(PROFILE, passwords, list(row), secret=lambda reference: PEPPER)
    made = mapping.map_one(list(row.values()))
    assert isinstance(made, User)
    return made


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    made = Rehearsal(tmp_path_factory.mktemp("run"))
    yield made
    made.tenant.close()


def test_right_passwords_log_in_after_the_import_and_wrong_ones_do_not(stage: Rehearsal) -> None:
    samples = add_samples(stage.tenant)
    connection = stage.make_connection("people")
    clients = [{"client_id": samples.login_client_id, "status": True}]
    stage.ask("PATCH", f"connections/{connection}/clients", json=clients)
    users = b"[" + b",".join(user_of(number, vector).data for number, vector in enumerate(PEOPLE)) + b"]"
    files = {"users": ("users.json", users, "application/json")}
    job = stage.ask("POST", "jobs/users-imports", data={"connection_id": connection}, files=files)
    for _ in range(500):
        stage.clock.time += 60
        state = stage.ask("GET", f"jobs/{job['id']}")
        if state["status"] in ("completed", "failed"):
            break
    assert state["summary"] == {"failed": 0, "updated": 0, "inserted": len(PEOPLE), "total": len(PEOPLE)}
    form = {
        "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
        "realm": "people",
        "client_id": samples.login_client_id,
        "client_secret": samples.login_client_secret,
    }

    async def log_in_all() -> list[str]:
        wrong = []
        async with httpx.AsyncClient(transport=stage.tenant.transport(), base_url=stage.tenant.issuer) as client:
            for number, vector in enumerate(PEOPLE):
                form["username"] = f"person{number}@example.com"
                statuses = []
                for typed in ("?" + vector["typed"][1:], vector["typed"]):  # bcrypt sees no end of long ones
                    stage.clock.time += 10
                    statuses.append((await client.post("/oauth/token", data={**form, "password": typed})).status_code)
                if statuses != [403, 200]:
                    wrong.append(f"{vector['maker']}: {vector['form']}: {vector['password']}: {statuses}")
        return wrong

    assert asyncio.run(log_in_all()) == []


def test_whole_blocks_give_the_bytes_that_single_records_give(tmp_path: Path) -> None:
    alone = [vector["row"]["hash"] for vector in VECTORS if list(vector["row"]) == ["hash"]] + [
        "",
        "  ",
        "\tx",
        'a"b\\',
    ]
    lines = [json.dumps({"id": str(n), "mail": f"p{n}@example.com", "hash": value}) for n, value in enumerate(alone)]
    (tmp_path / "users.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = open_source(SourceAnswers(path="users.ndjson"), secret=None, base=tmp_path)
    for given in (
        {},
        {"unsupported": "without_password"},
        {"format": "sha256"},
        {"decisions": {"phpass": "without_password"}},
    ):
        passwords = PasswordsAnswers.model_validate({"column": "hash", "missing": "without_password", **given})
        mapping = compile_mapping(PROFILE, passwords, source.columns)
        for block in source.blocks():
            rows = list(block.rows())
            found = mapping.map_table(Table.of(block, len(source.columns)), 500_000)
            single = [mapping.map_one(row) for row in rows]  # type: ignore[arg-type]
            assert found.users == [made.data if isinstance(made, User) else b"" for made in single]
            refused = {index: reject for index, reject, _ in found.refused}
            assert refused == {index: made for index, made in enumerate(single) if not isinstance(made, User)}
