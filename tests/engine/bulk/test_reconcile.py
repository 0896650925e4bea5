"""Prepared users held against an export: what counts as the same, who is missing, and that nothing is given away."""

from __future__ import annotations

import asyncio
import gzip
import json
import stat
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from wizard.bulk.verification.comparison import Comparison, Outcome, Task
from wizard.bulk.verification.reconcile import Reconciliation, reconcile, reconcile_async
from wizard.errors import Interrupted, WizardError
from wizard.events import ComparisonAdvanced, Event

User = dict[str, Any]
HASH = "$2b$10$CanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanar"


@dataclass
class Stage:
    """A folder with prepared files and an export."""

    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "verify.ndjson"

    def prepared(self, *users: User, per_file: int = 3) -> list[Path]:
        files = []
        for start in range(0, max(1, len(users)), per_file):
            file = self.folder / f"{start // per_file + 1:05}.json"
            file.write_text(json.dumps(users[start : start + per_file], ensure_ascii=False), encoding="utf-8")
            files.append(file)
        return files

    def exported(self, *users: User | str) -> Path:
        lines = [user if isinstance(user, str) else json.dumps(user) for user in users]
        return self.raw(gzip.compress("".join(line + "\n" for line in lines).encode()))

    def raw(self, content: bytes) -> Path:
        export = self.folder / "export.ndjson.gz"
        export.write_bytes(content)
        return export

    def compare(
        self, files: list[Path], export: Path, *, refused: list[User] | None = None, there: list[User] | None = None
    ) -> Outcome:
        """What the comparing process does, in this one: the tests of the process itself are further down."""
        listed, folder = self.folder / "refused.ndjson", self.folder / "work"
        listed.write_text("".join(json.dumps(user) + "\n" for user in refused or []))
        folder.mkdir(exist_ok=True)
        task = Task([str(f) for f in files], str(export), str(self.out), str(folder), "acme-users", str(listed), 230, 1)
        if there is not None:
            duplicates = self.folder / "duplicates.ndjson"
            duplicates.write_text("".join(json.dumps({"user_id": user["user_id"]}) + "\n" for user in there))
            task = replace(task, duplicates=str(duplicates), ids_may_be_taken=True)
        with closing(Comparison(task, lambda stage, done, total: None)) as comparison:
            return comparison.run()

    def lines(self) -> list[User]:
        return [json.loads(line) for line in self.out.read_text().splitlines()]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def ada(**fields: Any) -> User:
    return {"email": "ada@example.com", "user_id": "legacy|1", "password_hash": HASH, **fields}


def stored(user: User, **fields: Any) -> User:
    """A user as an export holds it, with what Auth0 fills in."""
    email = user["email"].lower()
    kept = {name: value for name, value in user.items() if name not in ("password_hash", "mfa_factors")}
    return {
        "created_at": "2026-11-22T10:00:00.000Z",
        "name": email,
        "nickname": email.split("@")[0],
        "picture": "https://s.gravatar.com/avatar/0.png",
        "email_verified": False,
        "identities": [
            {"user_id": user["user_id"], "provider": "auth0", "connection": "acme-users", "isSocial": False}
        ],
        **kept,
        "email": email,
        "user_id": f"auth0|{user['user_id']}",
        **fields,
    }


SAME: dict[str, tuple[User, User]] = {
    "what Auth0 fills in": ({}, {"nickname": "ada", "name": "ada@example.com"}),
    "an e-mail address in lower case": ({"email": "Ada@Example.COM"}, {"email": "ada@example.com"}),
    "a username in lower case": ({"username": "AdaLovelace"}, {"username": "adalovelace"}),
    "a flag that is absent in Auth0": ({"blocked": False, "email_verified": False}, {"email_verified": None}),
    "a flag that was not given": ({}, {"blocked": False, "phone_verified": False}),
    "another order of keys": (
        {"app_metadata": {"a": 1, "b": {"x": 1, "y": [1, 2]}}},
        {"app_metadata": {"b": {"y": [1, 2], "x": 1}, "a": 1}},
    ),
    "another spelling of numbers": ({"user_metadata": {"n": [1.0, 1e2]}}, {"user_metadata": {"n": [1, 100]}}),
    "an empty object that Auth0 dropped": ({"user_metadata": {}}, {}),
    "metadata that were not given": ({}, {"app_metadata": {"from": "before"}}),
    "what the guards noted at a login": (
        {"app_metadata": {"plan": "gold"}},
        {"app_metadata": {"plan": "gold", "migration_metadata": "fetched", "migration_marked": "marked"}},
    ),
    "second factors, which no export shows": ({"mfa_factors": [{"phone": {"value": "+15551234567"}}]}, {}),
    "keys that look like SQL": ({"app_metadata": {"'; DROP TABLE x; --": '"'}},) * 2,
    "texts of every script": ({"given_name": "Ζωή 😀", "user_metadata": {"ключ": "\u2028\u0000é"}},) * 2,
    "a profile of a megabyte": ({"user_metadata": {"text": "y" * 1_000_000}},) * 2,
}

