"""Saved answers load as they were, and everything else in the file stays as its author wrote it."""

import stat
import tomllib
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

import pytest
from answers_sections import (
    COMPLETE,
    SECTIONS,
    Colour,
    ConnectionAnswers,
    Everything,
    Inner,
    SourceAnswers,
    TenantAnswers,
    UploadAnswers,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wizard.answers import Answers, AnswersInvalid, Section, load, read, save
from wizard.answers.writing import rendered
from wizard.errors import WizardError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', '"""', "'''", "\\", "a\nb\r\nc", "\x7f\x00\x1b", "# no comment", "[x]", "ünï 🙂", "a = 1", "\u2028"]
)
WORDS = st.lists(TEXT, max_size=3).map(tuple)
INNER = st.builds(Inner, note=TEXT, level=st.integers(-(2**70), 2**70), names=WORDS)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
EVERYTHING = st.builds(
    Everything,
    text=TEXT,
    number=st.integers(),
    ratio=st.floats(),
    on=st.booleans(),
    moment=st.none() | st.datetimes(timezones=st.none() | ZONES),
    day=st.none() | st.dates(),
    at=st.none() | st.times(),
    colour=st.sampled_from(Colour),
    words=WORDS,
    unordered=st.frozensets(TEXT, max_size=3),
    columns=st.dictionaries(TEXT, TEXT, max_size=4),
    deep=st.dictionaries(TEXT, st.dictionaries(TEXT, st.integers(), max_size=2), max_size=2),
    inner=INNER,
    maybe=st.none() | INNER,
    inners=st.lists(INNER, max_size=2).map(tuple),
    either=TEXT | INNER,
    workers=st.just("auto") | st.integers(),
    secret=st.none() | st.from_regex(r"\A(keyring|env):[A-Za-z0-9_.-]{1,20}\Z"),
)

few = settings(max_examples=25, deadline=None)
"""Each example is a whole file, so a few say much; for a long search raise the number."""


class OtherTable(Section):
    """A table of another step, which saving must not touch."""

    table: ClassVar[str] = "other"
    x: Any = None
    y: Any = None
    z: Any = None
    inside: Any = None


LAYOUTS = {
    "one table": """\
# kept
[other]
x = 1 # kept too
[everything]
text = 'a' # comment
number = 0x10
ratio = 1e3
words = [
  "one", # the first
  "two",
]
""",
    "inline tables": """\
everything = { text = "a", inner = { note = "n", level = 1 }, columns = { a = "b" } }
[other]
y = 2
""",
    "dotted keys": """\
everything.text = "a"
everything.columns.mail = "email"
everything.inner.note = "n"
[other]
z = 3
""",
    "tables apart": """\
[everything]
text = "a"
[everything.inner]
note = "n"
[other]
x = 1
[everything.columns]
mail = "email" # comment
"quoted key" = "x"
[[everything.inners]]
note = "1"
[[everything.inners]]
note = "2"
""",
    "sub-tables first": """\
[everything.deep.a]
n = 1
[other.inside]
x = 1
[everything]
text = "a"
on = true
""",
    "no table": "[other]\nx = 1",
    "empty": "",
}


@few
@given(EVERYTHING)
def test_a_new_file_loads_as_the_answers_it_was_made_from(section: Everything) -> None:
    answers = Answers([section])

    assert read(rendered("", answers), [Everything]) == answers


@few
@given(EVERYTHING)
def test_saving_what_the_file_says_changes_no_character(section: Everything) -> None:
    answers = Answers([section])
    text = rendered("", answers)

    assert rendered(text, answers) == text


@few
@given(EVERYTHING, EVERYTHING)
def test_a_file_is_brought_from_any_answers_to_any_others(before: Everything, after: Everything) -> None:
    answers = Answers([after])

    assert read(rendered(rendered("", Answers([before])), answers), [Everything]) == answers


@pytest.mark.parametrize("layout", LAYOUTS)
@few
@given(section=EVERYTHING)
@example(section=Everything(text="b"))
def test_every_layout_can_be_edited_and_other_tables_stay(layout: str, section: Everything) -> None:
    before = "version = 1\n" + LAYOUTS[layout]
    answers = Answers([section])

    text = rendered(before, answers)

    assert tomllib.loads(text).get("other") == tomllib.loads(before).get("other")
    assert Answers([read(text, [OtherTable, Everything], required=[Everything])[Everything]]) == answers


def test_only_the_changed_value_changes_and_its_comment_stays() -> None:
    answers = read(COMPLETE, SECTIONS)

    changed = answers.replace(answers[TenantAnswers].model_copy(update={"domain": "other.eu.auth0.com"}))

    assert rendered(COMPLETE, changed) == COMPLETE.replace("acme.eu", "other.eu")


def test_a_value_equal_in_another_spelling_stays_as_the_operator_wrote_it() -> None:
    text = COMPLETE + "[upload]\nsince = '2026-08-01' # text, not a date\n"

    assert rendered(text, read(text, SECTIONS)) == text


def test_line_ends_of_windows_stay() -> None:
    text = COMPLETE.replace("\n", "\r\n")
    answers = read(text, SECTIONS)

    changed = answers.replace(answers[ConnectionAnswers].model_copy(update={"name": "other"}))

    assert rendered(text, changed) == text.replace("'acme-users'", '"other"')


def test_a_table_that_says_only_defaults_is_not_added() -> None:
    answers = read(COMPLETE, SECTIONS)

    assert answers.has(UploadAnswers)
    assert "[upload]" not in rendered(COMPLETE, answers)


def test_an_answer_taken_back_disappears_from_the_file() -> None:
    answers = read(COMPLETE, SECTIONS)

    changed = answers.replace(answers[TenantAnswers].model_copy(update={"client_secret": None}))

    assert "client_secret" not in rendered(COMPLETE, changed)


def test_the_keys_of_another_kind_of_source_replace_the_former_ones() -> None:
    answers = read(COMPLETE, SECTIONS)
    database = SourceAnswers.model_validate({"store": {"kind": "sql", "url": "env:DATABASE_URL"}})

    after = rendered(COMPLETE, answers.replace(database))

    assert tomllib.loads(after)["source"] == {"store": {"kind": "sql", "url": "env:DATABASE_URL", "table": "users"}}


def test_a_secret_that_slipped_past_validation_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE)
    answers = read(COMPLETE, SECTIONS)
    slipped = answers.replace(answers[TenantAnswers].model_copy(update={"client_secret": "c4nary-secret"}))

    with pytest.raises(AnswersInvalid) as caught:
        save(path, slipped)

    assert "must name a secret" in str(caught.value)
    assert "c4nary" not in str(caught.value) + repr(caught.value.to_json())
    assert path.read_text() == COMPLETE
    assert list(tmp_path.iterdir()) == [path]


def test_a_saved_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE)
    path.chmod(0o644)

    save(path, read(COMPLETE, SECTIONS))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path, SECTIONS, environment={}) == read(COMPLETE, SECTIONS)


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "real.toml", tmp_path / "answers.toml"
    file.write_text(COMPLETE)
    link.symlink_to(file)
    answers = read(COMPLETE, SECTIONS)

    save(link, answers.replace(answers[ConnectionAnswers].model_copy(update={"name": "other"})))

    assert link.is_symlink()
    assert load(file, SECTIONS, environment={})[ConnectionAnswers].name == "other"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WizardError, match="cannot be written"):
        save(tmp_path / "missing" / "answers.toml", read(COMPLETE, SECTIONS))


def test_a_file_that_is_not_toml_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text("version = 1\n[tenant\n")

    with pytest.raises(AnswersInvalid, match="line 2"):
        save(path, read(COMPLETE, SECTIONS))

    assert path.read_text() == "version = 1\n[tenant\n"


def test_dates_are_written_as_toml_dates() -> None:
    moment = datetime(2026, 8, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    section = Everything(text="", day=date(2026, 8, 1), at=time(12, 30), moment=moment)

    said = tomllib.loads(rendered("", Answers([section])))["everything"]

    assert (said["day"], said["at"], said["moment"]) == (section.day, section.at, moment)
