"""Preparing a store: files, rejects and manifest, whatever the number of workers."""

import gzip
import hashlib
import json
import math
import os
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prepare_stage import HASH, ListSource, all_bytes, mapping, person, prepared_users, rejects

from wizard.bulk.manifest import read_file, read_manifest, require_manifest
from wizard.bulk.preparation.chunks import IMPORT_FILE_BYTES
from wizard.bulk.preparation.prepare import LeaveOut, Prepared, prepare, workers_for
from wizard.errors import Interrupted, SourceError, UsageError, WizardError
from wizard.events import Event, UsersPrepared, UsersRead
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import BadRecord

MAPPING = mapping()
DIRTY = (
    person(1),
    person(2, mail="nobody"),
    BadRecord("ragged_row", "it has 2 cells where the file has 10 columns"),
    person(4, mail="SAME@example.com"),
    person(5),
    person(6, id="a@example.com", hash="$1$abc$defghi"),
    person(7, mail="same@example.com", phone="+4930999999"),
    person(8, phone="+4930999999"),
    person(9, mail="same@example.com", hash=""),
    *(person(number) for number in range(10, 90)),
)


def made(rows: tuple[Any, ...], out: Path, *, size: int = 7, **options: Any) -> Prepared:
    source = ListSource(rows, size=size)
    return prepare(source, source.facts(), MAPPING, out, **options)


def test_every_record_is_prepared_or_rejected_with_a_reason(tmp_path: Path) -> None:
    prepared = made(DIRTY, tmp_path / "out")
    assert (prepared.read, prepared.prepared, prepared.rejected, prepared.skipped) == (89, 82, 7, 0)
    assert prepared.reasons == {
        "duplicate_email": 2,
        "duplicate_phone": 1,
        "email_invalid": 1,
        "password_missing": 1,
        "password_unsupported": 1,
        "ragged_row": 1,
    }
    assert [user["user_id"] for user in prepared_users(tmp_path / "out")] == [
        "u1",
        "u5",
        *(f"u{n}" for n in range(10, 90)),
    ]


def test_rejects_say_where_and_why_in_the_order_of_the_source(tmp_path: Path) -> None:
    made(DIRTY, tmp_path / "out", skip=["email_invalid"])
    found = rejects(tmp_path / "out")
    assert [each["record"] for each in found] == [2, 3, 4, 6, 7, 8, 9]
    assert [each["position"] for each in found] == [f"row {each['record']}" for each in found]
    assert [each["decision"] for each in found] == ["skip"] + [None] * 6
    assert [each["user_id"] for each in found] == ["u2", None, "u4", None, "u7", "u8", "u9"]
    assert found[2]["message"] == "the same e-mail address as other records, in any case of letters: row 7, row 9"
    assert found[4]["code"] == "duplicate_email"
    assert found[4]["message"].endswith("letters: row 4, row 9; the same telephone number as other records: row 8")


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"hash": ""}, "password_missing"),
        ({"hash": "$1$abc$defghi"}, "password_unsupported"),
        ({"login": "bad name"}, "username_invalid"),
        ({"id": " "}, "user_id_missing"),
        ({"first": "x" * 151}, "given_name_too_long"),
        ({"first": "bell\x07"}, "control_character"),
        ({"plan": "x" * 2_000}, "user_too_large"),
    ],
)
@pytest.mark.parametrize("shared", [{"mail": "Person1@example.com"}, {"phone": "+4930123456"}])
@pytest.mark.parametrize("workers", [0, 2])
def test_what_two_records_share_is_nobodys_though_one_of_them_is_rejected_anyway(
    cells: dict[str, Any], code: str, shared: dict[str, Any], workers: int, tmp_path: Path
) -> None:
    rows = (person(1, phone="+49 30 123456"), person(2, **cells | shared), person(3))
    prepared = made(rows, tmp_path / "out", max_file_bytes=1_000, workers=workers)
    assert [user["user_id"] for user in prepared_users(tmp_path / "out")] == ["u3"]
    first, second = rejects(tmp_path / "out")
    assert (first["code"], second["code"]) == (f"duplicate_{'email' if 'mail' in shared else 'phone'}", code)
    assert first["message"].endswith(": row 2")
    assert (prepared.rejected, prepared.reasons) == (2, {first["code"]: 1, code: 1})


def test_who_moved_before_keeps_what_nobody_else_can_have(tmp_path: Path) -> None:
    export = tmp_path / "export.ndjson.gz"
    export.write_bytes(gzip.compress(b'{"user_id":"auth0|u2"}\n'))
    rows = (person(1, mail="same@example.com"), person(2, mail="SAME@example.com"), person(3))
    source = ListSource(rows)
    prepared = prepare(source, source.facts(), MAPPING, tmp_path / "out", leave_out=LeaveOut(export, "legacy-users"))
    assert (prepared.migrated, prepared.prepared, prepared.reasons) == (1, 1, {"duplicate_email": 1})


