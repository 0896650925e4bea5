"""The promises of databases on a real MariaDB: read-only, one snapshot, one time zone, streamed, and stores by name."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from mariadb import mariadb_server

from wizard.errors import Exit, SourceError
from wizard.legacy import open_source, recognised
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.find import Sought, open_finder
from wizard.legacy.source import LegacySource
from wizard.legacy.stores import preset
from wizard.mapping import User, compile_mapping
from wizard.mapping.suggestion import suggest_answers
from wizard.mapping.table import Table
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with mariadb_server() as url:
        execute(
            url,
            """CREATE TABLE people (id int PRIMARY KEY, name varchar(50), born date, seen timestamp NULL, paid decimal(8,2),
               photo blob, kind set('a','b'), took time)""",
            "SET time_zone = '+02:00'",
            "INSERT INTO people VALUES (2, '𠮷田 Žižek', '1949-03-21', '2026-07-01 14:00', 1.50, X'00ff', 'a,b', '01:02:03')",
            "INSERT INTO people (id, name) VALUES (1, '')",
            "CREATE TABLE many (id int PRIMARY KEY, email varchar(50))",
            "INSERT INTO many SELECT seq, CONCAT('user', seq, '@example.com') FROM seq_1_to_20000",
            """CREATE TABLE wp_users (ID bigint PRIMARY KEY, user_login varchar(60), user_pass varchar(255),
               user_email varchar(100), user_registered datetime, display_name varchar(250))""",
            "CREATE TABLE wp_usermeta (umeta_id bigint PRIMARY KEY, user_id bigint, meta_key varchar(255), meta_value longtext)",
            "INSERT INTO wp_users VALUES (1, 'ann', '$P$Babc', 'ann@example.com', '2020-01-01', 'Ann Lee')",
            "INSERT INTO wp_usermeta VALUES (1, 1, 'first_name', 'Ann'), (2, 1, 'last_name', 'Lee')",
            "CREATE TABLE jhi_user (id binary(16) PRIMARY KEY, email varchar(100), activated bit(1) NOT NULL, roles blob)",
            """INSERT INTO jhi_user VALUES (X'11112222333344445555666677778888', 'ann@example.com', b'1', 'admin'),
               (X'00112233445566778899aabbccddeeff', 'bob@example.com', b'0', X'ff00')""",
        )
        yield url


def execute(url: str, *statements: str) -> None:
    import pymysql

    with (
        pymysql.connect(
            unix_socket=url.partition("unix_socket=")[2], user="root", database="shop", autocommit=True
        ) as link,
        link.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)


def opened(url: str, **answers: Any) -> LegacySource:
    return open_source(SourceAnswers(url=url, **answers), secret=None, base=Path())


def test_values_arrive_plain_and_times_in_one_zone(server: str) -> None:
    source = opened(server, users_table="people")
    (block,) = source.blocks(expect=source.facts().fingerprint)
    assert list(block.rows()) == [
        (1, "", *[None] * 6),
        (
            2,
            "𠮷田 Žižek",
            date(1949, 3, 21),
            datetime(2026, 7, 1, 12),  # noqa: DTZ001 - MariaDB gives no zone; the session's is UTC
            Decimal("1.50"),
            b"\x00\xff",
            "a,b",
            "1:02:03",
        ),
    ]


def test_a_source_reads_the_same_after_travelling_to_another_process(server: str) -> None:
    source = opened(server, users_table="people")
    there = pickle.loads(pickle.dumps(source))  # noqa: S301
    assert there.facts().fingerprint == source.facts().fingerprint


def test_a_session_cannot_write(server: str) -> None:
    source: Any = opened(server, users_table="people")
    with pytest.raises(SourceError, match=r"(?i)read.only"), source.database.connected() as connection:
        connection.exec_driver_sql("INSERT INTO people (id) VALUES (3)")


def test_rows_written_during_a_pass_are_neither_lost_nor_read_twice(server: str) -> None:
    source = opened(server, users_table="many")
    blocks = source.blocks(expect=source.facts().fingerprint)
    count = next(blocks).count
    execute(server, "DELETE FROM many WHERE id > 19990", "INSERT INTO many VALUES (30000, 'late@example.com')")
    assert count + sum(block.count for block in blocks) == 20_000
    assert source.facts().records == 19_991


def test_a_query_with_percent_and_colons_is_run_as_it_is(server: str) -> None:
    source = opened(server, query="SELECT id, ':x' AS mark FROM people WHERE name LIKE '%Ž%'")
    assert [record.values for record in source.sample()] == [(2, ":x")]


def test_wordpress_needs_only_its_name(server: str) -> None:
    source = opened(server, store="wordpress")
    answers = ProfileAnswers.model_validate(preset("wordpress")["profile"])
    mapping = compile_mapping(answers, PasswordsAnswers(missing="without_password"), source.columns)
    (record,) = source.sample()
    user = mapping.map_one(record.values)
    assert isinstance(user, User)
    assert user.profile == {
        "user_id": "1",
        "email": "ann@example.com",
        "name": "Ann Lee",
        "given_name": "Ann",
        "family_name": "Lee",
    }


def test_a_table_of_wordpress_is_recognised(server: str) -> None:
    answers = SourceAnswers(url=server, table="wp_users")
    assert recognised(answers, open_source(answers, secret=None, base=Path()), Path()) == "wordpress"


def test_a_missing_table_is_told_with_those_there_are(server: str) -> None:
    with pytest.raises(SourceError, match="did you mean people"):
        opened(server, users_table="peple")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_is_not_there_or_refuses_the_user_is_no_fault_of_the_answers(server: str) -> None:
    with pytest.raises(SourceError, match="No connection to") as absent:
        opened(f"{server}.none", users_table="people")
    with pytest.raises(SourceError, match="Access was denied") as denied:
        opened(server.replace("root@", "stranger@"), users_table="people")
    assert (absent.value.exit, denied.value.exit) == (Exit.FAILED, Exit.CREDENTIALS)
    del absent
    gc.collect()  # the driver forgets to close the socket of a server that is not there, which is told of here


def test_bits_are_booleans_and_binary_ids_are_hex(server: str) -> None:
    source = opened(server, users_table="jhi_user")
    rules = suggest_answers(source.columns, source.sample()).rules
    assert rules.keys() >= {"user_id", "email", "blocked"}
    profile = ProfileAnswers.model_validate({**rules, "app_metadata": {"roles": "roles", "active": "activated"}})
    mapping = compile_mapping(profile, PasswordsAnswers(missing="without_password"), source.columns)
    (block,) = source.blocks()
    mapped = mapping.map_table(Table.of(block, len(source.columns)), 10_000)
    assert [orjson.loads(user) for user in mapped.users] == [
        {
            "user_id": "00112233445566778899aabbccddeeff",
            "email": "bob@example.com",
            "blocked": True,
            "app_metadata": {"roles": "ff00", "active": False},
        },
        {
            "user_id": "11112222333344445555666677778888",
            "email": "ann@example.com",
            "blocked": False,
            "app_metadata": {"roles": "admin", "active": True},
        },
    ]
    finder = open_finder(
        source, {"user_id": Sought(lambda values: values[0].hex(), "id", folded=False)}, seconds=10, threads=1
    )
    try:
        found = finder.find("user_id", "11112222333344445555666677778888")
        assert [record.values[1] for record in found] == ["ann@example.com"]
        assert not finder.find("user_id", "admin")
    finally:
        finder.close()


def test_what_a_function_says_of_a_row_is_not_told(server: str) -> None:
    execute(
        server,
        "CREATE TABLE hashes (id int PRIMARY KEY, password varchar(100))",
        "INSERT INTO hashes VALUES (1, '$2b$10$canary')",
        """CREATE FUNCTION checked(password varchar(100)) RETURNS varchar(100) DETERMINISTIC
           BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = password; RETURN password; END""",
        "CREATE VIEW checked_hashes AS SELECT id, checked(password) AS password FROM hashes",
    )
    with pytest.raises(SourceError, match="45000") as error:
        opened(server, users_table="checked_hashes").facts()
    assert "canary" not in str(error.value)


def test_an_address_is_found_however_the_database_trims_and_folds(server: str) -> None:
    addresses = ("tab@example.com\\t", "crlf@example.com\\r\\n", "ÉLISE@example.com", "Ann@example.com")
    execute(
        server,
        "CREATE TABLE written (id int PRIMARY KEY, email varchar(100))",
        *(f"INSERT INTO written VALUES ({number}, '{each}')" for number, each in enumerate(addresses, 1)),
    )
    source = opened(server, users_table="written")
    sought = Sought(lambda values: values[1].strip().lower(), "email", True)
    finder = open_finder(source, {"email": sought}, seconds=10, threads=1)
    try:
        for number, asked in enumerate(
            ("tab@example.com", "crlf@example.com", "élise@example.com", "ann@example.com"), 1
        ):
            assert [record.values[0] for record in finder.find("email", asked)] == [number], asked
        assert finder.find("email", "elise@example.com") == []
    finally:
        finder.close()
