"""Scripts, guards and the real API in front of a legacy store, together on a practice tenant: one profile, three doors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from automatic_stage import AUDIENCE, Automatic
from rehearsal import PASSWORD

from wizard.doorway import build

PEOPLE = [
    {
        "id": "1",
        "mail": "ann@example.com",
        "verified": "yes",
        "first": "Ann",
        "last": "Ångström",
        "phone": "+493012345",
    },
    {"id": "2", "mail": "twice@example.com", "verified": "no", "first": "Tim", "last": "One", "phone": ""},
    {"id": "3", "mail": "twice@example.com", "verified": "no", "first": "Tom", "last": "Two", "phone": ""},
    {"id": "4", "mail": "bob@example.com", "verified": "maybe", "first": "Bob", "last": "Odd", "phone": ""},
]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Automatic]:
    from rehearsal import known_hash

    stage = Automatic(tmp_path)
    text = stage.answers_file.read_text(encoding="utf-8").replace('plan = "plan"', 'from = { constant = "shop" }')
    stage.answers_file.write_text(text, encoding="utf-8")
    stage.write_people([{**person, "password_hash": known_hash()} for person in PEOPLE])
    answers = stage.answers()
    doorway = build(answers, base=stage.folder, secret=None, clock=stage.clock, transport=stage.tenant.transport())
    stage.tenant.outside["legacy.example.com"] = httpx.ASGITransport(doorway)
    yield stage
    stage.tenant.close()


def test_login_gives_the_profile_that_the_bulk_import_would_give(stage: Automatic) -> None:
    from wizard.legacy import open_source
    from wizard.legacy.answers import SourceAnswers
    from wizard.mapping import User, compile_mapping
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.profile import ProfileAnswers

    answers = stage.answers()
    source = open_source(answers[SourceAnswers], secret=lambda name: name, base=stage.folder)
    mapping = compile_mapping(answers[ProfileAnswers], answers[PasswordsAnswers], source.columns)
    from rehearsal import known_hash

    values = {**PEOPLE[0], "password_hash": known_hash()}
    bulk = mapping.map_one([values[column] for column in source.columns])
    assert isinstance(bulk, User)
    stage.set_up()
    assert stage.log_in(PASSWORD) == (200, "")
    user = stage.ask("GET", "users/auth0%7C1")
    for field, value in bulk.profile.items():
        if field == "app_metadata":
            assert user[field] == {**value, "migration_marked": "marked"}
        elif field == "user_id":
            assert user[field] == f"auth0|{value}"
        elif field != "password_hash":
            assert user[field] == value, field


@pytest.mark.parametrize(
    ("email", "password", "told"),
    [
        ("ann@example.com", "not this", "wrong_password"),
        ("nobody@example.com", PASSWORD, "wrong_password"),
        ("twice@example.com", PASSWORD, "error"),
        ("bob@example.com", PASSWORD, "error"),
    ],
)
def test_who_should_not_log_in_does_not_and_the_reason_is_kept_apart(
    stage: Automatic, email: str, password: str, told: str
) -> None:
    stage.set_up()
    status, error = stage.log_in(password, email)
    assert status >= 400
    assert (error == "invalid_grant") == (told == "wrong_password")
    assert stage.ask("GET", "users-by-email", params={"email": email}) == []


def test_who_has_moved_is_marked_in_the_legacy_store_and_no_longer_found_there(stage: Automatic) -> None:
    stage.set_up()
    assert stage.log_in(PASSWORD) == (200, "")
    stage.ask("DELETE", "users/auth0%7C1")
    status, error = stage.log_in(PASSWORD)
    assert (status, error) == (403, "invalid_grant"), "deleted in Auth0, she does not come back from the legacy store"


def test_an_end_user_gets_nothing_for_the_legacy_api(stage: Automatic) -> None:
    stage.set_up()
    status, _ = stage.log_in(PASSWORD, audience=AUDIENCE)
    assert status >= 400


def test_the_engine_reads_and_takes_back_the_marks_of_the_real_legacy_api(stage: Automatic) -> None:
    import asyncio

    from wizard.steps import STEPS

    stage.set_up()
    assert stage.log_in(PASSWORD) == (200, "")
    stage.legacy = stage.tenant.outside["legacy.example.com"]  # type: ignore[assignment]

    async def look() -> tuple[list[int | None], list[bool]]:
        async with stage.tools(stage.answers()) as tools:
            assert tools.marks is not None
            [step] = [step for step in STEPS if step.key == "legacy_api"]
            found = [finding.passed for finding in await step.check(stage.answers(), tools)]
            counts = [await tools.marks.count()]
            for user_id in ("1", "1", "nobody/at all"):
                await tools.marks.unmark(user_id)
                counts.append(await tools.marks.count())
            return counts, found

    assert asyncio.run(look()) == ([1, 0, 0, 0], [True, True, True])
