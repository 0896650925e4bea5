"""Judging by shape: whatever is judged once for many is what judging each of them alone would give."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.passwords import Judge, Verdict, judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.census import COUNTED, census
from wizard.passwords.declared import declared
from wizard.passwords.shapes import ENDS, Shaped, shape_of

CHANCE = random.Random(7)
LETTERS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def b64(size: int, *, padded: bool = False) -> str:
    text = base64.b64encode(CHANCE.randbytes(size)).decode()
    return text if padded else text.rstrip("=")


def letters(size: int) -> str:
    return "".join(CHANCE.choices(LETTERS, k=size))


FORMS: dict[str, Callable[[int], str]] = {
    "bcrypt": lambda odd: f"$2{'aby'[odd % 3]}${(10, 12, 8, 4, 31, 32)[odd % 6]:02}${letters(53)}",
    "argon2": lambda odd: (
        f"$argon2{('id', 'i', 'd')[odd % 3]}$v=19$m={(65536, 8, 4096)[odd % 3]},t={odd % 4},p={1 + odd % 2}"
        f"${b64(16 if odd % 5 else odd % 40 + 1)}${b64(32 if odd % 7 else odd % 70 + 1)}"
    ),
    "django": lambda odd: (
        f"pbkdf2_sha{('256', '1', '512')[odd % 3]}${1000 * (odd % 3 + 1)}${letters(odd % 30 + 1).translate({46: 97, 47: 98})}"
        f"${b64({0: 32, 1: 20, 2: 64}[odd % 3] if odd % 11 else odd % 66 + 1, padded=odd % 5 > 0)}"
    ),
    "passlib": lambda odd: (
        f"$pbkdf2{('-sha256', '', '-sha512', '-sha1')[odd % 4]}${29000 + odd % 2}${b64(odd % 24).replace('+', '.')}"
        f"${b64({0: 32, 1: 20, 2: 64, 3: 20}[odd % 4] if odd % 11 else odd % 70 + 1).replace('+', '.')}"
    ),
    "ldap": lambda odd: (
        f"{{{('SSHA', 'SHA', 'SSHA256', 'SHA512', 'SSHA384')[odd % 5]}}}{b64(odd % 75 + 1, padded=odd % 7 > 0)}"
    ),
}
ALPHABET = st.sampled_from([*"$:{}=+/._,AQgwEIMc08z ", "é", "\n", "\\", '"'])
NAMES, ODDS, SEEDS = st.sampled_from(sorted(FORMS)), st.integers(0, 10_000), st.integers(0, 99)
PLACES = st.integers(0, 200)


def _made(name: str, odd: int, seed: int) -> str:
    CHANCE.seed(seed)
    return FORMS[name](odd)


def _spoilt(name: str, odd: int, seed: int, at: int, more: str, cut: bool) -> str:
    value = _made(name, odd, seed)
    at %= len(value) + 1
    return value[:at] + more + ("" if cut else value[at + 1 :])


VALUES = st.builds(_made, NAMES, ODDS, SEEDS) | st.builds(
    _spoilt, NAMES, ODDS, SEEDS, PLACES, ALPHABET | st.just(""), st.booleans()
)
JUDGES = {
    "nothing declared": Judge(),
    "unconfirmed imported": Judge(declared(PasswordsAnswers(column="hash", unconfirmed="import"))),
    "unconfirmed rejected": Judge(declared(PasswordsAnswers(column="hash", unconfirmed="reject"))),
    "md5 declared": Judge(declared(PasswordsAnswers(column="hash", format="md5"))),
    "django declared": Judge(declared(PasswordsAnswers(column="hash", format="django"))),
    "scrypt in one cell": Judge(declared(PasswordsAnswers(column="hash", format="node-scrypt"))),
}


def _member(verdict: Verdict) -> bytes:
    return b',"' + verdict.carried_by.encode() + b'":' + orjson.dumps(verdict.value)


@pytest.mark.parametrize("name", JUDGES)
def test_the_member_of_a_shape_is_byte_for_byte_what_the_verdict_gives(name: str) -> None:
    shaped = Shaped(JUDGES[name])

    @settings(max_examples=400, deadline=None)
    @given(VALUES)
    def law(value: str) -> None:
        assert JUDGES[name].plain_bcrypt
        verdict = JUDGES[name](value)
        member = shaped.member(value.encode())
        assert member is None or (verdict.carried_by != "none" and member == _member(verdict))

    law()


@settings(max_examples=300, deadline=None)
@given(st.lists(VALUES, max_size=40))
def test_the_census_of_shapes_is_the_census_of_single_values(values: list[str]) -> None:
    expected: dict[tuple[Any, ...], int] = {}
    for value in values:
        verdict = judge(value)
        key = tuple(getattr(verdict, name) for name in COUNTED)
        expected[key] = expected.get(key, 0) + 1
    found = {tuple(getattr(group, name) for name in COUNTED): group.users for group in census(values)}
    assert found == expected


@settings(max_examples=300, deadline=None)
@given(NAMES, ODDS)
def test_hashes_of_one_shape_have_one_verdict_but_for_the_hash(name: str, odd: int) -> None:
    one, other = _made(name, odd, 1), _made(name, odd, 2)
    if shape_of(one) is not None:
        assert shape_of(one) == shape_of(other)
        seen = [tuple(getattr(judge(value), name) for name in COUNTED) for value in (one, other)]
        assert seen[0] == seen[1]


@pytest.mark.parametrize("name", FORMS)
def test_what_the_usual_makers_write_has_a_shape_and_is_judged_once(name: str) -> None:
    makers: dict[str, Callable[[], str]] = {
        "bcrypt": lambda: f"$2y$12${letters(53)}",
        "argon2": lambda: f"$argon2id$v=19$m=65536,t=3,p=4${b64(16)}${b64(32)}",
        "django": lambda: f"pbkdf2_sha256$600000${'a' * 22}${b64(32, padded=True)}",
        "passlib": lambda: f"$pbkdf2-sha512$25000${b64(16).replace('+', '.')}${b64(64).replace('+', '.')}",
        "ldap": lambda: "{SSHA}" + b64(28, padded=True),
    }
    shaped = Shaped(Judge())
    for value in (makers[name]() for _ in range(200)):
        assert shaped.member(value.encode()) == _member(judge(value))
    assert len(shaped.known) == 1


def test_base64_whose_last_bits_are_lost_has_no_shape() -> None:
    assert shape_of("{SHA}" + "A" * 26 + "B=") is None
    for size in range(1, 40):
        plain = base64.b64encode(bytes([255] * size)).decode().rstrip("=")
        assert plain[-1] in ENDS[len(plain) % 4]
