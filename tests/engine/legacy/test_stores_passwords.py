"""Passwords as stores really keep them: several in one account, in a binary column, or not hashed at all."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import argon2
import bcrypt
import pytest
from pydantic import ValidationError
from rehearsal import Rehearsal, person

from wizard.errors import UsageError
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import BadRecord
from wizard.mapping import User, compile_mapping
from wizard.mapping.passwords import UNTRIED
from wizard.mapping.table import Table
from wizard.passwords import Judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.cells import best_of
from wizard.passwords.check import CannotCheck, fits
from wizard.passwords.declared import declared
from wizard.passwords.judging import rounds_in
from wizard.passwords.verify import Verifier
from wizard.practice.hashes.rules import validate_hash
from wizard.practice.hashes.verify import verify
from wizard.profile import ProfileAnswers
from wizard.rejects import Reject
from wizard.steps.passwords import SAMPLE
from wizard.strategy.survey import survey

NOW = datetime(2026, 11, 1, tzinfo=UTC)
WORD = "Tr0ub4dor&3"
CRYPT = "{CRYPT}$6$rounds=5000$abcdefgh$" + "a" * 86


def ssha(password: str) -> str:
    return (
        "{SSHA}"
        + b64encode(hashlib.sha1(password.encode() + b"salt", usedforsecurity=False).digest() + b"salt").decode()
    )


def groups(path: Path, **answers: Any) -> list[tuple[str, str]]:
    found = survey(SourceAnswers(path=str(path), **answers), secret=None, base=Path(), now=NOW)
    return [(group.scheme, group.carried_by) for group in found.groups]


@pytest.mark.parametrize("values", [(CRYPT, ssha(WORD)), (ssha(WORD), CRYPT), (CRYPT, ssha(WORD), ssha("another"))])
def test_of_several_passwords_of_an_entry_one_that_travels_is_taken(tmp_path: Path, values: tuple[str, ...]) -> None:
    path = tmp_path / "people.ldif"
    written = "\n".join(f"userPassword:: {b64encode(value.encode()).decode()}" for value in values)
    path.write_text(f"dn: uid=ann,dc=example,dc=com\nuid: ann\nmail: ann@example.com\n{written}\n")
    source = open_source(SourceAnswers(path=str(path)), secret=None, base=Path())
    (record,) = source.sample()
    cells = dict(zip(source.columns, record.values, strict=True))
    assert cells["userPassword"] == ssha(WORD)
    assert cells["userPassword.all"] == list(values)
    assert any("several passwords" in warning for warning in source.facts().warnings)
    assert [carried for _, carried in groups(path)] == ["custom_password_hash"]


def test_a_list_of_passwords_is_one_password_wherever_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    path.write_text(json.dumps([{"uid": "ann", "mail": "ann@example.com", "userPassword": [CRYPT, ssha(WORD)]}]))
    assert [carried for _, carried in groups(path)] == ["custom_password_hash"]


def test_a_plain_password_of_a_realm_is_refused_and_shown_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "realm.json"
    credentials = [{"type": "password", "value": WORD, "temporary": False}]
    person = {"id": "u1", "username": "ann", "email": "ann@example.com", "emailVerified": True, "enabled": True}
    path.write_text(json.dumps({"realm": "shop", "users": [{**person, "credentials": credentials}]}))
    found = survey(SourceAnswers(path=str(path)), secret=None, base=Path(), now=NOW)
    (group,) = found.groups
    assert (group.carried_by, group.users) == ("none", 1)
    assert "the password itself" in group.why
    assert WORD not in repr(found)


def test_argon2_of_meteor_is_over_a_hash_as_its_bcrypt_is(tmp_path: Path) -> None:
    inner = hashlib.sha256(WORD.encode()).hexdigest()
    hashes = {
        "argon2": argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(inner),
        "bcrypt": bcrypt.hashpw(inner.encode(), bcrypt.gensalt(4)).decode(),
    }
    path = tmp_path / "users.json"
    people = [
        {
            "_id": f"m{number}",
            "emails": [{"address": f"p{number}@example.com"}],
            "services": {"password": {name: value}},
        }
        for number, (name, value) in enumerate(hashes.items())
    ]
    path.write_text(json.dumps(people))
    assert groups(path) == [("meteor", "none")]
    check = Verifier(Judge(declared(PasswordsAnswers(column="password", format="meteor"))))
    for stored in hashes.values():
        assert check(WORD, stored)
        assert not check(inner, stored)


def dumps(data: bytes) -> list[str]:
    return ["\\x" + data.hex(), "0x" + data.hex().upper()]


BCRYPT = bcrypt.hashpw(WORD.encode(), bcrypt.gensalt(4, b"2a")).decode()


DUMPED = {"postgres": dumps(BCRYPT.encode())[0], "mysql": dumps(BCRYPT.encode())[1], "python": repr(BCRYPT.encode())}


@pytest.mark.parametrize("dumped", DUMPED.values(), ids=DUMPED)
def test_text_in_a_binary_column_is_read_through_the_dump(dumped: str) -> None:
    verdict, plain = Judge()(dumped), Judge()(BCRYPT)
    assert verdict == plain
    assert verdict.value is not None
    assert fits(WORD, verdict.value)
    assert Verifier(Judge())(WORD, dumped)
    assert not Verifier(Judge())("another", dumped)


@pytest.mark.parametrize("dumped", dumps(hashlib.sha256(b"\x01\x02salt" + WORD.encode()).digest()))
@pytest.mark.parametrize("salt", dumps(b"\x01\x02salt"))
def test_bytes_of_a_digest_and_of_its_salt_are_read_through_the_dump(dumped: str, salt: str) -> None:
    assert "hex digest of 256 bits" in Judge()(dumped).scheme
    answers = {"column": "hash", "format": "sha256", "salt": "salt", "salt_encoding": "hex"}
    judge = Judge(declared(PasswordsAnswers.model_validate(answers)))
    verdict = judge(dumped, salt)
    assert verdict.value is not None
    assert fits(WORD, verdict.value)
    assert not fits("another", verdict.value)


PRODUCTS = {
    "flask-security": "id,email,password,fs_uniquifier,active",
    "vbulletin5": "userid,email,token,scheme,username",
    "myth-auth": "id,email,password_hash,reset_hash,activate_hash,force_pass_reset",
    "matomo": "login,email,password,superuser_access,ts_password_modified",
    "nodebb": "uid,email,password,password:shaWrapped,userslug",
    "suitecrm": "id,email,user_hash,system_generated_password,pwd_last_changed",
    "smf": "id_member,email,passwd,member_name,password_salt",
    "blesta": "id,username,email,password,two_factor_mode,two_factor_key,two_factor_pin",
    "pimcore": "id,name,email,password,memorizeTabs,closeWarning",
}


@pytest.mark.parametrize("product", PRODUCTS)
def test_columns_that_give_away_a_hash_of_something_else_keep_it_from_travelling(tmp_path: Path, product: str) -> None:
    header = PRODUCTS[product]
    cells = {"email": "ann@example.com", "password": BCRYPT, "token": BCRYPT, "password_hash": BCRYPT, "passwd": BCRYPT}
    cells |= {"user_hash": BCRYPT}
    path = tmp_path / "users.csv"
    path.write_text(f"{header}\n{','.join(cells.get(name, '7') for name in header.split(','))}\n")
    hashes = next(name for name in header.split(",") if cells.get(name) == BCRYPT)
    source = open_source(SourceAnswers(path=str(path)), secret=None, base=Path())
    profile = ProfileAnswers.model_validate({"user_id": header.split(",")[0], "email": "email"})
    mapping = compile_mapping(profile, PasswordsAnswers(column=hashes), source.columns)
    (record,) = source.sample()
    made = mapping.map_one(record.values)
    assert isinstance(made, Reject) and product in made.message.lower()
    said = compile_mapping(profile, PasswordsAnswers(column=hashes, format="bcrypt"), source.columns)
    assert isinstance(said.map_one(record.values), User)


def test_asterisks_are_no_locked_account(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps([{"id": 1, "email": "ann@example.com", "password": "**********"}]))
    (group,) = survey(SourceAnswers(path=str(path)), secret=None, base=Path(), now=NOW).groups
    assert (group.scheme, group.carried_by) == ("hidden", "none")
    assert "the export hides" in group.why


@pytest.mark.parametrize("order", [1, -1])
def test_hex_and_base64_behind_one_scheme_are_told_apart_in_any_order(tmp_path: Path, order: int) -> None:
    digest = hashlib.sha1(WORD.encode() + b"s" * 4, usedforsecurity=False).digest() + b"s" * 4
    longer = hashlib.sha1(WORD.encode() + b"s" * 16, usedforsecurity=False).digest() + b"s" * 16
    values = ["{SSHA}" + digest.hex(), "{SSHA}" + b64encode(longer).decode()][::order]
    assert len(values[0]) == len(values[1])
    path = tmp_path / "users.csv"
    rows = [f"u{number},p{number}@example.com,{value}" for number, value in enumerate(values)]
    path.write_text("\n".join(["id,email,password", *rows, ""]))
    source = open_source(SourceAnswers(path=str(path)), secret=None, base=Path())
    profile = ProfileAnswers.model_validate({"user_id": "id", "email": "email"})
    mapping = compile_mapping(profile, PasswordsAnswers(column="password"), source.columns)
    for block in source.blocks():
        mapped = mapping.map_table(Table.of(block, 3), 10_000)
        for user in mapped.users:
            assert fits(WORD, json.loads(user)["custom_password_hash"])


def test_a_description_that_nobody_has_tried_stops_the_run_however_late_its_first_user_comes(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path / "stage", file_bytes=500_000)
    late = "sha256$salt$" + hmac.new(b"salt", WORD.encode(), "sha256").hexdigest()  # as Werkzeug once wrote it
    people = [person(number) for number in range(SAMPLE + 5)]
    stage.write_people([*people, {**person(SAMPLE + 9), "password_hash": late}])
    with pytest.raises(UsageError, match="the passwords of 1 user work"):
        stage.apply()
    assert stage.users() == []
    assert stage.apply("passwords.unproven=import").verdict == "complete"
    stage.tenant.close()


def test_untried_passwords_are_counted_alike_one_by_one_and_by_blocks(tmp_path: Path) -> None:
    late = "sha256$salt$" + hmac.new(b"salt", WORD.encode(), "sha256").hexdigest()
    path = tmp_path / "users.csv"
    values = [late, BCRYPT, "", late, ssha(WORD), "sha256$bad"]
    rows = [f"u{number},p{number}@example.com,{value}" for number, value in enumerate(values)]
    path.write_text("\n".join(["id,email,password", *rows, ""]))
    source = open_source(SourceAnswers(path=str(path)), secret=None, base=Path())
    profile = ProfileAnswers.model_validate({"user_id": "id", "email": "email"})
    for given, counted in (({}, 2), ({"proven": ["hmac of Werkzeug"]}, 0), ({"unproven": "import"}, 0)):
        mapping = compile_mapping(
            profile, PasswordsAnswers.model_validate({"column": "password", **given}), source.columns
        )
        (block,) = source.blocks()
        whole = mapping.map_table(Table.of(block, 3), 10_000).notes
        single: list[str] = []
        for row in block.rows():
            assert not isinstance(row, BadRecord)
            mapping.to_user(row, single)
        assert whole[UNTRIED] == single.count(UNTRIED) == counted


def test_untried_passwords_of_users_who_are_not_imported_stop_no_run(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path / "stage", file_bytes=500_000)
    late = "sha256$salt$" + hmac.new(b"salt", WORD.encode(), "sha256").hexdigest()
    people = [person(number) for number in range(SAMPLE + 5)]
    twins = [{**person(SAMPLE + number), "mail": "twin@example.com", "password_hash": late} for number in (7, 8)]
    stage.write_people([*people, *twins])
    progress = stage.apply()
    assert (progress.imported, progress.rejected) == (SAMPLE + 5, 2)
    stage.tenant.close()


@pytest.mark.parametrize("head", ["#jbcrypt:", "$shiro2", "1|", "bcrypt$", "{BLF-CRYPT}", "argon2"])
def test_a_wrapping_around_itself_is_damage_and_ends(head: str) -> None:
    assert Judge()(head * 5000 + "$2b$10$").carried_by == "none"


@pytest.mark.parametrize(
    ("told", "rounds"),
    [
        ("27500", 27500),
        ("$pbkdf2-sha256$i=64000,l=32$", 64000),
        ("$pbkdf2-sha256$l=512,i=10000$", 10000),
        ("pbkdf2$50000$50", 50000),
        ("pbkdf2 sha256 256 10000", 10000),
        ("pbkdf2:sha256:1000", 1000),
        ("PBKDF2WithHmacSHA256", 0),
        ("pbkdf2-sha512$i=1000", 0),
        ("argon2$2$65536$8$50", 0),
        ("", 0),
    ],
)
def test_iterations_are_read_from_what_tells_them(told: str, rounds: int) -> None:
    assert rounds_in(told, "sha256") == rounds


@pytest.mark.parametrize(("told", "travels"), [("", True), ("0", True), ("1", True), ("1.0", True), ("2", False)])
def test_a_digest_of_more_than_one_iteration_stays(told: str, travels: bool) -> None:
    judge = Judge(declared(PasswordsAnswers(column="hash", format="sha256", iterations="told")))
    assert (judge(hashlib.sha256(b"x").hexdigest(), told).carried_by != "none") == travels


def test_iterations_beside_scrypt_say_nothing() -> None:
    judge = Judge(declared(PasswordsAnswers(column="hash", format="scrypt", salt="salt", iterations=16384)))
    assert judge(hashlib.scrypt(b"x", salt=b"s", n=16384, r=8, p=1).hex(), "s").carried_by == "custom_password_hash"


def test_of_several_passwords_one_that_is_taken_for_certain_is_chosen() -> None:
    argon2i = "$argon2i$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$" + "A" * 43
    assert best_of([argon2i, ssha(WORD)]) == ssha(WORD)


@pytest.mark.parametrize("begin", [b"\x01\x00", b"\x02\x00"])
def test_a_digest_that_begins_like_a_login_of_sql_server_is_a_digest(begin: bytes) -> None:
    assert Judge()("0x" + (begin + b"\xff" * 18).hex()).scheme == "hex digest of 160 bits"
    assert Judge()("0x0100" + "ab" * 24).scheme == "SQL Server login"


def test_a_salt_of_text_in_a_binary_column_is_that_text() -> None:
    judge = Judge(declared(PasswordsAnswers(column="hash", format="sha256", salt="salt")))
    verdict = judge(hashlib.sha256(b"salt" + WORD.encode()).hexdigest(), "\\x" + b"salt".hex())
    assert verdict.value is not None
    assert fits(WORD, verdict.value)


def test_the_salt_of_a_forum_is_the_name_that_its_columns_give_away() -> None:
    stored = hashlib.sha1(b"bob" + WORD.encode(), usedforsecurity=False).hexdigest()
    columns = ["id_member", "member_name", "passwd"]
    settings = declared(PasswordsAnswers(column="passwd"), columns=columns)
    assert settings.columns == ("member_name",)
    assert Verifier(Judge(settings))(WORD, stored, "Bob")
    for name in ("smf", "mybb", "vbulletin"):
        with pytest.raises(CannotCheck):
            Verifier(Judge(declared(PasswordsAnswers(column="passwd", format=name))))(WORD, stored)


METABASE = (
    "id,email,first_name,last_name,password,password_salt,date_joined,last_login,is_superuser,is_active,is_qbnewb"
)


@pytest.mark.parametrize("typed", [WORD, "Grüße " * 12])
def test_bcrypt_over_a_salt_and_the_password_is_told_by_its_columns_and_travels_with_the_salt(
    tmp_path: Path, typed: str
) -> None:
    salt = "550e8400-e29b-41d4-a716-446655440000"
    stored = bcrypt.hashpw((salt + typed).encode()[:72], bcrypt.gensalt(4)).decode()
    path = tmp_path / "core_user.csv"
    path.write_text(f"{METABASE}\n1,ann@example.com,Ann,Lee,{stored},{salt},2026-01-01,2026-10-01,f,t,f\n")
    source = open_source(SourceAnswers(path=str(path)), secret=None, base=Path())
    profile = ProfileAnswers.model_validate({"user_id": "id", "email": "email"})
    mapping = compile_mapping(profile, PasswordsAnswers(column="password", unproven="import"), source.columns)
    (record,) = source.sample()
    made = mapping.map_one(record.values)
    assert isinstance(made, User)
    travels = made.profile["custom_password_hash"]
    assert validate_hash(travels) == []
    assert verify(typed, travels)
    assert not verify(typed[1:], travels)
    assert groups(path) == [("bcrypt", "custom_password_hash")]


def test_bcrypt_with_a_salt_column_needs_the_salt_and_no_key_beside_it() -> None:
    settings = declared(PasswordsAnswers(column="hash", format="bcrypt", salt="salt"))
    assert Judge(settings)(BCRYPT, "").code == "password_damaged"
    assert Judge(settings)(BCRYPT, "s").assumes
    with pytest.raises(ValidationError, match="with one salt"):
        PasswordsAnswers(column="hash", format="bcrypt", salt="salt", key="env:PEPPER")


def test_the_census_of_columns_that_give_away_a_salt_counts_whole_cells(tmp_path: Path) -> None:
    path = tmp_path / "members.json"
    stored = hashlib.sha1(b"bob" + WORD.encode(), usedforsecurity=False).hexdigest()
    people = [
        {"id_member": 1, "member_name": "bob", "passwd": stored, "email_address": "bob@example.com"},
        {"id_member": 2, "member_name": "cy", "passwd": None, "email_address": "cy@example.com"},
    ]
    path.write_text(json.dumps(people))
    assert groups(path) == [("none", "none"), ("smf", "none")]
