"""The rehearsal as a process of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from stage import NARROW, Rehearsal, at_rest, go_on, opened, page_is, shows, until
from textual.widgets import Input

from screens.app import WizardApp
from screens.companion import Companion
from screens.practice import SPEED, Practice, furnish, residents_of, start_practice
from screens.secrets_file import SecretsFile
from screens.surroundings import SharedClock
from wizard.answers import Answers, Section, save
from wizard.errors import UsageError, WizardError
from wizard.legacy.answers import SourceAnswers
from wizard.runs import Runs
from wizard.steps.tenant import TenantAnswers
from wizard.steps.verify import VerifyAnswers
from wizard.vault import Secret


async def test_the_process_ends_with_whoever_started_it(tmp_path: Path) -> None:
    await asyncio.to_thread(furnish, tmp_path)
    companion = await Companion.begin(tmp_path, "0", "0", SharedClock(SPEED))
    assert companion is not None
    assert str(companion.known["domain"]).startswith("127.0.0.1:")
    process = companion._process
    assert process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 30) is not None


async def test_a_rehearsal_begins_where_it_was_with_an_api_that_waits_for_answers(tmp_path: Path) -> None:
    first = await start_practice(tmp_path)
    try:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{first.suggested['legacy_api']['url']}/healthz")
        assert answer.status_code == 503
        assert answer.json()["error"] == "store_unavailable"
    finally:
        await first.close()
    second = await start_practice(tmp_path)
    try:
        assert second.domain == first.domain
        assert second.suggested["legacy_api"] == first.suggested["legacy_api"]
        assert second.clock.now() >= first.clock.now() - 60 * SPEED
    finally:
        await second.close()


async def test_a_second_wizard_is_told_that_the_practice_tenant_is_in_use_and_how_to_have_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.practice.LEAVING_SECONDS", 0.1)
    first = await start_practice(tmp_path / "practice")
    try:
        with pytest.raises(WizardError, match="Another wizard rehearses with the practice tenant") as refused:
            await start_practice(tmp_path / "practice")
        assert "auth0-migrate --practice --runs" in refused.value.remedy
        own = await start_practice(tmp_path / "own" / "practice")
        await own.close()
    finally:
        await first.close()


def test_each_rehearsal_is_offered_a_connection_and_marks_of_its_own(rehearsal: object) -> None:
    practice = rehearsal.practice  # type: ignore[attr-defined]
    assert practice.fresh(())["connection"] == {"name": "legacy-users"}
    again = practice.fresh({"legacy-users"})
    assert again["connection"] == {"name": "legacy-users-2"}
    assert again["legacy_api"]["marks"] == "sqlite:migrated-users-2.db"


@pytest.mark.parametrize("store", ["customers.csv", "members.db"])
def test_everybody_of_a_sample_store_is_known(store: str) -> None:
    assert len(residents_of(store)) > 300


def test_secrets_of_a_rehearsal_survive_in_a_file_that_is_their_owners(tmp_path: Path) -> None:
    kept = SecretsFile(tmp_path / "secrets.json")
    kept["practice.example.com", "one"] = Secret("s3cret")
    kept["practice.example.com", "two"] = Secret("other")
    del kept["practice.example.com", "two"]
    again = SecretsFile(tmp_path / "secrets.json")
    assert {key: value.reveal() for key, value in again.items()} == {("practice.example.com", "one"): "s3cret"}
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_logins_are_tried_of_accounts_in_the_store_that_is_chosen(rehearsal: Rehearsal) -> None:
    practice = replace(
        rehearsal.practice, canaries={"customers.csv": [{"login": "a"}, {"login": "b"}], "members.db": [{"login": "c"}]}
    )
    given = {"canaries": [{"login": "a"}, {"login": "b"}, {"login": "my own"}], "sample": 5}
    assert practice.verify_for("members.db", given) == {"canaries": [{"login": "c"}, {"login": "my own"}], "sample": 5}
    assert practice.verify_for("/home/me/people.csv", given)["canaries"] == [{"login": "my own"}]
    assert practice.verify_for("customers.csv", given) == given
    assert practice.verify_for("customers.csv", {"canaries": [{"login": "my own"}]})["canaries"] == [
        {"login": "my own"}
    ]


async def test_another_store_changes_the_logins_that_are_tried(rehearsal: Rehearsal) -> None:
    (rehearsal.practice_folder / "people.csv").write_bytes((rehearsal.practice_folder / "customers.csv").read_bytes())
    app = rehearsal.app()
    async with opened(app) as pilot:
        await go_on(pilot, "source")
        assert len(app.journey.given("verify")["canaries"]) == 2
        app.screen.query_one("#source #field-path Input", Input).value = "people.csv"
        await go_on(pilot, "profile")
        assert app.journey.given("verify")["canaries"] == []
        assert "login_client_id" in app.journey.given("verify")


async def test_answers_of_another_store_that_were_left_ask_for_no_login_of_the_sample(rehearsal: Rehearsal) -> None:
    (rehearsal.practice_folder / "people.csv").write_bytes((rehearsal.practice_folder / "customers.csv").read_bytes())
    app = rehearsal.app()
    async with opened(app) as pilot:
        await go_on(pilot, "source")
        app.screen.query_one("#source #field-path Input", Input).value = "people.csv"
        await go_on(pilot, "profile")
        await at_rest(pilot)
    again = rehearsal.app(practice=False)
    async with again.run_test(size=NARROW) as pilot:
        await shows(pilot, "BEGUN")
        await again.continue_draft(again.drafts.all()[0])
        await until(pilot, lambda: page_is(again, "profile"))
        assert again.journey.given("verify")["canaries"] == []
        assert "login_client_id" in again.journey.given("verify")


async def test_answers_that_are_opened_ask_for_logins_of_their_own_store(rehearsal: Rehearsal, tmp_path: Path) -> None:
    practice = rehearsal.practice
    tables = {**practice.suggested, "source": {"path": "people.csv"}}
    kept: list[type[Section]] = [TenantAnswers, SourceAnswers, VerifyAnswers]
    file = tmp_path / "answers.toml"
    save(file, Answers([kind.model_validate(tables[kind.table]) for kind in kept]))
    app = rehearsal.app()
    async with opened(app) as pilot:
        await app.start_from(file)
        await until(pilot, lambda: page_is(app, "tenant") and app.journey.file == file)
        assert app.practice is practice
        assert app.journey.answers[VerifyAnswers].canaries == ()


async def test_why_a_rehearsal_could_not_begin_stays_in_sight(tmp_path: Path) -> None:
    async def refused(folder: Path) -> Practice:
        raise UsageError("No port is free", remedy="end another program.")

    app = WizardApp(runs=Runs(tmp_path), open_practice=refused, base=tmp_path)
    async with app.run_test(size=NARROW) as pilot:
        await shows(pilot, "New migration")
        await pilot.press("p")
        await until(pilot, lambda: any("No port is free" in note.message for note in app._notifications))
        await pilot.pause(1.5)
        assert any("No port is free" in note.message for note in app._notifications)
