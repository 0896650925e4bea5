"""The statements of a comparison, for DuckDB.

Users are surely the same if two numbers made of their fields agree, each of 64 bits. All others are read again and
compared as they are.
"""

from __future__ import annotations

from pathlib import Path

from wizard.bulk.verification.sameness import DUPLICATE, FLAGS, OBJECTS, TEXTS, THERE_BEFORE

_GIVEN = TEXTS + OBJECTS
"""Fields that count only if they were given; in a set of them each has the bit of its place."""

_KINDS = dict.fromkeys(("user_id", *FLAGS, *TEXTS), "VARCHAR") | dict.fromkeys(OBJECTS, "JSON")
_COLUMNS = ", ".join(f"{name}: '{kind}'" for name, kind in _KINDS.items())
_OPTIONS = "records = 'true', hive_partitioning = false"
_PREPARED_FILES = f"read_json($1, format = 'array', compression = 'none', {_OPTIONS}, columns = {{{_COLUMNS}}})"
_EXPORT = (
    f"read_json($1, format = 'newline_delimited', compression = 'gzip', {_OPTIONS}, "
    f"columns = {{{_COLUMNS}, identities: 'STRUCT(connection VARCHAR, user_id VARCHAR)[]'}})"
)
_FLAGS = " + ".join(f"(coalesce({name}, '') = 'true')::UTINYINT * {1 << n}" for n, name in enumerate(FLAGS))
_GIVEN_BITS = " + ".join(f"({name} IS NOT NULL)::USMALLINT * {1 << n}" for n, name in enumerate(_GIVEN))


def _key(text: str) -> str:
    """64 bits of the MD5 of an id. DuckDB's own `hash` gives counters that are much alike one number."""
    return f"(md5_number({text}) & 18446744073709551615)::UBIGINT"


def _content(prefix: str, lead: str, optional: int) -> str:
    """One number for the texts and objects of a user; an empty object counts like none.

    Args:
        optional: Bits of the fields that count only where they were given to the prepared user beside this one.
        lead: Put before each text. DuckDB's `hash` takes eight bytes at a time, and changes to neighbouring eights can
            cancel out; where they stand half a step further on, they do not.
    """
    parts = []
    for n, name in enumerate(_GIVEN):
        value = f"nullif({prefix}{name}::VARCHAR, '{{}}')" if name in OBJECTS else f"{prefix}{name}"
        value = f"'{lead}' || {value}" if lead else value
        parts.append(f"CASE WHEN prepared.given & {1 << n} <> 0 THEN {value} END" if optional & 1 << n else value)
    return f"hash({', '.join(parts)})"


def _contents(prefix: str = "", optional: int = 0) -> tuple[str, str]:
    """The two numbers that must both agree for two users to be surely the same."""
    return _content(prefix, "", optional), _content(prefix, "~~~~", optional)


TABLES = """
    CREATE TABLE names (file UINTEGER, name VARCHAR);
    CREATE TABLE refused (id VARCHAR, email VARCHAR);
    CREATE TABLE duplicates (id VARCHAR);
    CREATE TABLE prepared (
        id VARCHAR, given USMALLINT, flags UTINYINT, content UBIGINT, shifted UBIGINT, file UINTEGER, whole BOOLEAN
    );
"""

NAMES = "INSERT INTO names SELECT generate_subscripts($1, 1) - 1, unnest($1)"

READ_PREPARED = f"""
    INSERT INTO prepared
    SELECT user_id, {_GIVEN_BITS}, {_FLAGS}, {", ".join(_contents())}, file_index + $2,
        user_id IS NOT NULL AND email IS NOT NULL
    FROM {_PREPARED_FILES}
"""  # noqa: S608 - constants

FIRST_NAMELESS = "SELECT min(file) FROM prepared WHERE NOT whole"

READ_REFUSED = f"""
    INSERT INTO refused SELECT user_id, CASE WHEN user_id IS NULL THEN lower(email) END
    FROM read_json($1, format = 'newline_delimited', {_OPTIONS}, columns = {{user_id: 'VARCHAR', email: 'VARCHAR'}})
"""  # noqa: S608 - constants

READ_DUPLICATES = f"""
    INSERT INTO duplicates SELECT user_id
    FROM read_json($1, format = 'newline_delimited', {_OPTIONS}, columns = {{user_id: 'VARCHAR'}})
"""  # noqa: S608 - constants

KNOWN = "CREATE TABLE known (id VARCHAR, code VARCHAR, migrated BOOLEAN, skipped BOOLEAN, there_before BOOLEAN)"

READ_KNOWN = f"""
    INSERT INTO known SELECT user_id, code, code = 'migrated', decision IS NOT NULL, coalesce({THERE_BEFORE}, false)
    FROM read_json($1, format = 'newline_delimited', {_OPTIONS},
        columns = {{user_id: 'VARCHAR', code: 'VARCHAR', decision: 'VARCHAR', {THERE_BEFORE}: 'BOOLEAN'}})
    WHERE user_id IS NOT NULL
"""  # noqa: S608 - constants
"""Users that were not prepared; of each list one line a record."""

