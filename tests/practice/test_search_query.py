"""The query language, against a plain Python filter over the same users."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wizard.practice.errors import ApiError
from wizard.practice.users import search_functions
from wizard.practice.users import table as user_table
from wizard.practice.users.search import parse
from wizard.practice.users.search_sql import order_by, where

DAY = 86_400_000
PEOPLE: list[dict[str, Any]] = [
    {"id": "1", "email": "jane@example.com", "name": "Jane Smith", "username": "jane", "logins": 3, "blocked": True},
    {"id": "2", "email": "bob@example.org", "given_name": "John", "app": {"plan": "gold", "seats": 5}},
    {"id": "legacy|3", "email": "joan@example.com", "name": "joan *star*", "app": {"roles": ["admin", "ops"]}},
    {"id": "4", "email": "x@example.net", "verified": True, "meta": {"city": ["Paris", "Oslo"], "age": 13, "on": True}},
    {"id": "5", "phone": "+4930", "username": "phoney", "logins": 120, "app": {"orgs": [{"id": "a"}, {"id": "b"}]}},
]


@pytest.fixture(scope="module")
def db() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("create table connections (id text, name text)")
    db.executemany("insert into connections values (?, ?)", [("con_1", "acme"), ("con_2", "other")])
    user_table.create_tables(db)
    search_functions.register(db)
    for number, person in enumerate(PEOPLE):
        profile: dict[str, Any] = {key: person[key] for key in ("name", "given_name", "blocked") if key in person}
        profile |= {"email_verified": person.get("verified", False)}
        profile |= {"app_metadata": person["app"]} if "app" in person else {}
        profile |= {"user_metadata": person["meta"]} if "meta" in person else {}
        user_table.insert(
            db,
            {
                "id": person["id"],
                "connection_id": "con_2" if person["id"] == "5" else "con_1",
                "email": person.get("email"),
                "username": person.get("username"),
                "phone_number": person.get("phone"),
                "created_ms": 1_767_225_600_000 + number * DAY,  # 2026-01-01 and the days after
                "updated_ms": 0,
                "visible_ms": 0,
                "logins_count": person.get("logins"),
                "profile": orjson.dumps(profile).decode(),
            },
        )
    return db


def selected(db: sqlite3.Connection, condition: str, values: Sequence[Any] = (), order: str = "seq") -> list[str]:
    rows = db.execute(f"select id from users where {condition} order by {order}", values)
    return [row["id"] for row in rows]


@pytest.fixture(scope="module")
def find(db: sqlite3.Connection) -> Callable[[str], set[str]]:
    def find(query: str) -> set[str]:
        return {user_id[-1] for user_id in selected(db, *where(query))}

    return find


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("email:jane@example.com", "1"),
        ('email:"JANE@EXAMPLE.COM"', "1"),
        ('name:"jane smith"', "1"),
        ("name:jane", ""),
        ("name:jane*", "1"),
        ("name:j*", "13"),
        ("name:*smith", "1"),
        ("name:j?ne*", "1"),
        (r"name:joan\ \*star\*", "3"),
        ("name:x@example.net", "4"),
        ("nickname:joan", "3"),
        ("username:jane", "1"),
        ("username:JANE", ""),
        ("email.domain:example.com", "13"),
        ("user_id:auth0|2", "2"),
        ('user_id:"auth0|legacy|3"', "3"),
        ("user_id:google|2", ""),
        ('identities.connection:"acme"', "1234"),
        ("identities.provider:auth0", "12345"),
        ("blocked:true", "1"),
        ("blocked:false", ""),
        ("email_verified:true", "4"),
        ("email_verified:false", "1235"),
        ("NOT _exists_:logins_count", "234"),
        ("_exists_:logins_count", "15"),
        ("logins_count:[3 TO 120]", "15"),
        ("logins_count:{3 TO 120]", "5"),
        ("logins_count:{3 TO *]", "5"),
        ("logins_count:>=3", "15"),
        ("logins_count:<100", "1"),
        ("logins_count:3", "1"),
        ("created_at:[2026-01-02 TO 2026-01-03]", "23"),
        ("created_at:{2026-01-02 TO 2026-01-04}", "3"),
        ("created_at:[2026-01-04 TO *]", "45"),
        ("created_at:2026-01-02", "2"),
        ("created_at:2026-01", "12345"),
        ('created_at:"2026-01-01T00:00:00.000Z"', "1"),
        ("app_metadata.plan:gold", "2"),
        ("app_metadata.plan:GOLD", ""),
        ("app_metadata.roles:admin", "3"),
        ("app_metadata.orgs.id:b", "5"),
        ("app_metadata.plan:go*", "2"),
        ("app_metadata.seats:[1 TO 5]", "2"),
        ("app_metadata.seats:5", "2"),
        ("_exists_:app_metadata", "235"),
        ("_exists_:user_metadata.city", "4"),
        ('user_metadata.city:"Oslo"', "4"),
        ("user_metadata.age:13", "4"),
        ("user_metadata.on:true", "4"),
        ("Jane", "1"),
        ('"jane smith"', "1"),
        ("gold", ""),
        ("john jane", "12"),
        ("email:(jane@example.com OR bob@example.org)", "12"),
        ("name:j* AND NOT blocked:true", "3"),
        ("name:j* -blocked:true", "3"),
        ("name:j* !blocked:true", "3"),
        ("(name:j* OR given_name:john) AND email.domain:example.org", "2"),
        ("name:j* && blocked:true", "1"),
        ("blocked:true || given_name:john", "12"),
        ("+name:j* email:jane@example.com", "13"),
        ("email:jane@example.com^2", "1"),
        ("given_name:john OR name:j* AND blocked:true", "1"),
        ("*", "12345"),
        ("*:*", "12345"),
        ("email:*", "1234"),
        ("unknown_field:x", ""),
        ("NOT unknown_field:x", "12345"),
    ],
)
def test_a_query_finds_whom_it_should(find: Callable[[str], set[str]], query: str, expected: str) -> None:
    assert find(query) == set(expected)


@pytest.mark.parametrize(
    "query",
    ['"open', "(a", "a)", "a AND", "OR b", "name:", "name:*sa", "name:[1 TO", "name:[1 2]", "[1 TO 2]", "a ~", "/re/",
     "()", "NOT", "logins_count:many", "logins_count:[a TO b]", "created_at:yesterday", "created_at:2026-13",
     "user_metadata.age:[1 TO 20]", "user_metadata.city:Par*", "logins_count:1*", "a:b:c", "(" * 40 + "a" + ")" * 40,
     " OR ".join(["a"] * 301)],
)  # fmt: skip
def test_a_malformed_query_is_refused_with_400(query: str) -> None:
    with pytest.raises(ApiError) as refusal:
        where(query)
    assert refusal.value.status == 400
    assert refusal.value.error_code == "invalid_query_string"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"ab:\"()[]{}*?\\ -+!^~/<>=|&.'%_;\n", " AND ", " OR ", " NOT ", " TO ", "_exists_:"]),
        max_size=20,
    ).map("".join)
    | st.lists(
        st.sampled_from(
            [
                "name:",
                "a",
                "(",
                ")",
                " AND ",
                " OR ",
                "NOT ",
                '"x y"',
                "[1 TO 2]",
                "logins_count:",
                ">",
                "app_metadata.a:",
                "*",
            ]
        ),
        max_size=9,
    ).map("".join)
    | st.text(max_size=12)
)
@example("' OR 1=1 --")
@example('name:"\x00"')
def test_any_text_is_a_query_or_a_refusal(db: sqlite3.Connection, text: str) -> None:
    try:
        condition, values = where(text)
    except ApiError:
        return
    selected(db, condition, values)


FIELD_VALUES = {
    "email": ["jane@example.com", "bob@example.org", "nobody@example.com"],
    "given_name": ["john", "JOHN", "jane"],
    "blocked": ["true", "false"],
    "app_metadata.plan": ["gold", "silver"],
    "user_metadata.city": ["Paris", "paris"],
}
terms = st.sampled_from(sorted(FIELD_VALUES)).flatmap(
    lambda field: st.sampled_from(FIELD_VALUES[field]).map(lambda value: ("is", field, value))
) | st.sampled_from(["logins_count", "username", "given_name", "app_metadata.roles"]).map(lambda name: ("has", name))
queries = st.recursive(
    terms,
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=6,
)


def written(tree: tuple[Any, ...]) -> str:
    match tree:
        case ("is", field, value):
            return f'{field}:"{value}"'
        case ("has", field):
            return f"_exists_:{field}"
        case ("not", inner):
            return f"(NOT {written(inner)})"
        case (operator, left, right):
            return f"({written(left)} {operator.upper()} {written(right)})"
    raise AssertionError(tree)


def holds(tree: tuple[Any, ...], person: dict[str, Any]) -> bool:
    match tree:
        case ("is", field, value):
            return any(_same(field, each, value) for each in _values(person, field))
        case ("has", field):
            return bool(_values(person, field))
        case ("not", inner):
            return not holds(inner, person)
        case ("and", left, right):
            return holds(left, person) and holds(right, person)
        case ("or", left, right):
            return holds(left, person) or holds(right, person)
    raise AssertionError(tree)


def _values(person: dict[str, Any], field: str) -> list[Any]:
    part: Any = {
        "email": person.get("email"),
        "username": person.get("username"),
        "given_name": person.get("given_name"),
        "blocked": person.get("blocked"),
        "logins_count": person.get("logins"),
        "app_metadata": person.get("app"),
        "user_metadata": person.get("meta"),
    }
    for key in field.split("."):
        part = (part or {}).get(key)
    return [] if part is None else part if isinstance(part, list) else [part]


def _same(field: str, found: Any, asked: str) -> bool:
    if isinstance(found, bool):
        return str(found).lower() == asked
    return str(found).lower() == asked.lower() if field in {"email", "given_name"} else str(found) == asked


@settings(deadline=None)
@given(queries)
def test_search_agrees_with_a_plain_filter(find: Callable[[str], set[str]], tree: tuple[Any, ...]) -> None:
    assert find(written(tree)) == {person["id"][-1] for person in PEOPLE if holds(tree, person)}


def test_values_are_parameters_and_never_sql() -> None:
    condition, values = where('name:"x\' OR 1=1 --" AND app_metadata.a\'b:"c\'d"')
    assert "'b" not in condition
    assert "1=1" not in condition
    assert "x' or 1=1 --" in values


def test_sorting_names_no_column_that_is_not_ours(db: sqlite3.Connection) -> None:
    for field in ("email", "name", "created_at", "app_metadata.plan", "nonsense", ""):
        assert len(selected(db, "true", (), order_by(field, ascending=False))) == len(PEOPLE)
    rows = selected(db, "email is not null", (), order_by("name", ascending=True))
    assert rows == ["2", "1", "legacy|3", "4"]


def test_an_empty_query_asks_for_everybody() -> None:
    assert where("") == where("*")
    assert parse("  ") == parse("")
