"""A column with hashes of several kinds, none of which says how it was made: each is carried by its own description."""

from __future__ import annotations

import hashlib
import time
import tomllib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from wizard.__main__ import command
from wizard.answers import from_tables, load, save
from wizard.answers.problems import AnswersInvalid
from wizard.bulk.preparation.prepare import prepare
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import compile_mapping
from wizard.passwords.answers import HowMade, PasswordsAnswers
from wizard.passwords.census import census
from wizard.passwords.declared import PRESETS, declared
from wizard.passwords.described import Judge
from wizard.passwords.prove import Known, Proof, prove
from wizard.passwords.verify import Verifier
from wizard.practice.hashes.rules import validate_hash
from wizard.practice.hashes.verify import verify
from wizard.profile import ProfileAnswers

PASSWORDS = ("correct horse", "battery staple", "Zoë's tea", "hunter two")


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def pbkdf2(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 1000).hex()


ROWS: Sequence[Mapping[str, str]] = (
    {"id": "u1", "email": "ada@example.com", "hash": md5(PASSWORDS[0]), "salt": ""},
    {"id": "u2", "email": "bob@example.com", "hash": f"s1:{sha1('s1' + PASSWORDS[1])}", "salt": ""},
    {"id": "u3", "email": "eve@example.com", "hash": md5("pepper3" + PASSWORDS[2]), "salt": "pepper3"},
    {"id": "u4", "email": "ida@example.com", "hash": pbkdf2(PASSWORDS[3], "of-ida"), "salt": "of-ida"},
)
SALTED: dict[str, Any] = {"format": "md5", "salt": "salt"}
BARE: dict[str, Any] = {"format": "md5"}
JOOMLA: dict[str, Any] = {"format": "sha1", "layout": "{salt}:{hash}"}
SLOW: dict[str, Any] = {"format": "pbkdf2-sha256", "salt": "salt", "iterations": 1000}
ALL: dict[str, Any] = {"column": "hash", **SALTED, "also": [BARE, JOOMLA, SLOW]}


def answers_of(**given: Any) -> PasswordsAnswers:
    return PasswordsAnswers.model_validate({"column": "hash", **given})


def marked(described: dict[str, Any]) -> dict[str, Any]:
    """One of `also` that was proven."""
    return {**described, "proven": mark(described)}


def mark(described: dict[str, Any]) -> str:
    return HowMade.model_validate(described).mark("hash")


def known(*numbers: int) -> list[Known]:
    return [Known(ROWS[number], PASSWORDS[number]) for number in numbers]


def proof_of(accounts: list[Known], seconds: float = 120, **given: Any) -> Proof:
    return prove(accounts, answers_of(**given), secret=lambda name: "", seconds=seconds, now=time.monotonic)


def cells(judge: Judge, row: Mapping[str, str]) -> list[str]:
    return [row[name] for name in ("hash", *judge.declared.columns)]


def test_each_hash_is_carried_by_the_first_description_that_it_is_of() -> None:
    judge = Judge(declared(answers_of(**ALL)))
    for row, password in zip(ROWS, PASSWORDS, strict=True):
        value = judge(*cells(judge, row)).value
        assert isinstance(value, dict) and validate_hash(value) == []
        assert verify(password, value) and not verify(f"{password}!", value)
        assert Verifier(judge)(password, *cells(judge, row)) and not Verifier(judge)("another", *cells(judge, row))


def test_what_speaks_for_itself_still_does() -> None:
    judge = Judge(declared(answers_of(**ALL)))
    assert judge("$2b$10$" + "a" * 53, "", "").carried_by == "password_hash"
    assert judge("", "", "").code == "password_missing"


@pytest.mark.parametrize(
    ("value", "scheme", "code"),
    [(sha1("x"), "hex digest of 160 bits", "password_undeclared"), ("f" * 31, "md5", "password_damaged")],
)
def test_what_is_of_another_kind_is_not_called_damaged(value: str, scheme: str, code: str) -> None:
    verdict = Judge(declared(answers_of(**BARE)))(value)
    assert (verdict.scheme, verdict.code) == (scheme, code)
    assert ("also of [passwords]" in verdict.why) == (code == "password_undeclared")