DIFFERENT: dict[str, tuple[User, User, list[str]]] = {
    "another e-mail address": ({}, {"email": "ida@example.com"}, ["email"]),
    "a note of the guards that was there before": (
        {"app_metadata": {"migration_marked": "no"}},
        {"app_metadata": {"migration_marked": "marked"}},
        ["app_metadata"],
    ),
    "a flag": ({"email_verified": True}, {"email_verified": False}, ["email_verified"]),
    "a flag that was not given but set": ({}, {"blocked": True}, ["blocked"]),
    "a text": ({"family_name": "Lovelace"}, {"family_name": "Byron"}, ["family_name"]),
    "a text in another case": ({"given_name": "Ada"}, {"given_name": "ADA"}, ["given_name"]),
    "a name that was replaced by the default": ({"name": "Ada"}, {"name": "ada@example.com"}, ["name"]),
    "a username that was lost": ({"username": "ada"}, {"username": None}, ["username"]),
    "a value in metadata": ({"app_metadata": {"a": {"b": 1}}}, {"app_metadata": {"a": {"b": 2}}}, ["app_metadata"]),
    "a key in metadata": ({"user_metadata": {"a": 1}}, {"user_metadata": {"a": 1, "b": 2}}, ["user_metadata"]),
    "metadata given as empty": ({"user_metadata": {}}, {"user_metadata": {"a": 1}}, ["user_metadata"]),
    "true is not 1": ({"user_metadata": {"a": True}}, {"user_metadata": {"a": 1}}, ["user_metadata"]),
    "text is not a number": ({"user_metadata": {"a": "1"}}, {"user_metadata": {"a": 1}}, ["user_metadata"]),
    "null is not absent": ({"user_metadata": {"a": None}}, {"user_metadata": {}}, ["user_metadata"]),
    "the order of a list": ({"app_metadata": {"a": [1, 2]}}, {"app_metadata": {"a": [2, 1]}}, ["app_metadata"]),
    "a number past 2**53 that was rounded": (
        {"app_metadata": {"id": 9007199254740993}},
        {"app_metadata": {"id": 9007199254740992}},
        ["app_metadata"],
    ),
    "several fields": (
        {"name": "Ada", "app_metadata": {"a": 1}, "blocked": True},
        {"name": "Ida", "app_metadata": {"a": 2}, "blocked": False},
        ["blocked", "name", "app_metadata"],
    ),
}


def numbered(cases: dict[str, Any]) -> list[tuple[User, Any]]:
    """Each case with a user of its own, so that one comparison answers for all."""
    users = []
    for number, (given, *rest) in enumerate(cases.values()):
        email = given.get("email", f"ada{number}@example.com")
        users.append((ada(**{**given, "user_id": f"legacy|{number}", "email": email}), rest))
    return users


def exported_case(user: User, changed: User) -> User:
    line = stored(user, **changed)
    return {name: value for name, value in line.items() if value is not None}


def test_users_that_mean_the_same_are_present(stage: Stage) -> None:
    users = numbered(SAME)
    export = stage.exported(*(exported_case(user, rest[0]) for user, rest in users))
    result = stage.compare(stage.prepared(*(user for user, _ in users)), export)
    assert stage.lines() == []
    assert (result.compared, result.present, result.fields) == (len(SAME), len(SAME), {})


def test_users_that_differ_are_listed_with_the_fields_that_do(stage: Stage) -> None:
    users = numbered(DIFFERENT)
    export = stage.exported(*(exported_case(user, rest[0]) for user, rest in users))
    result = stage.compare(stage.prepared(*(user for user, _ in users)), export)
    found = {line["user_id"]: line["fields"] for line in stage.lines()}
    wanted = {f"legacy|{number}": fields for number, (_, _, fields) in enumerate(DIFFERENT.values())}
    assert found == wanted
    assert result.different == len(DIFFERENT)
    assert result.fields["app_metadata"] == 5


