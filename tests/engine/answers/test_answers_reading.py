"""Answers come from flags, the environment, the file and defaults; whatever is wrong is said all at once."""

import copy
import pickle
from datetime import date
from pathlib import Path

import pytest
from answers_sections import (
    COMPLETE,
    SECTIONS,
    ConnectionAnswers,
    Everything,
    SourceAnswers,
    TenantAnswers,
    UploadAnswers,
)
from hypothesis import given
from hypothesis import strategies as st

from wizard.answers import Answers, AnswersInvalid, Problem, from_tables, load, read
from wizard.answers.lines import lines_of
from wizard.errors import Exit, UsageError

CANARY = "c4nary-s3cret-value"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE)
    return path


def problems_of(text: str, **more: object) -> tuple[Problem, ...]:
    with pytest.raises(AnswersInvalid) as caught:
        read(text, SECTIONS, **more)  # type: ignore[arg-type]
    return caught.value.problems


def only_problem(text: str) -> Problem:
    [problem] = problems_of(text)
    return problem


def test_each_section_is_found_by_its_class(file: Path) -> None:
    answers = load(file, SECTIONS, environment={})

    assert answers[TenantAnswers].domain == "acme.eu.auth0.com"
    assert answers[ConnectionAnswers].name == "acme-users"


def test_a_section_of_defaults_may_be_left_out(file: Path) -> None:
    assert load(file, SECTIONS, environment={})[UploadAnswers].jobs == 2


def test_the_environment_wins_over_the_file(file: Path) -> None:
    answers = load(file, SECTIONS, environment={"AUTH0_MIGRATE_CONNECTION__NAME": "from-environment"})

    assert answers[ConnectionAnswers].name == "from-environment"
    assert answers[TenantAnswers].domain == "acme.eu.auth0.com"


def test_a_flag_wins_over_the_environment(file: Path) -> None:
    environment = {"AUTH0_MIGRATE_CONNECTION__NAME": "from-environment"}

    answers = load(file, SECTIONS, environment=environment, flags=["connection.name=from-flag"])

    assert answers[ConnectionAnswers].name == "from-flag"


def test_the_last_of_two_flags_wins(file: Path) -> None:
    answers = load(file, SECTIONS, environment={}, flags=["connection.name=one", "connection.name=two"])

    assert answers[ConnectionAnswers].name == "two"


def test_flags_alone_can_give_all_answers() -> None:
    flags = ["tenant.domain=acme.eu.auth0.com", "connection.name=acme", 'source.store={kind="csv", path="u.csv"}']

    assert load(None, SECTIONS, environment={}, flags=flags)[SourceAnswers].store.kind == "csv"


@pytest.mark.parametrize(
    ("text", "name"),
    [("123", "123"), ("true", "true"), ("1e5", "1e5"), ('"quoted"', "quoted"), ("2026-08-01", "2026-08-01")],
)
def test_a_flag_for_text_is_text_whatever_it_looks_like(file: Path, text: str, name: str) -> None:
    answers = load(file, SECTIONS, environment={}, flags=[f"connection.name={text}"])

    assert answers[ConnectionAnswers].name == name


def test_flags_take_numbers_lists_tables_and_nested_keys(file: Path) -> None:
    flags = [
        "connection.attempts=7",
        'connection.tags=["a", "b"]',
        'source.columns={ "E-Mail" = "email" }',
        "source.columns.login=username",
        "upload.since=2026-08-01",
    ]

    answers = load(file, SECTIONS, environment={}, flags=flags)

    assert answers[ConnectionAnswers].attempts == 7
    assert answers[ConnectionAnswers].tags == ("a", "b")
    assert answers[SourceAnswers].columns == {"E-Mail": "email", "login": "username"}
    assert answers[UploadAnswers].since == date(2026, 8, 1)


def test_variables_without_a_double_underscore_are_no_answers(file: Path) -> None:
    load(file, SECTIONS, environment={"AUTH0_MIGRATE_CLIENT_SECRET": CANARY, "PATH": "/bin"})


def test_text_is_accepted_where_toml_has_no_type_and_nowhere_else() -> None:
    section = from_tables({"everything": {"text": "a", "path": "x/y", "colour": "green"}}, [Everything])[Everything]

    assert section.path == Path("x/y")
    with pytest.raises(AnswersInvalid, match=r"number must be a whole number.*\n.*on must be true or false"):
        from_tables({"everything": {"text": "a", "on": "yes", "number": "1"}}, [Everything])