_IN = "id IN (SELECT id FROM placed WHERE flags IS NOT NULL AND id IS NOT NULL)"

KNOWN_AGAIN = f"""
    SELECT
        count(*) FILTER (WHERE migrated),
        count(*) FILTER (WHERE NOT migrated AND NOT skipped AND here),
        count(*) FILTER (WHERE NOT migrated AND skipped AND here)
    FROM (SELECT *, NOT there_before AND {_IN} AS here FROM known)
"""  # noqa: S608 - constants
"""Records whose users had moved at login, and those that were rejected or left behind and have come to the connection."""

_MOVED = f"known WHERE NOT migrated AND NOT there_before AND {_IN}"

MOVED_BY_CODE = f"SELECT code, count(*) FROM {_MOVED} GROUP BY code"  # noqa: S608 - constants
"""The latter by the code they were rejected or left behind for."""

GIVEN = "SELECT coalesce(bit_or(given), 0), coalesce(bit_and(given), 0) FROM prepared"
"""Bits of the fields that any prepared user gives, and of those that all give."""

FOUND = f"""
    CREATE OR REPLACE TABLE found (
        place BIGINT, id VARCHAR, user_id VARCHAR, flags UTINYINT, {", ".join(f"{name} VARCHAR" for name in _GIVEN)}
    )
"""
"""Prepared and exported users side by side, without those that are surely the same. A prepared user has a `place`, an
exported one `flags`; a user of both has both."""


def match(connection: str, given: int, by_all: int) -> str:
    """Match by id; $1 is the export. Of the fields `given` by any prepared user, those `by_all` need no look at each.

    A user of several identities belongs to the connection if one of them does. An export without identities was asked
    for this connection alone. Fields that no prepared user gives are not read. Of a prepared user the join keeps only
    numbers, so that a million of them take 60 MB whatever their ids look like.
    """
    first, ours = "identities[1].connection", "'" + connection.replace("'", "''") + "'"
    here = f"list_filter(identities, lambda identity: identity.connection = {ours})"
    wanted = ", ".join(
        f"{name if given & 1 << n or name == 'email' else 'NULL'}::VARCHAR AS {name}" for n, name in enumerate(_GIVEN)
    )
    content, shifted = _contents("stored.", ~by_all)
    return f"""
        INSERT INTO found
        SELECT prepared.place, stored.*
        FROM (
            SELECT CASE
                    WHEN NOT coalesce({first} = {ours}, true) THEN {here}[1].user_id
                    WHEN starts_with(user_id, 'auth0|') THEN user_id[7:]
                    ELSE user_id
                END AS id,
                user_id, ({_FLAGS})::UTINYINT AS flags, {wanted}
            FROM {_EXPORT}
            WHERE coalesce({first} = {ours}, true) OR len({here}) > 0
        ) AS stored
        FULL JOIN (
            SELECT {_key("id")} AS key, rowid AS place, given, flags, content, shifted FROM prepared
        ) AS prepared
        ON prepared.key = {_key("stored.id")}
        WHERE prepared.place IS NULL OR stored.flags IS NULL OR prepared.flags <> stored.flags
            OR prepared.content <> {content} OR prepared.shifted <> {shifted}
    """  # noqa: S608 - the one value that is not a constant of this module is quoted


STRANGERS = "SELECT count(*) FROM found WHERE flags IS NOT NULL AND user_id IS NULL"

PLACED = """
    CREATE TABLE placed AS
    SELECT prepared.id AS prepared_id, prepared.file, found.* EXCLUDE (place)
    FROM prepared RIGHT JOIN found ON prepared.rowid = found.place;
    DROP TABLE found;
"""

TO_READ_AGAIN = """
    SELECT file, count(*) FROM placed
    WHERE file IS NOT NULL AND (
        flags IS NOT NULL OR EXISTS (FROM placed WHERE file IS NULL) OR EXISTS (FROM refused WHERE email IS NOT NULL)
    )
    GROUP BY file ORDER BY file
"""
"""Files with prepared users that may differ, or whose e-mail address may tell where they are, and how many."""

AGAIN = (
    f"CREATE TABLE again (id VARCHAR, file UINTEGER, flags UTINYINT, {', '.join(f'{name} VARCHAR' for name in _GIVEN)})"
)

READ_AGAIN = f"""
    INSERT INTO again
    SELECT prepared.id, placed.file, prepared.* EXCLUDE (id)
    FROM (
        SELECT user_id AS id, {_FLAGS}, {", ".join(f"{name}::VARCHAR AS {name}" for name in _GIVEN)}
        FROM {_PREPARED_FILES}
    ) AS prepared
    JOIN (SELECT DISTINCT prepared_id, file FROM placed WHERE file BETWEEN $2 AND $3) AS placed
        ON placed.prepared_id = prepared.id
"""  # noqa: S608 - constants

