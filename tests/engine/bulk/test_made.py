"""Whom an import job has made: nobody counts as made who was there before, however little Auth0 shows of a user."""

import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from wizard.auth0.models import JobSummary, RefusedUser
from wizard.bulk.jobs.harvest import harvest
from wizard.bulk.jobs.ledger import Part
from wizard.bulk.manifest import PreparedFile
from wizard.bulk.repair.made import Made, duplicates
from wizard.journal import Intent, Journal

BEGAN = 1_000_000.0
SENT = [
    {"user_id": "1", "email": "ada@example.com", "username": "ada", "phone_number": "+15550100001"},
    {"user_id": "2", "email": "bob@example.com", "username": "bob", "phone_number": "+15550100002"},
]
EXISTS = {"code": "DUPLICATED_USER", "message": "The user already exists."}


def made(folder: Path, *shown: dict[str, Any], sent: list[dict[str, Any]] = SENT, **clock: float) -> Made:
    """A job that found users there already, of whom Auth0 shows this."""
    refused = [RefusedUser.model_validate({"user": user, "errors": [EXISTS]}) for user in shown]
    summary = JobSummary(total=len(sent), inserted=len(sent) - len(shown), updated=0, failed=len(shown))
    told = harvest("00001.json", sent, summary, refused)
    content = json.dumps(sent).encode()
    (folder / "users").mkdir()
    (folder / "users" / "00001.json").write_bytes(content)
    file = PreparedFile("00001.json", len(sent), len(content), hashlib.sha256(content).hexdigest())
    facts = {"upsert": False, **(clock or {"created": BEGAN, "accepted_at": BEGAN})}
    result = {"imported": told.imported, "already_there": told.already_there, "rejected": 0, "there": list(told.there)}
    return Made(Part.whole(file), Intent(1, "import:00001.json", facts, 0, "done", result), "users", untold=False)


@pytest.mark.parametrize("shown", SENT[0].items())
def test_a_user_who_was_there_is_known_by_whatever_identifies_one(tmp_path: Path, shown: tuple[str, str]) -> None:
    job = made(tmp_path, dict([shown]))
    assert job.is_known
    assert [user["user_id"] for user in job.users(tmp_path, frozenset())] == ["2"]


@pytest.mark.parametrize("shown", [{}, {"email": "***"}, {"user_id": "elsewhere"}, {"name": "Ada"}])
def test_where_one_who_was_there_cannot_be_told_nobody_is_known_to_be_made(
    tmp_path: Path, shown: dict[str, Any]
) -> None:
    assert not made(tmp_path, shown).is_known


def test_one_user_told_twice_leaves_the_other_unknown(tmp_path: Path) -> None:
    three = [*SENT, {"user_id": "3", "email": "eve@example.com"}]
    assert not made(tmp_path, {"user_id": "1"}, {"email": "ada@example.com"}, sent=three).is_known


def test_ids_that_differ_only_in_letters_of_another_size_are_two_users(tmp_path: Path) -> None:
    two = [{"user_id": "a", "email": "ada@example.com"}, {"user_id": "A", "email": "bob@example.com"}]
    job = made(tmp_path, {"user_id": "A"}, sent=two)
    assert job.is_known
    assert [user["user_id"] for user in job.users(tmp_path, frozenset())] == ["a"]


def test_a_name_that_several_users_of_the_file_have_tells_nobody(tmp_path: Path) -> None:
    two = [{"user_id": "1", "username": "Ada"}, {"user_id": "2", "username": "ADA"}, {"user_id": "3"}]
    assert not made(tmp_path, {"username": "ada"}, sent=two).is_known


def test_whoever_was_made_before_the_job_is_not_of_the_job(tmp_path: Path) -> None:
    job = made(tmp_path, SENT[0])
    assert job.whose(BEGAN - 3600) == "before"
    assert job.whose(BEGAN - 5) == "made", "clocks of Auth0's own differ by some seconds"
    assert job.whose(BEGAN + 5) == "made"


def test_where_only_the_clock_here_told_when_the_job_began_it_may_have_been_wrong_by_a_day(tmp_path: Path) -> None:
    job = made(tmp_path, SENT[0], accepted_at=BEGAN)
    assert job.whose(BEGAN - 48 * 3600) == "before"
    assert job.whose(BEGAN - 3600) == "made"


def all_refused(users: int, *, a_file: int = 500) -> tuple[Journal, list[PreparedFile]]:
    """The journal of a run whose import jobs found every user there already."""
    journal, files = Journal(None, now=lambda: BEGAN), list[PreparedFile]()
    for number, first in enumerate(range(0, users, a_file)):
        file = PreparedFile(f"{number:05}.json", a_file, 0, "")
        facts = {"file": file.name, "users": a_file, "sha256": "", "upsert": False}
        there = [f"user-{each:09}" for each in range(first, first + a_file)]
        began = journal.begin(f"import:{file.name}", facts)
        journal.settle(began, "done", {"imported": 0, "already_there": a_file, "rejected": 0, "there": there})
        files.append(file)
    return journal, files


def most_memory(folder: Path, users: int) -> int:
    """Bytes that reading all their duplicates takes at once."""
    journal, files = all_refused(users)
    tracemalloc.start()
    try:
        assert sum(1 for _ in duplicates(journal, files, folder)) == users
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        journal.close()


def test_ten_times_as_many_duplicates_take_hardly_more_memory(tmp_path: Path) -> None:
    few, many = most_memory(tmp_path, 20_000), most_memory(tmp_path, 200_000)
    assert many < 2 * few + 300_000, "what grows are some numbers a file"
