"""A proof says yes to the right password alone, and finds out how undeclared hashes were made."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from wizard.__main__ import command
from wizard.bulk.preparation.prepare import prepare
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import compile_mapping
from wizard.mapping.passwords import UNTRIED
from wizard.passwords.answers import HowMade, PasswordsAnswers
from wizard.passwords.census import census
from wizard.passwords.declared import declared
from wizard.passwords.described import Judge
from wizard.passwords.prove import Known, Proof, prove, with_recipe
from wizard.practice.hashes.rules import validate_hash
from wizard.practice.hashes.verify import verify
from wizard.profile import ProfileAnswers

VECTORS = [
    vector
    for name in ("python", "node", "npm", "others")
    for vector in json.loads((Path(__file__).with_name("vectors") / f"{name}.json").read_text())
]
PEPPER = "pepper-of-the-store"


def proof_of(known: list[Known], seconds: float = 60.0, **given: Any) -> Proof:
    answers = PasswordsAnswers.model_validate({"column": "hash", **given})
    return prove(known, answers, secret=lambda name: PEPPER, seconds=seconds, now=time.monotonic)


def mark(**given: Any) -> str:
    return HowMade.model_validate(given).mark("hash")


def accounts(maker: str, form: str, names: tuple[str, ...] = ("plain", "NFC")) -> list[Known]:
    found = [each for each in VECTORS if each["maker"] == maker and each["form"] == form and each["password"] in names]
    assert len(found) == len(names)
    return [Known(each["row"], each["typed"]) for each in found]


SEARCHED = [
    ("passlib (1.9.4)", "nthash", {}),
    ("passlib (1.9.4)", "hex_sha256", {}),
    ("home-made", "md5, salt before", {}),
    ("home-made", "sha512, salt after, base64", {}),
    ("home-made", "Joomla", {}),
    ("home-made", "sha256 of utf16le", {}),
    ("home-made", "sha256 with one pepper", {"format": "hmac-sha256", "key": "env:PEPPER"}),
    ("home-made", "hmac-sha384", {"format": "bcrypt", "key": "env:PEPPER"}),
    ("home-made", "hmac with key and salt", {"format": "bcrypt", "key": "env:PEPPER"}),
    ("Node", "scrypt, hash.salt", {}),
    ("Node", "scrypt, salt as bytes", {}),
    ("Node", "pbkdf2 in columns", {"iterations": "rounds"}),
    ("better-auth", "scrypt", {}),
    ("Discourse", "pbkdf2 told beside it", {}),
    ("Magento 2", "version 1", {}),
    ("ASP.NET membership", "sha1", {}),
    ("Django 4.1.13", "sha1", {}),
    ("Werkzeug 2.2.3", "md5", {}),
    ("Spring", "pbkdf2 with a secret", {"format": "bcrypt", "key": "env:PEPPER"}),
]


@pytest.mark.parametrize(("maker", "form", "given"), SEARCHED[:-1], ids=lambda value: str(value)[:40])
def test_the_search_finds_out_how_hashes_were_made(maker: str, form: str, given: dict[str, Any]) -> None:
    known = accounts(maker, form)
    found = proof_of(known, **given)
    assert found.proven and found.recipe and found.tried
    pasted = {**found.recipe, "proven": list(found.schemes)}
    again = proof_of(known, **pasted)
    assert (again.proven, again.recipe, again.tried) == (True, {}, 0)


def test_iterations_that_the_row_tells_are_preferred_to_one_number_for_all() -> None:
    (known,) = accounts("Discourse", "pbkdf2 told beside it", ("plain",))
    assert proof_of([known]).recipe["iterations"] == "told"


def test_a_pepper_before_the_password_of_bcrypt_is_found_though_it_is_no_hex() -> None:
    stored = bcrypt.hashpw((PEPPER + "copper lantern").encode(), bcrypt.gensalt(4)).decode()
    found = proof_of([Known({"hash": stored}, "copper lantern")], format="bcrypt", key="env:PEPPER")
    assert (found.proven, found.recipe["key_position"]) == (True, "prefix")


@pytest.mark.parametrize("position", ["prefix", "suffix"])
def test_a_salt_beside_bcrypt_is_found(position: str) -> None:
    whole = "beside it" + "copper lantern" if position == "prefix" else "copper lantern" + "beside it"
    stored = bcrypt.hashpw(whole.encode(), bcrypt.gensalt(4)).decode()
    found = proof_of([Known({"hash": stored, "salt": "beside it"}, "copper lantern")])
    assert (found.proven, found.recipe["salt"], found.recipe["salt_position"]) == (True, "salt", position)


@pytest.mark.parametrize(
    ("before", "after", "layout"),
    [
        ("sha1:64000:18:", "{salt}:{hash}", "sha1:{iterations}:18:{salt}:{hash}"),
        ("pbkdf2$sha1$64000$", "{hash}${salt}", "pbkdf2$sha1${iterations}${hash}${salt}"),
    ],
)
def test_words_before_the_iterations_are_part_of_the_layout(before: str, after: str, layout: str) -> None:
    made = hashlib.pbkdf2_hmac("sha1", b"invented", b"eighteen bytes: yes", 64_000, 18)
    parts = {"salt": base64.b64encode(b"eighteen bytes: yes").decode(), "hash": base64.b64encode(made).decode()}
    found = proof_of([Known({"hash": before + after.format(**parts)}, "invented")])
    assert found.recipe == {"layout": layout, "salt_encoding": "base64", "format": "pbkdf2-sha1"}


@pytest.mark.parametrize("position", ["prefix", "suffix"])
def test_a_salt_that_is_text_as_windows_writes_it_is_found_and_fits(position: str) -> None:
    whole = "sält" + "invented" if position == "prefix" else "invented" + "sält"
    row = {"hash": base64.b64encode(hashlib.sha256(whole.encode("utf-16-le")).digest()).decode(), "salt": "sält"}
    found = proof_of([Known(row, "invented")])
    assert found.proven
    assert (found.recipe["salt_encoding"], found.recipe["password_encoding"]) == ("utf16le", "utf16le")
    answers = with_recipe(PasswordsAnswers(column="hash"), found.recipe)
    assert answers is not None
    travels = Judge(declared(answers))(row["hash"], row["salt"]).value
    assert isinstance(travels, dict)
    assert validate_hash(travels) == []
    assert (verify("invented", travels), verify("invente", travels)) == (True, False)


def test_iterations_before_the_hash_and_a_salt_beside_it_are_found() -> None:
    made = base64.b64encode(hashlib.pbkdf2_hmac("sha512", b"invented", b"beside it", 1300)).decode()
    found = proof_of([Known({"hash": f"1300${made}", "salt": "beside it"}, "invented")])
    assert found.recipe["layout"] == "{iterations}${hash}"


def test_many_iterations_of_a_digest_are_refused_where_they_are_declared() -> None:
    with pytest.raises(ValidationError, match="applies sha512 once"):
        PasswordsAnswers.model_validate({"column": "hash", "format": "sha512", "salt": "salt", "iterations": 5000})


def test_a_wrong_password_is_proven_by_nothing() -> None:
    (right,) = accounts("home-made", "md5, salt before", ("plain",))
    found = proof_of([Known(right.row, "wrong")], seconds=1)
    assert not found.proven
    assert found.recipe == {}
    assert found.tried > 20


def test_one_account_that_does_not_fit_refuses_the_recipe_of_the_others() -> None:
    good, other = accounts("home-made", "md5, salt before")
    found = proof_of([good, Known(other.row, "wrong")], seconds=1)
    assert not found.proven
    assert found.recipe == {}


@pytest.mark.parametrize("form", ["pbkdf2_sha256", "argon2", "scrypt", "bcrypt"])
def test_hashes_that_speak_for_themselves_are_proven_without_a_search(form: str) -> None:
    found = proof_of(accounts("Django 5.2.19", form))
    assert (found.proven, found.tried) == (True, 0)


def test_a_user_without_a_hash_is_not_searched_for() -> None:
    found = proof_of([Known({"hash": " "}, "any")])
    assert (found.proven, found.tried) == (False, 0)


def test_accounts_and_passwords_are_in_no_repr() -> None:
    known = Known({"hash": "5f4dcc3b5aa765d61d8327deb882cf99"}, "password")
    found = proof_of([known])
    assert found.proven
    shown = repr(known) + repr(found)
    assert "5f4dcc" not in shown and "'password'" not in shown.replace("carried_by='custom_password_hash'", "")


def test_the_search_stops_at_its_time_and_says_so() -> None:
    (right,) = accounts("Node", "pbkdf2 in columns", ("plain",))
    found = proof_of([Known(right.row, "wrong")], seconds=0.05)
    assert not found.exhausted


def test_a_recipe_replaces_all_that_described_the_hash_and_nothing_else() -> None:
    answers = PasswordsAnswers(column="hash", missing="without_password", format="sha256", salt="nonce")
    changed = with_recipe(answers, {"format": "md5"})
    assert changed == PasswordsAnswers(column="hash", missing="without_password", format="md5")


STORE = "id,mail,nonce,hash\n1,ada@example.com,s@lt,{0}\n2,kim@example.org,s@lt,{0}\n"
ANSWERS = """
version = 1
[source]
path = "users.csv"
[profile]
user_id = "id"
email = "mail"
[passwords]
column = "hash"
missing = "without_password"
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    hashed = hashlib.sha256(b"copper-lantern-417s@lt").hexdigest()
    (tmp_path / "users.csv").write_text(STORE.format(hashed))
    (tmp_path / "answers.toml").write_text(ANSWERS)
    return tmp_path / "answers.toml"


