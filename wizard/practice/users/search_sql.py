"""A search query as SQL over an index, that of users if no other is named: values only ever as parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from wizard.practice.users.search import Everything, Exists, Group, Node, Range, Term, parse, refuse

Sql = tuple[str, tuple[Any, ...]]

NAME = "coalesce(json_extract(profile, '$.name'), email, username, phone_number)"
NICKNAME = "coalesce(json_extract(profile, '$.nickname'), nickname_of(email), username)"


@dataclass(frozen=True, slots=True)
class Field:
    """A searchable field: the SQL of its value and how values compare.

    `kind` is lower (text kept in lower case), folded (text, any case), text, words (text, any part of it), flag, number
    or date (milliseconds).
    """

    sql: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Index:
    """What queries search.

    Args:
        fields: The fields that a query may name.
        without_field: Those in which a term without a field looks.
        metadata: Beginnings of names that lead into metadata.
    """

    fields: Mapping[str, Field]
    without_field: tuple[str, ...]
    metadata: tuple[str, ...] = ()


USER_ID = Field("'auth0|' || id")
IDENTITY = Field("id")
CONNECTION = Field("(select name from connections c where c.id = connection_id)")
LINKED_EMAIL = Field("null", "lower")
LINKED = "linked is not null and exists (select 1 from json_each(linked) where json_extract(value, '$.{name}') {test})"
"""Whether an identity that was linked to the user passes a test."""
FIELDS = {
    "email": Field("email", "lower"),
    "email.domain": Field("substr(email, instr(email, '@') + 1)", "lower"),
    "name": Field(NAME, "folded"),
    "nickname": Field(NICKNAME, "folded"),
    "given_name": Field("json_extract(profile, '$.given_name')", "folded"),
    "family_name": Field("json_extract(profile, '$.family_name')", "folded"),
    "username": Field("username"),
    "phone_number": Field("phone_number"),
    "picture": Field("coalesce(json_extract(profile, '$.picture'), picture_of(email, username, phone_number))"),
    "last_ip": Field("json_extract(profile, '$.last_ip')"),
    "user_id": USER_ID,
    "identities.user_id": IDENTITY,
    "identities.provider": Field("'auth0'"),
    "identities.connection": CONNECTION,
    "identities.isSocial": Field("0", "flag"),
    "identities.profileData.email": LINKED_EMAIL,
    "email_verified": Field("coalesce(json_extract(profile, '$.email_verified'), 0)", "flag"),
    "phone_verified": Field("json_extract(profile, '$.phone_verified')", "flag"),
    "blocked": Field("json_extract(profile, '$.blocked')", "flag"),
    "logins_count": Field("logins_count", "number"),
    "created_at": Field("created_ms", "date"),
    "updated_at": Field("updated_ms", "date"),
    "last_login": Field("last_login_ms", "date"),
    "last_password_reset": Field("last_password_reset_ms", "date"),
}
WITHOUT_FIELD = ("email", "name", "nickname", "given_name", "family_name", "username", "phone_number", "user_id")
"""Where a term without a field looks; metadata is not among them."""

METADATA = ("app_metadata.", "user_metadata.")
USERS = Index(FIELDS, WITHOUT_FIELD, METADATA)
NOTHING: Sql = ("0", ())


def where(query: str, index: Index = USERS) -> Sql:
    """Translate a query into a condition on the columns of the index's table and its parameters.

    Raises:
        ApiError: 400 for a syntax error or a search the field does not have.
    """
    return _node(parse(query), index)


def order_by(field: str, ascending: bool) -> str:
    """Translate a sort; users without the field come first when ascending, as SQLite sorts NULL.

    Source: Auth0 docs, "List and Search Users": metadata does not sort.
    """
    direction = "asc" if ascending else "desc"
    if field in FIELDS:
        return f"{_column(FIELDS[field])} {direction}, seq {direction}"
    return f"seq {direction}"


def _node(node: Node, index: Index) -> Sql:
    if isinstance(node, Everything):
        return "1", ()
    if isinstance(node, Exists):
        return _exists(node.field, index)
    if isinstance(node, Range):
        return _range(node, index)
    if isinstance(node, Term):
        return _term(node, index)
    return _group(node, index)


def _group(group: Group, index: Index) -> Sql:
    parts = [_node(node, index) for node in group.must]
    if group.any_of and not group.must:
        parts.append(_joined(" or ", [_node(node, index) for node in group.any_of]))
    without = [_node(node, index) for node in group.without]
    # "not" alone would lose rows whose field is NULL.
    parts += [(f"not coalesce({sql}, 0)", values) for sql, values in without]
    return _joined(" and ", parts)


def _joined(word: str, parts: list[Sql]) -> Sql:
    return f"({word.join(sql for sql, _ in parts)})", tuple(value for _, values in parts for value in values)


def _exists(field: str, index: Index) -> Sql:
    if field in index.fields:
        return f"({index.fields[field].sql}) is not null", ()
    if f"{field}.".startswith(index.metadata):
        return "metadata_matches(profile, ?, 'exists')", (field,)
    return NOTHING


def _term(term: Term, index: Index) -> Sql:
    if term.field is None:
        return _joined(" or ", [_term(Term(name, term.value, term.pattern), index) for name in index.without_field])
    field = index.fields.get(term.field)
    if field is not None:
        return _pattern(field, term) if term.pattern else _equals(field, term)
    if not term.field.startswith(index.metadata):
        return NOTHING
    if term.pattern is None:
        return "metadata_matches(profile, ?, 'is', ?)", (term.field, term.value)
    if term.field.startswith("user_metadata."):
        refuse("wildcards are not available on user_metadata")
    return "metadata_matches(profile, ?, 'like', ?)", (term.field, _glob(term.pattern))


def _equals(field: Field, term: Term) -> Sql:
    value = term.value
    if field is USER_ID:
        provider, bar, rest = value.partition("|")
        return ("id = ?", (rest,)) if provider == "auth0" and bar else NOTHING
    if field is IDENTITY:
        return f"(id = ? or {LINKED.format(name='user_id', test='= ?')})", (value, value)
    if field is CONNECTION:
        named = "in (select id from connections where name = ?)"
        return f"(connection_id {named} or {LINKED.format(name='connection_id', test=named)})", (value, value)
    if field is LINKED_EMAIL:
        return f"({LINKED.format(name='profileData.email', test='= ?')})", (value.lower(),)
    if field.kind in {"lower", "folded"}:
        return f"{_column(field)} = ?", (value.lower(),)
    if field.kind == "flag":
        return (f"({field.sql}) = ?", (int(value == "true"),)) if value in {"true", "false"} else NOTHING
    if field.kind == "number":
        return f"{field.sql} = ?", (_number(value),)
    if field.kind == "date":
        first, last = _moments(value)
        return f"{field.sql} between ? and ?", (first, last)
    if field.kind == "words":
        return f"instr({field.sql}, ?) > 0", (value,)
    return f"({field.sql}) = ?", (value,)


def _pattern(field: Field, term: Term) -> Sql:
    if field.kind not in {"lower", "folded", "text", "words"}:
        refuse(f"wildcards are not available on {term.field}")
    glob = _glob(term.pattern or ())
    return f"{_column(field)} glob ?", (glob.lower() if field.kind in {"lower", "folded"} else glob,)


def _column(field: Field) -> str:
    """Return the SQL of a field's value in the form that is compared."""
    return f"fold({field.sql})" if field.kind == "folded" else f"({field.sql})"