def test_missing_extra_and_refused_users_are_counted_and_listed(stage: Stage) -> None:
    people = [ada(user_id=f"legacy|{n}", email=f"ada{n}@example.com") for n in range(6)]
    newcomer = stored(ada(user_id="other", email="zoe@example.com"))
    result = stage.compare(
        stage.prepared(*people),
        stage.exported(stored(people[0]), stored(people[1]), newcomer, newcomer),
        refused=[
            {"user_id": "legacy|1", "code": "DUPLICATED_USER"},
            {"user_id": "legacy|2", "email": "ada2@example.com", "code": "FORMAT"},
            {"user_id": None, "email": "ADA3@example.com", "code": "FORMAT"},
            {"user_id": "unknown", "code": "FORMAT"},
        ],
    )
    assert (result.compared, result.present, result.missing) == (6, 2, 2)
    assert (result.refused, result.different, result.extra) == (2, 0, 1)
    assert stage.lines() == [
        {"user_id": "legacy|4", "status": "missing", "file": "00002.json", "fields": []},
        {"user_id": "legacy|5", "status": "missing", "file": "00002.json", "fields": []},
        {"user_id": "legacy|2", "status": "refused", "file": "00001.json", "fields": []},
        {"user_id": "legacy|3", "status": "refused", "file": "00002.json", "fields": []},
        {"user_id": "auth0|other", "status": "extra", "fields": []},
    ]


def test_a_user_found_by_e_mail_under_another_id_is_different_in_user_id(stage: Stage) -> None:
    result = stage.compare(
        stage.prepared(ada(name="Ada")), stage.exported(stored(ada(name="Ida", user_id="63d16b60c55b3650a5c9fff9")))
    )
    assert stage.lines() == [
        {
            "user_id": "legacy|1",
            "status": "different",
            "file": "00001.json",
            "fields": ["user_id", "name"],
            "found_as": "auth0|63d16b60c55b3650a5c9fff9",
        }
    ]
    assert (result.different, result.missing, result.extra) == (1, 0, 0)


def test_an_e_mail_address_held_by_a_user_with_a_match_of_its_own_is_no_match(stage: Stage) -> None:
    bob = ada(user_id="2", email="bob@example.com")
    result = stage.compare(stage.prepared(ada(), bob), stage.exported(stored(ada(), email="bob@example.com")))
    assert {line["user_id"]: line["status"] for line in stage.lines()} == {"legacy|1": "different", "2": "missing"}
    assert result.fields == {"email": 1}


def test_of_users_refused_as_there_already_only_whose_address_nobody_has_is_told_to_be_somebody_else(
    stage: Stage,
) -> None:
    bob, cid, dan = (ada(user_id=name, email=f"{name}@example.com") for name in ("bob", "cid", "dan"))
    changed = ada(user_id="eve", email="eve@example.com", given_name="Eve")
    others = [
        stored(bob, email="somebody@example.org"),
        stored(cid, email="anybody@example.org"),
        stored(cid, user_id="auth0|cid-2", identities=None),
        stored(changed, given_name="Eva"),
        stored(ada(), email="new@example.com"),
    ]
    result = stage.compare(
        stage.prepared(ada(), bob, cid, dan, changed), stage.exported(*others), there=[bob, cid, dan, changed]
    )
    assert {line["user_id"]: line["status"] for line in stage.lines() if line["status"] != "extra"} == {
        "bob": "id_taken", "cid": "different", "dan": "missing", "eve": "different", "legacy|1": "different",
    }  # fmt: skip
    assert (result.taken, result.unfound, result.different, result.missing, result.present) == (1, 1, 3, 1, 0)
    assert result.fields["email"] == 2, "what another user has is no difference"


def test_counters_that_are_much_alike_are_told_apart(stage: Stage) -> None:
    # DuckDB's hash gives the first two one number, and the other two.
    ids = ["legacy|0000000000", "legacy|7000000050", "legacy|0000000001", "legacy|7000000051"]
    people = [ada(user_id=user_id, email=f"ada{n}@example.com") for n, user_id in enumerate(ids)]
    renamed = stored(ada(user_id="1", email="ada9@example.com"), name="legacy|7000000050")
    named = ada(user_id="1", email="ada9@example.com", name="legacy|0000000000")
    result = stage.compare(
        stage.prepared(*people, named), stage.exported(stored(people[1]), stored(people[2]), renamed)
    )
    assert (result.present, result.missing, result.different, result.extra) == (2, 2, 1, 0)


def test_only_one_auth0_prefix_is_taken_off(stage: Stage) -> None:
    user = ada(user_id="auth0|1")
    assert stage.compare(stage.prepared(user), stage.exported(stored(user))).present == 1


