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
from rehearsal import Rehearsal, person

from wizard.errors import UsageError
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import User, compile_mapping
from wizard.mapping.passwords import UNTRIED
from wizard.mapping.table import Table
from wizard.passwords import Judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.check import fits
from wizard.passwords.declared import declared
from wizard.passwords.verify import Verifier
from wizard.profile import ProfileAnswers
from wizard.rejects import Reject
from wizard.steps.passwords import SAMPLE
from wizard.survey import survey

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


@pytest.mark.parametrize("dumped", dumps(BCRYPT.encode()))
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
    "smf": "id_member,email,passwd,member_name,password_salt",
}


@pytest.mark.parametrize("product", PRODUCTS)
def test_columns_that_give_away_a_hash_of_something_else_keep_it_from_travelling(tmp_path: Path, product: str) -> None:
    header = PRODUCTS[product]
    cells = {"email": "ann@example.com", "password": BCRYPT, "token": BCRYPT, "password_hash": BCRYPT, "passwd": BCRYPT}
    path = tmp_path / "users.csv"
    path.write_text(f"{header}\n{','.join(cells.get(name, '7') for name in header.split(','))}\n")
    hashes = next(name for name in header.split(",") if cells.get(name) == BCRYPT)
    source = open_source(SourceAnswers(path=str(path)), secret=None, base=Path())
    profile = ProfileAnswers.model_validate({"user_id": header.split(",")[0], "email": "email"})
    mapping = compile_mapping(profile, PasswordsAnswers(column=hashes), source.columns)
    (record,) = source.sample()
    made = mapping.map_one(record.values)
    assert isinstance(made, Reject) and product in made.message
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
        single = [mapping.notes_of(row, 10_000) for row in block.rows()]
        assert whole[UNTRIED] == sum(notes.count(UNTRIED) for notes in map(list, single)) == counted