def _glob(pattern: tuple[str, ...]) -> str:
    return "".join(re.sub(r"([*?\[])", r"[\1]", part[1:]) if part[0] == "=" else part for part in pattern)


def _range(asked: Range, index: Index) -> Sql:
    if asked.field.startswith("user_metadata."):
        refuse("ranges are not available on user_metadata")
    low_sign, high_sign = ">=" if asked.with_low else ">", "<=" if asked.with_high else "<"
    if asked.field.startswith(index.metadata):
        bounds = orjson.dumps([asked.low, low_sign, asked.high, high_sign]).decode()
        return "metadata_matches(profile, ?, 'within', ?)", (asked.field, bounds)
    field = index.fields.get(asked.field)
    if field is None:
        return NOTHING
    column = _column(field)
    parts: list[Sql] = [(f"{column} is not null", ())]
    if asked.low is not None:
        parts.append((f"{column} {low_sign} ?", (_bound(field, asked.low, last=not asked.with_low),)))
    if asked.high is not None:
        parts.append((f"{column} {high_sign} ?", (_bound(field, asked.high, last=asked.with_high),)))
    return _joined(" and ", parts)


def _bound(field: Field, value: str, *, last: bool) -> float | int | str:
    if field.kind == "number":
        return _number(value)
    if field.kind == "date":
        return _moments(value)[int(last)]
    if field.kind == "flag":
        return int(value == "true")
    return value.lower() if field.kind in {"lower", "folded"} else value


def _number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        refuse(f"{value!r} is not a number")
    if number != number or abs(number) > 1e15:
        refuse(f"{value!r} is not a number")
    return number


_date = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?)?)?)?)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)


def _moments(value: str) -> tuple[int, int]:
    """Return first and last millisecond of a year, month, day, hour, minute, second or instant."""
    found = _date.fullmatch(value)
    if found is None:
        refuse(f"{value!r} is not a date such as 2026-08-31 or 2026-08-31T10:00:00Z")
    parts = found.groupdict()
    try:
        start = datetime(
            int(parts["year"]),
            int(parts["month"] or 1),
            int(parts["day"] or 1),
            int(parts["hour"] or 0),
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            tzinfo=UTC,
        ) - _zone(parts["zone"])
        first = int(start.timestamp()) * 1000 + int(f"{parts['part'] or 0:0<3}"[:3])
        return first, first + _width(start, parts) - 1
    except (ValueError, OverflowError):
        refuse(f"{value!r} is not a date")


def _width(start: datetime, parts: dict[str, str | None]) -> int:
    """Milliseconds that a date of this precision covers."""
    if parts["part"]:
        return 1
    for name, seconds in (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400)):
        if parts[name]:
            return seconds * 1000
    months = 1 if parts["month"] else 12
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return int((start.replace(year=year, month=month + 1) - start).total_seconds()) * 1000


def _zone(written: str | None) -> timedelta:
    if written in {None, "Z"}:
        return timedelta()
    digits = str(written)[1:].replace(":", "")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return ahead if str(written)[0] == "+" else -ahead