@pytest.mark.parametrize("workers", [0, 2])
def test_notes_are_of_the_users_in_the_files_alone(workers: int, tmp_path: Path) -> None:
    rows = (
        person(1, hash=""),
        person(2, hash="", mail="same@example.com"),
        person(3, mail="same@example.com"),
        *(person(number) for number in range(4, 20)),
        person(20, hash="", phone="+4930999999"),
        person(21, hash="", phone="+4930999999", plan="x" * 11_000),
        person(22, plan="x" * 11_000),
    )
    lenient = mapping(passwords={"column": "hash", "missing": "without_password"})
    source = ListSource(rows)
    prepared = prepare(source, source.facts(), lenient, tmp_path / "out", workers=workers)
    assert prepared.reasons == {"duplicate_email": 2, "duplicate_phone": 2}
    assert prepared.notes == {"large_profile": 1, "without_password": 1}


@pytest.mark.parametrize(("nobody", "noted"), [(False, {"without_password": 2}), (True, {})])
def test_notes_are_of_those_who_have_not_moved(nobody: bool, noted: dict[str, int], tmp_path: Path) -> None:
    export = tmp_path / "export.ndjson.gz"
    export.write_bytes(gzip.compress(b'{"user_id":"auth0|u2"}\n'))
    bare = mapping(passwords={"missing": "without_password"})
    source = ListSource((person(1), person(2), person(3)))
    left_out = LeaveOut(export, "legacy-users", nobody=nobody)
    prepared = prepare(source, source.facts(), bare, tmp_path / "out", leave_out=left_out)
    assert (prepared.migrated, prepared.notes) == (1, noted)


def test_nobody_is_noted_who_is_too_large_for_a_file(tmp_path: Path) -> None:
    bare = mapping(passwords={"missing": "without_password"})
    source = ListSource((person(1), person(2, plan="x" * 2_000), person(3)))
    prepared = prepare(source, source.facts(), bare, tmp_path / "out", max_file_bytes=1_000)
    assert (prepared.reasons, prepared.notes) == ({"user_too_large": 1}, {"without_password": 2})


def test_skipped_rejects_are_counted_apart(tmp_path: Path) -> None:
    prepared = made(DIRTY, tmp_path / "out", skip=["email_invalid", "duplicate_email"])
    assert (prepared.rejected, prepared.skipped) == (4, 3)
    assert require_manifest(tmp_path / "out").skip == ("duplicate_email", "email_invalid")


@pytest.mark.parametrize(("workers", "size"), [(1, 7), (2, 7), (3, 2), (0, 1), (0, 1000)])
def test_the_bytes_do_not_depend_on_workers_or_blocks(workers: int, size: int, tmp_path: Path) -> None:
    made(DIRTY, tmp_path / "one", max_file_bytes=3000)
    made(DIRTY, tmp_path / "other", max_file_bytes=3000, workers=workers, size=size)
    assert all_bytes(tmp_path / "one") == all_bytes(tmp_path / "other")
    assert len(all_bytes(tmp_path / "one")) > 5


