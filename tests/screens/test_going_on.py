"""What was answered or typed is there again: after leaving, after a kill, from a file; and a run can be had once more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from stage import NARROW, WIDE, Rehearsal, at_rest, frame, go_on, opened, page_is, shows, until
from test_answers_file import answers_of
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from screens.answers_file import for_own_tenant, remark
from screens.app import WizardApp
from screens.drafts import Drafts
from screens.frame import JourneyScreen
from screens.guide import Journey, State
from screens.work import Work
from wizard.answers import Answers, save
from wizard.answers.reading import from_tables
from wizard.errors import RunMismatch
from wizard.identity import Origin, run_of
from wizard.progress import Progress
from wizard.runs import RunFolder
from wizard.steps import SECTIONS
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.strategy import StrategyAnswers

WALK = ("source", "profile", "passwords", "strategy", "connection")


async def from_file(pilot: Pilot[None], app: WizardApp, file: Path) -> None:
    await shows(pilot, "New migration")
    await at_rest(pilot)
    await app.start_from(file)
    await until(pilot, lambda: page_is(app, "tenant"))


def test_an_answer_that_leaves_everything_as_it_was_is_an_answer(rehearsal: Rehearsal, tmp_path: Path) -> None:
    draft = Drafts(tmp_path / "drafts").new()
    given = answers_of(rehearsal, "customers.csv").replace(StrategyAnswers())
    draft.keep(given)
    assert draft.load().has(StrategyAnswers)
    [again] = Drafts(tmp_path / "drafts").all()
    assert again.load().tables() == given.tables()


async def test_answers_of_a_rehearsal_for_another_tenant_can_be_opened_and_ask_for_the_rest(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    kept, left_out = for_own_tenant(answers_of(rehearsal, "customers.csv"), rehearsal.practice)
    file = tmp_path / "own.toml"
    save(file, kept, remark=remark(left_out))
    app = rehearsal.app(practice=False)
    async with app.run_test(size=NARROW) as pilot:
        await from_file(pilot, app, file)
        assert {"tenant", "source"} <= {stop.key for stop in app.journey.unanswered}


async def test_a_whole_file_leaves_nothing_to_answer(rehearsal: Rehearsal, tmp_path: Path) -> None:
    tables = answers_of(rehearsal, str(rehearsal.practice_folder / "customers.csv")).tables()
    file = tmp_path / "whole.toml"
    save(file, from_tables(tables, SECTIONS))
    assert "[strategy]" not in file.read_text(encoding="utf-8")
    app = rehearsal.app(practice=False)
    async with app.run_test(size=NARROW) as pilot:
        await from_file(pilot, app, file)
        assert app.journey.is_complete
        assert app.journey.state("strategy") is State.ANSWERED


async def test_what_is_typed_on_an_answered_page_outlives_a_kill(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        for key in (*WALK, "applications"):
            await go_on(pilot, key)
        await at_rest(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "connection"))
        await at_rest(pilot)
        name = app.screen.query_one("#connection #field-name Input", Input)
        name.value = "customers-eu"

        def kept() -> str:
            [draft] = app.drafts.all()
            return draft.load()[ConnectionAnswers].name

        answered = app.journey.answers[ConnectionAnswers].name
        await until(pilot, lambda: kept() == "customers-eu")
        assert app.journey.answers[ConnectionAnswers].name == answered
        name.value = answered
        await until(pilot, lambda: kept() == answered)
        assert not app.journey.touched


async def test_a_run_that_ended_can_be_had_again_with_the_same_answers(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        await at_rest(pilot)
        app.journey.answers = answers_of(rehearsal, str(rehearsal.practice_folder / "customers.csv"))
        app.work = Work()
        app.work.progress = Progress(run="run-1", strategy="bulk", read=3, ended=True)
        app.work.phase = "ended"
        before = app.journey.answers
        await app.screen.go("finish")  # type: ignore[attr-defined]
        await pilot.press("f9")
        await until(pilot, lambda: page_is(app, "review"))
        assert (app.work.run, app.work.phase, app.journey.approved) == (None, "idle", "")
        assert app.journey.answers == before


async def at_ended_run(pilot: Pilot[None], app: WizardApp, answers: Answers) -> None:
    """A run of these answers that has ended, as it is shown; nothing of it was carried out."""
    run = await run_of(answers, Origin(str(app.journey.base)), world=app.world, runs=app.runs)
    app.journey.answers, app.journey.approved, app.work = answers, "before", Work()
    app.work.adopt(run, Progress(run=run.id, strategy="bulk", read=3, ended=True))
    await app.screen.go("finish")  # type: ignore[attr-defined]
    await until(pilot, lambda: page_is(app, "finish"))


async def test_next_on_the_last_page_says_so_and_its_button_saves_the_answers(rehearsal: Rehearsal) -> None:
    app, store = rehearsal.app(), rehearsal.practice_folder / "customers.csv"
    async with opened(app, NARROW) as pilot:
        await at_rest(pilot)
        await at_ended_run(pilot, app, answers_of(rehearsal, str(store)))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: any("This is the last page." in note.message for note in app._notifications))
        await at_rest(pilot)
        assert page_is(app, "finish")
        assert isinstance(app.screen, JourneyScreen)
        app.screen.query_one("#finish #next", Button).press()
        await shows(pilot, "What are these answers for?")


async def test_of_an_ended_run_whose_store_has_changed_no_plan_is_offered(rehearsal: Rehearsal) -> None:
    app, store = rehearsal.app(), rehearsal.practice_folder / "customers.csv"
    async with opened(app, NARROW) as pilot:
        await at_rest(pilot)
        await at_ended_run(pilot, app, answers_of(rehearsal, str(store)))
        store.write_text(store.read_text(encoding="utf-8") + "one,more\n", encoding="utf-8")
        await app.screen.go("review")  # type: ignore[attr-defined]
        shown = await shows(pilot, "This run has ended.", "the page Finish makes another")
        assert "Approve" not in shown
        await pilot.press("f9", "ctrl+n")
        await until(pilot, lambda: page_is(app, "run"))
        assert app.work.phase == "ended"


@pytest.mark.parametrize("key", ["run", "finish"])
async def test_where_an_undo_is_looked_for_its_exact_command_is(rehearsal: Rehearsal, key: str) -> None:
    app, store = rehearsal.app(practice=False), rehearsal.practice_folder / "customers.csv"
    async with app.run_test(size=NARROW) as pilot:
        await shows(pilot, "New migration")
        await at_rest(pilot)
        app._journey = Journey(rehearsal.folder)
        await app._open_journey(app.journey, None)
        await at_ended_run(pilot, app, answers_of(rehearsal, str(store)))
        await app.screen.go(key)  # type: ignore[attr-defined]
        await until(pilot, lambda: page_is(app, key))
        command = app.runs.command("undo", app.work.progress.run)
        page = app.screen.page  # type: ignore[attr-defined]
        told = str(app.screen.query_one("#next-steps", Static).content) if key == "finish" else page.says(None)
        assert command in told
        undo = next(action for name, _, action in page.commands() if name == "Undo from a shell")
        undo()
        assert app.clipboard == command


async def test_in_a_rehearsal_no_undo_is_offered_that_only_it_could_run(rehearsal: Rehearsal) -> None:
    app, store = rehearsal.app(), rehearsal.practice_folder / "customers.csv"
    async with opened(app, NARROW) as pilot:
        await at_rest(pilot)
        await at_ended_run(pilot, app, answers_of(rehearsal, str(store)))
        assert "there is nothing to put back" in str(app.screen.query_one("#next-steps", Static).content)
        assert app.undo_command == ""


async def test_a_run_that_ended_stays_so_where_its_store_has_changed(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def refused(*_: object, **__: object) -> Progress:
        raise RunMismatch("This is not what the run was made for", remedy="start a new run.")

    ended = Progress(run="run-1", strategy="bulk", read=3, ended=True)
    monkeypatch.setattr("wizard.engine.carry_out", refused)
    monkeypatch.setattr("wizard.identity.progress_of", lambda run: ended)
    work, app = Work(), rehearsal.app()
    async with opened(app):
        work.adopt(RunFolder(tmp_path), ended)
        work.start(app.journey.answers, tmp_path, world=app.world, runs=app.runs, approved=None)
        assert work._task is not None
        await work._task
        assert (work.phase, work.progress.verdict) == ("ended", ended.verdict)
        assert work.error is not None


def test_when_a_run_was_worked_on_does_not_change_by_looking_at_it(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for name, moment in (("answers.toml", 1_000), ("report.html", 2_000), ("journal.db", 9_000), ("lock", 9_000)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (moment, moment))
    assert run.worked_on == 2_000
    assert not run.is_held
    assert run.worked_on == 2_000


async def test_the_last_page_is_shown_from_its_first_line(rehearsal: Rehearsal) -> None:
    app, store = rehearsal.app(), rehearsal.practice_folder / "customers.csv"
    async with opened(app, NARROW) as pilot:
        await at_rest(pilot)
        await at_ended_run(pilot, app, answers_of(rehearsal, str(store)))
        await at_rest(pilot)
        await pilot.pause(1.0)
        assert app.screen.query_one("#finish").scroll_offset.y == 0
        assert "Users to look at" in frame(app)


@pytest.mark.parametrize("key", ["results", "finish"])
async def test_the_last_pages_have_the_width_of_the_panel_and_say_its_words_below(
    rehearsal: Rehearsal, key: str
) -> None:
    app, store = rehearsal.app(), rehearsal.practice_folder / "customers.csv"
    async with opened(app, WIDE) as pilot:
        await at_rest(pilot)
        await at_ended_run(pilot, app, answers_of(rehearsal, str(store)))
        await app.screen.go(key)  # type: ignore[attr-defined]
        shown = await shows(pilot, "Nothing is changed here.")
        assert "What will happen" not in shown
        assert shown.index("read") < shown.index("Nothing is changed here.") < shown.index("Back")
        await app.screen.go("run")  # type: ignore[attr-defined]
        await shows(pilot, "What will happen")