def test_the_command_reports_answers_to_paste(store: Path) -> None:
    called = ["passwords", "prove", str(store), "--account", "ADA@example.com=env:ADA", "--json"]
    ended = CliRunner().invoke(command, called, env={"ADA": "copper-lantern-417"}, standalone_mode=False)
    answer = json.loads(ended.stdout.splitlines()[-1])
    assert (ended.return_value, answer["proven"]) == (0, True)
    assert answer["passwords"] == {
        "salt": "nonce",
        "salt_position": "suffix",
        "format": "sha256",
        "proven": [f"sha256#{mark(format='sha256', salt='nonce', salt_position='suffix')}"],
    }
    assert "copper" not in ended.output and "ada@" not in ended.output.lower()


def test_the_command_says_that_nothing_fits(store: Path) -> None:
    called = ["passwords", "prove", str(store), "--account", "1=env:ADA", "--seconds", "1"]
    ended = CliRunner().invoke(command, called, env={"ADA": "wrong"}, standalone_mode=False)
    assert ended.return_value == 3
    assert "recipes tried" in ended.stdout


def test_a_password_is_never_taken_from_the_arguments(store: Path) -> None:
    called = ["passwords", "prove", str(store), "--account", "ada@example.com=copper-lantern-417"]
    ended = CliRunner().invoke(command, called, standalone_mode=False)
    assert ended.exception is not None
    assert "copper" not in str(ended.exception)


