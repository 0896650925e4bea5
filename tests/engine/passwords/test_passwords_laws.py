"""Laws of judging: nothing raises, nothing is quoted, and garbage never travels."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wizard.passwords import Judge, Verdict, judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.census import census
from wizard.passwords.check import CannotCheck, NoCheck
from wizard.passwords.declared import FORMATS, NESTED, declared, layout_pattern
from wizard.passwords.judging import HEADS
from wizard.passwords.verify import Verifier
from wizard.practice.hashes.rules import validate_hash, validate_password_hash
from wizard.rejects import CHECKED_AT_LOGIN, REASONS

VECTORS = [
    vector["row"]["hash"]
    for name in ("python", "node", "npm", "others")
    for vector in json.loads((Path(__file__).with_name("vectors") / f"{name}.json").read_text())
    if vector["password"] == "plain"
]
GARBAGE = st.text(max_size=90) | st.from_regex(r"[A-Za-z0-9+/=$:{}.,!*_-]{0,120}", fullmatch=True)
CUT = st.builds(
    lambda value, at, more: value[: at % len(value)] + more,
    st.sampled_from(VECTORS),
    st.integers(0, 999),
    st.sampled_from(["", "$", "=", "é", "\0", "zz"]),
)


@given(GARBAGE | CUT | st.builds(str.__add__, st.sampled_from(sorted(HEADS)), GARBAGE))
@example("$2b$")
@example("{")
@example("AQAAAA==")
def test_no_value_makes_a_recipe_raise_and_what_travels_is_valid(value: str) -> None:
    verdict = judge(value)
    if verdict.carried_by == "none":
        assert verdict.code in REASONS
        assert verdict.why
        assert verdict.value is None
    else:
        check = validate_password_hash if verdict.carried_by == "password_hash" else validate_hash
        assert check(verdict.value) == []
        assert value.strip() not in verdict.parameters + verdict.why


CASES: list[Callable[[str], str]] = [str.upper, str.lower, str.title, str.swapcase]


@given(
    st.builds(
        lambda head, case, tail: case(head) + tail, st.sampled_from(sorted(HEADS)), st.sampled_from(CASES), GARBAGE
    )
)
def test_no_head_in_any_case_makes_a_recipe_raise(value: str) -> None:
    verdict = judge(value)
    assert verdict.carried_by != "none" or verdict.code in REASONS


BCRYPT = "$2b$12$" + "a" * 21 + "u" + "b" * 31


@pytest.mark.parametrize("head", ["{BCRYPT}", "{Bcrypt}", "{bcrypt}", "{BLF-CRYPT}", "{blf-crypt}"])
def test_schemes_before_bcrypt_are_the_same_in_any_case(head: str) -> None:
    assert judge(head + BCRYPT).scheme == judge(BCRYPT).scheme == "bcrypt"
    assert judge(head + BCRYPT).carried_by == "custom_password_hash"


def test_sha256_of_ldap_is_told_from_that_of_spring() -> None:
    stored = base64.b64encode(hashlib.sha256(b"invented").digest()).decode()
    assert judge("{sha256}" + stored).value == judge("{SHA256}" + stored).value
    assert judge("{sha256}" + stored).carried_by == "custom_password_hash"
    assert judge("{sha256}" + "ab" * 40).code == "password_unsupported"


def test_hex_behind_a_scheme_of_ldap_is_not_read_as_base64() -> None:
    salted = hashlib.sha1(b"inventedsalt", usedforsecurity=False).digest() + b"salt"
    plain, of_hex = judge("{SSHA}" + base64.b64encode(salted).decode()), judge("{SSHA}" + salted.hex())
    assert plain.carried_by == "custom_password_hash"
    assert of_hex.value == plain.value
    assert "hex" in of_hex.assumes and not plain.assumes


@pytest.mark.parametrize(("kept", "travels"), [(97, True), (94, False), (90, False)])
def test_argon2_that_a_short_column_has_cut_stays_behind(kept: int, travels: bool) -> None:
    whole = "$argon2id$v=19$m=65536,t=3,p=4$" + "A" * 22 + "$" + "A" * 43
    assert len(whole) == 97
    assert (judge(whole[:kept]).carried_by != "none") == travels


def test_argon2_of_keycloak_has_the_length_that_is_told() -> None:
    def stored(length: int) -> str:
        parameters = {
            "hashLength": ["32"],
            "memory": ["7168"],
            "type": ["id"],
            "version": ["1.3"],
            "parallelism": ["1"],
        }
        data = {"hashIterations": 5, "algorithm": "argon2", "additionalParameters": parameters}
        secret = {"value": base64.b64encode(b"v" * length).decode(), "salt": base64.b64encode(b"s" * 16).decode()}
        return json.dumps({"credentialData": json.dumps(data), "secretData": json.dumps(secret)})

    assert judge(stored(32)).carried_by == "custom_password_hash"
    assert judge(stored(28)).code == "password_damaged"


def of_clerk(hasher: str, stored: str) -> Verdict:
    return judge(json.dumps({"password_digest": stored, "password_hasher": hasher}))


def test_the_hasher_of_clerk_says_what_a_digest_is_of() -> None:
    salt, made = b"\x01\xff salt", hashlib.pbkdf2_hmac("sha256", b"invented", b"\x01\xff salt", 1000)
    encoded = "$".join(base64.b64encode(part).decode() for part in (salt, made))
    value = of_clerk("pbkdf2_sha256", f"pbkdf2_sha256$1000${encoded}").value
    assert isinstance(value, dict)
    assert base64.b64encode(salt).decode().rstrip("=") in value["hash"]["value"]
    text, sha1 = "salt", hashlib.pbkdf2_hmac("sha1", b"invented", b"salt", 1000)
    value = of_clerk("pbkdf2_sha1", f"pbkdf2_sha1$1000${text}${sha1.hex()}").value
    assert isinstance(value, dict)
    assert base64.b64encode(text.encode()).decode().rstrip("=") in value["hash"]["value"]
    assert of_clerk("bcrypt", BCRYPT).carried_by == "custom_password_hash"
    for hasher in ("bcrypt_peppered", "bcrypt_sha256_django", "pbkdf2_sha512", "sha256_salted", ""):
        assert of_clerk(hasher, BCRYPT).carried_by == "none"
        assert of_clerk(hasher, f"{hasher}$1000$salt$aGFzaA==").carried_by == "none"


@pytest.mark.parametrize("missing", ["NULL", "\\N", "null", " NULL ", ""])
def test_what_databases_write_for_no_salt_is_no_salt(missing: str) -> None:
    judge_it = Judge(declared(PasswordsAnswers(column="hash", format="sha256", salt="salt")))
    assert judge_it("ab" * 32, missing).code == "password_damaged"


def test_white_space_of_a_salt_is_part_of_it() -> None:
    judge_it = Judge(declared(PasswordsAnswers(column="hash", format="sha256", salt="salt")))
    assert judge_it("ab" * 32, " x y ").value != judge_it("ab" * 32, "x y").value


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P")), max_size=40))
def test_what_people_type_as_a_password_never_travels_undeclared(value: str) -> None:
    assert judge(value).carried_by == "none"


@pytest.mark.parametrize("size", [32, 40, 56, 64, 96, 128])
def test_a_bare_digest_is_asked_about(size: int) -> None:
    for value in ("a1" * (size // 2), "A1" * (size // 2)):
        verdict = judge(value)
        assert (verdict.carried_by, verdict.code) == ("none", "password_undeclared")


DECLARED = [name for name in FORMATS if not name.startswith(("pbkdf2", "hmac", "aspnet-membership-hmac"))]


@given(st.sampled_from(DECLARED), GARBAGE | CUT, st.none() | st.sampled_from(["{salt}:{hash}", "{hash}.{salt}"]))
def test_no_declaration_makes_a_value_raise(name: str, value: str, layout: str | None) -> None:
    judge_it = Judge(declared(PasswordsAnswers(column="hash", format=name, layout=layout)))
    verdict = judge_it(value)
    if verdict.carried_by == "custom_password_hash":
        assert validate_hash(verdict.value) == []


@given(st.lists(st.sampled_from(VECTORS) | GARBAGE, max_size=60))
def test_the_census_counts_everybody_and_shows_no_hash(values: list[str]) -> None:
    groups = census(values)
    assert sum(group.users for group in groups) == len(values)
    shown = repr(groups)
    assert all(value not in shown for value in values if len(value) > 30)


@pytest.mark.parametrize("layout", ["", "{hash}{salt}", "{salt}", "{hash}:{hash}", "{hash}:{salt}:{salt}"])
def test_a_layout_that_cannot_be_read_is_refused(layout: str) -> None:
    with pytest.raises(ValueError, match="must hold"):
        layout_pattern(layout)


TOLD = st.sampled_from([None, *NESTED, "bcrypt", "sha1"])
KEYS = {"blesta", "flask-security"}


@pytest.mark.filterwarnings("ignore::passlib.exc.PasslibHashWarning")
@given(
    GARBAGE | CUT | st.builds(str.__add__, st.sampled_from(sorted(HEADS)), GARBAGE),
    st.sampled_from([None, "reject"]),
    TOLD,
    st.booleans(),
)
@example("$H$", None, None, False)
@example("$y$j9T$abc$def", None, None, False)
@example("{SASL}ada@example.com", None, None, False)
@example("{Sha512-Crypt}$6$rounds=1000$salt$abc", None, None, False)
@example("0x0200" + "ab" * 68, None, None, False)
@example("$2b$04$" + "a" * 53, None, "mybb", False)
@example("$2b$04$" + "a" * 53, None, "flask-security", False)
@example("$1$salt$abcdefghijklmnopqrstuv", None, "suitecrm", False)
@example("5f4dcc3b5aa765d61d8327deb882cf99", None, "matomo", False)
def test_no_login_is_promised_for_what_the_legacy_api_has_no_check_for(
    value: str, unconfirmed: str | None, form: str | None, complete: bool
) -> None:
    more = {"salt": "salt", **({"key": "env:KEY"} if form in KEYS else {})} if complete and form else {}
    answers = PasswordsAnswers.model_validate({"column": "hash", "format": form, "unconfirmed": unconfirmed, **more})
    judge_it = Judge(declared(answers, lambda reference: "pepper"))
    beside = ["salt"] * len(judge_it.declared.columns)
    verdict = judge_it(value, *beside)
    if verdict.code in CHECKED_AT_LOGIN - {"password_undeclared"}:
        try:
            Verifier(judge_it)("typed", value, *beside)
        except CannotCheck as why:  # it may be damaged, or take too long
            assert not isinstance(why, NoCheck)


def test_an_unconfirmed_hash_follows_the_operator() -> None:
    argon2i = "$argon2i$v=19$m=1024,t=2,p=1$LPpsUQ40TIHQk13hPsYj9Q$5VO6KqrvF2LFNJuaVQG0f5iGyuiJWI+M40AUEB/tU8k"
    other_cost = "$2b$12$" + "a" * 53
    wanted: dict[Literal["import", "reject"] | None, tuple[str, str]] = {
        None: ("none", "custom_password_hash"),
        "import": ("custom_password_hash", "custom_password_hash"),
        "reject": ("none", "none"),
    }
    for unconfirmed, (first, second) in wanted.items():
        judge_it = Judge(declared(PasswordsAnswers(column="hash", unconfirmed=unconfirmed)))
        assert (judge_it(argon2i).carried_by, judge_it(other_cost).carried_by) == (first, second)


def test_a_lost_pepper_leaves_everybody_behind_with_the_reason() -> None:
    judge_it = Judge(declared(PasswordsAnswers(column="hash", format="bcrypt", key_lost=True)))
    verdict = judge_it("$2b$10$" + "a" * 53)
    assert (verdict.carried_by, verdict.code) == ("none", "password_uncheckable")
    assert "pepper" in verdict.why and "move at their login" not in verdict.why


@pytest.mark.parametrize(
    "given_",
    [
        {"format": "md5000"},
        {"format": "hmac-md5"},
        {"format": "pbkdf2-sha1"},
        {"key": "env:A"},
        {"key": "pepper", "format": "bcrypt"},
    ],
)
def test_declarations_that_make_no_sense_are_refused(given_: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        PasswordsAnswers.model_validate({"column": "hash", **given_})
