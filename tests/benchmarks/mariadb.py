"""Read a million rows from a real MariaDB and print the memory and the seconds it took: python tests/benchmarks/mariadb.py."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))

ROWS = (10_000, 1_000_000)


def peak_megabytes() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    import pymysql
    from mariadb import mariadb_server

    from wizard.legacy import open_source
    from wizard.legacy.answers import SourceAnswers

    with mariadb_server() as url:
        socket = url.partition("unix_socket=")[2]
        link = pymysql.connect(unix_socket=socket, user="root", database="shop", autocommit=True)
        with link, link.cursor() as cursor:
            for rows in ROWS:
                cursor.execute(f"CREATE TABLE t{rows} (id int PRIMARY KEY, email varchar(80), hash char(60))")
                cursor.execute(
                    f"INSERT INTO t{rows} SELECT seq, CONCAT('user', seq, '@example.com'), REPEAT('x', 60) "
                    f"FROM seq_1_to_{rows}"
                )
        for rows in ROWS:
            source = open_source(SourceAnswers(url=url, users_table=f"t{rows}"), secret=None, base=Path())
            began = time.perf_counter()
            facts = source.facts()
            seconds = time.perf_counter() - began
            print(f"{facts.records:>9,} rows: {seconds:6.1f} s, at most {peak_megabytes():.0f} MB", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
