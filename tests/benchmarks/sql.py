"""Read a million rows from real servers and print seconds and memory: python tests/benchmarks/sql.py [mariadb|postgresql]."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))

ROWS = (10_000, 1_000_000)


def read(url: str, rows: int) -> None:
    """Look at the table and go through it once more; in a process of its own, so that its memory is its own."""
    from wizard.legacy import open_source
    from wizard.legacy.answers import SourceAnswers

    source = open_source(SourceAnswers(url=url, table=f"t{rows}"), secret=None, base=Path())
    began = time.perf_counter()
    facts = source.facts()
    looked = time.perf_counter() - began
    count = sum(block.count for block in source.blocks(expect=facts.fingerprint))
    seconds = time.perf_counter() - began - looked
    if not count == facts.records == rows:
        raise AssertionError(f"{count} and {facts.records} rows of {rows}")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    name = url.partition(":")[0]
    cost = f"facts {looked:5.1f} s, pass {seconds:5.1f} s, at most {most:.0f} MB"
    print(f"{name:<10} {count:>9,} rows: {cost}", flush=True)  # noqa: T201


@contextmanager
def mariadb() -> Iterator[str]:
    import pymysql
    from mariadb import mariadb_server

    with mariadb_server() as url:
        socket = url.partition("unix_socket=")[2]
        with pymysql.connect(unix_socket=socket, user="root", database="shop", autocommit=True) as link:
            for rows in ROWS:
                link.cursor().execute(f"CREATE TABLE t{rows} (id int PRIMARY KEY, email varchar(80), hash char(60))")
                link.cursor().execute(
                    f"INSERT INTO t{rows} SELECT seq, CONCAT('user', seq, '@example.com'), REPEAT('x', 60) "
                    f"FROM seq_1_to_{rows}"
                )
        yield url


@contextmanager
def postgresql() -> Iterator[str]:
    import psycopg
    from postgres import postgres_server

    with postgres_server() as url:
        with psycopg.connect(url, autocommit=True) as link:
            for rows in ROWS:
                link.execute(
                    f"CREATE TABLE t{rows} AS SELECT i AS id, 'user' || i || '@example.com' AS email, "
                    f"repeat('x', 60) AS hash FROM generate_series(1, {rows}) i"
                )
                link.execute(f"ALTER TABLE t{rows} ADD PRIMARY KEY (id)")
        yield url


SERVERS: dict[str, Callable[[], object]] = {"mariadb": mariadb, "postgresql": postgresql}


def main() -> None:
    context = multiprocessing.get_context("spawn")
    for name in sys.argv[1:] or SERVERS:
        with SERVERS[name]() as url:  # type: ignore[attr-defined]
            for rows in ROWS:
                process = context.Process(target=read, args=(url, rows))
                process.start()
                process.join()
                if process.exitcode:
                    raise SystemExit(1)


if __name__ == "__main__":
    main()
