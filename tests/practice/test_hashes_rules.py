"""What an import refuses of a password hash."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.practice.hashes.rules import validate_hash, validate_password_hash
from wizard.practice.switches import Switches

HEX = "d2" * 16
BCRYPT = "$2b$12$" + "a" * 53
PBKDF2 = "$pbkdf2-sha256$i=1000,l=4$c2FsdA$c2FsdA"


def codes(value: Any, **switches: Any) -> set[tuple[str, str]]:
    return {(each.code, each.path) for each in validate_hash(value, Switches(**switches))}


def hashed(algorithm: str, value: str = HEX, encoding: str | None = "hex", **more: Any) -> dict[str, Any]:
    settings = {"value": value} if encoding is None else {"value": value, "encoding": encoding}
    return {"algorithm": algorithm, "hash": settings, **more}


REFUSED: dict[str, tuple[Any, str, str]] = {
    "no object": ("md5", "INVALID_TYPE", ""),
    "no algorithm": ({"hash": {"value": HEX}}, "OBJECT_REQUIRED", ""),
    "no hash": ({"algorithm": "md5"}, "OBJECT_REQUIRED", ""),
    "unknown algorithm": (hashed("sha224"), "ENUM_MISMATCH", "algorithm"),
    "crypt": (hashed("crypt"), "ENUM_MISMATCH", "algorithm"),
    "unknown member": (hashed("md5", iterations=5), "NOT_PASSED", ""),
    "unknown member of hash": (
        {"algorithm": "md5", "hash": {"value": HEX, "encoding": "hex", "format": "x"}},
        "NOT_PASSED",
        "hash",
    ),
    "value is a number": ({"algorithm": "md5", "hash": {"value": 5, "encoding": "hex"}}, "INVALID_TYPE", "hash.value"),
    "no value": ({"algorithm": "md5", "hash": {"encoding": "hex"}}, "OBJECT_REQUIRED", "hash"),
    "no encoding": (hashed("md5", encoding=None), "OBJECT_REQUIRED", "hash"),
    "text encoding for bytes": (hashed("sha256", encoding="utf8"), "ENUM_MISMATCH", "hash.encoding"),
    "hex for a string": (hashed("bcrypt", BCRYPT, "hex"), "ENUM_MISMATCH", "hash.encoding"),
    "unknown encoding": (hashed("md5", encoding="base32"), "ENUM_MISMATCH", "hash.encoding"),
    "odd hex": (hashed("md5", "abc"), "PATTERN", "hash.value"),
    "hex with a line break": (hashed("md5", HEX + "\n"), "PATTERN", "hash.value"),
    "no base64": (hashed("md5", "!!", "base64"), "PATTERN", "hash.value"),
    "truncated base64": (hashed("md5", "abcde", "base64"), "PATTERN", "hash.value"),
    "salt with pbkdf2": (hashed("pbkdf2", PBKDF2, None, salt={"value": "s"}), "NOT_PASSED", "salt"),
    "salt with argon2": (
        hashed("argon2", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$c2FsdA", None, salt={"value": "s"}),
        "NOT_PASSED",
        "salt",
    ),
    "salt with ldap": (hashed("ldap", "{SHA}c2FsdA==", None, salt={"value": "s"}), "NOT_PASSED", "salt"),
    "salt without value": (hashed("md5", salt={}), "OBJECT_REQUIRED", "salt"),
    "salt in the middle": (hashed("md5", salt={"value": "s", "position": "middle"}), "ENUM_MISMATCH", "salt.position"),
    "salt is no hex": (hashed("md5", salt={"value": "xyz", "encoding": "hex"}), "PATTERN", "salt.value"),
    "password encoding": (hashed("md5", password={"encoding": "utf-8"}), "ENUM_MISMATCH", "password.encoding"),
    "ldap crypt": (hashed("ldap", "{CRYPT}$1$abc", None), "PATTERN", "hash.value"),
    "django as it is": (hashed("pbkdf2", "pbkdf2_sha256$1000$salt$c2FsdA==", None), "PATTERN", "hash.value"),
    "pbkdf2 with padding": (hashed("pbkdf2", PBKDF2 + "==", None), "PATTERN", "hash.value"),
    "pbkdf2 with dots": (hashed("pbkdf2", PBKDF2.replace("FsdA", "Fs.A"), None), "PATTERN", "hash.value"),
    "pbkdf2 of sha3": (hashed("pbkdf2", PBKDF2.replace("sha256", "sha3-256"), None), "ENUM_MISMATCH", "hash.value"),
    "ldap cut short": (hashed("ldap", "{SHA}abcde", None), "PATTERN", "hash.value"),
    "pbkdf2 cut short": (hashed("pbkdf2", PBKDF2 + "AAA", None), "PATTERN", "hash.value"),
    "no iterations": (hashed("pbkdf2", PBKDF2.replace("1000", "0"), None), "MINIMUM", "hash.value"),
    "argon2i": (hashed("argon2", "$argon2i$v=19$m=64,t=1,p=1$c2FsdA$c2FsdA", None), "NOT_PASSED", "hash.value"),
    "argon2 of version 16": (hashed("argon2", "$argon2id$m=64,t=1,p=1$c2FsdA$c2FsdA", None), "PATTERN", "hash.value"),
    "bcrypt 2x": (hashed("bcrypt", BCRYPT.replace("2b", "2x"), None), "PATTERN", "hash.value"),
    "bcrypt cut short": (hashed("bcrypt", BCRYPT[:-1], None), "PATTERN", "hash.value"),
    "hmac without digest": (
        {"algorithm": "hmac", "hash": {"value": HEX, "encoding": "hex", "key": {"value": "k"}}},
        "OBJECT_REQUIRED",
        "hash",
    ),
    "hmac without key": (
        {"algorithm": "hmac", "hash": {"value": HEX, "encoding": "hex", "digest": "sha1"}},
        "OBJECT_REQUIRED",
        "hash",
    ),
    "hmac of sha3": (
        {"algorithm": "hmac", "hash": {"value": HEX, "encoding": "hex", "digest": "sha3-256", "key": {"value": "k"}}},
        "ENUM_MISMATCH",
        "hash.digest",
    ),
    "scrypt without keylen": (hashed("scrypt"), "OBJECT_REQUIRED", ""),
    "scrypt keylen of 0": (hashed("scrypt", keylen=0), "MINIMUM", "keylen"),
    "scrypt cost": (hashed("scrypt", keylen=16, cost=1000), "NOT_PASSED", "cost"),
    "scrypt cost of 1": (hashed("scrypt", keylen=16, cost=1), "MINIMUM", "cost"),
    "scrypt fraction": (hashed("scrypt", keylen=16.5), "INVALID_TYPE", "keylen"),
}


@pytest.mark.parametrize(("value", "code", "path"), REFUSED.values(), ids=REFUSED.keys())
def test_an_import_refuses(value: Any, code: str, path: str) -> None:
    place = f"custom_password_hash.{path}" if path else "custom_password_hash"
    assert (code, place) in codes(value)


@pytest.mark.parametrize(
    ("value", "switch"),
    [
        (hashed("bcrypt", BCRYPT, None), {"bcrypt_other_costs": "refused"}),
        (
            {
                "algorithm": "hmac",
                "hash": {"value": HEX, "encoding": "hex", "digest": "sha1", "key": {"value": "k"}},
                "salt": {"value": "s"},
            },
            {"hmac_salt": "refused"},
        ),
    ],
)
def test_a_switch_makes_an_import_stricter(value: dict[str, Any], switch: dict[str, Any]) -> None:
    assert codes(value) == set()
    assert codes(value, **switch)


def test_argon2i_is_taken_when_the_switch_says_so() -> None:
    value = hashed("argon2", "$argon2i$v=19$m=64,t=1,p=1$c2FsdA$c2FsdA", None)
    assert codes(value, argon2_i_and_d="accepted") == set()


@pytest.mark.parametrize("value", ["$2a$10$" + "a" * 53, "$2b$10$" + "./Z9" * 13 + "a"])
def test_a_password_hash_is_bcrypt_of_cost_10(value: str) -> None:
    assert validate_password_hash(value) == []


@pytest.mark.parametrize(
    "value", ["$2b$12$" + "a" * 53, "$2y$10$" + "a" * 53, "$2b$10$" + "a" * 52, "$2b$10$" + "a" * 53 + "\n", ""]
)
def test_other_password_hashes_break_the_pattern(value: str) -> None:
    [problem] = validate_password_hash(value)
    assert problem.code == "PATTERN"
    assert problem.message == (
        r"Error in passwordHash property - String does not match pattern ^\$2[ab]?\$10+\$[./A-Za-z0-9]{53}$"
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(
    ["hex", "base64", "utf8", "sha1", "prefix", "suffix", "argon2", "hmac", "scrypt", "pbkdf2", "ldap"]
)
parts = st.dictionaries(
    st.sampled_from(["value", "encoding", "digest", "key", "position"]), json_values | words, max_size=5
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["algorithm", "hash", "salt", "password", "keylen", "cost", "blockSize"]),
        json_values | words | parts,
        max_size=6,
    )
    | json_values
)
def test_whatever_comes_is_judged_and_never_shown(value: Any) -> None:
    for problem in validate_hash(value):
        assert problem.code
        assert problem.path.startswith("custom_password_hash")