@given(
    people=st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", "p1", "p2"]), st.text(max_size=40)), max_size=30
    ),
    size=st.integers(1, 9),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_files_hold_exactly_the_users_whose_keys_are_theirs_alone(
    people: list[tuple[str, str, str]], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("law") / "out"
    rows = tuple(
        person(n, mail=f"{mail}@example.com", login=login, plan=plan, phone="")
        for n, (mail, login, plan) in enumerate(people)
    )
    prepared = made(rows, out, size=size, max_file_bytes=1000)
    valid = [found for row in rows if (found := getattr(MAPPING.map_one(row), "profile", None))]
    keys = [MAPPING.keys_of(row) for row in rows]
    mails, logins = Counter(each["email"] for each in keys), Counter(each.get("username") for each in keys)
    expected = [
        found
        for found in valid
        if mails[found["email"]] == 1 and (found.get("username") is None or logins[found["username"]] == 1)
    ]
    assert prepared_users(out) == expected
    assert prepared.read == len(rows) == prepared.prepared + prepared.rejected
    assert all(len(data) <= 1000 for name, data in all_bytes(out).items() if name.startswith("users/"))


def test_a_group_of_many_names_the_first_and_counts_the_rest(tmp_path: Path) -> None:
    made(tuple(person(n, phone="+4930999999") for n in range(1, 12)), tmp_path / "out")
    found = rejects(tmp_path / "out")
    assert len(found) == 11
    assert found[0]["message"].endswith("row 2, row 3, row 4 and 7 more")
    assert found[10]["message"].endswith("row 1, row 2, row 3 and 7 more")


@pytest.mark.parametrize("workers", [0, 2])
def test_the_other_records_are_named_by_their_place_however_far_away_it_is(workers: int, tmp_path: Path) -> None:
    near, far = "same@example.com", "far@example.com"
    rows = [f"{n},person{n}@example.com,{'x' * 200}" for n in range(1, 4_001)]
    rows[1], rows[3] = f'2,{near},"two\nlines"', f"4,{near},x"
    rows[2], rows[3_998] = f"3,{far},x", f'3999,{far},"three\nwhole\nlines"'
    (tmp_path / "users.csv").write_text("id,mail,note\n" + "\n".join(rows) + "\n", encoding="utf-8")
    source = open_source(SourceAnswers(path="users.csv"), secret=None, base=tmp_path)
    by_mail = mapping({"user_id": "id", "email": "mail"}, {"missing": "without_password"}, source.columns)
    prepare(source, source.facts(), by_mail, tmp_path / "out", workers=workers)
    found = rejects(tmp_path / "out")
    assert [each["position"] for each in found] == ["line 3", "line 5", "line 6", "line 4001"]
    others = [each["message"].rpartition(": ")[2] for each in found]
    assert others == ["line 6", "line 4001", "line 3", "line 5"]


def test_files_and_folders_are_their_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made(DIRTY, tmp_path / "out")
    finally:
        os.umask(old)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


def test_the_manifest_lists_what_is_there(tmp_path: Path) -> None:
    prepared = made(DIRTY, tmp_path / "out", max_file_bytes=5000)
    manifest = require_manifest(tmp_path / "out")
    files = all_bytes(tmp_path / "out")
    assert [f"users/{file.name}" for file in manifest.files] == sorted(
        name for name in files if name.startswith("users/")
    )
    for file in manifest.files:
        data = read_file(tmp_path / "out", file)
        assert (len(json.loads(data)), len(data), hashlib.sha256(data).hexdigest()) == (
            file.users,
            file.bytes,
            file.sha256,
        )
    assert hashlib.sha256(files["rejects.ndjson"]).hexdigest() == manifest.rejects["sha256"]
    assert manifest.totals["largest"] == prepared.largest <= 5000
    facts = ListSource(DIRTY).facts()
    assert manifest.made_from(source=facts.fingerprint, mapping=MAPPING.fingerprint, max_file_bytes=5000, skip=())
    assert not manifest.made_from(source="other", mapping=MAPPING.fingerprint, max_file_bytes=5000, skip=())


def test_a_file_that_was_changed_is_not_read(tmp_path: Path) -> None:
    made(DIRTY, tmp_path / "out")
    manifest = require_manifest(tmp_path / "out")
    (tmp_path / "out" / "users" / "00001.json").write_text("[]")
    with pytest.raises(WizardError, match="not the one that was prepared"):
        read_file(tmp_path / "out", manifest.files[0])


def test_files_are_packed_tightly(tmp_path: Path) -> None:
    prepared = made(tuple(person(n) for n in range(4000)), tmp_path / "out", size=300)
    users = prepared.bytes - prepared.files
    assert prepared.files <= 1.002 * math.ceil(users / (IMPORT_FILE_BYTES - 1)) + 1
    assert prepared.largest <= IMPORT_FILE_BYTES


def test_an_empty_store_gives_no_files_and_a_manifest(tmp_path: Path) -> None:
    prepared = made((), tmp_path / "out")
    assert (prepared.read, prepared.files, prepared.largest) == (0, 0, 0)
    assert (tmp_path / "out" / "rejects.ndjson").read_bytes() == b""
    assert require_manifest(tmp_path / "out").files == ()


def test_a_user_larger_than_a_file_is_rejected(tmp_path: Path) -> None:
    assert made((person(1, plan="x" * 2000),), tmp_path / "out", max_file_bytes=1500).reasons == {"user_too_large": 1}


def test_progress_counts_rejects_without_those_who_are_left_behind_as_decided(tmp_path: Path) -> None:
    events: list[Event] = []
    rows = [person(1), person(2, mail=""), person(3, mail="nobody"), person(4)]
    seconds = iter(range(1_000))
    made(tuple(rows), tmp_path / "out", size=1, skip=["email_missing"], emit=events.append, clock=lambda: next(seconds))
    told = [event for event in events if isinstance(event, UsersRead)]
    assert told[-1] == UsersRead(read=4, rejected=1, total=4)


def test_progress_is_told_at_most_four_times_a_second(tmp_path: Path) -> None:
    events: list[Event] = []
    ticks = iter(number / 100 for number in range(10_000))
    made(tuple(person(n) for n in range(300)), tmp_path / "out", size=1, emit=events.append, clock=lambda: next(ticks))
    *reading, last = events
    assert all(isinstance(event, UsersRead) and event.total == 300 for event in reading)
    assert 5 <= len(reading) <= 300 / 25
    assert isinstance(last, UsersPrepared)
    assert (last.read, last.prepared, last.files) == (300, 300, 1)


def test_preparing_again_replaces_what_was_there(tmp_path: Path) -> None:
    made(DIRTY, tmp_path / "out", max_file_bytes=1500)
    made(DIRTY, tmp_path / "out")
    made(DIRTY, tmp_path / "fresh")
    assert all_bytes(tmp_path / "out") == all_bytes(tmp_path / "fresh")


def test_a_store_that_changed_meanwhile_leaves_nothing(tmp_path: Path) -> None:
    source = ListSource(DIRTY, changed=True)
    with pytest.raises(SourceError, match="changed"):
        prepare(source, source.facts(), MAPPING, tmp_path / "out")
    assert all_bytes(tmp_path / "out") == {}


def test_a_store_with_other_records_than_counted_leaves_nothing(tmp_path: Path) -> None:
    class Longer(ListSource):
        def blocks(self, *, expect: str | None = None) -> Any:
            return super().blocks()

    with pytest.raises(SourceError, match="had 1 record, and now 89"):
        prepare(Longer(DIRTY), ListSource(DIRTY[:1]).facts(), MAPPING, tmp_path / "out")
    assert all_bytes(tmp_path / "out") == {}


def test_stopping_leaves_nothing_new_and_what_was_there_before(tmp_path: Path) -> None:
    made(DIRTY, tmp_path / "out")
    before = all_bytes(tmp_path / "out")
    asked = iter(range(100))
    with pytest.raises(Interrupted):
        made(DIRTY, tmp_path / "out", stop=lambda: next(asked) > 3)
    assert all_bytes(tmp_path / "out") == before


def test_a_folder_with_somebody_elses_users_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "ada.txt").write_text("mine")
    with pytest.raises(UsageError, match="did not make"):
        made(DIRTY, tmp_path)
    assert all_bytes(tmp_path) == {"users/ada.txt": b"mine"}


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WizardError, match="cannot be written") as caught:
        made(DIRTY, tmp_path / "file" / "out")
    assert caught.value.remedy


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wizard.bulk.preparation import spool

    def full(path: Path, **_: Any) -> Any:
        return Path("/dev/full").open("wb", buffering=0)

    monkeypatch.setattr(spool, "private", full)  # the first write of every worker goes to the full disk
    with pytest.raises(WizardError, match="the disk is full"):
        made(DIRTY, tmp_path / "out")
    assert all_bytes(tmp_path / "out") == {}


