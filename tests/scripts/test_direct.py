"""Scripts that ask the legacy database themselves: the same profile as the bulk import's, bcrypt, parameters, refusals."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import bcrypt
import lab
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.answers import Answers, from_tables
from wizard.doorway.direct import query_of
from wizard.doorway.scripts import LARGEST_SCRIPT, scripts_for
from wizard.errors import UsageError
from wizard.mapping import User, compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.steps import SECTIONS

PASSWORD = "correct horse"
COLUMNS = ("id", "mail", "verified", "first", "last", "plan", "level", "hash")
KINDS = pytest.mark.parametrize("kind", ["postgresql", "mysql"])

# Doubles of the drivers that Auth0 provides: they remember what was asked and give the rows of the test.
PG = """
exports.types = { getTypeParser: () => (text) => text };
exports.Client = class {
  constructor(options) { globalThis.options = options; }
  on() {}
  async connect() { if (ROWS === null) throw Object.assign(new Error('secret host'), { code: 'ECONNREFUSED' }); }
  async query(text, values) { console.log(JSON.stringify([text, values])); if (ROWS === 'hang') return new Promise(() => {}); return { rows: ROWS }; }
  async end() {}
};
"""
MYSQL = """
exports.createConnection = () => ({
  on() {}, destroy() {},
  query(question, done) {
    console.log(JSON.stringify([question.sql, question.values]));
    if (ROWS === 'hang') return;
    if (ROWS === null) done(Object.assign(new Error('secret host'), { code: 'ECONNREFUSED' }));
    else done(null, ROWS);
  },
});
"""
BCRYPT = """
exports.compare = async (password, hash) => hash in KNOWN && KNOWN[hash] === password;
"""


def answers_with(kind: str = "postgresql", **profile: Any) -> Answers:
    tables: dict[str, Any] = {
        "tenant": {"domain": "acme.eu.auth0.com", "client_id": "abc", "client_secret": "env:SECRET"},
        "source": {"url": f"{kind}://reader@db.example.com/shop", "table": "shop.customers"},
        "profile": {
            "user_id": "id",
            "user_id_prefix": "legacy|",
            "email": "mail",
            "email_verified": "verified",
            "given_name": "first",
            "name": {"template": "{first} {last}"},
            "app_metadata": {
                "plan": {"column": "plan", "transforms": ["strip", "upper"]},
                "from": {"constant": "shop"},
            },
            "user_metadata": {"level": "level"},
            **profile,
        },
        "passwords": {"column": "hash"},
        "strategy": {"way": "automatic"},
        "connection": {"name": "acme-users"},
        "scripts": {"kind": kind, "database": "env:LEGACY_DATABASE_URL"},
    }
    return from_tables(tables, SECTIONS)


def hashed() -> str:
    return bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


HASH = hashed()
ROW = {
    "id": 7,
    "mail": " Ann@Example.com",
    "verified": True,
    "first": " Ann ",
    "last": "Ångström",
    "plan": "gold",
    "level": 3,
    "hash": HASH,
}


def modules(kind: str, rows: Any) -> dict[str, str]:
    driver = ("pg", PG) if kind == "postgresql" else ("mysql", MYSQL)
    return {
        driver[0]: driver[1].replace("ROWS", json.dumps(rows)),
        "bcrypt": BCRYPT.replace("KNOWN", json.dumps({HASH: PASSWORD})),
    }


async def run(
    kind: str, script: str, rows: Any, *arguments: Any, answers: Answers | None = None, hurry: bool = False
) -> lab.Outcome:
    code = scripts_for(answers or answers_with(kind)).custom_scripts()[script]
    if hurry:
        code = code.replace("did not answer in time.')), 15000)", "did not answer in time.')), 200)")
    configuration = {"LEGACY_DATABASE_URL": "postgresql://reader:canary-secret-4f1d@db.example.com/shop"}
    return await lab.run(lab.Job("script", code, arguments, configuration, modules=modules(kind, rows)))


def bulk_profile(answers: Answers, row: dict[str, Any]) -> dict[str, Any]:
    """What the bulk import makes of the row, without the hash."""
    columns = tuple(row)
    mapping = compile_mapping(answers[ProfileAnswers], answers[PasswordsAnswers], columns)
    user = mapping.map_one(tuple(row.values()))
    assert isinstance(user, User), user
    return {key: value for key, value in user.profile.items() if key not in ("password_hash", "custom_password_hash")}


@KINDS
async def test_login_and_get_user_give_the_profile_of_the_bulk_import(kind: str) -> None:
    expected = bulk_profile(answers_with(kind), ROW)
    assert expected["app_metadata"] == {"plan": "GOLD", "from": "shop"}
    for outcome in (
        await run(kind, "login", [ROW], "ann@example.com", PASSWORD),
        await run(kind, "get_user", [ROW], "ANN@example.com "),
    ):
        [call] = outcome.calls
        assert call.error is None, call.message
        assert list(call.values) == [expected]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-01 00:00:00+00",
        "2024-01-01T10:00:00.5Z",
        "01-JAN-24 10.00.00 AM",
        " YES ",
        "1704067200",
        True,
        5,
        "",
        None,
        "NULL",
        "(null)",
        "\\N",
        "N/A",
        "0000-00-00 00:00:00",
        "0001-01-01",
        "0",
        0,
        "false",
        False,
    ],
)
async def test_what_is_present_is_so_in_the_scripts_too(cell: Any) -> None:
    answers = answers_with(email_verified={"column": "plan", "transforms": ["strip", "present"]}, app_metadata={})
    row = {**ROW, "plan": cell}
    [call] = (await run("postgresql", "get_user", [row], "ann@example.com", answers=answers)).calls
    assert call.error is None, call.message
    assert list(call.values) == [bulk_profile(answers, row)]


@KINDS
async def test_an_address_is_a_parameter_and_never_text_of_the_query(kind: str) -> None:
    outcome = await run(kind, "get_user", [], "x'; DROP TABLE users; --@example.com")
    text, values = json.loads(outcome.log[0])
    assert "DROP" not in text
    assert values == ["x'; drop table users; --@example.com"]


@KINDS
async def test_outcomes_are_told_apart(kind: str) -> None:
    [wrong] = (await run(kind, "login", [ROW], "ann@example.com", "x")).calls
    [unknown] = (await run(kind, "login", [], "bob@example.com", "x")).calls
    [ambiguous] = (await run(kind, "login", [ROW, ROW], "ann@example.com", PASSWORD)).calls
    [down] = (await run(kind, "login", None, "ann@example.com", PASSWORD)).calls
    [absent] = (await run(kind, "get_user", [], "bob@example.com")).calls
    assert (wrong.error, wrong.first) == ("WrongUsernameOrPasswordError", "legacy|7")
    assert (unknown.error, unknown.first) == ("WrongUsernameOrPasswordError", None)
    assert wrong.message == unknown.message
    assert (ambiguous.error, "share this e-mail address" in ambiguous.message) == ("Error", True)
    assert (down.error, down.message) == ("Error", "The legacy database cannot be read (ECONNREFUSED).")
    assert (absent.error, list(absent.values)) == (None, [])


@KINDS
@pytest.mark.parametrize("transforms", [None, ["strip", "lower"]])
async def test_the_sign_of_the_kelvin_is_no_k_in_an_address(kind: str, transforms: list[str] | None) -> None:
    answers = answers_with(kind, email={"column": "mail", "transforms": transforms})
    rows = [{**ROW, "mail": mail} for mail in ("mi\u212ae@example.com", "mike@example.com")]
    for row, typed in (rows, "mike@example.com"), (rows[::-1], "mi\u212ae@example.com"):
        [call] = (await run(kind, "get_user", row[:1], typed, answers=answers)).calls
        assert list(call.values) == []


@KINDS
async def test_a_context_before_the_callback_is_passed_over(kind: str) -> None:
    for script, typed in (("login", ["ann@example.com", PASSWORD]), ("get_user", ["ann@example.com"])):
        without, with_context = [
            await run(kind, script, [ROW], *arguments) for arguments in (typed, [*typed, {"organization": {}}])
        ]
        assert with_context.thrown is None
        assert with_context.calls == without.calls


@KINDS
async def test_a_generous_collation_lets_nobody_in_as_somebody_else(kind: str) -> None:
    """A database that takes ä for a must not give Ann's account to whoever owns the other address."""
    for script, arguments in (("login", ["änn@example.com", PASSWORD]), ("get_user", ["änn@example.com"])):
        [call] = (await run(kind, script, [ROW], *arguments)).calls
        assert call.error in ("WrongUsernameOrPasswordError", None)
        assert list(call.values) == []