MOVED = """
    CREATE TABLE moved AS
    SELECT again.id AS prepared_id, again.file, newcomer.* EXCLUDE (prepared_id, file)
    FROM (FROM placed WHERE file IS NULL) AS newcomer
    JOIN (FROM again WHERE id IN (SELECT prepared_id FROM placed WHERE flags IS NULL)) AS again
        ON lower(again.email) = lower(newcomer.email)
"""
"""Prepared users that nobody matches by id, with those of the other users that have their e-mail address."""

TAKEN = """
    CREATE TABLE taken AS
    SELECT DISTINCT again.id
    FROM (FROM placed WHERE file IS NOT NULL AND flags IS NOT NULL) AS holder
    JOIN (FROM again WHERE id IN (FROM duplicates)) AS again ON again.id = holder.prepared_id
    WHERE lower(again.email) NOT IN (SELECT lower(email) FROM placed WHERE flags IS NOT NULL AND email IS NOT NULL)
"""
"""Prepared users that Auth0 refused as duplicates, and whose e-mail address nobody has: who has the id is somebody else."""

NOBODY_TAKEN = "CREATE TABLE taken (id VARCHAR)"

_PAIRS = "(FROM placed WHERE file IS NOT NULL AND flags IS NOT NULL UNION ALL FROM moved)"

SUSPECTS_BY_FILE = f"SELECT file, count(*) FROM {_PAIRS} GROUP BY file ORDER BY file"  # noqa: S608 - constants

SUSPECTS = f"""
    SELECT pair.file, pair.prepared_id, pair.user_id, pair.id IS DISTINCT FROM pair.prepared_id,
        pair.prepared_id IN (FROM taken),
        again.flags, {", ".join(f"again.{name}" for name in _GIVEN)},
        pair.flags, {", ".join(f"pair.{name}" for name in _GIVEN)}
    FROM (FROM again WHERE file BETWEEN $1 AND $2) AS again
    JOIN (SELECT * FROM {_PAIRS} WHERE file BETWEEN $1 AND $2) AS pair ON pair.prepared_id = again.id
    ORDER BY pair.file, pair.prepared_id, pair.user_id
"""  # noqa: S608 - constants
"""Pairs to be looked at; $1 and $2 are the first and last of their prepared files."""

COMPARED = "SELECT count(*) FROM prepared"

_IS_REFUSED = """(
    prepared_id IN (SELECT id FROM refused WHERE id IS NOT NULL)
    OR prepared_id IN (SELECT again.id FROM again JOIN refused ON refused.email = lower(again.email))
)"""
_ABSENT = """
    SELECT prepared_id AS user_id, '{status}' AS status, names.name AS file, []::VARCHAR[] AS fields{also}
    FROM (FROM placed WHERE flags IS NULL AND prepared_id NOT IN (SELECT prepared_id FROM moved)) AS left_over
    JOIN names ON names.file = left_over.file
    WHERE {which} ORDER BY left_over.file, prepared_id
"""
_IS_DUPLICATE = "prepared_id IN (FROM duplicates)"
_LISTS = {
    "missing": _ABSENT.format(status="missing", also="", which=f"NOT {_IS_REFUSED} AND NOT {_IS_DUPLICATE}"),
    "unfound": _ABSENT.format(
        status="missing", also=f", '{DUPLICATE}' AS refused_as", which=f"NOT {_IS_REFUSED} AND {_IS_DUPLICATE}"
    ),
    "refused": _ABSENT.format(status="refused", also="", which=_IS_REFUSED),
    "extra": """
        SELECT DISTINCT user_id, 'extra' AS status, []::VARCHAR[] AS fields FROM placed
        WHERE file IS NULL AND user_id NOT IN (SELECT user_id FROM moved) AND coalesce(id, '') NOT IN (SELECT id FROM known)
        ORDER BY user_id
    """,
    "gone": """
        SELECT id AS user_id, 'missing' AS status, []::VARCHAR[] AS fields FROM known
        WHERE migrated AND id NOT IN (SELECT id FROM placed WHERE flags IS NOT NULL AND id IS NOT NULL) ORDER BY id
    """,
    "moved": f"SELECT id AS user_id, 'moved' AS status, code, []::VARCHAR[] AS fields FROM {_MOVED} ORDER BY id",  # noqa: S608
}


def write_list(status: str, lines: Path) -> str:
    """Write the users of such a list as JSON lines and return how many they are."""
    return f"COPY ({_LISTS[status]}) TO '{str(lines).replace(chr(39), chr(39) * 2)}' (FORMAT json)"


def pattern(path: str) -> str:
    """Return a path that stands for itself where `*`, `?` and `[` are wildcards."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)