def test_files_and_census_agree_with_the_judge(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(
        "id,email,hash,salt\n" + "".join(",".join(row.values()) + "\n" for row in ROWS), encoding="utf-8"
    )
    source = open_source(SourceAnswers(kind="csv", path="users.csv"), secret=lambda name: "", base=tmp_path)
    passwords = answers_of(**ALL, unproven="import")
    mapping = compile_mapping(ProfileAnswers(user_id="id", email="email"), passwords, source.columns)
    prepare(source, source.facts(), mapping, tmp_path / "out", workers=0)
    users = orjson.loads((tmp_path / "out" / "users" / "00001.json").read_bytes())
    judge = Judge(declared(passwords))
    assert [user["custom_password_hash"] for user in users] == [judge(*cells(judge, row)).value for row in ROWS]
    with_proof = answers_of(**{**ALL, "also": [{**BARE, "proven": True}, JOOMLA, SLOW]})
    groups = census([tuple(cells(judge, row)) for row in ROWS], Judge(declared(with_proof)), proven=["md5", "sha1"])
    assert {(group.scheme, group.parameters): group.proven for group in groups} == {
        ("md5", "without salt"): True,
        ("md5", "salt before"): True,
        ("sha1", "salt before"): False,
        ("pbkdf2-sha256", "sha256, 1,000 iterations"): False,
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"also": [BARE]}, "not none"),
        ({"format": "django", "also": [BARE]}, "not django"),
        ({**BARE, "also": [{"format": "devise"}]}, "devise may only come first"),
        ({**BARE, "also": [{"salt": "salt"}]}, "one without format may only come first"),
        ({**BARE, "also": [{"format": "ntlm"}]}, "ntlm would never be tried, as the md5 before it"),
        ({**BARE, "also": [SALTED]}, "md5 would never be tried"),
        ({**JOOMLA, "also": [BARE, BARE]}, "md5 would never be tried"),
        ({**SLOW, "also": [SALTED]}, "md5 would never be tried"),
        ({**BARE, "key_lost": True, "also": [JOOMLA]}, "key_lost holds for all"),
    ],
)
def test_a_description_that_would_never_be_tried_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match="also") as raised:
        answers_of(**given)
    assert words in str(raised.value)


def test_the_search_finds_each_of_several_kinds() -> None:
    found = proof_of(known(0, 1))
    assert found.proven
    assert found.recipe == {**JOOMLA, "also": [BARE]}
    noted = found.noted(answers_of())
    assert noted == {**JOOMLA, "also": [marked(BARE)], "proven": [f"sha1#{mark(JOOMLA)}"]}
    again = proof_of(known(0, 1), **noted)
    assert again.recipe == again.noted(answers_of(**noted)) == {}


def test_all_kinds_of_one_column_are_found_at_once_and_need_no_more_proof() -> None:
    noted = proof_of(known(0, 1, 2, 3)).noted(answers_of())
    judge = Judge(declared(answers_of(**noted)))
    verdicts = [judge(*cells(judge, row)) for row in ROWS]
    for password, verdict in zip(PASSWORDS, verdicts, strict=True):
        assert verdict.value is not None and verify(password, verdict.value)
    assert all(verdict.is_proven(answers_of(**noted).proven_formats) for verdict in verdicts)


def test_what_was_proven_before_is_kept_beside_what_is_found() -> None:
    found = proof_of(known(1), **BARE, key_encoding="utf8", proven=["md5"])
    noted = found.noted(answers_of(**BARE, proven=["md5"]))
    assert noted == {**JOOMLA, "also": [{**BARE, "proven": True}], "proven": [f"sha1#{mark(JOOMLA)}"]}
    by_proof = [f"md5#{mark(BARE)}"]
    noted = proof_of(known(1), **BARE, proven=by_proof).noted(answers_of(**BARE, proven=by_proof))
    assert noted == {**JOOMLA, "also": [marked(BARE)], "proven": [f"sha1#{mark(JOOMLA)}"]}


