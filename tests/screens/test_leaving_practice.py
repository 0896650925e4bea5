"""A rehearsal's clock and secrets are for its own tenant alone: nothing of them is there for a real one."""

from __future__ import annotations

from stage import Rehearsal, at_rest, opened, page_is, shows, until
from textual.widgets import Input

from screens.app import WizardApp
from screens.steps.tenant import TenantView
from screens.tasks import begin

TYPED = {"domain": "acme.eu.auth0.com", "client_secret": "canary-secret"}


async def test_a_new_migration_after_a_rehearsal_has_the_real_keyring_and_time(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        practice, memory = app.practice, app.world.memory
        assert practice is not None
        assert memory is not None
        await at_rest(pilot)
        begin(app, app.go_to_start, group="begin")
        await shows(pilot, "New migration")
        await pilot.press("n")
        await until(pilot, lambda: page_is(app, "tenant") and not app.journey.suggested)
        assert app.practice is None
        assert app.world.memory is None
        assert (
            app.world.environment.get("PRACTICE_LOGIN_SECRET") == rehearsal.world.environment["PRACTICE_LOGIN_SECRET"]
        )


async def test_a_rehearsal_that_is_opened_again_has_its_secrets_again(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await at_rest(pilot)
        begin(app, app.start_new, group="begin")
        await until(pilot, lambda: app.practice is None and page_is(app, "tenant"))
        await at_rest(pilot)
        begin(app, app.start_in_practice, group="begin")
        await until(pilot, lambda: app.practice is not None and page_is(app, "tenant"))
        await shows(pilot, rehearsal.tenant.domain)
        await at_rest(pilot)
        assert app.world.memory is not None


async def test_another_tenant_is_refused_in_a_rehearsal_and_its_secret_is_kept_nowhere(rehearsal: Rehearsal) -> None:
    app: WizardApp = rehearsal.app()
    async with opened(app) as pilot:
        page = app.screen.query_one(TenantView)
        for field in page.form.fields:
            if field.key in TYPED:
                field.query_one(Input).value = TYPED[field.key]
        await pilot.press("ctrl+n")
        frame = await shows(pilot, "rehearsal")
        assert "New migration" in frame.replace("\n", " ")
        assert page_is(app, "tenant")
        kept = [path.read_bytes() for path in rehearsal.folder.rglob("*") if path.is_file()]
        assert not any(b"canary-secret" in content for content in kept)
