"""A store is named by a file, a URL or a reference to a secret, and never by a password in the open."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from wizard.errors import SourceError, UsageError
from wizard.legacy import kind_of, open_source, source_of
from wizard.legacy.answers import SourceAnswers


def database(path: Path, *tables: str) -> Path:
    connection = sqlite3.connect(path)
    for table in tables:
        connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, email TEXT)")
    connection.commit()
    connection.close()
    return path


NO_ENCODINGS = ("zip", "hex", "base64", "rot13", "idna", "punycode", "undefined")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, r"either a file \(path\) or a database \(url\)"),
        ({"path": "a.csv", "url": "postgresql://h/d", "users_table": "t"}, "either a file"),
        ({"url": "postgresql://h/d"}, r"either a table \(table\) or a query \(query\)"),
        (
            {"url": "postgresql://h/d", "users_table": "t", "query": "SELECT 1"},
            r"either a table \(table\) or a query \(query\)",
        ),
        ({"path": "a.csv", "kind": "csv", "columns": ["id"]}, "header = false"),
        ({"path": "a.csv", "delimiter": "::"}, "one character"),
        ({"path": "a.csv", "quote": "''"}, "one character"),
        ({"path": "a.csv", "encoding": "klingon"}, "no encoding of text files"),
        *(({"path": "a.csv", "encoding": name}, "no encoding of text files") for name in NO_ENCODINGS),
        ({"url": "db.example.com", "users_table": "t"}, "dialect://"),
        ({"url": "postgresql://h/d", "users_table": "t", "password": "hunter2"}, "password"),
    ],
)
def test_answers_that_name_no_store_are_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SourceAnswers.model_validate(fields)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader:canary@db.example.com/shop",
        "postgresql+psycopg://reader:can%40ary@db.example.com/shop",
        "mysql://:canary@db.example.com/shop",
        "postgresql://db.example.com/shop?user=reader&password=canary",
    ],
)
def test_a_password_in_the_url_is_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(ValidationError, match='password = "env:NAME"'):
        SourceAnswers(url=url, table="users")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader@db.example.com:5432/shop",
        "postgresql://owner:@/shop?host=/tmp",
        "sqlite:///c:/data/legacy.db",
        "postgresql://db.example.com:5432/shop?application_name=a:b@c",
    ],
)
def test_a_port_or_a_drive_is_no_password(url: str) -> None:
    assert SourceAnswers(url=url, table="users").url == url


@pytest.mark.parametrize(("text", "character"), [("\t", "\t"), ("tab", "\t"), ("\\t", "\t"), (" ", " "), (";", ";")])
def test_delimiters_that_nobody_can_see_have_names(text: str, character: str) -> None:
    assert SourceAnswers(path="a.csv", delimiter=text).delimiter_character == character


def test_every_field_has_a_title_for_its_form() -> None:
    assert all(field.title for field in SourceAnswers.model_fields.values())


def test_paths_are_seen_from_the_folder_of_the_answers(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "users.csv").write_text("id,name\n1,a\n")
    assert open_source(SourceAnswers(path="export/users.csv"), secret=None, base=tmp_path).facts().records == 1


def test_an_sqlite_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    database(tmp_path / "users.dat", "people")
    assert kind_of(SourceAnswers(path="users.dat"), tmp_path) == "sql"


def test_a_file_on_the_command_line_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "users#1.csv").write_text("id,name\n1,a\n")
    assert source_of(str(tmp_path / "users#1.csv")).path.endswith("users#1.csv")


def test_the_only_table_of_a_database_file_needs_no_name(tmp_path: Path) -> None:
    answers = source_of(str(database(tmp_path / "legacy.db", "people")))
    assert (answers.kind, answers.users_table) == ("sql", "people")


def test_of_many_tables_one_must_be_named(tmp_path: Path) -> None:
    path = database(tmp_path / "legacy.db", "people", "orders")
    with pytest.raises(SourceError, match=r"2 tables: orders, people[^$]*#TABLE"):
        source_of(str(path))
    assert source_of(f"{path}#people").users_table == "people"
    assert source_of(str(path), table="people").users_table == "people"


@pytest.mark.parametrize("argument", ["postgresql://db.example.com/shop#customers", "env:LEGACY_URL#customers"])
def test_a_url_names_its_table_after_a_hash(argument: str) -> None:
    answers = source_of(argument)
    assert answers.url == argument.removesuffix("#customers")
    assert answers.users_table == "customers"


def test_a_password_on_the_command_line_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as error:
        source_of("postgresql://reader:canary@db.example.com/shop#users")
    assert "canary" not in str(error.value)


def test_a_table_of_a_text_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no database"):
        source_of(str(tmp_path / "users.csv"), table="users")


def test_a_url_can_be_a_secret_as_a_whole(tmp_path: Path) -> None:
    path = database(tmp_path / "legacy.db", "people")
    secrets = {"env:LEGACY_URL": f"sqlite:///{path}"}
    answers = SourceAnswers(url="env:LEGACY_URL", table="people")
    assert open_source(answers, secret=secrets.__getitem__, base=Path()).columns == ("id", "email")


def test_a_secret_nobody_may_look_up_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="env:LEGACY_URL"):
        open_source(SourceAnswers(url="env:LEGACY_URL", table="people"), secret=None, base=tmp_path)


def test_a_name_that_is_not_utf_8_is_called_so() -> None:
    with pytest.raises(UsageError, match="is not UTF-8") as error:
        source_of("caf\udce9.csv")
    assert "rename the file" in error.value.remedy
