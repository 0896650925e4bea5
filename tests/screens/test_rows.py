"""Accounts to log in with after the import: filled in, taken away, and their passwords straight into the keyring."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from stage import NARROW, WIDE
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Button

from screens.form import Form
from screens.widgets.rows import Record, Rows
from wizard.errors import CredentialsError
from wizard.steps.verify import VerifyAnswers

CLIENT = {"login_client_id": "abc", "login_client_secret": "env:SHOP"}
KEPT = {"login": "ann@example.com", "password": "keyring:canary_1"}


class Page(App[None]):
    def __init__(self, canaries: list[dict[str, Any]]) -> None:
        super().__init__()
        self._given = {**CLIENT, **({"canaries": canaries} if canaries else {})}

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Form(VerifyAnswers, self._given, first=("canaries",))

    @property
    def form(self) -> Form:
        return self.query_one(Form)

    @property
    def rows(self) -> Rows:
        return self.query_one(Rows)


@asynccontextmanager
async def shown(
    canaries: list[dict[str, Any]], size: tuple[int, int] = WIDE
) -> AsyncIterator[tuple[Page, Pilot[None]]]:
    page = Page(canaries)
    async with page.run_test(size=size) as pilot:
        yield page, pilot


async def kept(page: Page) -> tuple[Any, dict[str, str]]:
    """The answer, and what went into the keyring."""
    keyring: dict[str, str] = {}
    answer = await page.form.answer(keyring.__setitem__)
    return answer, keyring


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
async def test_an_account_is_added_by_keys_and_its_password_goes_into_the_keyring(size: tuple[int, int]) -> None:
    async with shown([], size) as (page, pilot):
        page.rows.query_one(".add", Button).focus()
        await pilot.press("enter", *"bea@example.com", "tab", *"Geheim-123", "tab")
        await pilot.pause()
        before = page.form.values["canaries"]
        answer, keyring = await kept(page)
        [(name, secret)] = keyring.items()
        assert (name[:7], secret) == ("canary_", "Geheim-123")
        assert answer.canaries[0].login == "bea@example.com"
        assert before == page.rows.value == [{"login": "bea@example.com", "password": f"keyring:{name}"}]


async def test_spaces_at_the_ends_of_a_password_belong_to_it() -> None:
    async with shown([]) as (page, pilot):
        page.rows.query_one(".add", Button).focus()
        await pilot.press("enter", *"bea@example.com", "tab", "space", *"Geheim-123", "space")
        await pilot.pause()
        _, keyring = await kept(page)
        assert list(keyring.values()) == [" Geheim-123 "]


async def test_a_secret_that_is_kept_already_is_not_overwritten_by_another_account() -> None:
    async with shown([KEPT]) as (page, pilot):
        page.rows.query_one(".add", Button).focus()
        await pilot.press("enter", *"bea@example.com", "tab", *"Geheim-123")
        await pilot.pause()
        answer, keyring = await kept(page)
        assert list(keyring.values()) == ["Geheim-123"]
        assert "canary_1" not in keyring
        assert len(answer.canaries) == 2


async def test_other_answers_for_the_same_tenant_keep_their_secrets() -> None:
    names: list[str] = []
    for _ in range(2):
        async with shown([{"login": "ann@example.com", "password": "Geheim-123"}]) as (page, _pilot):
            _answer, keyring = await kept(page)
            names += keyring
    assert len(set(names)) == 2


async def test_an_account_is_taken_away_and_the_rest_stays() -> None:
    other = {"login": "o'neil", "password": "env:TWO"}
    async with shown([KEPT, other]) as (page, pilot):
        page.query(Record).first().query_one(Button).focus()
        await pilot.press("enter")
        await pilot.pause()
        assert page.form.values["canaries"] == [other]
        page.form.field("canaries").put([KEPT])
        await pilot.pause(0.2)
        assert page.rows.value == [KEPT]


async def test_what_is_missing_is_said_beside_the_field_and_nothing_is_lost() -> None:
    async with shown([{"login": "ann@example.com"}]) as (page, pilot):
        answer, keyring = await kept(page)
        await pilot.pause()
        assert (answer, keyring) == (None, {})
        assert page.form.field("canaries").has_class("-wrong")
        assert page.rows.value == [{"login": "ann@example.com"}]


async def test_a_password_that_cannot_be_kept_stays_where_it_was_typed() -> None:
    def refuse(name: str, value: str) -> None:
        raise CredentialsError("There is no keyring", state="Nothing was stored.", remedy="Install one.")

    async with shown([{"login": "ann@example.com", "password": "Geheim-123"}]) as (page, pilot):
        assert await page.form.answer(refuse) is None
        await pilot.pause()
        [(reference, control)] = page.rows.typed_secrets()
        assert reference.startswith("keyring:canary_")
        assert (control.value, control.password) == ("Geheim-123", True)


async def test_rows_left_empty_are_no_answer() -> None:
    async with shown([{}]) as (page, _):
        assert "canaries" not in page.form.values