def test_what_was_not_proven_is_replaced() -> None:
    assert proof_of(known(1), **BARE).recipe == JOOMLA
    assert proof_of(known(1), **BARE, proven=["md5#0123456789ab", "hmac of Werkzeug"]).recipe == JOOMLA


def test_two_kinds_of_one_format_are_proven_each_for_itself() -> None:
    noted = proof_of(known(2), **BARE, proven=["md5"]).noted(answers_of(**BARE, proven=["md5"]))
    assert noted == {**SALTED, "also": [{**BARE, "proven": True}], "proven": [f"md5#{mark(SALTED)}"]}
    one = answers_of(**SALTED, also=[BARE], proven=noted["proven"])
    judge = Judge(declared(one))
    assert [judge(*cells(judge, row)).is_proven(one.proven_formats) for row in (ROWS[2], ROWS[0])] == [True, False]


def test_what_cannot_be_told_apart_from_what_was_proven_is_said_and_offers_nothing() -> None:
    odd = Known({**ROWS[0], "salt": "left over"}, PASSWORDS[0])
    found = proof_of([odd], **SALTED, proven=["md5"])
    assert found.mingled and not found.recipe and not found.proven
    assert found.noted(answers_of(**SALTED, proven=["md5"])) == {}


def test_a_description_that_was_proven_stays_wherever_it_stands() -> None:
    given = {**JOOMLA, "also": [{**BARE, "proven": True}]}
    noted = proof_of(known(3), **given, iterations=None).noted(answers_of(**given))
    assert {**BARE, "proven": True} in noted["also"]


def test_a_proof_of_one_of_several_that_are_right_is_noted() -> None:
    given = {**JOOMLA, "also": [BARE]}
    assert proof_of(known(0), **given).noted(answers_of(**given)) == {
        "also": [marked(BARE)], "proven": [],
    }  # fmt: skip


@pytest.mark.parametrize("salt", ["", "   ", "NULL"])
def test_no_salt_is_what_tells_the_unsalted(salt: str) -> None:
    judge = Judge(declared(answers_of(**SALTED, also=[BARE])))
    assert judge(md5("x"), salt).parameters == "without salt"


def test_a_salt_that_cannot_be_read_makes_nobody_unsalted() -> None:
    judge = Judge(declared(answers_of(**SALTED, salt_encoding="hex", also=[BARE])))
    assert judge(md5("x"), "7a3").code == "password_damaged"


@pytest.mark.parametrize("form", ["pbkdf2-sha256", "scrypt"])
@pytest.mark.parametrize("word", ["letmein1", "disabled", "None"])
def test_words_are_no_keys(form: str, word: str) -> None:
    rounds = {"iterations": 1000} if form.startswith("pbkdf2") else {}
    judge = Judge(declared(answers_of(format=form, salt="salt", **rounds)))
    assert judge(word, "salt").carried_by == "none"
    assert judge("NULL", "salt").code == "password_missing"


@pytest.mark.parametrize("form", ["pbkdf2-sha256", "hmac-sha384"])
def test_hex_is_not_read_as_base64(form: str) -> None:
    rounds = {"iterations": 1000} if form.startswith("pbkdf2") else {}
    judge = Judge(declared(answers_of(format=form, salt="salt", **rounds, also=[{"format": "sha256"}])))
    verdict = judge(hashlib.sha256(b"x").hexdigest(), "" if rounds else "salt")
    assert verdict.scheme == "sha256"


@pytest.mark.parametrize("given", [{"format": "aspnet-membership", "salt": "salt"}, {**BARE, "also": [JOOMLA]}])
def test_what_a_maker_alone_writes_speaks_for_itself_beside_any_description(given: dict[str, Any]) -> None:
    judge = Judge(declared(answers_of(**given)))
    beside = [""] * len(judge.declared.columns)
    identity = b64encode(b"\0" + b"s" * 16 + hashlib.pbkdf2_hmac("sha1", b"x", b"s" * 16, 1000, 32)).decode()
    assert judge(identity, *beside).scheme == "ASP.NET Identity v2"
    assert judge("1|$2y$10$" + "a" * 53, *beside).scheme == "bcrypt"


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("place", ["first", "also"])
def test_saving_changes_nothing_about_how_hashes_are_read(tmp_path: Path, preset: str, place: str) -> None:
    one = {"format": preset, **({"salt": "salt"} if preset.startswith("aspnet") else {})}
    if place == "also" and preset == "devise":
        return  # it may only come first
    given = one if place == "first" else {**JOOMLA, "also": [one]}
    answers = from_tables({"passwords": {"column": "hash", **given}}, (PasswordsAnswers,))
    save(tmp_path / "answers.toml", answers)
    again = load(tmp_path / "answers.toml", (PasswordsAnswers,), environment={})
    assert declared(again[PasswordsAnswers]) == declared(answers[PasswordsAnswers])


