"""The same promises on a real PostgreSQL: read-only, one snapshot, streamed, and no password in any message."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from postgres import PASSWORD, postgres_server
from sqlalchemy import Engine, event

from wizard.errors import Exit, SourceError
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.find import Sought, open_finder
from wizard.legacy.source import BadRecord, LegacySource


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        execute(
            url,
            """CREATE TABLE "Users" (id int PRIMARY KEY, name text NOT NULL, born date, seen timestamptz, balance numeric,
               tags text[], settings jsonb, raw json, ref uuid, photo bytea, address inet, ok boolean)""",
            """INSERT INTO "Users" VALUES (2, '𠮷田 Žižek', '1949-03-21', '2026-07-01 14:00+02', 1.50, '{a,b}', '{"a": [1]}',
               '{"b": 2}', '00000000-0000-0000-0000-000000000001', '\\x00ff', '192.0.2.1', true)""",
            """INSERT INTO "Users" (id, name) VALUES (1, '')""",
            "CREATE TABLE many AS SELECT i AS id, 'user' || i || '@example.com' AS email FROM generate_series(1, 60000) i",
            "ALTER TABLE many ADD PRIMARY KEY (id)",
            "CREATE SCHEMA shop",
            "CREATE TABLE shop.customers (id int PRIMARY KEY)",
            f"CREATE ROLE stranger LOGIN PASSWORD '{PASSWORD}'",
        )
        yield url


def execute(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def opened(url: str, password: str = "", **answers: Any) -> LegacySource:
    secret = {"env:PASSWORD": password}
    if password:
        answers["password"] = "env:PASSWORD"
    return open_source(SourceAnswers(url=url, **answers), secret=secret.__getitem__, base=Path())


def over_tcp(server: str, user: str, database: str = "postgres") -> str:
    return f"postgresql://{user}@127.0.0.1:{server.rpartition('port=')[2]}/{database}"


def test_values_arrive_plain_and_times_in_one_zone(server: str) -> None:
    source = opened(server, users_table="Users")
    (block,) = source.blocks(expect=source.facts().fingerprint)
    assert list(block.rows()) == [
        (1, "", *[None] * 10),
        (
            2,
            "𠮷田 Žižek",
            date(1949, 3, 21),
            datetime(2026, 7, 1, 12, tzinfo=UTC),
            Decimal("1.50"),
            ["a", "b"],
            {"a": [1]},
            {"b": 2},
            UUID(int=1),
            b"\x00\xff",
            "192.0.2.1",
            True,
        ),
    ]


def test_a_schema_is_written_before_the_table(server: str) -> None:
    assert opened(server, users_table="shop.customers").facts().records == 0


def test_a_password_by_reference_opens_the_door(server: str) -> None:
    assert opened(over_tcp(server, "owner"), PASSWORD, users_table="Users").facts().records == 2


def test_columns_that_cannot_be_compared_still_get_an_order(server: str) -> None:
    source = opened(server, query='SELECT raw FROM "Users"')
    assert source.facts().fingerprint == source.facts().fingerprint


def test_two_columns_of_one_name_are_refused(server: str) -> None:
    with pytest.raises(SourceError, match="two columns called id"):
        opened(server, query='SELECT u.id, m.id FROM "Users" u JOIN many m ON m.id = u.id')


def test_a_query_that_writes_is_refused_by_the_transaction(server: str) -> None:
    execute(server, "CREATE SEQUENCE IF NOT EXISTS counter")
    with pytest.raises(SourceError, match="read-only transaction"):
        opened(server, query="SELECT nextval('counter') AS n").facts()
    with pytest.raises(SourceError):
        opened(server, query="WITH gone AS (DELETE FROM shop.customers RETURNING id) SELECT * FROM gone")


def test_rows_written_while_it_is_read_are_not_in_the_snapshot(server: str) -> None:
    source = opened(server, users_table="many")
    fingerprint = source.facts().fingerprint
    blocks = source.blocks(expect=fingerprint)
    read = next(blocks).count
    execute(server, "INSERT INTO many VALUES (0, 'late@example.com')", "DELETE FROM many WHERE id = 59999")
    assert read + sum(block.count for block in blocks) == 60_000
    with pytest.raises(SourceError, match="changed since they were looked at"):
        list(source.blocks(expect=fingerprint))


def test_memory_stays_flat_over_the_rows() -> None:
    """Measured in a process of its own, because what earlier tests freed would hide growth."""
    script = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from postgres import postgres_server
from pathlib import Path
import psycopg
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

with postgres_server() as url:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE many AS SELECT i AS id, repeat(md5(i::text), 8) AS note FROM generate_series(1, 300000) i")
        connection.execute("ALTER TABLE many ADD PRIMARY KEY (id)")
    few = SourceAnswers(url=url, query="SELECT * FROM many WHERE id <= 5000", order_by=["id"])
    assert open_source(few, secret=None, base=Path()).facts().records == 5000
    before = most()
    assert sum(block.count for block in open_source(SourceAnswers(url=url, users_table="many"), secret=None, base=Path()).blocks()) == 300000
    print(most() - before)
"""
    pytest.importorskip("resource")
    run = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parents[1])], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 12, "megabytes more for 300,000 rows of 270 bytes (80 MB)"