def test_a_login_that_several_records_have_is_refused(store: Path) -> None:
    called = ["passwords", "prove", str(store), "--account", "s@lt=env:ADA"]
    ended = CliRunner().invoke(command, called, env={"ADA": "x"}, standalone_mode=False)
    assert "in 2 records" in str(ended.exception)


SALTED: dict[str, Any] = {"format": "sha256", "salt": "nonce"}
ROW = {"hash": hashlib.sha256(b"s@ltcopper lantern").hexdigest(), "nonce": "s@lt", "other": "s@lt"}


def answers_of(**given: Any) -> PasswordsAnswers:
    return PasswordsAnswers.model_validate({"column": "hash", **given})


def test_what_was_proven_counts_for_just_the_description_that_was_proven() -> None:
    noted = proof_of([Known(ROW, "copper lantern")], **SALTED).noted(answers_of(**SALTED))
    assert noted == {"proven": [f"sha256#{mark(**SALTED)}"]}
    assert answers_of(**SALTED, **noted).proven_formats == {"sha256"}
    changes: list[dict[str, Any]] = [
        {"salt_position": "suffix"}, {"salt": "other"}, {"salt_encoding": "hex"}, {"encoding": "base64"},
        {"password_encoding": "utf16le"}, {"layout": "{hash}:{salt}"}, {"column": "other"},
    ]  # fmt: skip
    for change in changes:
        assert answers_of(**noted, **{**SALTED, **change}).proven_formats == set()
    assert answers_of(**noted, **SALTED, also=[{"format": "md5"}], missing="without_password").proven_formats


