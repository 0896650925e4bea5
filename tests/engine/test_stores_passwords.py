"""Passwords as stores really keep them: several in one account, in a binary column, or not hashed at all."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import argon2
import bcrypt
import pytest

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.passwords import Judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.check import fits
from wizard.passwords.declared import declared
from wizard.passwords.verify import Verifier
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