def test_all_problems_are_reported_at_once_each_with_its_line() -> None:
    text = f"""\
version = 1
[tenant]
domain = "acme.eu.auth0.com"
client_secret = "{CANARY}"
[conection]
name = "acme"
[connection]
nmae = "acme"
import_mode = "yes"
attempts = 0
[upload]
jobs = "two"
"""
    found = {(problem.line, problem.table, problem.key, problem.message) for problem in problems_of(text)}

    assert found == {
        (4, "tenant", "client_secret", "must name a secret, not hold it"),
        (5, "conection", "", "is not a known table"),
        (7, "connection", "name", "is missing"),
        (8, "connection", "nmae", "is not a known key"),
        (9, "connection", "import_mode", "must be true or false"),
        (10, "connection", "attempts", "must be greater than or equal to 1"),
        (12, "upload", "jobs", "must be a whole number"),
        (None, "source", "", "is missing"),
    }


def test_the_message_has_a_line_for_each_problem_with_file_table_key_and_remedy() -> None:
    with pytest.raises(AnswersInvalid) as caught:
        read(COMPLETE.replace("name =", "nam ="), SECTIONS, name="mine.toml")

    first, second, third = str(caught.value).split("\n")
    assert first == "The answers in mine.toml have 2 problems. Nothing was sent."
    assert second == '  mine.toml:8: [connection] name is missing. Next: write name = "acme-users"'
    assert third == "  mine.toml:9: [connection] nam is not a known key. Next: did you mean name?"
    assert caught.value.exit is Exit.USAGE


@pytest.mark.parametrize("value", [f'"{CANARY}"', f'["{CANARY}"]', f'{{ a = "{CANARY}" }}', "12345678"])
def test_a_secret_in_place_of_its_reference_is_never_shown(value: str) -> None:
    with pytest.raises(AnswersInvalid) as caught:
        read(COMPLETE.replace('"keyring:client-secret"', value), SECTIONS)

    told = str(caught.value) + repr(caught.value) + repr(caught.value.to_json())
    assert "client_secret must name a secret" in told
    assert "secrets set client_secret --tenant DOMAIN" in told
    assert CANARY not in told
    assert "12345678" not in told
    assert caught.value.__cause__ is None


def test_a_secret_given_to_a_section_directly_is_never_shown() -> None:
    with pytest.raises(ValueError, match="must name a secret") as caught:
        TenantAnswers(domain="acme.eu.auth0.com", client_secret=CANARY)

    assert CANARY not in str(caught.value)


def test_a_problem_in_a_variable_or_flag_names_it(file: Path) -> None:
    with pytest.raises(AnswersInvalid) as caught:
        load(
            file,
            SECTIONS,
            environment={"AUTH0_MIGRATE_CONNECTION__IMPORT_MODE": "perhaps", "AUTH0_MIGRATE_UPLAOD__JOBS": "1"},
            flags=["upload.jobs=9", "tenant.domian=x", CANARY],
        )

    assert [(problem.file, problem.table, problem.key) for problem in caught.value.problems] == [
        ("--set number 3", "", ""),
        ("AUTH0_MIGRATE_UPLAOD__JOBS", "uplaod", ""),
        ("--set tenant.domian", "tenant", "domian"),
        ("AUTH0_MIGRATE_CONNECTION__IMPORT_MODE", "connection", "import_mode"),
        ("--set upload.jobs", "upload", "jobs"),
    ]
    assert CANARY not in str(caught.value)


def test_a_problem_deep_inside_a_value_is_found_there() -> None:
    problem = problems_of(COMPLETE.replace("path =", "pth ="))

    assert [(item.key, item.line, item.remedy) for item in problem] == [
        ("store.path", 12, 'write path = "..."'),
        ("store.pth", 12, "did you mean path?"),
    ]


def test_a_key_that_resembles_none_is_answered_with_those_there_are() -> None:
    problem = only_problem(COMPLETE + "zzz = 1\n")

    assert problem.remedy == "remove it; the keys here are: store, columns."


def test_a_value_where_a_table_belongs_is_told_apart() -> None:
    assert only_problem(COMPLETE.replace("version = 1", "version = 1\nupload = 3")).message == "must be a table"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version = 1\n[tenant\n", "line 2, column 8"),
        ("version = 1\n\nname = acme\n", "line 3, column 8"),
        ('version = 1\na = "open', "line 2, column"),
        ("a = 1\na = 2\n", "line 2, column"),
    ],
)
def test_a_syntax_error_names_line_and_column(text: str, place: str) -> None:
    assert place in only_problem(text).message