@pytest.mark.parametrize(
    ("user", "database", "password", "says", "code"),
    [
        ("owner", "postgres", "wrong-canary", "Access was denied", Exit.CREDENTIALS),
        ("owner", "nowhere", PASSWORD, "There is no database nowhere", Exit.USAGE),
        ("stranger", "postgres", PASSWORD, "Reading is not allowed", Exit.CREDENTIALS),
    ],
)
def test_what_the_server_refuses_is_said_without_the_password(
    server: str, user: str, database: str, password: str, says: str, code: Exit
) -> None:
    with pytest.raises(SourceError, match=says) as error:
        opened(over_tcp(server, user, database), password, users_table="Users")
    assert error.value.exit == code
    assert password not in str(error.value)
    assert error.value.__suppress_context__


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(SourceError, match="heck host and port") as error:
        opened("postgresql://reader@127.0.0.1:1/shop", "canary", users_table="users")
    assert error.value.exit == Exit.FAILED, "nothing is wrong with the answers"


def test_a_connection_that_the_server_ends_is_no_fault_of_the_answers(server: str) -> None:
    with pytest.raises(SourceError, match="No connection to") as error:
        opened(server, query="SELECT pg_terminate_backend(pg_backend_pid()) AS id", order_by=["id"]).sample()
    assert error.value.exit == Exit.FAILED


def test_moments_that_python_does_not_have_are_the_text_of_the_server(server: str) -> None:
    execute(
        server,
        "CREATE TABLE odd (id int PRIMARY KEY, day date, at timestamp, seen timestamptz, clock time, days date[])",
        """INSERT INTO odd VALUES (1, 'infinity', '-infinity', '0044-03-15 12:00+02 BC', '24:00', '{infinity,2026-01-02}'),
           (2, '2026-01-02', '2026-01-02 03:04', '2026-01-02 03:04+00', '03:04', '{2026-01-02}')""",
    )
    source = opened(server, users_table="odd")
    (block,) = source.blocks(expect=source.facts().fingerprint)
    day = date(2026, 1, 2)
    assert list(block.rows()) == [
        (1, "infinity", "-infinity", "0044-03-15 10:00:00+00 BC", "24:00:00", ["infinity", day]),
        (2, day, datetime(2026, 1, 2, 3, 4), datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "03:04:00", [day]),  # noqa: DTZ001
    ]
    finder = open_finder(source, {"user_id": Sought(lambda values: str(values[0]), "id", False)}, seconds=10, threads=1)
    try:
        assert [record.values[1] for record in finder.find("user_id", "1")] == ["infinity"]
    finally:
        finder.close()


def test_an_error_of_the_server_quotes_no_value(server: str) -> None:
    with pytest.raises(SourceError, match="22P02") as error:
        opened(server, query="SELECT email::int AS n FROM many", order_by=["n"]).facts()
    assert "example.com" not in str(error.value)


def test_what_a_function_says_of_a_row_is_not_told(server: str) -> None:
    execute(
        server,
        "CREATE TABLE hashes (id int PRIMARY KEY, password text, phone text)",
        "INSERT INTO hashes VALUES (1, '$2b$10$canary', '+4917012345678')",
        """CREATE FUNCTION checked(password text, phone text) RETURNS text LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION '% of % is no MD5', password, phone; END $$""",
        "CREATE VIEW checked_hashes AS SELECT id, checked(password, phone) AS password FROM hashes",
    )
    with pytest.raises(SourceError, match="P0001") as error:
        opened(server, users_table="checked_hashes").facts()
    assert "canary" not in str(error.value)
    assert "4917012345678" not in str(error.value)