def test_a_disk_that_returns_other_bytes_than_were_written_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wizard.bulk.files import read_at
    from wizard.bulk.preparation import keys

    def rotten(descriptor: int, size: int, offset: int) -> bytes:
        data = read_at(descriptor, size, offset)
        return data.replace(b"\n", b" ") if b"@" in data else data

    monkeypatch.setattr(keys, "read_at", rotten)
    with pytest.raises(WizardError, match="does not keep what is written to it") as caught:
        made(DIRTY, tmp_path / "out")
    assert "other bytes than were written" in caught.value.why
    assert "another disk" in caught.value.remedy
    assert all_bytes(tmp_path / "out") == {}


def test_no_hash_and_no_address_is_in_rejects_or_manifest(tmp_path: Path) -> None:
    rows = (
        *DIRTY,
        person(200, mail="canary.person@example.com", hash="$1$canaryhash$x"),
        person(201, id="canary@example.com"),
    )
    made((*rows, person(202, id="canary@example.com")), tmp_path / "out")
    for name in ("rejects.ndjson", "manifest.json"):
        text = (tmp_path / "out" / name).read_text()
        assert "@" not in text
        assert "canaryhash" not in text
        assert HASH not in text


def test_workers_are_for_large_stores() -> None:
    assert workers_for("auto", 1000) == 0
    assert workers_for("auto", 10**6) == (2 if (os.cpu_count() or 1) > 1 else 0)
    assert workers_for(3, 10) == 3


def test_no_manifest_means_nothing_is_prepared(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    with pytest.raises(WizardError, match="no prepared files"):
        require_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(WizardError, match="damaged"):
        read_manifest(tmp_path)