def test_users_of_other_connections_do_not_count(stage: Stage) -> None:
    def identity(connection: str, user_id: str) -> User:
        return {"connection": connection, "provider": "auth0", "user_id": user_id}

    elsewhere = stored(ada(user_id="9"), identities=[identity("staff", "9")])
    linked = stored(
        ada(), user_id="google-oauth2|77", identities=[identity("google", "77"), identity("acme-users", "legacy|1")]
    )
    result = stage.compare(stage.prepared(ada()), stage.exported(elsewhere, linked))
    assert (result.present, result.extra) == (1, 0)


def test_an_export_without_identities_is_taken_to_be_of_the_connection(stage: Stage) -> None:
    line = {name: value for name, value in stored(ada()).items() if name != "identities"}
    assert stage.compare(stage.prepared(ada()), stage.exported(line)).present == 1


def test_a_user_listed_twice_is_compared_with_both_lines(stage: Stage) -> None:
    user = ada(name="Ada")
    result = stage.compare(stage.prepared(user), stage.exported(stored(user), stored(user, name="Ida"), stored(user)))
    assert (result.compared, result.different, result.present, result.fields) == (1, 1, 0, {"name": 1})


def test_an_empty_export_means_that_all_are_missing(stage: Stage) -> None:
    assert stage.compare(stage.prepared(ada()), stage.exported()).missing == 1


def test_a_connection_without_prepared_users_has_only_extra_ones(stage: Stage) -> None:
    result = stage.compare(stage.prepared(), stage.exported(stored(ada())))
    assert (result.compared, result.extra) == (0, 1)


def test_a_half_surrogate_of_a_foreign_user_does_no_harm(stage: Stage) -> None:
    foreign = '{"user_id":"auth0|9","email":"zoe@example.com","user_metadata":{"mood":"\\ud83d"}}'
    result = stage.compare(stage.prepared(ada(name="Ada")), stage.exported(stored(ada(name="Ada")), foreign))
    assert (result.present, result.extra) == (1, 1)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"user_id": "auth0|2", "email": "secret@example.com"', "Line 2 of the export is not a JSON object"),
        ('["secret@example.com"]', "Line 2 of the export is not a JSON object"),
        ("null", "Line 2 of the export is not a JSON object"),
        ('{"email": "secret@example.com"}', "Line 2 of the export has no user_id"),
    ],
)
def test_a_line_that_is_no_user_is_named_without_its_content(stage: Stage, line: str, complaint: str) -> None:
    with pytest.raises(WizardError, match=complaint) as caught:
        stage.compare(stage.prepared(ada()), stage.exported(stored(ada()), line))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("cut", [0.5, 0.9999])
def test_an_export_that_is_cut_short_is_refused(stage: Stage, cut: float) -> None:
    lines = (json.dumps(stored(ada(user_id=f"{n}", email=f"ada{n}@example.com"))) for n in range(3_000))
    whole = gzip.compress("\n".join(lines).encode())
    with pytest.raises(WizardError, match="not whole") as caught:
        stage.compare(stage.prepared(ada()), stage.raw(whole[: int(len(whole) * cut)]))
    assert "asks Auth0 for a new export" in caught.value.remedy
    assert not stage.out.exists()


def test_an_export_that_is_no_gzip_is_refused(stage: Stage) -> None:
    with pytest.raises(WizardError, match="not whole"):
        stage.compare(stage.prepared(ada()), stage.raw(b"<html>expired</html>"))


@pytest.mark.parametrize("content", ["[{]", '{"email": "ada@example.com"}', "[null]", '[{"user_id": "1"}]'])
def test_a_prepared_file_that_holds_no_users_is_named(stage: Stage, content: str) -> None:
    files = stage.prepared(*(ada(user_id=f"{n}", email=f"ada{n}@example.com") for n in range(7)))
    files[1].write_text(content)
    with pytest.raises(WizardError, match=r"00002\.json"):
        stage.compare(files, stage.exported())


def told_to(stage: Stage, files: list[Path], export: Path, *, stop: bool = False) -> tuple[Reconciliation, list[Event]]:
    told: list[Event] = []
    result = reconcile(
        files, export, stage.out, connection="acme-users", refused=None, emit=told.append, stop=lambda: stop
    )
    return result, told


def test_a_prepared_file_that_is_gone_is_named(stage: Stage) -> None:
    with pytest.raises(WizardError, match=r"00009\.json"):
        told_to(stage, [stage.folder / "00009.json"], stage.exported())