def test_a_database_that_knows_no_encoding_is_read_as_utf_8(server: str) -> None:
    execute(server, "CREATE DATABASE old ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    old = server.replace("/postgres?", "/old?")
    execute(
        old,
        "CREATE TABLE users (id int PRIMARY KEY, name varchar(50), kind char(3), settings jsonb)",
        r"""INSERT INTO users VALUES (1, 'Ada', 'abc', '{"a": 1}'), (2, E'Zo\303\253', 'x', NULL), (3, E'\351t\351', 'y', NULL)""",
    )
    source = opened(old, users_table="users")
    (block,) = source.blocks(expect=source.facts().fingerprint)
    first, second, third = block.rows()
    assert (first, second) == ((1, "Ada", "abc", {"a": 1}), (2, "Zoë", "x  ", None))
    assert isinstance(third, BadRecord)
    assert third.code == "undecodable"


def folded(values: Any) -> str | None:
    return values[1].strip().lower() if "@" in values[1] else None


ADDRESSES = (
    "tab@example.com\t",
    "crlf@example.com\r\n",
    "nbsp@example.com\u00a0",
    "ÉLISE@example.com",
    " spaces@Example.com ",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_found_however_the_database_trims_and_folds(server: str, address: str) -> None:
    rows = ", ".join(f"({number}, '{each}')" for number, each in enumerate((*ADDRESSES, "e_ise@example.com"), 1))
    execute(
        server,
        "DROP TABLE IF EXISTS written",
        "CREATE TABLE written (id int PRIMARY KEY, email text)",
        f"INSERT INTO written VALUES {rows}",
    )
    source = opened(server, users_table="written")
    finder = open_finder(source, {"email": Sought(folded, "email", True)}, seconds=10, threads=1)
    try:
        [record] = finder.find("email", address.strip().lower())
        assert record.values[1] == address
        assert finder.find("email", "e%@example.com") == []
        assert finder.find("email", "nobody@example.com") == []
    finally:
        finder.close()


def test_one_unusual_address_makes_no_look_for_somebody_else_read_the_whole_table(server: str) -> None:
    execute(server, "CREATE TABLE one_unusual (id int PRIMARY KEY, email text)")
    execute(server, "INSERT INTO one_unusual VALUES (1, 'ÉLISE@example.com'), (2, 'Ann Lee@example.com')")
    source = opened(server, users_table="one_unusual")
    finder = open_finder(source, {"email": Sought(folded, "email", True)}, seconds=10, threads=1)
    reads: list[str] = []

    def note(_: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if " LIKE " in statement:
            reads.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for nobody in ("nobody@example.com", "lise@example.com", "ann@example.com"):
            assert finder.find("email", nobody) == []
        assert [record.values[0] for record in finder.find("email", "ann lee@example.com")] == [2]
        assert reads == []
        assert [record.values[0] for record in finder.find("email", "élise@example.com")] == [1]
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        finder.close()


def test_looks_at_once_read_a_column_through_but_once_and_keep_what_was_known(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(server, "CREATE TABLE read_through (id int PRIMARY KEY, email text)")
    execute(server, "INSERT INTO read_through VALUES (1, 'Élise@example.com')")
    source = opened(server, users_table="read_through")
    finder = open_finder(source, {"email": Sought(folded, "email", True)}, seconds=1, threads=8)
    reads: list[str] = []
    waits = 0.3

    def note(_: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if " ~ " in statement:
            reads.append(statement)
            cursor.execute(f"SELECT pg_sleep({waits})")

    def look() -> int:
        with ThreadPoolExecutor(8) as pool:
            found = pool.map(lambda _: finder.find("email", "élise@example.com"), range(8))
            return sum(map(len, found))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert look() == 8
        assert len(reads) == 1
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 2 * 3600)
        waits = 2.0  # more than it may take
        assert look() == 8
        assert len(reads) == 2
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        finder.close()


def test_rows_that_are_no_users_hide_nobody_with_the_same_address(server: str) -> None:
    execute(
        server,
        "CREATE TABLE left_and_back (id int PRIMARY KEY, email text, gone bool)",
        "INSERT INTO left_and_back SELECT i, 'ann@example.com', true FROM generate_series(1, 40) i",
        "INSERT INTO left_and_back VALUES (41, 'ann@example.com', false)",
    )
    source = opened(server, users_table="left_and_back")
    here = Sought(lambda values: None if values[2] else folded(values), "email", True)
    finder = open_finder(source, {"email": here}, seconds=10, threads=1)
    try:
        assert [record.values[0] for record in finder.find("email", "ann@example.com")] == [41]
    finally:
        finder.close()
