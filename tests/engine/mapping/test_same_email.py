"""Several records with one e-mail address: the answers decide who is imported, and everybody is accounted for."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prepare_stage import HASH, PROFILE, ListSource, all_bytes, mapping, person, prepared_users, rejects

from wizard.bulk.preparation.prepare import Prepared, prepare
from wizard.bulk.preparation.spool import unread_of
from wizard.commands.prepare import told
from wizard.errors import UsageError
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import BadRecord
from wizard.mapping.moments import Order, unread
from wizard.mapping.table import Table
from wizard.profile import ProfileAnswers

COLUMNS = ("id", "mail", "login", "phone", "first", "last", "verified", "born", "plan", "hash", "made", "seen")
RULES = ("reject", "keep_newest", "keep_verified", "keep_most_recently_active")


def row(number: int, mail: str, *, verified: str = "no", made: Any = "", seen: Any = "", **cells: Any) -> Any:
    return (*person(number, mail=mail, verified=verified, **cells), made, seen)


def made(rows: tuple[Any, ...], out: Path, rule: str, *, date_order: str | None = None, **options: Any) -> Prepared:
    profile = {**PROFILE, "same_email": rule, "created": "made", "last_login": "seen", "date_order": date_order}
    source = ListSource(rows, columns=COLUMNS, size=3)
    return prepare(source, source.facts(), mapping(profile, columns=COLUMNS), out, **options)


TWINS = (
    row(1, "Twin@example.com", verified="yes", made="2020-01-01", seen="2024-05-01T10:00:00Z"),
    row(2, "alone@example.com"),
    row(3, "twin@example.com ", made="2023-01-01", seen=1_600_000_000),
    row(4, "TWIN@EXAMPLE.COM", made="2021-06-01", seen="2025-02-01 08:00:00+02:00"),
)


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("reject", None),
        ("keep_newest", "u3"),
        ("keep_verified", "u1"),
        ("keep_most_recently_active", "u4"),
    ],
)
@pytest.mark.parametrize("workers", [0, 2])
def test_the_answers_decide_who_is_imported(rule: str, kept: str | None, workers: int, tmp_path: Path) -> None:
    prepared = made(TWINS, tmp_path / "out", rule, workers=workers)
    ids = {user["user_id"] for user in prepared_users(tmp_path / "out")}
    assert ids == {"u2"} | ({kept} if kept else set())
    left = rejects(tmp_path / "out")
    if kept is None:
        assert (prepared.rejected, prepared.skipped) == (3, 0)
        assert {line["code"] for line in left} == {"duplicate_email"}
    else:
        assert (prepared.rejected, prepared.skipped) == (0, 2)
        assert {(line["code"], line["decision"]) for line in left} == {("email_not_preferred", "skip")}
        assert all(line["message"].endswith(f": row {kept[1:]}") for line in left)


@pytest.mark.parametrize(
    ("rule", "cells"),
    [
        ("keep_verified", [{"verified": "yes"}, {"verified": "yes"}, {}]),
        ("keep_verified", [{}, {}]),
        ("keep_newest", [{"made": "2024-01-01"}, {"made": "2024-01-01T00:00:00Z"}, {"made": "2020-01-01"}]),
        ("keep_newest", [{"made": ""}, {"made": "0000-00-00 00:00:00"}]),
        ("keep_most_recently_active", [{"seen": None}, {"seen": "never"}]),
    ],
)
def test_where_nobody_or_several_are_preferred_all_are_rejected(
    rule: str, cells: list[dict[str, Any]], tmp_path: Path
) -> None:
    rows = tuple(row(number, "same@example.com", **each) for number, each in enumerate(cells, 1))
    prepared = made(rows, tmp_path / "out", rule)
    assert (prepared.prepared, prepared.rejected, prepared.skipped) == (0, len(rows), 0)
    assert prepared.reasons == {"duplicate_email": len(rows)}


@pytest.mark.parametrize("workers", [0, 2])
def test_moments_that_cannot_be_read_rank_last_and_are_counted(workers: int, tmp_path: Path) -> None:
    rows = (
        row(1, "ada@example.com", seen="24.12.2022 17:30"),
        row(2, "ada@example.com", seen="12/24/2023"),
        row(3, "kim@example.com", seen="05/06/2023"),
        row(4, "kim@example.com", seen="06/05/2022"),
        row(5, "", seen="last week"),
        row(6, "bob@example.com", seen="never"),
    )
    prepared = made(rows, tmp_path / "out", "keep_most_recently_active", workers=workers)
    assert [user["user_id"] for user in prepared_users(tmp_path / "out")] == ["u1", "u6"]
    assert prepared.reasons == {"duplicate_email": 2, "email_missing": 1, "email_not_preferred": 1}
    assert prepared.notes == {"unread seen either": 2, "unread seen month": 1, "unread seen other": 1}
    assert [*told(prepared.notes)] == [
        "4 values of seen cannot be read as a moment. Set date_order in [profile] to month; dates with a part above 12 show "
        "that it comes first. same_email takes them for the oldest."
    ]
    decided = made(rows, tmp_path / "decided", "keep_most_recently_active", workers=workers, date_order="month")
    assert [user["user_id"] for user in prepared_users(tmp_path / "decided")] == ["u2", "u3", "u6"]
    assert decided.notes == {"unread seen other": 1}


def test_moments_are_not_looked_at_where_they_decide_nothing(tmp_path: Path) -> None:
    prepared = made((row(1, "ada@example.com", seen="soon", made="soon"),), tmp_path / "out", "keep_verified")
    assert prepared.notes == {}


CELLS = st.sampled_from(
    (
        *("", "never", "soon", "é", '"', "2023-12-24", "2023/12/24", "20231224", "24.12.2023", " 24.12.2023 17:30 "),
        *("12/24/2023", "24/12/2023", "05/06/2023", "1703438000", "1703438000000", "Sun, 24 Dec 2023 17:30:00 GMT"),
    )
)


@settings(deadline=None)
@given(cells=st.lists(CELLS, min_size=1, max_size=8), order=st.sampled_from([None, "day", "month"]))
def test_a_block_and_a_record_have_the_same_rank(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], order: Order | None
) -> None:
    path = tmp_path_factory.mktemp("ranks") / "users.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        listed = [(str(number), f"u{number}@example.com", cell) for number, cell in enumerate(cells)]
        csv.writer(file).writerows([("id", "mail", "seen"), *listed])
    source = open_source(
        SourceAnswers(path=str(path), encoding="utf-8", delimiter=",", quote='"'), secret=None, base=path
    )
    rule = {"same_email": "keep_most_recently_active", "last_login": "seen", "date_order": order}
    compiled = mapping({"user_id": "id", "email": "mail", **rule}, {"missing": "without_password"}, source.columns)
    assert compiled.preference is not None
    for block in source.blocks():
        table = Table.of(block, 3)
        ranks = compiled.preference.ranks(table, compiled.map_table(table, 1 << 20))
        rows = [values for values in block.rows() if not isinstance(values, BadRecord)]
        assert ranks == [compiled.preference.rank(values, compiled.keys_of(values)) for values in rows]
        assert unread_of(compiled.preference, table, ranks) == unread("seen", (values[2] for values in rows), order)


def test_the_same_person_twice_is_imported_once_though_other_keys_are_shared_too(tmp_path: Path) -> None:
    rows = (
        row(1, "ada@example.com", made="2020-01-01", login="ada", phone="+4930123456"),
        row(2, "ada@example.com", made="2022-01-01", login="ada", phone="+4930123456"),
        row(1, "ada@example.com", made="2021-01-01"),
        row(4, "kim@example.com", login="kim"),
    )
    prepared = made(rows, tmp_path / "out", "keep_newest")
    assert [user["user_id"] for user in prepared_users(tmp_path / "out")] == ["u2", "u4"]
    assert prepared.reasons == {"email_not_preferred": 2}


def test_who_is_preferred_may_still_share_a_username_with_somebody_else(tmp_path: Path) -> None:
    rows = (
        row(1, "ada@example.com", made="2020-01-01", login="one"),
        row(2, "ada@example.com", made="2022-01-01", login="two"),
        row(3, "kim@example.com", login="two"),
    )
    prepared = made(rows, tmp_path / "out", "keep_newest")
    assert prepared.reasons == {"email_not_preferred": 1, "duplicate_username": 2}
    assert prepared.prepared == 0


@pytest.mark.parametrize("cells", [{"hash": ""}, {"phone": "12"}, {"id": ""}])
@pytest.mark.parametrize("rule", RULES[1:])
def test_nobody_takes_the_place_of_one_who_is_preferred_and_rejected(
    rule: str, cells: dict[str, Any], tmp_path: Path
) -> None:
    rows = (
        row(1, "ada@example.com", made="2020-01-01", seen="2020-01-01"),
        row(2, "ada@example.com", made="2022-01-01", seen="2022-01-01", verified="yes", **cells),
        row(3, "kim@example.com"),
    )
    prepared = made(rows, tmp_path / "out", rule)
    assert [user["user_id"] for user in prepared_users(tmp_path / "out")] == ["u3"]
    assert (prepared.rejected, prepared.skipped, prepared.reasons["email_not_preferred"]) == (1, 1, 1)


@pytest.mark.parametrize("rule", RULES[1:])
def test_one_who_is_rejected_and_not_preferred_is_in_nobodys_way(rule: str, tmp_path: Path) -> None:
    rows = (
        row(1, "ada@example.com", made="2020-01-01", seen="2020-01-01", hash=""),
        row(2, "ada@example.com", made="2022-01-01", seen="2022-01-01", verified="yes"),
    )
    prepared = made(rows, tmp_path / "out", rule)
    assert [user["user_id"] for user in prepared_users(tmp_path / "out")] == ["u2"]
    assert (prepared.rejected, prepared.reasons) == (1, {"password_missing": 1})


def test_verified_in_metadata_is_not_verified(tmp_path: Path) -> None:
    columns = ("id", "mail", "verified", "data", "hash")
    profile = {
        "user_id": "id",
        "email": "mail",
        "email_verified": "verified",
        "user_metadata": {"column": "data", "transforms": ["json"]},
        "same_email": "keep_verified",
    }
    rows = (
        ("1", "ada@example.com", "no", '{"email_verified": true}', HASH),
        ("2", "ada@example.com", "yes", "{}", HASH),
    )
    source = ListSource(rows, columns=columns)
    prepare(source, source.facts(), mapping(profile, columns=columns), tmp_path / "out")
    assert [user["user_id"] for user in prepared_users(tmp_path / "out")] == ["2"]


@settings(deadline=None, max_examples=30)
@given(
    people=st.lists(
        st.tuples(
            st.sampled_from("abc"), st.booleans(), st.integers(0, 3), st.sampled_from(["", "x", "not an address"])
        ),
        min_size=1,
        max_size=25,
    ),
    rule=st.sampled_from(RULES),
)
def test_everybody_is_accounted_for_and_no_address_is_imported_twice(
    tmp_path_factory: pytest.TempPathFactory, people: list[tuple[str, bool, int, str]], rule: str
) -> None:
    rows = tuple(
        row(
            number,
            f"{name}@example.com" if suffix != "x" else suffix,
            verified="yes" if sure else "no",
            made=year * 10**9,
        )
        for number, (name, sure, year, suffix) in enumerate(people, 1)
    )
    out = tmp_path_factory.mktemp("same") / "out"
    alone = made(rows, out, rule)
    assert alone.read == len(rows) == alone.prepared + alone.rejected + alone.skipped
    users = prepared_users(out)
    assert len({user["email"] for user in users}) == len(users) == alone.prepared
    groups: dict[str, list[tuple[int, int]]] = {}
    for number, (name, sure, year, suffix) in enumerate(people, 1):
        if suffix != "x":
            rank = {"keep_verified": int(sure), "keep_newest": year}.get(rule, 0)
            groups.setdefault(name, []).append((rank, number))
    expected = {f"u{best}" for best in map(_kept, groups.values()) if best}
    assert {user["user_id"] for user in users} == expected


def _kept(group: list[tuple[int, int]]) -> int:
    """Who is imported of a group by what the words of the decision say."""
    if len(group) == 1:
        return group[0][1]
    highest = max(rank for rank, _ in group)
    best = [number for rank, number in group if rank == highest]
    return best[0] if highest and len(best) == 1 else 0


def test_files_are_the_same_whatever_the_number_of_workers(tmp_path: Path) -> None:
    rows = tuple(row(n, f"p{n % 40}@example.com", made=f"20{n % 90 + 10}-01-01") for n in range(1, 300))
    made(rows, tmp_path / "none", "keep_newest", workers=0)
    made(rows, tmp_path / "two", "keep_newest", workers=2)
    assert all_bytes(tmp_path / "none") == all_bytes(tmp_path / "two")


@pytest.mark.parametrize("rule", RULES[1:])
def test_a_decision_without_what_it_goes_by_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=f'same_email = "{rule}" needs'):
        ProfileAnswers.model_validate({"user_id": "id", "email": "mail", "same_email": rule})


def test_a_column_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="created asks for the column 'birth'"):
        mapping({**PROFILE, "same_email": "keep_newest", "created": "birth"})


def test_a_named_store_brings_the_columns_of_the_decision() -> None:
    from wizard.legacy.stores import preset

    profile: Mapping[str, Any] = preset("django")["profile"]
    assert (profile["created"], profile["last_login"]) == ("date_joined", "last_login")
    assert "last_login" not in preset("keycloak")["profile"]


def test_the_decision_holds_for_a_csv_file_too(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(
        "id,mail,seen\n1,ada@example.com,2024-01-01\n2,Ada@example.com,2025-01-01\n3,kim@example.com,\n"
    )
    source = open_source(SourceAnswers(path="users.csv"), secret=None, base=tmp_path)
    profile = {"user_id": "id", "email": "mail", "same_email": "keep_most_recently_active", "last_login": "seen"}
    prepared = prepare(
        source,
        source.facts(),
        mapping(profile, {"missing": "without_password"}, columns=source.columns),
        tmp_path / "out",
    )
    assert (prepared.prepared, prepared.skipped) == (2, 1)
    assert {user["user_id"] for user in prepared_users(tmp_path / "out")} == {"2", "3"}
