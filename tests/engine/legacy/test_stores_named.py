"""Stores by name: each is recognised, and its users become the Auth0 users that an operator would expect."""

from __future__ import annotations

import json
import pickle
import sqlite3
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from named_exports import (
    AUTH0,
    AUTH0_HASHES,
    BCRYPT,
    CASES,
    CLERK_JSON,
    KEYCLOAK,
    LARAVEL,
    SUPABASE,
    lines,
)

from wizard.answers import from_tables
from wizard.errors import SourceError
from wizard.legacy import open_source, recognised
from wizard.legacy.answers import SourceAnswers, StoreKey
from wizard.legacy.source import BadRecord, LegacySource
from wizard.legacy.stores import STORES, columns_named, preset
from wizard.legacy.stores.store import DeletedUser, NotAUser
from wizard.mapping import User, compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers


def opened(path: Path, **answers: Any) -> LegacySource:
    return open_source(SourceAnswers(path=str(path), **answers), secret=None, base=Path())


def users_of(source: LegacySource, store: str) -> list[dict[str, Any]]:
    """What Auth0 would get, every password decided to be left out where it cannot travel.

    How hashes are translated is not shown here; that they are found is.
    """
    tables = preset(store)
    passwords = {**tables.get("passwords", {}), "unsupported": "without_password", "missing": "without_password"}
    mapping = compile_mapping(
        ProfileAnswers.model_validate(tables["profile"]), PasswordsAnswers.model_validate(passwords), source.columns
    )
    found: list[dict[str, Any]] = []
    for block in source.blocks(expect=source.facts().fingerprint):
        rows = list(pickle.loads(pickle.dumps(block)).rows())  # noqa: S301
        assert len(rows) == block.count
        for row in rows:
            mapped = row if isinstance(row, BadRecord) else mapping.map_one(row)
            profile = mapped.profile if isinstance(mapped, User) else {"bad": mapped.code}
            found.append({key: value for key, value in profile.items() if key != "custom_password_hash"})
    return found


@pytest.mark.parametrize(
    ("store", "text", "expected"), CASES, ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)]
)
def test_a_store_is_recognised_and_mapped(
    tmp_path: Path, store: str, text: str, expected: list[dict[str, Any]]
) -> None:
    path = tmp_path / "export"
    path.write_text(text)
    answers = SourceAnswers(path=str(path))
    assert recognised(answers, opened(path), Path()) == store
    assert users_of(opened(path, store=store), store) == expected


def test_every_store_has_its_case_and_its_name_in_the_answers() -> None:
    assert {case[0] for case in CASES} == set(STORES) == set(get_args(StoreKey))


@pytest.mark.parametrize("store", STORES.values(), ids=list(STORES))
def test_the_answers_of_a_store_are_valid_and_name_columns_that_are_there(store: Any) -> None:
    ProfileAnswers.model_validate(store.profile)
    PasswordsAnswers.model_validate(store.passwords)
    assert set(store.made) >= {column for column in (store.passwords.get("column"),) if column in store.made}
    assert all(columns_named(store))