def test_a_changed_description_stops_the_run_again(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id,mail,nonce,hash\n1,ada@example.com,s@lt," + ROW["hash"] + "\n")
    source = open_source(SourceAnswers(path="users.csv"), secret=str, base=tmp_path)
    profile = ProfileAnswers(user_id="id", email="mail")
    proven = {"proven": [f"sha256#{mark(**SALTED)}"]}
    for position, untried in (("prefix", 0), ("suffix", 1)):
        passwords = answers_of(**SALTED, **proven, salt_position=position)
        mapping = compile_mapping(profile, passwords, source.columns)
        prepared = prepare(source, source.facts(), mapping, tmp_path / position, workers=0)
        assert prepared.notes.get(UNTRIED, 0) == untried
        (group,) = census([(ROW["hash"], "s@lt")], Judge(declared(passwords)), proven=passwords.proven_formats)
        assert group.needs_proof == bool(untried)


def test_a_format_alone_is_the_word_of_the_operator_for_whatever_is_described() -> None:
    for change in ({}, {"salt_position": "suffix"}, {"salt": "other"}):
        assert answers_of(**{**SALTED, **change}, proven=["sha256"]).proven_formats == {"sha256"}


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (SALTED, {**SALTED, "salt_position": "prefix", "salt_encoding": "utf8", "password_encoding": "utf8"}),
        ({"format": "ntlm"}, {"format": "md4", "encoding": "hex", "password_encoding": "utf16le"}),
        ({"format": "sha1", "key": "env:A"}, {"format": "sha1", "key": "env:A", "key_encoding": "utf8"}),
    ],
)
def test_other_words_for_the_same_description_change_nothing(one: dict[str, Any], same: dict[str, Any]) -> None:
    assert answers_of(**one).mark("hash") == answers_of(**same).mark("hash")


def test_what_the_value_itself_says_stays_proven_whatever_else_is_described() -> None:
    known = accounts("Werkzeug 2.2.3", "sha256", ("plain",))
    assert proof_of(known).noted(answers_of()) == {"proven": ["hmac of Werkzeug"]}


@pytest.mark.parametrize("before", ["sha256", f"sha256#{mark(**SALTED)}"])
def test_an_account_that_does_not_fit_takes_the_earlier_proof_away(before: str) -> None:
    given = {**SALTED, "proven": ["bcrypt of Keycloak", before]}
    found = proof_of([Known(ROW, "another")], seconds=1, **given)
    assert not found.proven and not found.recipe
    assert found.lost(answers_of(**given)) == ["sha256"]
    assert found.noted(answers_of(**given)) == {"proven": ["bcrypt of Keycloak"]}


def test_an_account_that_does_not_fit_takes_no_proof_of_something_else_away() -> None:
    other = f"sha256#{mark(**SALTED, salt_position='suffix')}"
    found = proof_of([Known(ROW, "another")], seconds=1, **SALTED, proven=[other, "sha1"])
    answers = answers_of(**SALTED, proven=[other, "sha1"])
    assert (found.lost(answers), found.noted(answers)) == ([], {})


def test_the_command_takes_an_earlier_proof_away(store: Path) -> None:
    described = """format = "sha256"\nsalt = "nonce"\nsalt_position = "suffix"\nproven = ["sha256"]\n"""
    store.write_text(store.read_text() + described)
    called = ["passwords", "prove", str(store), "--account", "1=env:ADA", "--seconds", "0"]
    ended = CliRunner().invoke(command, called, env={"ADA": "wrong"}, standalone_mode=False)
    assert ended.return_value == 3
    assert "The earlier proof of sha256 no longer counts" in ended.stdout
    assert "To take it away, in [passwords]:\nproven = []" in ended.stdout
    again = CliRunner().invoke(command, called, env={"ADA": "copper-lantern-417"}, standalone_mode=False)
    assert again.return_value == 0
    assert f'proven = ["sha256#{mark(format="sha256", salt="nonce", salt_position="suffix")}"]' in again.stdout
