"""A whole practice migration by keys alone, against the same answers given headless."""

from __future__ import annotations

import tomllib
from pathlib import Path

from stage import Rehearsal, frame, go_on, opened, page_is, shows, until

from screens.app import WizardApp
from screens.steps.review import ReviewView
from wizard.answers import load
from wizard.engine import carry_out, plan_for
from wizard.identity import Origin, run_of
from wizard.runner import Plan
from wizard.runs import Runs
from wizard.steps import SECTIONS


async def test_keys_and_headless_lead_to_the_same_plan_answers_and_tenant(tmp_path: Path) -> None:
    by_keys, headless = Rehearsal(tmp_path / "keys"), Rehearsal(tmp_path / "headless")
    try:
        app = by_keys.app()
        await _migrate(app, by_keys)
        answers_file = by_keys.practice_folder / "answers.toml"

        answers = load(answers_file, SECTIONS, environment={})
        base, runs = headless.practice_folder, Runs(tmp_path / "headless" / "runs")
        plan = await plan_for(answers, base=base, world=headless.world)
        run = await run_of(answers, Origin(str(base)), world=headless.world, runs=runs)
        planned: list[Plan] = []

        def approve(plan: Plan) -> bool:
            planned.append(plan)
            return True

        progress = await carry_out(run, answers, base=base, world=headless.world, approve=approve)

        assert app.approved_hash == plan.hash == planned[0].hash
        assert app.work.run is not None
        assert app.work.run.answers.read_bytes() == run.answers.read_bytes()
        assert by_keys.state() == headless.state()
        assert len(by_keys.state()["users"]) == progress.imported > 0
        assert app.work.progress.verdict == progress.verdict == "complete"
    finally:
        by_keys.close()
        headless.close()


async def _migrate(app: WizardApp, rehearsal: Rehearsal) -> None:
    """Every page from the first to the last; only keys, and only what is on the screen is waited for."""
    async with opened(app) as pilot:
        await until(pilot, lambda: "PRACTICE" in frame(app))
        for key in ("source", "profile", "passwords", "strategy", "connection", "applications", "prepare"):
            await go_on(pilot, key)
        await shows(pilot, "can be imported")
        for key in ("upload", "verify", "review"):
            await go_on(pilot, key)
        await shows(pilot, "copies it whole")
        assert isinstance(app.screen.query_one("#review"), ReviewView)
        assert not rehearsal.state()["users"]
        await pilot.press("f9")
        await until(pilot, lambda: page_is(app, "run"))
        await until(pilot, lambda: not app.work.is_busy)
        await shows(pilot, "Complete: every user is accounted for.")
        await go_on(pilot, "results")
        await shows(pilot, "✓ adds up")
        await go_on(pilot, "finish")
        assert "auth0-migrate apply" not in await shows(pilot, "Complete", "Save its answers")
        await pilot.press("ctrl+s")
        await shows(pilot, "What are these answers for?")
        await pilot.press("left", "enter")
        await shows(pilot, "Save the answers as")
        await pilot.press("enter")
        await until(pilot, (rehearsal.practice_folder / "answers.toml").is_file)
        await until(pilot, lambda: page_is(app, "finish"))
        assert "# Of a rehearsal" in (rehearsal.practice_folder / "answers.toml").read_text(encoding="utf-8")
        await pilot.press("ctrl+s")
        await shows(pilot, "What are these answers for?")
        await pilot.press("enter")
        await shows(pilot, "Save the answers as")
        await pilot.press("enter")
        await shows(pilot, "auth0-migrate apply")
        own = (rehearsal.folder / "answers.toml").read_text(encoding="utf-8")
        assert "From a rehearsal." in own
        assert not {"tenant", "source", "applications"} & tomllib.loads(own).keys()