@settings(max_examples=200)
@given(st.data())
def test_no_record_however_odd_breaks_a_store(data: st.DataObject) -> None:
    junk = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "Name", "Value", "id", "value", "method", "secret", "secretData"]), inner
            )
        ),
        max_leaves=6,
    )
    store = data.draw(st.sampled_from(list(STORES.values())))
    asked = [
        "credentials",
        "Attributes",
        "email_addresses",
        "twoFactor.methods",
        "identifiers",
        "user_id",
        "factor",
        "salt",
    ]
    row = data.draw(st.dictionaries(st.sampled_from([*asked, "password", "passwordHash", "encryptionScheme"]), junk))
    try:
        made = store.make(row)
    except (NotAUser, DeletedUser, TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return
    assert set(made) <= set(store.made)


def test_a_password_of_keycloak_is_its_credential(tmp_path: Path) -> None:
    path = tmp_path / "realm.json"
    path.write_text(json.dumps(KEYCLOAK))
    source = opened(path, store="keycloak")
    first, second = source.sample()
    at = source.columns.index("password")
    assert json.loads(first.values[at]) == {
        "type": "password",
        "credentialData": '{"hashIterations":27500,"algorithm":"pbkdf2-sha256"}',
        "secretData": '{"value":"aGFzaA==","salt":"c2FsdA=="}',
    }
    assert second.values[at] is None


def test_codes_that_auth0_cannot_check_are_left_out(tmp_path: Path) -> None:
    odd = json.loads(json.dumps(KEYCLOAK))
    odd["users"][0]["credentials"][1]["credentialData"] = '{"subType":"totp","digits":8,"period":30}'
    path = tmp_path / "realm.json"
    path.write_text(json.dumps(odd))
    assert "mfa_factors" not in users_of(opened(path, store="keycloak"), "keycloak")[0]


def test_hashes_from_support_are_merged_by_id(tmp_path: Path) -> None:
    people = [
        {"user_id": f"auth0|{number}", "email": f"u{number}@example.com", "identities": []} for number in range(1200)
    ]
    hashes = [{"_id": {"$oid": str(number)}, "passwordHash": BCRYPT} for number in range(0, 1200, 2)]
    (tmp_path / "users.ndjson").write_text(lines(people))
    (tmp_path / "hashes.ndjson").write_text(lines(hashes))
    source = opened(tmp_path / "users.ndjson", store="auth0", hashes=str(tmp_path / "hashes.ndjson"))
    found = users_of(source, "auth0")
    assert [("password_hash" in user) for user in found] == [number % 2 == 0 for number in range(1200)]
    expect = source.facts().fingerprint
    (tmp_path / "hashes.ndjson").write_text("")
    with pytest.raises(SourceError, match="changed"):
        list(source.blocks(expect=expect))


def test_two_hashes_for_one_user_are_refused(tmp_path: Path) -> None:
    (tmp_path / "users.ndjson").write_text(lines(AUTH0))
    (tmp_path / "hashes.ndjson").write_text(lines([AUTH0_HASHES[0], AUTH0_HASHES[0]]))
    with pytest.raises(SourceError, match="two hashes"):
        opened(tmp_path / "users.ndjson", store="auth0", hashes=str(tmp_path / "hashes.ndjson"))


def test_a_named_store_in_a_database_needs_no_table(tmp_path: Path) -> None:
    path = tmp_path / "blog.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """CREATE TABLE wp_users (ID INTEGER PRIMARY KEY, user_login, user_pass, user_email, user_registered, display_name);
            CREATE TABLE wp_usermeta (umeta_id INTEGER PRIMARY KEY, user_id, meta_key, meta_value);
            INSERT INTO wp_users VALUES (1, 'ann', '$P$Babc', 'ann@example.com', '2020-01-01', 'Ann');
            INSERT INTO wp_usermeta VALUES (1, 1, 'first_name', 'Ann'), (2, 1, 'wc_last_active', '1700000000');"""
        )
    connection.close()
    source = opened(path, kind="sql", store="wordpress")
    assert users_of(source, "wordpress") == [
        {"user_id": "1", "email": "ann@example.com", "name": "Ann", "given_name": "Ann"}
    ]
    assert source.facts().details["store"] == "WordPress wp_users"


SECTIONS = (SourceAnswers, ProfileAnswers, PasswordsAnswers)


def test_the_name_of_a_store_fills_in_what_the_answers_leave_out() -> None:
    answers = from_tables({"source": {"path": "realm.json", "store": "keycloak"}}, SECTIONS)
    assert answers[ProfileAnswers].user_id == "id"
    assert answers[PasswordsAnswers].column == "password"


def test_what_the_operator_writes_wins_over_the_store() -> None:
    tables = {
        "source": {"path": "x", "store": "keycloak"},
        "profile": {"nickname": "username"},
        "passwords": {"column": "hash"},
    }
    answers = from_tables(tables, SECTIONS)
    assert (answers[ProfileAnswers].nickname, answers[ProfileAnswers].email) == ("username", "email")
    assert answers[PasswordsAnswers].column == "hash"


def test_a_complete_profile_stands_for_itself() -> None:
    tables = {"source": {"path": "x", "store": "keycloak"}, "profile": {"user_id": "id", "email": "email"}}
    assert from_tables(tables, SECTIONS)[ProfileAnswers].given_name is None


def test_seeing_a_file_as_another_store_gives_it_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps(CLERK_JSON))
    prints = {opened(path, store=store).facts().fingerprint for store in ("clerk", "mongodb", "okta")}
    assert len(prints | {opened(path).facts().fingerprint}) == 4


def test_bad_records_keep_their_positions(tmp_path: Path) -> None:
    path = tmp_path / "users.ndjson"
    path.write_text('{"_id": 1}\nnonsense\n{"_id": 2}\n')
    found = [(record.position, isinstance(record.bad, BadRecord)) for record in opened(path, store="mongodb").sample()]
    assert found == [("line 1", False), ("line 2", True), ("line 3", False)]


def account(model: str, pk: int | None, **fields: Any) -> dict[str, Any]:
    """A record of a dump, of a user if it is not said otherwise."""
    usual = {"email": f"u{pk}@example.com", "password": "!", "last_login": None, "is_active": True}
    return {"model": model, **({"pk": pk} if pk is not None else {}), "fields": fields or usual}


def test_of_a_dump_only_the_model_of_users_is_users(tmp_path: Path) -> None:
    mailbox = account("mail.mailbox", 1, email="robot@example.com", password="x")
    path = tmp_path / "dump.json"
    path.write_text(json.dumps([mailbox, account("accounts.user", 1), account("shop.wifi", 2, password="x")]))
    source = opened(path, store="django-dumpdata")
    assert [user.get("bad") for user in users_of(source, "django-dumpdata")] == ["not_a_user", None, "not_a_user"]
    assert source.facts().details["model"] == "accounts.user"


def test_of_two_models_of_users_the_one_with_more_signs_is_taken_or_both_are_named(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    device = account("api.device", 5, password="x", last_login=None)
    path.write_text(json.dumps([device, account("accounts.user", 1)]))
    assert opened(path, store="django-dumpdata").facts().details["model"] == "accounts.user"
    path.write_text(json.dumps([account("a.user", 1), account("b.user", 1)]))
    with pytest.raises(SourceError, match=r"a\.user, b\.user"):
        opened(path, store="django-dumpdata")


def test_a_dump_without_any_model_of_users_says_so(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps([account("mail.mailbox", 1, password="x")]))
    with pytest.raises(SourceError, match="No model"):
        opened(path, store="django-dumpdata")


def test_a_dump_without_primary_keys_is_known_and_says_what_user_id_needs(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps([account("auth.user", None)]))
    assert recognised(SourceAnswers(path=str(path)), opened(path), Path()) == "django-dumpdata"
    (warning,) = opened(path, store="django-dumpdata").facts().warnings
    assert "--natural-primary" in warning and "user_id" in warning


ALIVE = ("", "NULL", "\\N", "(null)", "[NULL]", "-", "0", "0000-00-00 00:00:00")
"""What exports write where a user was never deleted."""


@pytest.mark.parametrize(("store", "text"), [("supabase", SUPABASE), ("laravel", LARAVEL)])
def test_users_marked_as_deleted_stay_behind_with_a_reason(tmp_path: Path, store: str, text: str) -> None:
    head = text.splitlines()[0]
    rows = []
    for number, deleted in enumerate((*ALIVE, "2024-02-02 00:00:00")):
        given = {"id": str(number), "email": f"u{number}@example.com", "deleted_at": deleted}
        rows.append(",".join(given.get(name, "") for name in (*head.split(","), "deleted_at")))
    path = tmp_path / "users.csv"
    path.write_text("\n".join([f"{head},deleted_at", *rows]) + "\n")
    assert [user.get("bad") for user in users_of(opened(path, store=store), store)] == [*[None] * len(ALIVE), "deleted"]
