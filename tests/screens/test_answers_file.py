"""The file of a journey's answers: what it says of them, and what of a rehearsal goes into one for a real tenant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stage import Rehearsal, at_rest, opened, page_is, shows, until
from test_answers_survive import later_tables, tenant_table

from screens.answers_file import for_own_tenant, free_name, holds, remark, seen_from
from screens.guide import Journey
from screens.steps.finish import FinishView
from screens.work import Work
from wizard.answers import Answers, load, save
from wizard.answers.reading import from_tables
from wizard.runs import RunFolder
from wizard.steps import SECTIONS
from wizard.steps.cutover import CutoverAnswers

PROFILE = {"user_id": "id", "email": "email"}


def answers_of(rehearsal: Rehearsal, path: str, **more: Any) -> Answers:
    tables = {
        "tenant": tenant_table(rehearsal.tenant), "source": {"path": path}, "profile": PROFILE,
        "passwords": {"column": "password_hash"}, **later_tables(rehearsal), **more,
    }  # fmt: skip
    return from_tables(tables, [kind for kind in SECTIONS if kind.table in tables])


def test_a_file_holds_answers_only_while_it_is_there_and_says_the_same(rehearsal: Rehearsal, tmp_path: Path) -> None:
    answers, file = answers_of(rehearsal, "customers.csv"), tmp_path / "answers.toml"
    assert not holds(None, answers, tmp_path)
    assert not holds(file, answers, tmp_path)
    save(file, answers)
    assert holds(file, answers, tmp_path)
    assert not holds(file, answers_of(rehearsal, "members.csv"), tmp_path)
    file.write_text("version = 1\n", encoding="utf-8")
    assert not holds(file, answers, tmp_path)


def test_a_file_in_another_folder_still_leads_to_the_store(rehearsal: Rehearsal, tmp_path: Path) -> None:
    answers, file = answers_of(rehearsal, "customers.csv"), tmp_path / "elsewhere" / "answers.toml"
    file.parent.mkdir()
    save(file, seen_from(file.parent, answers, rehearsal.practice_folder))
    assert f'path = "{rehearsal.practice_folder / "customers.csv"}"' in file.read_text(encoding="utf-8")
    assert holds(file, answers, rehearsal.practice_folder)


def test_a_new_file_takes_the_name_of_no_other(tmp_path: Path) -> None:
    assert free_name(tmp_path) == "answers.toml"
    (tmp_path / "answers.toml").touch()
    assert free_name(tmp_path) == "answers-2.toml"


def test_what_is_of_the_practice_tenant_alone_is_not_for_a_real_one(rehearsal: Rehearsal, tmp_path: Path) -> None:
    small = rehearsal.practice.suggested["prepare"]
    mine = {"strategy": {"way": "two-phase"}, "cutover": {"confirm": "legacy-users"}, "prepare": small}
    answers = answers_of(rehearsal, str(tmp_path / "people.csv"), **mine)
    kept, left_out = for_own_tenant(answers, rehearsal.practice)
    file = tmp_path / "own.toml"
    save(file, kept, remark=remark(left_out))
    text = file.read_text(encoding="utf-8")
    assert "[tenant]" not in text.replace(remark(left_out), "")
    assert "confirm" not in text.replace(remark(left_out), "")
    assert "CANARY_1" not in text
    assert rehearsal.samples.login_client_id not in text
    assert "PRACTICE" not in text
    for words in ("[tenant]", "[applications]", "canaries in [verify]", "confirm in [cutover]"):
        assert words in " ".join(remark(left_out).replace("# ", "").split())
    again = load(file, SECTIONS, environment={}, required=())
    assert again.tables()["profile"]["email"] == "email"
    assert again.tables()["prepare"]["max_file_bytes"] != small["max_file_bytes"]
    assert again[CutoverAnswers].confirm == ""


def test_an_invented_store_is_not_for_a_real_tenant_either(rehearsal: Rehearsal) -> None:
    sample = str(rehearsal.practice_folder / "customers.csv")
    for path, left in (("customers.csv", True), (sample, True), ("people.csv", False)):
        kept, left_out = for_own_tenant(answers_of(rehearsal, path), rehearsal.practice)
        assert ("[source]" in left_out, "source" in kept.tables()) == (left, not left)


async def test_finish_names_no_file_but_one_that_holds_these_answers(rehearsal: Rehearsal, tmp_path: Path) -> None:
    answers, file = answers_of(rehearsal, "customers.csv"), tmp_path / "their answers.toml"
    save(file, answers_of(rehearsal, "others.csv"))
    (rehearsal.practice_folder / "answers.toml").write_bytes(file.read_bytes())
    app = rehearsal.app(practice=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "New migration")
        await at_rest(pilot)
        work = Work()
        work.run = RunFolder(app.runs.folder / "20261122-acme")
        work.run.path.mkdir(parents=True)
        work.phase = "ended"
        journey = Journey(rehearsal.practice_folder, answers=answers, file=file, here="finish")
        app.approved_hash = "abc"
        await app._open_journey(journey, None, work)
        await until(pilot, lambda: page_is(app, "finish"))
        assert "auth0-migrate apply" not in await shows(pilot, "Save the answers (Ctrl+S)")
        page = app.screen.query_one(FinishView)
        assert page.copied() == ""
        await app.save_answers()
        await shows(pilot, "auth0-migrate apply")
        assert page.copied() == app.runs.command("apply", str(file), "--approve", "abc")
        assert "'" in page.copied() and "--runs" in page.copied()
        assert holds(file, answers, rehearsal.practice_folder)


async def test_a_run_whose_answers_are_in_no_file_is_not_held_to_one(rehearsal: Rehearsal, tmp_path: Path) -> None:
    app = rehearsal.app()
    async with opened(app):
        file = tmp_path / "answers.toml"
        save(file, answers_of(rehearsal, "others.csv"))
        app.journey.answers, app.journey.file = answers_of(rehearsal, "customers.csv"), file
        started: list[Path | None] = []
        app.work.start = lambda *_, file, **__: started.append(file)  # type: ignore[method-assign]
        app.start_work(None)
        save(file, app.journey.answers)
        app.start_work(None)
        assert started == [None, file]
