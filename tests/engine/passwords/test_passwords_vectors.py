"""Hashes that the original makers or reference libraries made: what travels lets in the right password and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wizard.passwords import Judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.check import CannotCheck, fits
from wizard.passwords.declared import declared
from wizard.passwords.verify import Verifier
from wizard.practice.hashes.rules import validate_hash, validate_password_hash
from wizard.practice.hashes.verify import verify

FOLDER = Path(__file__).with_name("vectors")
VECTORS = [
    vector
    for name in ("python", "node", "npm", "others")
    for vector in json.loads((FOLDER / f"{name}.json").read_text())
]
PEPPER = "pepper-of-the-store"

STAY: dict[str, tuple[str, str]] = {
    "$1$": ("password_unsupported", "crypt(3)"),
    "$2x$": ("password_uncheckable", "faulty implementation"),
    "$5$": ("password_unsupported", "crypt(3)"),
    "$6$": ("password_unsupported", "crypt(3)"),
    "$7$": ("password_uncheckable", "crypt(3)"),
    "$gy$": ("password_uncheckable", "crypt(3)"),
    "$y$": ("password_uncheckable", "crypt(3)"),
    "{ARGON2}": ("password_unconfirmed", "argon2i"),
    "{CRYPT}": ("password_uncheckable", "crypt(3)"),
    "apr_md5_crypt": ("password_unsupported", "crypt(3)"),
    "argon2 over SHA-384": ("password_unsupported", "argon2 to SHA-384"),
    "argon2 where pbkdf2 is declared": ("password_uncheckable", "another algorithm"),
    "bcrypt of MD5": ("password_unsupported", "bcrypt to MD5"),
    "bcrypt over MD5": ("password_unsupported", "bcrypt to MD5"),
    "hmac thrice": ("password_uncheckable", "HMAC once"),
    "told to be iterated": ("password_uncheckable", "again and again"),
    "argon2d": ("password_unsupported", "argon2d"),
    "argon2i": ("password_unconfirmed", "argon2i"),
    "argon2id too long for libsodium": ("password_unsupported", "127 characters"),
    "B": ("password_unsupported", "one hash to another"),
    "bcrypt_sha256": ("password_unsupported", "one hash to another"),
    "des_crypt": ("password_undeclared", "not recognised"),
    "dlitz_pbkdf2_sha1": ("password_unsupported", "nobody could prove"),
    "ldap_sha512_crypt": ("password_unsupported", "crypt(3)"),
    "md5 of md5": ("password_unsupported", "MD5 is applied to MD5"),
    "md5 of md5s": ("password_undeclared", "MD5 to MD5"),
    "md5_crypt": ("password_unsupported", "crypt(3)"),
    "mssql2005": ("password_unsupported", "no algorithm"),
    "mysql323": ("password_undeclared", "not recognised"),
    "mysql41": ("password_unsupported", "one hash to another"),
    "noop": ("password_unsupported", "the password itself"),
    "of Meteor": ("password_unsupported", "argon2 to SHA-256"),
    "phpass": ("password_unsupported", "again and again"),
    "plain": ("password_unsupported", "the password itself"),
    "salt on both sides": ("password_unsupported", "before or after the password"),
    "salted-md5": ("password_uncheckable", "iterated"),
    "scrypt of its own": ("password_uncheckable", "its own variant"),
    "sha1 of md5": ("password_unsupported", "SHA-1 is applied to MD5"),
    "sha1_crypt": ("password_unsupported", "crypt(3)"),
    "sha256_crypt": ("password_unsupported", "crypt(3)"),
    "sha512_crypt": ("password_unsupported", "crypt(3)"),
    "sha512 iterated": ("password_unsupported", "again and again"),
    "unusable": ("password_disabled", "no usable password"),
    "vBulletin": ("password_unsupported", "MD5 to MD5"),
    "wp_hash_password": ("password_unsupported", "one hash to another"),
}
"""Forms that stay behind: the code, and words of the reason."""

SPRINGS_SHA256 = ("Spring", "sha256")


def judged(vector: dict[str, Any]) -> Any:
    answers = PasswordsAnswers.model_validate({"column": "hash", **vector["declared"]})
    judge = Judge(declared(answers, lambda reference: PEPPER))
    return judge(vector["row"]["hash"], *[vector["row"][name] for name in judge.declared.columns])


def stays(vector: dict[str, Any]) -> bool:
    return vector["form"] in STAY or (vector["maker"], vector["form"]) == SPRINGS_SHA256


def named(vector: dict[str, Any]) -> str:
    return f"{vector['maker']}: {vector['form']}: {vector['password']}"


def slow(vector: dict[str, Any]) -> bool:
    form: str = vector["form"]
    return form.startswith("pbkdf2 of 5.8") or form.endswith("cost 10")


TRAVEL = [vector for vector in VECTORS if not stays(vector)]


@pytest.mark.parametrize("vector", TRAVEL, ids=named)
def test_the_right_password_fits_what_travels_and_a_wrong_one_does_not(vector: dict[str, Any]) -> None:
    verdict = judged(vector)
    assert verdict.carried_by != "none", verdict.why
    check = validate_password_hash if verdict.carried_by == "password_hash" else validate_hash
    assert check(verdict.value) == []
    typed = vector["typed"]
    if vector["maker"] in ("better-auth", "Lucia") and vector["password"] == "NFD":
        return  # they bring passwords into one form before they hash them, which Auth0 does not
    assert verify(typed, verdict.value)
    if "whirlpool" in vector["form"]:
        with pytest.raises(CannotCheck):
            fits(typed, verdict.value)
        return
    assert fits(typed, verdict.value)
    if not slow(vector):
        wrong = "x" + typed
        assert not fits(wrong, verdict.value)
        assert not verify(wrong, verdict.value)


@pytest.mark.parametrize("vector", [each for each in VECTORS if stays(each)], ids=named)
def test_what_auth0_cannot_check_stays_behind_with_the_reason(vector: dict[str, Any]) -> None:
    verdict = judged(vector)
    code, words = STAY.get(vector["form"], ("password_unsupported", "1024 times"))
    assert (verdict.carried_by, verdict.value, verdict.code) == ("none", None, code)
    assert words in verdict.why
    assert vector["typed"] not in repr(verdict)
    assert vector["row"]["hash"] not in repr(verdict)


@pytest.mark.parametrize(
    "vector",
    [each for each in VECTORS if judged(each).code in ("password_unsupported", "password_unconfirmed")],
    ids=named,
)
def test_who_is_left_to_a_login_can_log_in(vector: dict[str, Any]) -> None:
    answers = PasswordsAnswers.model_validate({"column": "hash", **vector["declared"]})
    check = Verifier(Judge(declared(answers, lambda reference: PEPPER)))
    cells = [vector["row"][name] for name in ("hash", *check.judge.declared.columns)]
    assert check(vector["typed"], *cells)
    assert not check("x" + vector["typed"], *cells)


def test_no_form_is_known_to_be_refused_that_has_no_vector() -> None:
    assert {vector["form"] for vector in VECTORS} >= STAY.keys()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("$sha256$abcd$" + "5e" * 32, "password_undeclared"),
        ("$sha512$" + "5e" * 64, "password_undeclared"),
        ("$sha256$pf=e1BB$" + "5e" * 32, "password_damaged"),
    ],
)
def test_only_what_has_a_pattern_is_a_hash_of_kratos_that_may_be_damaged(value: str, code: str) -> None:
    assert Judge()(value).code == code
