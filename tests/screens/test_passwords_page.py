"""The page of the passwords: hashes counted as they are described, and a proof that finds out how they were made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from stage import WIDE, Rehearsal, frame, go_on, opened, page_is, shows, until
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from screens.app import WizardApp
from screens.form import Form
from screens.steps import passwords
from screens.widgets.ticks import Ticks
from wizard.passwords.answers import PasswordsAnswers

PASSWORD = "correct horse"


SALTED: dict[str, Any] = {"column": "hash", "format": "sha256", "salt": "salt"}


def salted(password: str, salt: str) -> str:
    return hashlib.sha256((salt + password).encode()).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store whose hashes do not say how they were made, the salt beside them."""
    path = tmp_path / "salted.csv"
    rows = [
        f"u{number},p{number}@example.com,{salted(f'{PASSWORD}{number}', f's{number}')},s{number}"
        for number in range(9)
    ]
    path.write_text("\n".join(["id,email,hash,salt", *rows, ""]))
    return path


async def walk(pilot: Pilot[None], store: Path, given: Mapping[str, Any] | None = None) -> None:
    """Go to the page of the passwords of this store."""
    app: WizardApp = pilot.app  # type: ignore[assignment]
    await go_on(pilot, "source")
    app.screen.query_one("#source Form", Form).put({"path": str(store)})
    await go_on(pilot, "profile")
    await shows(pilot, "Auth0 field")
    if given is not None:
        app.journey.give("passwords", PasswordsAnswers.model_validate(given))
    await go_on(pilot, "passwords")


async def prove(pilot: Pilot[None], login: str, password: str) -> str:
    """What the page says about the account."""
    screen = pilot.app.screen
    screen.query_one("#login", Input).value = login
    screen.query_one("#password", Input).value = password
    told = screen.query_one("#proof", Static)
    told.update("")
    screen.query_one("#prove", Button).press()
    await until(pilot, lambda: str(told.content)[:1] in ("✓", "✗", "·"))
    return str(told.content)


async def test_a_proof_finds_how_hashes_were_made_and_fills_it_in(rehearsal: Rehearsal, store: Path) -> None:
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        await walk(pilot, store)
        await shows(pilot, "hex digest of 256 bits", "stays")
        words = await prove(pilot, "P3@example.com", f"{PASSWORD}3")
        assert words.startswith("✓ The password fits with format sha256, salt salt.")
        await until(pilot, lambda: app.focused is app.screen.query_one("#use", Button))
        app.screen.query_one("#login").focus()
        await pilot.press("ctrl+n")  # goes on only when it is pressed once more
        await until(pilot, lambda: app.focused is app.screen.query_one("#use", Button))
        assert page_is(app, "passwords") and not app.journey.is_answered("passwords")
        await pilot.press("enter")
        census = app.screen.query_one("#census", Static)
        await until(pilot, lambda: "9 of 9 users have a hash that travels" in str(census.content))
        assert "proven with a known password" in str(census.content)
        assert not app.screen.query_one("#use", Button).display
        await go_on(pilot, "strategy")
        await shows(pilot, "9 of 9 passwords")
        answers = app.journey.given("passwords")
        assert {key: answers[key] for key in ("format", "salt", "proven")} == {
            "format": "sha256", "salt": "salt", "proven": [f"sha256#{PasswordsAnswers(**SALTED).mark('hash')}"],
        }  # fmt: skip
        assert PASSWORD not in frame(app)


async def test_a_wrong_password_proves_nothing(
    rehearsal: Rehearsal, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "SEARCH_SECONDS", 0.5)
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        await walk(pilot, store, {"column": "hash", "format": "sha256", "salt": "salt"})
        await until(pilot, lambda: "not proven yet" in str(app.screen.query_one("#census", Static).content))
        words = await prove(pilot, "u3", "another")
        assert words.startswith("✗ sha256") and "ways of hashing were tried" in words
        assert not app.screen.query_one("#use", Button).display
        assert app.screen.query_one("#passwords Form", Form).values.get("proven", []) == []
        assert (await prove(pilot, "nobody@example.com", "x")).startswith("✗ Account 1 is not in the source")


