"""What is no delimited text of users is refused by name, with the way out; what only looks so is read."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from csv_stage import Open, cells

from wizard.errors import SourceError
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers


@pytest.mark.parametrize(
    "dump",
    [
        "INSERT INTO `users` VALUES (1,'ann','a@example.com'),(2,'bob','b@example.com');\n",
        "-- MySQL dump 10.13\n--\n\nCREATE TABLE `users` (\n  `id` int\n);\n",
        "--\n-- PostgreSQL database dump\n--\n",
        "SET NAMES utf8;\n/*!40101 SET x */;\n\nDROP TABLE IF EXISTS `users`;\n",
        "COPY public.users (id, email) FROM stdin;\n1\ta@example.com\n\\.\n",
        "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE users (id, email);\n",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_dump_of_sql_is_refused_by_name(opened: Open, dump: str, codec: str) -> None:
    with pytest.raises(SourceError, match=r"users\.csv is no delimited text but a dump of SQL"):
        opened(dump.encode(codec))


@pytest.mark.parametrize(
    "drawn",
    [
        "+----+---------------+\n| id | email         |\n+----+---------------+\n|  1 | a@example.com |\n+----+---------------+\n",
        "id          email        \r\n----------- -------------\r\n1           a@example.com\r\n\r\n(1 rows affected)\r\n",
        "id|email\r\n--|-----\r\n1|a@example.com\r\n\r\n(1 rows affected)\r\n",
        "id,email,x\r\n--,-----,-\r\n1,a@example.com,y\r\n\r\n(1 rows affected)\r\n",
        "id\temail\r\n--\t-----\r\n1\ta@example.com\r\n",
        "id         ,email        \r\n-----------,-------------\r\n          1,a@example.com\r\n",
        " id |     email     \n----+---------------\n  1 | a@example.com\n(1 row)\n",
        "| id | email |\n|----|:------|\n| 1 | a@example.com |\n",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_drawn_for_a_screen_is_refused_by_name(opened: Open, drawn: str, codec: str) -> None:
    with pytest.raises(SourceError, match=r"users\.csv is no delimited text but a table drawn for a screen"):
        opened(drawn.encode(codec))


def test_dashes_in_a_first_row_are_cells(opened: Open) -> None:
    source = opened(b"id,email\n--,a@example.com\n2,b@example.com\n")
    assert source.facts().records == 2


def test_a_link_to_nothing_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "users.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(SourceError, match=r"users\.csv is a link to .*gone\.csv, which is not there") as told:
        open_source(SourceAnswers(path="users.csv"), secret=None, base=tmp_path)
    assert "Near it" not in str(told.value)


def test_a_rule_below_the_names_can_be_skipped(opened: Open) -> None:
    data = b"id,email\n--,-----\n1,a@example.com\n"
    assert opened(data, skip_lines=2, header=False, columns=["id", "email"]).facts().records == 1


@pytest.mark.parametrize("row", ["-,-", "--,", "---", "-,--x", "--,+49"])
def test_a_first_row_that_is_no_rule_from_end_to_end_is_a_record(opened: Open, row: str) -> None:
    source = opened(f"id,email\n{row}\n2,b@example.com\n".encode())
    assert source.facts().records == 2


def test_a_first_line_without_an_end_is_refused_at_once(opened: Open) -> None:
    started = time.process_time()
    with pytest.raises(SourceError, match=r"Line 1 of users\.csv is longer than 1 MB"):
        opened(b"A" * (20 << 20))
    assert time.process_time() - started < 10


def test_a_later_line_without_an_end_is_refused_at_once(opened: Open) -> None:
    started = time.process_time()
    with pytest.raises(SourceError, match=r"Line 3 of users\.csv is longer than 16 MB"):
        opened(b"id,name\n1,a\n2," + b"A" * (40 << 20)).facts()
    assert time.process_time() - started < 10


def test_wrong_number_of_names_is_refused(opened: Open) -> None:
    with pytest.raises(SourceError, match="name 1 column, but the first line of the file has 2 cells"):
        opened(b"1,a\n", header=False, columns=("id",))


def test_a_header_alone_is_a_store_without_users(opened: Open) -> None:
    source = opened(b"id,name\n")
    assert cells(source) == []
    assert "no users" in source.facts().warnings[0]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(opened: Open, data: bytes) -> None:
    with pytest.raises(SourceError, match="is empty"):
        opened(data)


@pytest.mark.parametrize(("data", "says"), [(b"PK\x03\x04....", "workbook"), (b"\x1f\x8b\x08....", "damaged")])
def test_other_formats_are_named_with_the_way_out(opened: Open, data: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        opened(data)


@pytest.mark.parametrize("packed", [True, False])
def test_an_archive_is_named_packed_or_not(opened: Open, packed: bool) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz" if packed else "w") as archive:
        archive.addfile(tarfile.TarInfo("users.csv"), io.BytesIO())
    with pytest.raises(SourceError, match="tar archive") as error:
        opened(file.getvalue())
    assert "tar -xf" in error.value.remedy


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<?xml version="1.0"?>\n<mysqldump xmlns:xsi="x">\n<database name="shop">', "XML"),
        ('\n<resultset statement="select 1">', "XML"),
        ("<html><body><table><tr><td>id</td></tr></table>", "HTML"),
        ("<!DOCTYPE html>\n", "HTML"),
    ],
)
@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_markup_is_refused_by_name(opened: Open, text: str, name: str, codec: str) -> None:
    with pytest.raises(SourceError, match=f"but {name}"):
        opened(text.encode(codec))


def test_a_header_may_begin_with_an_angle_bracket(opened: Open) -> None:
    assert opened(b"<id>,<email>\n1,a@example.com\n").columns == ("<id>", "<email>")


def test_a_missing_file_is_told_with_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id\n1\n")
    with pytest.raises(SourceError, match=r"Near it there is users\.csv"):
        open_source(SourceAnswers(path="user.csv"), secret=None, base=tmp_path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a file"):
        open_source(SourceAnswers(path="."), secret=None, base=tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "users.csv")
    command = [sys.executable, "-m", "wizard", "inspect", str(tmp_path / "users.csv")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert "is not a file" in ended.stdout + ended.stderr
