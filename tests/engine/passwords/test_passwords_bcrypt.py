"""What becomes of stored passwords, and the census of a store."""

import string

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prepare_stage import HASH, mapping, person

from wizard.mapping import User
from wizard.passwords import judge
from wizard.passwords.census import census
from wizard.practice.hashes.verify import verify

TAIL = HASH[7:]


@pytest.mark.parametrize("prefix", ["2a", "2b"])
def test_bcrypt_of_cost_10_travels_as_password_hash(prefix: str) -> None:
    found = mapping().map_one(person(1, hash=f" ${prefix}$10${TAIL}\n"))
    assert isinstance(found, User)
    assert found.profile["password_hash"] == f"${prefix}$10${TAIL}"


@pytest.mark.parametrize("start", ["$2y$10$", "$2a$04$", "$2b$12$", "$2b$31$", "$2y$12$"])
def test_other_bcrypt_travels_as_a_custom_hash(start: str) -> None:
    found = mapping().map_one(person(1, hash=start + TAIL))
    assert isinstance(found, User)
    assert found.profile["custom_password_hash"] == {"algorithm": "bcrypt", "hash": {"value": start + TAIL}}
    assert "password_hash" not in found.profile


@pytest.mark.parametrize(
    "stored",
    [
        "$2x$10$" + TAIL,
        "$2$10$" + TAIL,
        "$2b$10$" + TAIL[:-1],
        "$2b$03$" + TAIL,
        "$2b$32$" + TAIL,
        "$2b$10$" + "!" + TAIL[1:],
    ],
)
def test_damaged_or_refused_bcrypt_does_not_travel(stored: str) -> None:
    verdict = judge(stored)
    assert (verdict.scheme, verdict.carried_by) == ("bcrypt", "none")
    assert verdict.why


@pytest.mark.parametrize("cost", [4, 10])
@pytest.mark.parametrize("prefix", [b"2a", b"2b"])
def test_the_right_password_still_opens_what_travelled(cost: int, prefix: bytes) -> None:
    verdict = judge(bcrypt.hashpw("pässword".encode(), bcrypt.gensalt(cost, prefix)).decode())
    assert verdict.value is not None
    stored = (
        verdict.value
        if isinstance(verdict.value, str)
        else {**verdict.value, "hash": {**verdict.value["hash"], "encoding": "utf8"}}
    )
    assert verify("pässword", stored)
    assert not verify("password", stored)


@pytest.mark.parametrize(
    ("stored", "scheme"),
    [
        ("$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$aGFzaA", "argon2"),
        ("pbkdf2_sha256$260000$salt$aGFzaA==", "pbkdf2 of Django"),
        ("$6$rounds=5000$salt$hash", "crypt(3)"),
        ("$P$B12345678abcdefghijklmnopqrstuv", "phpass"),
        ("{SSHA}aGFzaA==", "LDAP digest"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "hex digest of 128 bits"),
        ("!", "disabled"),
        ("not cached", "disabled"),
        ("hunter2", "unknown"),
        ("", "none"),
    ],
)
def test_the_census_knows_the_common_families(stored: str, scheme: str) -> None:
    (group,) = census([stored, stored])
    assert (group.scheme, group.users, group.carried_by) == (scheme, 2, "none")


def test_the_census_groups_by_format_and_shows_no_hash() -> None:
    groups = census([HASH, HASH, "$2y$12$" + TAIL, None, "hunter2", 5, b"\xff"])
    assert ("bcrypt", 2) in [(group.scheme, group.users) for group in groups]
    assert sum(group.users for group in groups) == 7
    assert TAIL not in repr(groups)
    assert "hunter2" not in repr(groups)


def test_the_census_of_parameters_that_vary_by_user_stays_small() -> None:
    groups = census(f"pbkdf2_sha256${count}$salt$x" for count in range(100_000, 103_000))
    assert len(groups) < 600
    assert sum(group.users for group in groups) == 3000


@given(st.text(alphabet=string.printable, max_size=70) | st.text(max_size=10))
def test_no_value_makes_a_recipe_raise_or_shows_in_its_verdict(stored: str) -> None:
    verdict, shown = judge(stored), stored.strip()
    said_anyway = repr(judge("!" * 20))  # some text is a word that is always said
    assert len(shown) < 8 or shown not in repr(verdict) or shown in said_anyway


@pytest.mark.parametrize("which", ["unsupported", "missing"])
def test_users_without_a_usable_hash_are_imported_only_if_that_was_decided(which: str) -> None:
    row = person(1, hash="{SSHA}x" if which == "unsupported" else "")
    notes: list[str] = []
    found = mapping(passwords={"column": "hash", which: "without_password"}).to_user(row, notes)
    assert "password_hash" not in found
    assert notes == ["without_password"]
