"""What of users is purged from the folder of a run, and what stays."""

from pathlib import Path

import pytest
from rehearsal import Rehearsal, person, rehearsal_of

from wizard.identity import progress_of


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    return rehearsal_of(tmp_path, 8)


LEFT = (
    ".working-left-x1",
    ".preparing-1-x1",
    ".left-x1",
    ".verify.ndjson.work-x1",
    "export.ndjson.gz",
    "refused.ndjson",
    "left-out.ndjson",
)
"""What only a killed process leaves in the folder of a run, of this version and of earlier ones."""


def leave_of_users(run: Path) -> None:
    for name in (*LEFT, "export.ndjson.gz.part", "unproven.ndjson"):
        path = run / name
        if name.startswith("."):
            path.mkdir()
            path /= "export.ndjson.gz"
        path.write_text("someone")


def test_what_a_killed_process_left_of_users_goes_when_the_run_is_next_worked_on(stage: Rehearsal) -> None:
    stage.apply()
    leave_of_users(stage.run.path)
    stage.verify()
    assert {path.name for path in stage.run.path.iterdir()}.isdisjoint(LEFT)


def test_users_can_be_purged_with_all_that_a_killed_process_left_of_them(stage: Rehearsal) -> None:
    stage.apply()
    leave_of_users(stage.run.path)
    stage.run.purge_users()
    kept = sorted(path.name for path in stage.run.path.iterdir())
    assert [name for name in kept if not name.startswith("journal.db")] == [
        "answers.toml",
        "lock",
        "manifest.json",
        "rejects.ndjson",
        "verify.ndjson",
    ]


def test_addresses_that_are_ids_go_with_the_files_of_users_and_the_counts_stay(stage: Rehearsal) -> None:
    stage.answer('user_id = "id"', 'user_id = "mail"')
    connection = stage.make_connection("acme-users")
    [shop] = [row for row in stage.ask("GET", "clients") if row["name"] == "Web shop"]
    stage.ask("PATCH", f"connections/{connection}/clients", json=[{"client_id": shop["client_id"], "status": True}])
    for number in (1, 2):
        address = person(number)["mail"]
        user = {"connection": "acme-users", "user_id": address, "email": address, "password": "Horse-Battery-9-Staple"}
        stage.ask("POST", "users", json=user)
    before = stage.apply()
    assert before.already_there == 2
    assert before.different
    assert b"@example.com" in (stage.run.path / "journal.db").read_bytes()
    stage.run.purge_users()
    files = [path for path in stage.run.path.rglob("*") if path.is_file()]
    assert [path.name for path in files if b"@example.com" in path.read_bytes()] == []
    after = progress_of(stage.run)
    assert after == before
    assert len(stage.run.verify.read_text(encoding="utf-8").splitlines()) == before.different


def test_a_line_that_a_killed_process_left_torn_keeps_no_purge_from_its_end(stage: Rehearsal) -> None:
    stage.apply()
    whole = b'{"user_id": "7", "status": "different", "fields": ["name"]}\n'
    torn = b'{"user_id": "person8@example.com", "status": "differ'
    stage.run.verify.write_bytes(whole + torn + whole + torn[:30] + b"\xc3")  # where an é was to be
    stage.run.purge_users()
    assert stage.run.verify.read_bytes() == whole
