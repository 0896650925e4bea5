"""What Magento 2 keeps: argon2 of libsodium travels, and what was hashed anew moves at a login."""

from __future__ import annotations

import pytest

from wizard.passwords import Judge, judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.check import CannotCheck
from wizard.passwords.declared import declared
from wizard.passwords.verify import Verifier
from wizard.practice.hashes.rules import validate_hash
from wizard.practice.hashes.verify import verify

WORD = "Tr0ub4dor&3 größer"
SALT = "mgLqkqgTwLPLlCljzvF8hp67fNOOvOZb"
LOGIN = Verifier(Judge())

# Made by libsodium itself (PyNaCl 1.6, nacl.pwhash.argon2id.kdf), as Magento's Encryptor calls it.
TRAVELS = {
    "version 2": f"b74b1e3a06f9fa32d8ed9762705580709565504fd29f137b76aff0dec2191c74:{SALT}:2",
    "version 3": f"c0d06eed3f4e49f9727337e6cd768cfdca95ee81bdd7a2737763ab34641b971c:{SALT}:3_32_2_1048576",
    "a short salt": "8197138924841812656d3ddd24d92573b63f5427146ba6c39a4ee4232daeb7cc:sAlt:3_32_3_1048576",
}
ANEW = {
    "MD5 and SHA-256 before": f"54e6a652a7fbf79cb8ef58b63f1e183a1192b7d81b73d597780e08c442f1e9b0:{SALT}:0:1:3_32_2_1048576",
    "argon2 before": f"5c96e1ba96ad93c9553e63a7a43ff583f406022aba0a58a2eaaf1729beb15a19:{SALT}:2:3_32_2_1048576",
}


@pytest.mark.parametrize("value", TRAVELS.values(), ids=TRAVELS)
def test_argon2_of_magento_travels_and_only_the_right_password_fits(value: str) -> None:
    verdict = judge(value)
    assert (verdict.scheme, verdict.carried_by) == ("argon2 of Magento", "custom_password_hash")
    assert isinstance(verdict.value, dict)
    assert validate_hash(verdict.value) == []
    assert verify(WORD, verdict.value)
    assert not verify(WORD[1:], verdict.value)
    assert LOGIN(WORD, value)
    assert not LOGIN(WORD[1:], value)


def test_a_number_alone_may_be_another_makers_and_is_to_be_proven() -> None:
    assert judge(TRAVELS["version 2"]).assumes
    assert not judge(TRAVELS["version 3"]).assumes


@pytest.mark.parametrize("value", ANEW.values(), ids=ANEW)
def test_what_was_hashed_anew_stays_behind_and_can_be_checked_at_a_login(value: str) -> None:
    verdict = judge(value)
    assert (verdict.scheme, verdict.code) == ("Magento", "password_unsupported")
    assert "at their login" in verdict.why
    assert LOGIN(WORD, value)
    assert not LOGIN(f"{WORD}x", value)


def test_where_older_hashes_are_declared_those_of_argon2_are_what_they_are() -> None:
    described = PasswordsAnswers(column="hash", format="sha256", layout="{hash}:{salt}:1")
    judging = Judge(declared(described))
    assert [judging(value).carried_by for value in TRAVELS.values()] == ["custom_password_hash"] * 3
    assert judging(f"{'5e' * 32}:{SALT}:1").carried_by == "custom_password_hash"


@pytest.mark.parametrize("version", ["0", "1"])
def test_a_single_digest_does_not_say_who_made_it(version: str) -> None:
    assert judge(f"{'5e' * 32}:{SALT}:{version}").code == "password_undeclared"


@pytest.mark.parametrize("value", [TRAVELS["version 3"][2:], f"{'5e' * 20}:{SALT}:2"])
def test_a_hash_of_another_length_is_damaged(value: str) -> None:
    assert judge(value).code == "password_damaged"
    with pytest.raises(CannotCheck):
        LOGIN(WORD, value)


@pytest.mark.parametrize("told", ["3_32_2_99999999999", "3_32_99999_1048576"])
def test_what_would_take_minutes_is_not_checked_at_a_login(told: str) -> None:
    with pytest.raises(CannotCheck, match="takes too much"):
        LOGIN(WORD, f"{'5e' * 32}:{SALT}:1:{told}")