async def test_what_was_proven_counts_until_it_is_described_in_another_way_or_an_account_does_not_fit(
    rehearsal: Rehearsal, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "SEARCH_SECONDS", 0.5)
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        await walk(pilot, store, SALTED)
        census, form = app.screen.query_one("#census", Static), app.screen.query_one("#passwords Form", Form)
        assert (await prove(pilot, "u3", f"{PASSWORD}3")).startswith("✓")
        await until(pilot, lambda: "proven with a known password" in str(census.content))
        form.put({"salt_position": "suffix"})
        await until(pilot, lambda: "not proven yet" in str(census.content))
        form.put({"salt_position": "prefix"})
        await until(pilot, lambda: "proven with a known password" in str(census.content))
        words = await prove(pilot, "u4", "mistyped")
        assert words.endswith("The earlier proof of sha256 no longer counts and is taken away.")
        await until(pilot, lambda: "not proven yet" in str(census.content))
        assert form.values.get("proven", []) == []


async def test_an_untried_description_is_marked_where_the_way_is_chosen(rehearsal: Rehearsal, store: Path) -> None:
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        await walk(pilot, store, {"column": "hash", "format": "sha256", "salt": "salt"})
        await go_on(pilot, "strategy")
        await shows(pilot, "9 of 9 passwords", "a description that nobody has")


async def test_a_description_that_does_not_fit_the_store_is_said_beside_its_field(
    rehearsal: Rehearsal, store: Path
) -> None:
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        await walk(pilot, store)
        form = app.screen.query_one("#passwords Form", Form)
        form.put({"format": "sha256", "salt": "pepper"})
        await until(pilot, lambda: form.field("salt").has_class("-wrong"))
        await pilot.press("ctrl+n")
        await pilot.pause(0.3)
        assert page_is(app, "passwords")


async def test_in_a_rehearsal_a_known_account_proves_the_hashes_without_typing(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        for key in ("source", "profile", "passwords"):
            await go_on(pilot, key)
        await shows(pilot, "travels as")
        await until(pilot, lambda: bool(app.screen.query_one("#passwords #login", Input).value))
        app.screen.query_one("#prove", Button).press()
        proof = app.screen.query_one("#proof", Static)
        await until(pilot, lambda: str(proof.content).startswith("✓"))


async def test_formats_that_stay_are_decided_about_one_by_one(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, users=500, dirty=True)
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        for key in ("source", "profile", "passwords"):
            await go_on(pilot, key)
        ticks = app.screen.query_one("#passwords #formats", Ticks)
        await until(pilot, lambda: bool(ticks.rows) and ticks.display)
        assert ticks.ticked == []
        census = app.screen.query_one("#census", Static)
        head = app.screen.query_one("#passwords Decisions > .head")
        await until(pilot, lambda: head.region.y - census.region.bottom == 1 and not str(census.content).endswith("\n"))
        assert all("user" in row.words.plain for row in ticks.rows)
        first, *others = [row.key for row in ticks.rows]
        ticks.focus()
        await pilot.press("home", "space")
        await until(pilot, lambda: list(ticks.ticked) == [first])
        form = app.screen.query_one("#passwords Form", Form)
        form.put({"unsupported": "without_password"})
        await until(pilot, lambda: len(ticks.ticked) == len(ticks.rows))
        ticks.focus()
        await pilot.press("end", "space")
        await until(pilot, lambda: others[-1] not in ticks.ticked)
        await go_on(pilot, "strategy")
        decided = app.journey.answers[PasswordsAnswers]
        assert decided.decisions == {first: "without_password", others[-1]: "reject"}
    rehearsal.close()