@KINDS
async def test_a_database_that_hangs_is_given_up(kind: str) -> None:
    outcome = await run(kind, "login", "hang", "ann@example.com", PASSWORD, hurry=True)
    [call] = outcome.calls
    assert call.message == "The legacy database did not answer in time."


@KINDS
@pytest.mark.parametrize("cell", [{"decimal": "1.5"}, 1.5, {"a": 1}, 2**60])
async def test_a_cell_that_could_only_be_guessed_at_is_an_error(kind: str, cell: Any) -> None:
    [call] = (await run(kind, "get_user", [{**ROW, "level": cell}], "ann@example.com")).calls
    assert call.error == "Error"
    assert "level" in call.message


@KINDS
async def test_a_hash_that_is_not_bcrypt_is_an_error_and_not_a_wrong_password(kind: str) -> None:
    [call] = (await run(kind, "login", [{**ROW, "hash": "{SSHA}abc"}], "ann@example.com", PASSWORD)).calls
    assert call.error == "Error"
    assert "not a bcrypt hash" in call.message


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"phone_number": "phone"}, "phone_number"),
        ({"username": "login"}, "username"),
        ({"picture": "photo"}, "picture"),
        ({"mfa": {"totp": "secret"}}, "mfa"),
        ({"app_metadata": {"column": "data", "transforms": ["json"]}}, "one column of JSON"),
        ({"user_metadata": {"born": {"column": "born", "transforms": ["date"]}}}, "transform date"),
        ({"email": {"template": "{login}@example.com"}}, "not a plain column"),
        ({"given_name": {"column": "first", "when_invalid": "omit"}}, "left out where it is invalid"),
        ({"same_email": "keep_verified"}, "same_email is told by the legacy API only"),
    ],
)
def test_a_mapping_that_cannot_be_said_soundly_is_refused(profile: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        scripts_for(answers_with(**profile))


@KINDS
def test_the_scripts_carry_the_warning_and_no_secret(kind: str) -> None:
    for text in scripts_for(answers_with(kind)).custom_scripts().values():
        assert "WARNING: only for private deployments" in text
        assert len(text.encode()) < LARGEST_SCRIPT
        assert "db.example.com" not in text


def test_names_are_quoted_as_the_database_wants() -> None:
    assert '"a""b"."c"' in query_of("postgresql", 'a"b.c', "", "mail")
    assert "`a``b`" in query_of("mysql", "a`b", "", "mail")
    assert "(SELECT 1)" in query_of("postgresql", "", "SELECT 1;", "mail")


@KINDS
async def test_who_is_blocked_in_the_legacy_store_does_not_move(kind: str) -> None:
    answers = answers_with(kind, blocked={"column": "verified", "transforms": ['bool(true=["no"], false=["yes"])']})
    for flag, error in (("no", "Error"), ("yes", None)):
        row = {**ROW, "verified": flag}
        [login] = (await run(kind, "login", [row], "ann@example.com", PASSWORD, answers=answers)).calls
        [known] = (await run(kind, "get_user", [row], "ann@example.com", answers=answers)).calls
        assert (login.error, known.error) == (error, error)
    row = {**ROW, "verified": "no"}
    [call] = (await run(kind, "login", [row], "ann@example.com", "a wrong one", answers=answers)).calls
    assert call.error == "WrongUsernameOrPasswordError", "nobody else learns who is blocked"


ADDRESSES = (
    "a..b@example.com",
    ".a@example.com",
    "a.@example.com",
    "a@-ex.com",
    "a@ex-.com",
    f"{'a' * 65}@example.com",
    "a@x",
)


@pytest.mark.parametrize(
    "address", [*ADDRESSES, "a.b+c@ex--ample.example.com", "o'hara@example.com", f"{'a' * 64}@example.com"]
)
async def test_an_address_that_the_bulk_import_rejects_does_not_move(address: str) -> None:
    row = {**ROW, "mail": address}
    answers = answers_with()
    mapped = compile_mapping(answers[ProfileAnswers], answers[PasswordsAnswers], COLUMNS).map_one(tuple(row.values()))
    assert isinstance(mapped, User) == (address not in ADDRESSES)
    [call] = (await run("postgresql", "get_user", [row], address)).calls
    assert (call.error is None) == isinstance(mapped, User)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12),
    st.sampled_from(["", " ", "yes", "No", " TRUE ", "\u2003x\u00a0", "ß", "İ", "\ufeffx"]),
)


@settings(max_examples=15)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), min_size=8, max_size=8))
def test_whatever_the_row_the_profile_is_that_of_the_bulk_import_or_there_is_none(rows: list[tuple[Any, ...]]) -> None:
    """Both make the same user of a row; what one of them rejects is never let in by the script."""
    answers = answers_with()
    mapping = compile_mapping(answers[ProfileAnswers], answers[PasswordsAnswers], COLUMNS)

    async def check() -> None:
        for verified, first, last, plan, level in rows:
            row = {**ROW, "verified": verified, "first": first, "last": last, "plan": plan, "level": level}
            [call] = (await run("postgresql", "get_user", [row], "ann@example.com")).calls
            bulk = mapping.map_one(tuple(row.values()))
            if isinstance(bulk, User):
                expected = {key: part for key, part in bulk.profile.items() if key != "custom_password_hash"}
                assert list(call.values) == [expected]
            else:
                assert call.error == "Error"

    asyncio.run(check())
