"""The results page lists what a real comparison wrote down."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from stage import Rehearsal, go_on, opened, page_is, shows, until
from textual.widgets import DataTable, Input

from screens.faults import Fault, faults_of
from screens.steps.cutover import checklist, gates_of
from screens.steps.results import COLUMNS, checks, rows_of, words_of, write_csv
from wizard.bulk.verification.reconcile import reconcile
from wizard.events import CheckFailed, RunStarted, UsersReconciled
from wizard.journal import Journal, Refusal
from wizard.progress import Progress
from wizard.runs import RunFolder
from wizard.steps.cutover import CutoverAnswers, CutoverFacts


def person(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "user_id": f"u{number}",
        "email": f"p{number}@example.com",
        "given_name": "Ann",
        "name": "Ann Lee",
        **changed,
    }


def exported(*people: dict[str, Any]) -> bytes:
    lines = [json.dumps({**one, "user_id": f"auth0|{one['user_id']}"}) for one in people]
    return gzip.compress("".join(f"{line}\n" for line in lines).encode())


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Of six users, one each is as prepared, missing, different, found by its address, refused; one is extra."""
    found = RunFolder(tmp_path / "run-1")
    found.path.mkdir()
    prepared = tmp_path / "00001.json"
    prepared.write_text(json.dumps([person(number) for number in range(1, 6)]), encoding="utf-8")
    export = tmp_path / "export.ndjson.gz"
    export.write_bytes(
        exported(person(1), person(3, given_name="Bob", name="Bob"), person(94, email="p4@example.com"), person(7))
    )
    refused = tmp_path / "refused.ndjson"
    refused.write_text('{"user_id": "u5"}\n', encoding="utf-8")
    reconcile(
        [prepared], export, found.verify,
        connection="acme-users", refused=refused, emit=lambda event: None, stop=lambda: False,
    )  # fmt: skip
    journal = Journal(found.journal, now=lambda: 1_800_000_000.0)
    intent = journal.begin("import:00001.json", {})
    journal.settle(intent, "done", refusals=[Refusal("00001.json", "u5", "INVALID_FORMAT", "name is not text")])
    journal.close()
    return found


def test_every_user_of_the_comparison_is_listed_once_with_what_is_wrong(run: RunFolder) -> None:
    assert list(rows_of(run)) == [
        ("missing", "u2", "prepared, but not in Auth0", "00001.json"),
        ("different", "u3", "given_name, name", "00001.json"),
        ("different", "u4", "user_id", "00001.json, in Auth0 as auth0|u94"),
        ("refused by Auth0", "u5", "INVALID_FORMAT", "00001.json"),
        ("extra", "auth0|u7", "in Auth0, but not of this run", ""),
    ]


def test_who_was_not_imported_as_the_id_is_taken_is_listed_so(run: RunFolder) -> None:
    taken = {"user_id": "u6", "status": "id_taken", "file": "00001.json", "fields": ["email"]}
    with run.verify.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(taken) + "\n")
    assert ("id taken", "u6", "not imported: another user has this id", "00001.json") in list(rows_of(run))
    ids = CheckFailed("verify", "ids", "1 user was not imported", "give the ids a prefix")
    told = checks(Progress.of([UsersReconciled(6, 0, 0, 0, taken=1), ids])).plain
    assert told.startswith("! 6 users compared")
    assert "Prefix of user ids" in told


def test_the_export_holds_the_same_rows_for_its_owner_only(run: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "users.csv"
    assert write_csv(run, out) == 5
    with out.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [list(COLUMNS), *map(list, rows_of(run))]
    assert out.stat().st_mode & 0o777 == 0o600
    assert "@" not in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_export_is_a_formula(run: RunFolder, tmp_path: Path, begins: str) -> None:
    taken = {"user_id": f"{begins}=cmd()", "status": "id_taken", "file": "00001.json", "fields": ["email"]}
    with run.verify.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(taken) + "\n")
    write_csv(run, tmp_path / "users.csv")
    with (tmp_path / "users.csv").open(encoding="utf-8", newline="") as file:
        assert f"'{begins}=cmd()" in [cell for row in csv.reader(file) for cell in row]


