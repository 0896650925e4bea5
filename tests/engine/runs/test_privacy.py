"""Secrets, password hashes and e-mail addresses stay where they belong, also when things go wrong."""

import csv
import io
import os
import signal
import stat
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from kill_stage import Command, Outcome, Served, serving, template, write_store
from rehearsal import COLUMNS, CountingTransport, Rehearsal, known_hash, person, shape

from wizard.errors import WizardError
from wizard.practice.fault_rules import FailedJob
from wizard.practice.faults import Faults
from wizard.practice.switches import Switches

MD5 = "8f1d3c5b7a9e0f2d4c6b8a7e9f1d3c5b"
OTHER_COST = "$2b$12$" + "CanaryCanaryCanaryCanary.CanaryCanaryCanaryCanaryCana"
HASHES = (MD5, OTHER_COST[7:], OTHER_COST)
EMAIL = "canary."
"""How every address in the store begins, and nothing else."""


SAYS = f"{EMAIL}1@example.com {OTHER_COST}"
"""Words that a careless answer might quote."""


def people() -> list[dict[str, str]]:
    """Users of every fate."""

    def canary(number: int, **cells: str) -> dict[str, str]:
        return {**person(number), "mail": f"{EMAIL}{number}@example.com", **cells}

    return [
        *(canary(number) for number in range(1, 6)),
        canary(6, password_hash=MD5),
        canary(7, mail=f"{EMAIL}broken@@example.com"),
        canary(8, mail=f"{EMAIL}twice@example.com"),
        canary(9, mail=f"{EMAIL}twice@example.com"),
        canary(10, password_hash=OTHER_COST),
        canary(11, first="", last=""),
        canary(12, phone="+49 canary"),
    ]


def write_canaries(folder: Path) -> None:
    with (folder / "users.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(people())


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def served(state: Path, tmp_path: Path) -> Iterator[Served]:
    """A tenant that refuses some hashes, and fails a job with words that it should not use."""
    faults = Faults([FailedJob(action="failed_job", message=f"Cannot read {SAYS}", nth=frozenset({1}))])
    switches = Switches(bcrypt_other_costs="refused")
    with serving(state, tmp_path, faults=faults, switches=switches) as tenant:
        write_store(tmp_path, tenant)
        write_canaries(tmp_path)
        yield tenant


def applying(folder: Path, secret: str) -> Command:
    arguments = ["apply", "answers.toml", "--yes", "--json", "--runs", "runs", "--log-file", "log.txt"]
    return Command(folder, *arguments, secret=secret)


def found_in(root: Path, words: Sequence[str]) -> set[str]:
    """Names of files below a folder that hold one of the words, in whatever letters."""
    wanted = [word.lower().encode() for word in words]
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and any(word in path.read_bytes().lower() for word in wanted)
    }


def check_told(outcome: Outcome, folder: Path, secret: str) -> None:
    """Nothing personal and no secret was said or logged."""
    said = outcome.out + outcome.err + (folder / "log.txt").read_text(encoding="utf-8")
    assert [word for word in (secret, EMAIL, known_hash(), *HASHES) if word in said] == []
    assert "Traceback" not in said


def check_kept(folder: Path, secret: str) -> None:
    """The folder of runs holds users in their files alone, and the secret nowhere."""
    assert found_in(folder / "runs", [secret]) == set()
    users = found_in(folder / "runs", [EMAIL, known_hash(), *HASHES])
    assert {Path(name).parent.name for name in users} <= {"users"}
    for path in (folder / "runs").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_whole_run_tells_and_keeps_nothing_that_it_must_not(tmp_path: Path, served: Served) -> None:
    secret = served.tenant.client_secret
    outcome = applying(tmp_path, secret).end()
    assert outcome.code == 3, outcome.err
    users = outcome.answer["users"]
    assert users["read"] == len(people())
    assert users["rejected"] >= 4
    check_told(outcome, tmp_path, secret)
    check_kept(tmp_path, secret)
    assert found_in(tmp_path / "runs", [EMAIL]), "the search itself works"
    assert stat.S_IMODE((tmp_path / "log.txt").stat().st_mode) == 0o600


def test_a_wrong_secret_is_not_repeated_to_anybody(tmp_path: Path, served: Served) -> None:
    secret = "canary-wrong-secret"
    outcome = applying(tmp_path, secret).end()
    assert outcome.code == 4
    check_told(outcome, tmp_path, secret)
    check_kept(tmp_path, secret)


def test_a_secret_written_into_the_answers_is_refused_without_being_repeated(tmp_path: Path, served: Served) -> None:
    secret = served.tenant.client_secret
    file = tmp_path / "answers.toml"
    file.write_text(file.read_text().replace("env:PRACTICE_SECRET", secret).replace("sample = 5", "sample = -5"))
    outcome = applying(tmp_path, secret).end()
    assert outcome.code == 2
    assert {(problem["table"], problem["key"]) for problem in outcome.answer["problems"]} == {
        ("tenant", "client_secret"),
        ("verify", "sample"),
    }
    check_told(outcome, tmp_path, secret)
    assert served.guillotine.requests == []


