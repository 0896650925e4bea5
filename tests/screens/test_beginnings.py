"""How a journey begins and is guarded: a run gone on with, answers opened by keys, production's name, help on each step."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from stage import PAGES, Rehearsal, frame, go_on, opened, page_is, shows, until

from screens.help import HELP
from screens.steps.review import ReviewView
from wizard.answers import Answers, load, save
from wizard.answers.reading import from_tables
from wizard.engine import carry_out
from wizard.errors import Interrupted
from wizard.events import Event, UsersPrepared
from wizard.identity import Origin, run_of
from wizard.practice.legacy_store import ANSWERS
from wizard.steps import SECTIONS
from wizard.tools import Stop


def answers_of(rehearsal: Rehearsal) -> Answers:
    tables = {**rehearsal.practice.suggested, **ANSWERS}
    tables["connection"] = {**tables["connection"], "requires_username": True}
    return from_tables(tables, SECTIONS)


async def interrupted_run(rehearsal: Rehearsal) -> None:
    """A run that was approved and stopped as soon as its files were made."""
    answers, base, stop = answers_of(rehearsal), rehearsal.practice_folder, Stop()
    run = await run_of(answers, Origin(str(base)), world=rehearsal.world, runs=rehearsal.runs)

    def watch(event: Event) -> None:
        if isinstance(event, UsersPrepared):
            stop.request()

    with pytest.raises(Interrupted):
        await carry_out(
            run, answers, base=base, world=rehearsal.world, approve=lambda plan: True, watchers=[watch], stop=stop
        )


async def test_an_interrupted_run_goes_on_from_the_start_screen_and_nothing_is_asked_again(
    rehearsal: Rehearsal,
) -> None:
    await interrupted_run(rehearsal)
    assert not rehearsal.state()["users"]
    app = rehearsal.app(practice=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "can go on")
        await pilot.press("end", "enter")
        await until(pilot, lambda: page_is(app, "run"))
        await pilot.press("f7")
        await until(pilot, lambda: app.work.phase == "ended")
        assert app.journey.answers == answers_of(rehearsal)
        assert app.work.progress.verdict == "complete"
        assert len(rehearsal.state()["users"]) == app.work.progress.imported == 60
        assert len(rehearsal.runs.all()) == 1


async def test_what_was_imported_is_left_out_of_later_searches_for_garbage(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.garbage._spared", set())
    gc.unfreeze()
    app = rehearsal.app(practice=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "New migration")
        await until(pilot, lambda: gc.get_freeze_count() > len(gc.get_objects()))


async def test_answers_are_opened_by_typing_their_path(rehearsal: Rehearsal) -> None:
    file = rehearsal.practice_folder / "kept.toml"
    save(file, answers_of(rehearsal))
    app = rehearsal.app(practice=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Open answers")
        await pilot.press("o")
        await shows(pilot, "Open an answers file")
        await pilot.press(*"practice/nowhere.toml", "enter")
        await shows(pilot, "✗ There is no file")
        await pilot.press("home", "ctrl+k", *"practice/kept.toml", "enter")
        await until(pilot, lambda: page_is(app, "tenant"))
        written = load(file, SECTIONS, environment={})
        assert len(app.journey.answers) > 5
        assert all(written[type(section)] == section for section in app.journey.answers)
        assert app.journey.file == file
        await until(pilot, lambda: rehearsal.tenant.domain in frame(app))


async def test_on_production_the_connection_is_named_before_anything_starts(rehearsal: Rehearsal) -> None:
    rehearsal.practice.suggested["tenant"]["environment"] = "production"
    app = rehearsal.app()
    async with opened(app) as pilot:
        await shows(pilot, "PRODUCTION")
        for key in PAGES:
            await go_on(pilot, key)
        review = app.screen.query_one("#review", ReviewView)
        await until(pilot, lambda: review.plan is not None)
        for wrong in ((), tuple("legacy-user")):
            await pilot.press(*wrong, "f9")
            await shows(pilot, "Nothing was started")
            assert (app.work.phase, rehearsal.runs.all()) == ("idle", [])
        await pilot.press("s", "enter")
        await until(pilot, lambda: page_is(app, "run"))
        await until(pilot, lambda: app.work.phase == "ended")
        assert app.work.progress.verdict == "complete"


async def test_f1_explains_each_step(rehearsal: Rehearsal, tmp_path: Path) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        app.journey.answers = answers_of(rehearsal)
        for stop in app.journey.stops:
            await app.screen.go(stop.key)  # type: ignore[attr-defined]
            await until(pilot, lambda key=stop.key: page_is(app, key))  # type: ignore[misc]
            title, _, words = HELP[stop.key].partition("\n")
            await pilot.press("f1")
            shown = await shows(pilot, "Esc closes")
            assert title.removeprefix("# ") in shown
            assert " ".join(words.split()[:4]).replace("*", "") in " ".join(shown.replace("│", " ").split())
            await pilot.press("escape")