def test_the_export_replaces_no_file(run: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "customers.csv"
    out.write_text("all our customers", encoding="utf-8")
    with pytest.raises(FileExistsError):
        write_csv(run, out)
    assert out.read_text(encoding="utf-8") == "all our customers"


async def test_reasons_say_what_to_do_and_users_are_exported_by_keys_to_a_new_file_only(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, users=40, dirty=True)
    app = rehearsal.app()
    try:
        async with opened(app) as pilot:
            for key in ("source", "profile", "passwords", "strategy", "connection", "applications", "prepare", "upload",
                        "verify", "review"):  # fmt: skip
                await go_on(pilot, key)
            await shows(pilot, "copies it whole")
            await pilot.press("f9")
            await until(pilot, lambda: page_is(app, "run") and not app.work.is_busy)
            await go_on(pilot, "results")
            await shows(pilot, "✓ adds up")
            reasons = app.screen.query_one("#reasons", DataTable)
            await until(pilot, lambda: reasons.has_focus)
            faults = faults_of(app.work.run)  # type: ignore[arg-type]
            told = await shows(pilot, faults[0].code, f"→ {faults[0].remedy[:20]}")
            assert told.index(faults[0].code) < told.index("→ ") < told.index("users listed")
            place = next(place for place, one in enumerate(faults) if one.remedy != faults[0].remedy)
            fault = faults[place]
            await pilot.press(*["down"] * place)
            await shows(pilot, f"→ {fault.remedy[:20]}")
            await pilot.press("enter")
            await shows(pilot, f"{fault.users} of ")
            await until(pilot, lambda: app.screen.query_one("#users", DataTable).row_count == fault.users)
            assert app.screen.query_one("#users").has_focus
            before = (rehearsal.practice_folder / "customers.csv").read_bytes()
            await pilot.press("f6")
            await shows(pilot, "Export these users as CSV")
            app.screen.query_one(Input).value = "customers.csv"
            await pilot.press("enter")
            await shows(pilot, "is there already")
            assert (rehearsal.practice_folder / "customers.csv").read_bytes() == before
            app.screen.query_one(Input).value = "to-look-at.csv"
            await pilot.press("enter")
            made = rehearsal.practice_folder / "to-look-at.csv"
            await until(pilot, made.is_file)
            await until(pilot, lambda: any("written to" in note.message for note in app._notifications))
            with made.open(encoding="utf-8", newline="") as file:
                assert list(csv.DictReader(file))
    finally:
        rehearsal.close()


def test_a_run_that_was_never_compared_has_no_user_to_look_at(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    Journal(run.journal, now=lambda: 0.0).close()
    assert list(rows_of(run)) == []


def test_a_login_that_failed_is_named_once_and_leads_to_the_page_with_its_account() -> None:
    failed = CheckFailed("verify", "canary 1", "canary 1: wrong_password (Wrong email or password.)", "Check it.")
    now = Progress.of([RunStarted("run-1", "two-phase", resumed=False), UsersReconciled(1, 0, 0, 0), failed])
    for shown in (checks(now).plain, checklist(gates_of(now, CutoverAnswers(), CutoverFacts())).plain):
        assert shown.count("canary 1") == 1
        assert "canary 1: wrong_password" in shown
        assert "on the page Verify" in shown


def test_a_reason_says_who_gave_it() -> None:
    assert words_of(Fault("email_missing", 3, "Mend it.", by_auth0=False)) == "email_missing"
    assert (
        words_of(Fault("email_missing", 3, "Mend it.", by_auth0=False, decided=True))
        == "email_missing  left behind as decided"
    )
    assert words_of(Fault("DUPLICATED_USER", 3, "Mend it.", by_auth0=True)) == "DUPLICATED_USER  refused by Auth0"