def test_a_run_killed_amid_its_upload_keeps_nothing_that_it_must_not(tmp_path: Path, served: Served) -> None:
    secret = served.tenant.client_secret
    gate = served.guillotine
    gate.at, gate.when = "GET /api/v2/jobs/{id}", "before"
    process = applying(tmp_path, secret)
    gate.kill = lambda: process.send(signal.SIGKILL)
    outcome = process.end()
    assert outcome.code == -9
    assert list((tmp_path / "runs").glob("*/journal.db-wal"))
    check_told(outcome, tmp_path, secret)
    check_kept(tmp_path, secret)


def test_files_of_users_are_private_from_their_first_moment(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    write_canaries(stage.folder)
    seen: set[str] = set()

    def look(_: object) -> None:
        for path in stage.runs.folder.rglob("*"):
            if path.is_file():
                assert path.stat().st_mode & 0o077 == 0, path
                assert path.parent.stat().st_mode & 0o077 == 0, path
                seen.add(path.name)

    before = os.umask(0)
    try:
        stage.apply(watch=look)
    finally:
        os.umask(before)
    assert {"00001.json", "export.ndjson.gz", "journal.db", "answers.toml"} <= seen


# A tenant that talks nonsense.


class Nonsense(CountingTransport):
    """Answers requests of one shape with nonsense."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, at: str, make: Callable[[httpx.Response], httpx.Response]
    ) -> None:
        super().__init__(inner)
        self._at = at
        self._make = make
        self.talked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if shape(request.method, request.url.path) != self._at:
            return response
        await response.aread()
        self.talked += 1
        return self._make(response)


NONSENSE: dict[str, Callable[[httpx.Response], httpx.Response]] = {
    "html": lambda answer: httpx.Response(200, html=f"<html>{SAYS}</html>"),
    "null": lambda answer: httpx.Response(200, json=None),
    "text": lambda answer: httpx.Response(200, json=SAYS),
    "list": lambda answer: httpx.Response(200, json=[SAYS, 1, None, [], {}]),
    "other object": lambda answer: httpx.Response(200, json={SAYS: SAYS}),
    "wrong types": lambda answer: httpx.Response(200, json=_twisted(answer)),
    "quotes": lambda answer: httpx.Response(200, json=_quoting(answer)),
    "refusal": lambda answer: httpx.Response(400, json={"message": SAYS, "error": SAYS, "errorCode": SAYS}),
    "odd refusal": lambda answer: httpx.Response(418, json=[SAYS]),
    "half": lambda answer: httpx.Response(200, content=answer.content[: len(answer.content) // 2]),
}


def _quoting(answer: httpx.Response) -> Any:
    """The answer with every text in it replaced."""

    def quote(value: Any) -> Any:
        match value:
            case dict():
                return {key: quote(part) for key, part in value.items()}
            case list():
                return [quote(part) for part in value]
            case str():
                return SAYS
            case _:
                return value

    try:
        return quote(answer.json())
    except ValueError:
        return SAYS


def _twisted(answer: httpx.Response) -> Any:
    """The answer with every value of another type."""

    def twist(value: Any) -> Any:
        match value:
            case dict():
                return {key: twist(part) for key, part in value.items()}
            case list():
                return [twist(part) for part in value]
            case bool() | None:
                return SAYS
            case str():
                return 7
            case _:
                return [SAYS]

    try:
        return twist(answer.json())
    except ValueError:
        return SAYS


SHAPES = [
    "POST /oauth/token",
    "GET /api/v2/tenants/settings",
    "GET /api/v2/connections",
    "GET /api/v2/clients",
    "POST /api/v2/connections",
    "GET /api/v2/connections/{id}/clients",
    "PATCH /api/v2/connections/{id}/clients",
    "POST /api/v2/jobs/users-imports",
    "GET /api/v2/jobs/{id}",
    "GET /api/v2/jobs/{id}/errors",
    "POST /api/v2/jobs/users-exports",
    "GET /exports/{id}/practice.json.gz",
    "GET /api/v2/users-by-email",
    "GET /api/v2/users",
]


@pytest.mark.parametrize("at", SHAPES)
def test_nonsense_in_any_answer_is_told_without_personal_data_and_with_a_remedy(tmp_path: Path, at: str) -> None:
    stage = Rehearsal(tmp_path, settings={"switches": Switches(bcrypt_other_costs="refused")})
    write_canaries(stage.folder)
    flags = () if "exports" in at or at == "GET /api/v2/jobs/{id}" else ('verify.depth="sample"',)
    talked = 0
    for name, make in NONSENSE.items():
        stage.transport = nonsense = Nonsense(stage.tenant.transport(), at, make)
        try:
            stage.apply(*flags)
        except WizardError as error:
            assert error.remedy
            told = io.StringIO()
            traceback.print_exception(error, file=told)
            assert [word for word in (EMAIL, known_hash(), *HASHES) if word in told.getvalue()] == [], name
        talked += nonsense.talked
    assert talked
    if "/jobs" in at:  # afterwards the run can still be completed
        stage.transport = stage.tenant.transport()
        progress = stage.apply(*flags)
        assert (progress.verdict, progress.adds_up) == ("attention", True)
    check_kept(stage.folder, stage.tenant.client_secret)
    said = repr(stage.events)
    assert [word for word in (EMAIL, known_hash(), *HASHES) if word in said] == []
