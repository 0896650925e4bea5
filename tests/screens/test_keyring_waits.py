"""A keyring that does not answer holds up neither the screen nor whoever leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from stage import PAGES, WIDE, Rehearsal, go_on, opened, page_is, shows, until
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Button

from screens.app import WizardApp
from screens.form import Form
from screens.practice import Practice
from wizard.answers.reading import from_tables
from wizard.steps.tenant import TenantAnswers
from wizard.vault import Secret

LEAVES_WITHIN = 10.0
"""Seconds; a keyring is waited for much longer."""


class Locked(KeyringBackend):
    """Answers when it is unlocked, in the thread that asked."""

    priority = 1.0

    def __init__(self) -> None:
        self.unlocked = threading.Event()
        self.asked = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.set()
        self.unlocked.wait()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)

    def delete_password(self, service: str, username: str) -> None:
        self.get_password(service, username)


@pytest.fixture
def locked() -> Iterator[Locked]:
    before, made = keyring.get_keyring(), Locked()
    keyring.set_keyring(made)
    yield made
    made.unlocked.set()
    keyring.set_keyring(before)


async def at_source(pilot: Pilot[None], rehearsal: Rehearsal) -> Form:
    """The page of the legacy store in a migration that is no rehearsal, so that secrets are in the keyring."""
    app: WizardApp = pilot.app  # type: ignore[assignment]
    await shows(pilot, "New migration")
    await pilot.press("n")
    await until(pilot, lambda: page_is(app, "tenant"))
    tenant = {**rehearsal.practice.suggested["tenant"], "environment": "production"}
    app.journey.answers = from_tables({"tenant": tenant}, [TenantAnswers])
    await app.screen.go("source")  # type: ignore[attr-defined]
    await until(pilot, lambda: page_is(app, "source"))
    return app.screen.query_one("#source Form", Form)


async def leaves(pilot: Pilot[None]) -> None:
    began = time.monotonic()
    await pilot.press("ctrl+q")
    await until(pilot, lambda: not pilot.app.is_running)
    assert time.monotonic() - began < LEAVES_WITHIN


async def test_the_address_of_a_database_is_read_beside_the_screen_which_says_so(
    rehearsal: Rehearsal, locked: Locked
) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=WIDE) as pilot:
        form = await at_source(pilot, rehearsal)
        form.put({"url": "keyring:legacy_url", "kind": "sql", "table": "users"})
        app.screen.query_one("#source #look", Button).press()
        await until(pilot, lambda: any("Waiting for the keyring" in note.message for note in app._notifications))
        await pilot.press("f1")
        await shows(pilot, "Esc closes")
        await pilot.press("escape")
        await leaves(pilot)


async def test_the_secret_of_the_tenant_is_not_waited_for_by_who_leaves(rehearsal: Rehearsal, locked: Locked) -> None:
    rehearsal.practice.suggested["tenant"]["client_secret"] = "keyring:client_secret"
    app = rehearsal.app(practice=False)
    async with app.run_test(size=WIDE) as pilot:
        form = await at_source(pilot, rehearsal)
        form.put({"path": "practice/customers.csv"})
        app.screen.query_one("#source #look", Button).press()
        await until(pilot, locked.asked.is_set)
        await leaves(pilot)


class Alone(App[None]):
    """The form of the tenant and nothing else."""

    def compose(self) -> ComposeResult:
        yield Form(TenantAnswers, {})


async def test_a_secret_is_kept_by_a_thread_that_ends_with_the_wizard() -> None:
    app, threads = Alone(), list[threading.Thread]()
    async with app.run_test(size=WIDE) as pilot:
        form = app.query_one(Form)
        form.put({"domain": "acme.eu.auth0.com", "client_id": "abc"})
        form.field("client_secret").control.value = "typed, not a reference"
        await pilot.pause()
        assert await form.answer(lambda name, secret: threads.append(threading.current_thread()))
    assert [thread.daemon for thread in threads] == [True]


class Kept(dict[tuple[str, str], Secret]):
    """Secrets in the memory of a rehearsal, and the threads that they are asked for in."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.threads: list[tuple[str, threading.Thread]] = []

    def __getitem__(self, key: tuple[str, str]) -> Secret:
        self.threads.append((key[1], threading.current_thread()))
        return super().__getitem__(key)


async def test_pages_and_a_run_read_secrets_in_threads_that_nobody_waits_for(rehearsal: Rehearsal) -> None:
    practice, domain = rehearsal.practice, rehearsal.tenant.domain
    kept = Kept()
    for place, key in ((practice.suggested["tenant"], "client_secret"), *((c, "password") for c in canaries(practice))):
        kind, _, name = place[key].partition(":")
        assert kind == "env"
        kept[domain, name] = Secret(practice.environment[name])
        place[key] = f"keyring:{name}"
    practice.secrets = kept
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        for key in PAGES:
            await go_on(pilot, key)
        await shows(pilot, "changes", "plan ")
        await pilot.press("f9")
        await until(pilot, lambda: app.work.phase == "ended")
        assert {name for name, _ in kept.threads} == {name for _, name in kept}
        assert not [name for name, thread in kept.threads if not thread.daemon]


def canaries(practice: Practice) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = practice.suggested["verify"]["canaries"]
    return found