def test_what_is_to_be_pasted_is_answers(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(
        "id,email,hash\n" + "".join(f"{row['id']},{row['email']},{row['hash']}\n" for row in ROWS[:2]), encoding="utf-8"
    )
    file = tmp_path / "answers.toml"
    opening = 'version = 1\n[source]\nkind = "csv"\npath = "users.csv"\n[profile]\nuser_id = "id"\nemail = "email"\n'
    file.write_text(f'{opening}[passwords]\ncolumn = "hash"\n', encoding="utf-8")
    arguments = ["passwords", "prove", str(file), "--account", "u1=env:ONE", "--account", "u2=env:TWO"]
    ran = CliRunner(env={"ONE": PASSWORDS[0], "TWO": PASSWORDS[1]}).invoke(command, arguments)
    assert ran.exit_code == 0, ran.output
    pasted = ran.output[ran.output.index("[passwords]\n") :].partition("\n{")[0]
    file.write_text(opening + pasted.replace("[passwords]", '[passwords]\ncolumn = "hash"', 1), encoding="utf-8")
    again = CliRunner(env={"ONE": PASSWORDS[0], "TWO": PASSWORDS[1]}).invoke(command, arguments)
    assert again.exit_code == 0 and "Replace what describes" not in again.output
    section = PasswordsAnswers.model_validate({"column": "hash", **tomllib.loads(pasted)["passwords"]})
    assert [each.proven for each in section.also] == [mark(BARE)] and section.proven_formats == {"sha1"}


@pytest.mark.parametrize("proven", [True, mark(BARE)])
def test_a_proof_of_one_in_also_counts_for_just_that_and_an_account_can_speak_against_it(proven: bool | str) -> None:
    given = {**JOOMLA, "also": [{**BARE, "proven": proven}]}
    hashed = [
        answers_of(**given),
        answers_of(**{**JOOMLA, "also": [{**BARE, "password_encoding": "utf16le", "proven": proven}]}),
    ]
    assert [declared(each).also[0].proven for each in hashed] == [True, proven is True]
    found = proof_of([Known(ROWS[0], "another")], seconds=1, **given)
    assert found.lost(answers_of(**given)) == ["md5"]
    assert found.noted(answers_of(**given)) == {"also": [BARE], "proven": []}


@pytest.mark.parametrize("proven", ["yes", "0123", 1, "0123456789AB"])
def test_a_proof_of_one_in_also_is_true_or_a_mark(proven: Any) -> None:
    with pytest.raises(AnswersInvalid, match="proven"):
        from_tables(
            {"passwords": {"column": "hash", **JOOMLA, "also": [{**BARE, "proven": proven}]}}, (PasswordsAnswers,)
        )


def test_what_was_proven_survives_the_file(tmp_path: Path) -> None:
    given = {**JOOMLA, "also": [marked(BARE), {**SLOW, "proven": True}], "proven": [f"sha1#{mark(JOOMLA)}"]}
    save(tmp_path / "answers.toml", from_tables({"passwords": {"column": "hash", **given}}, (PasswordsAnswers,)))
    again = load(tmp_path / "answers.toml", (PasswordsAnswers,), environment={})[PasswordsAnswers]
    assert again.proven_formats == {"sha1"}
    assert [each.proven for each in declared(again).also] == [True, True]


def test_more_kinds_than_can_be_described_are_said_to_be_that() -> None:
    layouts = [f"{name}:{{salt}}:{{hash}}" for name in "abcdefghi"]
    first, *others = ({"format": "md5", "layout": layout, "proven": True} for layout in layouts)
    given: dict[str, Any] = {"format": "md5", "layout": first["layout"], "also": others, "proven": ["md5"]}
    one = Known({"hash": sha1(PASSWORDS[0])}, PASSWORDS[0])
    found = proof_of([one], **given)
    assert (found.recipe, found.mingled, found.noted(answers_of(**given))) == ({}, False, {})
    assert found.hindrance.startswith("what fits would be kind 10 of one column, of which [passwords] describes 9")
    fewer = {**given, "also": others[:-1]}
    assert len(proof_of([one], **fewer).recipe["also"]) == 8
    assert proof_of([one], **fewer).hindrance == ""


WRONG = Known(ROWS[0], "mistyped")


@pytest.mark.parametrize("known_", [[WRONG, *known(1)], [*known(1), WRONG]])
def test_a_wrong_password_does_not_keep_other_kinds_from_being_found(known_: list[Known]) -> None:
    found = proof_of(known_, seconds=2)
    assert (found.proven, found.recipe) == (False, JOOMLA)
    assert sorted(str(account.fits) for account in found.accounts) == ["None", "True"]
    assert found.noted(answers_of()) == {**JOOMLA, "proven": [f"sha1#{mark(JOOMLA)}"]}


def test_a_slow_search_for_one_kind_takes_no_time_from_others() -> None:
    found = proof_of([Known(ROWS[3], "mistyped"), *known(1, 0)], seconds=1)
    assert found.recipe == {**JOOMLA, "also": [BARE]} and not found.exhausted


def test_an_account_without_a_hash_does_not_keep_others_from_being_found() -> None:
    found = proof_of([Known({**ROWS[0], "hash": " "}, "any"), *known(1)])
    assert (found.proven, found.recipe) == (False, JOOMLA)


def test_hashes_that_look_alike_are_left_alone_together_where_nothing_fits_one_of_them() -> None:
    found = proof_of([*known(0), Known(ROWS[2], "mistyped"), *known(1)], seconds=2)
    assert found.recipe == JOOMLA


def test_what_is_described_stays_for_an_account_for_which_nothing_better_is_found() -> None:
    found = proof_of([WRONG, *known(1)], seconds=2, **BARE, proven=["md5"])
    assert found.recipe == {**JOOMLA, "also": [{**BARE, "proven": True}]}
    answers = answers_of(**BARE, proven=["md5"])
    assert found.lost(answers) == ["md5"]
    assert found.noted(answers) == {**JOOMLA, "also": [BARE], "proven": [f"sha1#{mark(JOOMLA)}"]}


@pytest.mark.parametrize("layout", ["{salt}:{hash}", "{hash}:{salt}", "{hash}.{salt}"])
@pytest.mark.parametrize("position", ["prefix", "suffix"])
def test_a_salt_that_is_as_long_as_the_hash_is_not_taken_for_it(layout: str, position: str) -> None:
    salt = md5("salty")
    made = md5(salt + "invented" if position == "prefix" else "invented" + salt)
    found = proof_of([Known({"hash": layout.format(salt=salt, hash=made)}, "invented")])
    assert found.recipe == {
        "format": "md5", "layout": layout, **({"salt_position": "suffix"} if position == "suffix" else {})
    }  # fmt: skip


def test_the_command_says_for_which_accounts_nothing_was_found(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(
        "id,email,hash\n" + "".join(f"{row['id']},{row['email']},{row['hash']}\n" for row in ROWS[:2]), encoding="utf-8"
    )
    file = tmp_path / "answers.toml"
    file.write_text(
        'version = 1\n[source]\npath = "users.csv"\n[profile]\nuser_id = "id"\nemail = "email"\n[passwords]\ncolumn = "hash"\n'
    )
    arguments = ["passwords", "prove", str(file), "--account", "u1=env:ONE", "--account", "u2=env:TWO"]
    ran = CliRunner(env={"ONE": "mistyped", "TWO": PASSWORDS[1]}).invoke(command, arguments, standalone_mode=False)
    assert ran.return_value == 3
    assert "none of them fits account 1\n" in ran.output and "Replace what describes the hashes" in ran.output