def test_a_missing_version_is_said() -> None:
    problem = only_problem(COMPLETE.replace("version = 1\n", ""))

    assert (problem.key, problem.message, problem.remedy) == (
        "version",
        "is missing",
        "write `version = 1` at the top.",
    )


@pytest.mark.parametrize("version", ["2", '"1"', "true", "1.0"])
def test_another_version_is_refused_without_noise_about_the_rest(version: str) -> None:
    problem = only_problem(f"version = {version}\n[new]\nx = 1\n")

    assert problem.message.startswith("is not one that this program knows")


def test_only_required_sections_must_be_there_and_all_that_are_must_be_right() -> None:
    text = "version = 1\n[connection]\nname = 'acme'\n"

    answers = read(text, SECTIONS, required=[ConnectionAnswers])

    assert answers.has(ConnectionAnswers)
    assert not answers.has(TenantAnswers)
    assert [item.table for item in problems_of(text + "[tenant]\nx = 1\n", required=[ConnectionAnswers])] == [
        "tenant",
        "tenant",
    ]


def test_a_file_that_is_not_there_is_named_with_the_way_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"answers new --out .*none\.toml"):
        load(tmp_path / "none.toml", SECTIONS, environment={})


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_bytes("version = 1 # f\xfcr".encode("latin-1"))

    with pytest.raises(UsageError, match="not UTF-8"):
        load(path, SECTIONS, environment={})


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE.replace("\n", "\r\n"), encoding="utf-8-sig")

    assert load(path, SECTIONS, environment={}) == read(COMPLETE, SECTIONS)


def test_a_section_that_is_not_answered_is_asked_for_by_table() -> None:
    answers = Answers([UploadAnswers()])

    with pytest.raises(UsageError, match=r"no table \[connection\]"):
        answers[ConnectionAnswers]


def test_answers_are_replaced_not_changed() -> None:
    before = read(COMPLETE, SECTIONS)

    after = before.replace(ConnectionAnswers(name="other"))

    assert before[ConnectionAnswers].name == "acme-users"
    assert after[ConnectionAnswers].name == "other"
    assert [type(section) for section in after] == list(SECTIONS)
    with pytest.raises(AttributeError):
        before.anything = 1


def test_the_digest_is_the_same_in_every_process_and_names_every_difference() -> None:
    before = read(COMPLETE, SECTIONS)
    after = before.replace(ConnectionAnswers(name="other", attempts=4))

    assert before.digest() == "790c9e9467bb46203a3a6f68a01087752413485dc2825a0c5323aca499325424"
    assert before.digest() != after.digest()
    assert before.differences(after) == ("connection.attempts", "connection.name")
    assert pickle.loads(pickle.dumps(before)) == copy.deepcopy(before) == before  # noqa: S301


@given(st.lists(st.text("abcäx", min_size=1), unique=True, min_size=2, max_size=6))
def test_the_digest_does_not_depend_on_the_order_of_a_set(words: list[str]) -> None:
    one = Answers([Everything(text="", unordered=frozenset(words))])
    other = Answers([Everything(text="", unordered=frozenset(reversed(words)))])

    assert one.digest() == other.digest()


def test_lines_are_found_in_every_layout() -> None:
    text = '''\
a.b = 1

[c]  # [no.table]
d = """
[neither]
x = 1
"""
e = [ 1,
  { f = 2 },
]
[[g.h]]
i = 1
[[g.h]]
"j.k" = 2
[g.h.l]
m = 3
'''
    lines = lines_of(text)

    expected = {
        ("a", "b"): 1,
        ("c",): 3,
        ("c", "d"): 4,
        ("c", "e"): 8,
        ("c", "e", 1, "f"): 8,
        ("g", "h", 0, "i"): 12,
        ("g", "h", 1): 13,
        ("g", "h", 1, "j.k"): 14,
        ("g", "h", 1, "l", "m"): 16,
    }
    assert {path: lines[path] for path in expected} == expected
    assert ("neither",) not in lines


def test_a_file_of_users_in_the_place_of_answers_is_told_from_a_slip(tmp_path: Path) -> None:
    users = tmp_path / "customers.csv"
    users.write_text("id;email\n1;ada@example.com\n", encoding="utf-8")
    with pytest.raises(AnswersInvalid) as raised:
        load(users, SECTIONS, environment={})
    assert f"answers new --from {users} --out answers.toml" in str(raised.value)
    slip = tmp_path / "answers.toml"
    slip.write_text("[tenant]\ndomain = acme\n", encoding="utf-8")
    with pytest.raises(AnswersInvalid, match="correct the syntax there"):
        load(slip, SECTIONS, environment={})