def test_an_error_of_the_comparing_process_arrives_in_its_words(stage: Stage) -> None:
    with pytest.raises(WizardError, match="not whole") as caught:
        told_to(stage, stage.prepared(ada()), stage.raw(b"<html>expired</html>"))
    assert "asks Auth0 for a new export" in caught.value.remedy
    assert not stage.out.exists()


def test_paths_with_wildcards_and_quotes_are_taken_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "it's [a] *run* x=1?"
    folder.mkdir()
    stage = Stage(folder)
    result = stage.compare(stage.prepared(ada(), ada(user_id="2", email="bob@example.com")), stage.exported())
    assert result.missing == 2


def test_the_list_is_private_and_holds_neither_addresses_nor_hashes(stage: Stage) -> None:
    users = [ada(name="Ada"), ada(user_id="2", email="canary-missing@example.com")]
    extra = stored(ada(user_id="3", email="canary-extra@example.com"))
    result, told = told_to(stage, stage.prepared(*users), stage.exported(stored(users[0], name="Ida"), extra))
    said = stage.out.read_text() + repr(told) + repr(result)
    assert len(stage.lines()) == 3
    assert not [word for word in ("@example.com", "Ada", "Ida", "Canary", "canary") if word in said]
    assert stat.S_IMODE(stage.out.stat().st_mode) == 0o600


def test_nothing_stays_beside_the_list(stage: Stage) -> None:
    files, export = stage.prepared(ada()), stage.exported(stored(ada()))
    left_by_a_killed_process = stage.folder / ".working-verify.ndjson-x1"
    left_by_a_killed_process.mkdir()
    (left_by_a_killed_process / "spill").write_text("ada@example.com")
    told_to(stage, files, export)
    assert set(stage.folder.iterdir()) == {*files, export, stage.out}


def test_progress_is_told_by_stage(stage: Stage) -> None:
    _, told = told_to(stage, stage.prepared(ada(name="Ada")), stage.exported(stored(ada(name="Ida"))))
    assert told == [
        ComparisonAdvanced("prepared", 0, 1),
        ComparisonAdvanced("export", 0, 1),
        ComparisonAdvanced("export", 1, 1),
        ComparisonAdvanced("differences", 0, 1),
        ComparisonAdvanced("differences", 1, 1),
    ]


def large(stage: Stage, users: int = 30_000) -> tuple[list[Path], Path]:
    people = [ada(user_id=f"legacy|{n:09}", email=f"ada{n}@example.com", name=f"Ada {n}") for n in range(users)]
    export = stage.exported(*(stored(user) for user in people[: users - 7]))
    return stage.prepared(*people, per_file=5_000), export


def test_a_stop_ends_the_process_and_leaves_nothing(stage: Stage) -> None:
    files, export = large(stage)
    with pytest.raises(Interrupted):
        told_to(stage, files, export, stop=True)
    assert set(stage.folder.iterdir()) == {*files, export}


def test_killing_the_starter_ends_the_process_and_leaves_nothing(stage: Stage) -> None:
    files, export = large(stage)
    program = f"""
from pathlib import Path
from wizard.bulk.verification.reconcile import reconcile
reconcile({files!r}, {export!r}, {stage.out!r}, connection="acme-users", refused=None,
          emit=lambda event: print(event, flush=True), stop=lambda: False)
""".replace("PosixPath", "Path")
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        starter.stdout.readline()
        starter.kill()
    give_up = time.monotonic() + 30
    while list(stage.folder.glob(".working-*")) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not list(stage.folder.glob(".working-*"))


async def test_the_event_loop_relays_progress_and_gets_the_answer(stage: Stage) -> None:
    told: list[Event] = []
    result = await reconcile_async(
        stage.prepared(ada()),
        stage.exported(stored(ada())),
        stage.out,
        connection="acme-users",
        refused=None,
        emit=told.append,
        stop=lambda: False,
    )
    assert result.present == 1
    assert ComparisonAdvanced("export", 1, 1) in told


async def test_cancelling_ends_the_process_and_leaves_nothing(stage: Stage) -> None:
    files, export = large(stage)
    begun = asyncio.Event()
    work = asyncio.create_task(
        reconcile_async(
            files,
            export,
            stage.out,
            connection="acme-users",
            refused=None,
            emit=lambda event: begun.set(),
            stop=lambda: False,
        )
    )
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert set(stage.folder.iterdir()) == {*files, export}


def test_the_comparing_process_starts_without_an_event_loop_and_models() -> None:
    unneeded = {"asyncio", "pydantic", "httpx", "wizard.events", "wizard.answers"}
    code = f"import sys, wizard.bulk.verification.compare; print(*{unneeded} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
