"""A JSON object with several lists: that of the users is read wherever it stands, and of two the operator chooses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from json_stage import opened, written

from wizard.errors import SourceError
from wizard.legacy import open_source, source_of
from wizard.legacy.source import LegacySource

ANN, BOB, CAT = ({"id": name[0], "email": f"{name}@example.com"} for name in ("ann", "bob", "cat"))
PAIR = [ANN, BOB]
MAP = {"u1": ANN, "u2": BOB}
HASHED = {key: {**each, "password": "x"} for key, each in MAP.items()}
LONG = {key: {"note": "x" * 50_000, **each} for key, each in MAP.items()}
ROLES = [{"id": "r1", "name": "admin", "composite": False}]


def ids(source: LegacySource) -> list[Any]:
    """The ids of all records; read as prepare reads them."""
    place = source.columns.index("id")
    blocks = source.blocks(expect=source.facts().fingerprint)
    return [record.values[place] for block in blocks for record in block.records()]


TWO: dict[str, tuple[str, tuple[str, str]]] = {
    name: (json.dumps(whole), paths)
    for name, whole, paths in (
        ("known names", {"items": [CAT], "users": PAIR}, ("items", "users")),
        ("the other way round", {"users": PAIR, "items": [CAT]}, ("users", "items")),
        ("a name for users only where they look it", {"accounts": PAIR, "data": [CAT]}, ("accounts", "data")),
        ("letters of another case", {"users": PAIR, "Users": [CAT]}, ("users", "Users")),
        ("a name that nobody knows", {"deactivated_users": [CAT], "users": PAIR}, ("users", "deactivated_users")),
        ("users only elsewhere", {"users": [], "staff": PAIR}, ("users", "staff")),
        ("further down", {"result": {"users": [CAT]}, "users": PAIR}, ("result.users", "users")),
        ("both further down", {"a": {"data": PAIR}, "b": {"rows": [CAT]}}, ("a.data", "b.rows")),
        ("no address in one", {"users": [{"id": 1}], "customers": [CAT]}, ("users", "customers")),
        ("no address in either", {"data": [{"id": 1}], "rows": [{"id": 2}]}, ("data", "rows")),
        ("invited, with passwords", {"users": PAIR, "invites": [{**CAT, "password": "x"}]}, ("users", "invites")),
        ("a map and a list", {"users": {"u1": ANN}, "staff": [CAT]}, ("users", "staff")),
        ("a list and a map", {"users": [CAT], "archived": MAP}, ("users", "archived")),
        ("a map before the list", {"archived": MAP, "users": [CAT]}, ("users", "archived")),
        ("a map of users by its name", {"data": [CAT], "users": {"u1": ANN}}, ("data", "users")),
        ("a map in front by its name", {"users": {"u1": ANN}, "data": [CAT]}, ("data", "users")),
        ("a map in letters of another case", {"Users": MAP, "users": [CAT]}, ("users", "Users")),
        ("a map further down", {"users": [CAT], "old": {"gone": MAP}}, ("users", "old.gone")),
        ("a map with keys in front", {"users": [{"id": 1}], "archived": MAP}, ("users", "archived")),
        ("a map of events, with passwords", {"users": [CAT], "events": HASHED}, ("users", "events")),
        (
            "keys that are words, with passwords",
            {"users": [CAT], "accounts": {"admin": HASHED["u1"], "owner": HASHED["u2"]}},
            ("users", "accounts"),
        ),
        ("keys that end like verbs", {"users": [CAT], "accounts": {"toby": ANN, "abby": BOB}}, ("users", "accounts")),
        ("a map of long users", {"users": [CAT], "archived": LONG}, ("users", "archived")),
        ("a list of lists", {"users": [CAT], "more": [PAIR]}, ("users", "more[]")),
        ("a list of lists in front", {"more": [PAIR, []], "users": [CAT]}, ("users", "more[]")),
        ("a map and a list of lists", {"users": {"u1": ANN}, "staff": [[CAT]]}, ("users", "staff[]")),
        ("two maps", {"users": {"u1": ANN}, "drivers": {"d1": BOB, "d2": CAT}}, ("users", "drivers")),
    )
}


@pytest.mark.parametrize("case", TWO)
@pytest.mark.parametrize("indent", [None, 2])
def test_of_two_lists_that_may_be_of_users_the_operator_chooses(case: str, indent: int | None, tmp_path: Path) -> None:
    text, paths = TWO[case]
    with pytest.raises(SourceError, match="more than one list") as refused:
        opened(written(tmp_path, json.dumps(json.loads(text), indent=indent)))
    assert refused.value.why == f"they are {paths[0]} and {paths[1]}"
    assert "list of [source]" in refused.value.remedy


@pytest.mark.parametrize(
    ("whole", "named", "found"),
    [
        ({"items": [CAT], "users": PAIR}, "users", ["a", "b"]),
        ({"items": [CAT], "users": PAIR}, "items", ["c"]),
        ({"users": PAIR, "deactivated_users": [CAT]}, "deactivated_users", ["c"]),
        ({"result": {"users": [CAT]}, "users": PAIR}, "users", ["a", "b"]),
        ({"result": {"users": [CAT]}, "users": PAIR}, "result.users", ["c"]),
        ({"meta": {"users": [CAT]}, "data": {"users": PAIR}}, "data.users", ["a", "b"]),
        ({"orgs": [{"crew": PAIR}], "crew2": [CAT]}, "orgs[].crew", ["a", "b"]),
        ({"users": {"u1": ANN}, "drivers": {"d1": BOB, "d2": CAT}}, "drivers", ["b", "c"]),
        ({"users": {"u1": ANN}, "staff": [CAT]}, "users", ["a"]),
        ({"users": [CAT], "archived": MAP}, "archived", ["a", "b"]),
        ({"users": [CAT], "archived": MAP}, "users", ["c"]),
        ({"users": [CAT], "old": {"gone": MAP, "by": {"x": 1}}}, "old.gone", ["a", "b"]),
        ({"users": [CAT] * 100_000, "archived": MAP}, "archived", ["a", "b"]),
        ({"users": [CAT], "more": [PAIR, [], [CAT]]}, "more[]", ["a", "b", "c"]),
        ({"users": [CAT], "more": [{"users": [CAT]}, [ANN], [BOB]]}, "more[]", ["a", "b"]),
    ],
)
def test_the_chosen_list_or_map_is_read(whole: Any, named: str, found: list[str], tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(whole))
    assert ids(open_source(source_of(f"{path}#{named}"), secret=None, base=tmp_path)) == found


@pytest.mark.parametrize(
    "text",
    [
        f'{{"users": {json.dumps(PAIR)}, "total": 3, "users": {json.dumps([CAT])}}}',
        f'{{"data": {{"rows": {json.dumps(PAIR)}, "rows": {json.dumps([CAT])}}}}}',
        f'{{"users": {{"u1": {json.dumps(ANN)}}}, "users": {{"u2": {json.dumps(CAT)}}}}}',
        f'[{{"id": "x", "realm": "shop", "users": {json.dumps(PAIR)}, "users": {json.dumps([CAT])}}}]',
    ],
    ids=["list", "further down", "map", "realm"],
)
@pytest.mark.parametrize("named", [False, True])
def test_a_list_that_is_there_twice_is_refused(text: str, named: bool, tmp_path: Path) -> None:
    answers = {"list_key": "rows" if "rows" in text else "users"} if named and text[0] == "{" else {}
    with pytest.raises(SourceError, match="more than once") as refused:
        opened(written(tmp_path, text), **answers)
    assert "another name" in refused.value.remedy


EXPORTS: dict[str, dict[str, Any]] = {
    "keycloak": {
        "id": "shop",
        "realm": "shop",
        "smtpServer": {"from": "no-reply@example.com"},
        "roles": {"realm": ROLES, "client": {"account": ROLES}},
        "groups": [{"id": "g", "name": "staff", "subGroups": []}],
        "users": [{"username": each["id"], **each, "clientRoles": {}} for each in PAIR],
        "federatedUsers": [],
        "clients": [{"id": "c", "clientId": "web", "redirectUris": [], "protocolMappers": [{"name": "email"}]}],
        "clientScopes": [{"name": "email", "protocolMappers": [{"name": "email", "config": {"user.attribute": "email"}}]}],
        "identityProviders": [{"alias": "google", "config": {"clientId": "x"}}],
        "authenticationFlows": [{"alias": "browser", "authenticationExecutions": []}],
        "components": {"org.keycloak.keys.KeyProvider": [{"id": "k", "name": "rsa"}]},
    },
    "firebase": {"users": [{"localId": each["id"], **each, "providerUserInfo": [{"email": each["email"]}]} for each in PAIR]},
    "auth0": {"start": 0, "limit": 50, "length": 2, "users": [{**each, "identities": [{"provider": "auth0"}]} for each in PAIR]},
    "supabase": {"users": [{**each, "identities": [{"email": "x"}]} for each in PAIR], "aud": "authenticated", "total": 2},
    "paging": {"errors": [], "warnings": [], "data": PAIR, "included": [{"type": "company", "id": "1"}], "links": {}},
    "paging with errors": {"errors": [{"email": "x", "message": "no"}], "items": PAIR, "next": None},
    "scim": {"schemas": ["urn:ietf"], "totalResults": 2, "Resources": [{**each, "emails": [{"value": "x"}]} for each in PAIR]},
    "graph": {"@odata.context": "x", "value": [{"mail": each["email"], **each} for each in PAIR]},
    "mongo": {"meta": {"collections": [{"name": "users"}], "indexes": [{"key": {"email": 1}}]}, "documents": PAIR},
    "posts first": {"items": [{"id": 1, "title": "x"}], "users": PAIR},
    "posts in a named list, users in another": {"data": [{"id": 1, "title": "x"}], "accounts": PAIR},
    "empty first": {"users": [], "data": PAIR},
    "nothing first": {"users": None, "data": PAIR},
    "numbers": {"data": [1, 2], "rows": PAIR},
    "no address": {"users": [{"id": "a"}, {"id": "b"}], "posts": [{"id": 1}]},
    "orders": {"users": PAIR, "orders": [{"id": 1, "email": "x@example.com"}], "sold": [{"buyer": {"email": "x"}}]},
    "keycloak with maps": {
        "roles": {"realm": {"admin": {"id": "r1"}, "staff": {"id": "r2"}}},
        "groups": {"staff": {"id": "g1", "email": "staff@example.com"}, "it": {"id": "g2", "email": "it@example.com"}},
        "users": PAIR,
        "clients": {"web": {"clientId": "web", "attributes": {}}, "app": {"clientId": "app", "attributes": {}}},
        "components": {"smtp": {"config": {"mail": "x"}}},
    },
    "sites with users": {
        "sites": {"x": {"email": "x@example.com", "users": PAIR}, "y": {"email": "y@example.com", "users": []}},
    },
    "map": {"users": {"u1": ANN, "u2": BOB}, "posts": {"p1": {"title": "x"}}, "orders": {"o": {"email": "x"}}, "tags": [{"id": 1}]},
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("indent", [None, 2])
def test_lists_of_something_else_do_not_stand_in_the_way(name: str, indent: int | None, tmp_path: Path) -> None:
    assert ids(opened(written(tmp_path, json.dumps(EXPORTS[name], indent=indent)))) == ["a", "b"]


@pytest.mark.parametrize(
    ("others", "named"),
    [
        ({"errors": [{"email": "x@example.com"}]}, "errors"),
        ({"teams": [{"name": "a", "members": [CAT]}]}, "teams[].members"),
        ({"groups": {"a": {"email": "a@example.com"}, "b": {"email": "b@example.com"}}}, "groups"),
        ({"contacts": {"sales": {"email": "a@example.com"}, "support": {"email": "b@example.com"}}}, "contacts"),
        ({"invites": [[{"email": "a@example.com"}]]}, "invites[]"),
        ({"posts": [{"id": 1}], "roles": ROLES}, None),
        ({"posts": {"a": {"title": "x"}, "b": {"title": "y"}}}, None),
    ],
)
@pytest.mark.parametrize("users", [PAIR, MAP], ids=["list", "map"])
def test_lists_with_addresses_that_are_not_read_are_told(
    users: Any, others: Any, named: str | None, tmp_path: Path
) -> None:
    warnings = opened(written(tmp_path, json.dumps({"users": users, **others}))).facts().warnings
    assert [f": {named}. If" in warning for warning in warnings] == ([True] if named else [])


def test_what_is_passed_over_may_be_larger_than_any_user(tmp_path: Path) -> None:
    posts = ",".join([f'{{"body": "{"x" * (1 << 20)}"}}'] * 66)
    assert ids(opened(written(tmp_path, f'{{"posts": [{posts}], "users": {json.dumps(PAIR)}}}'))) == ["a", "b"]


def test_an_object_that_is_passed_over_may_be_larger_than_any_user(tmp_path: Path) -> None:
    posts = ",".join(f'"p{number}": {{"body": {{"text": "{"x" * (1 << 20)}"}}}}' for number in range(66))
    whole = f'{{"tree": {{"root": {{{posts}}}}}, "users": {json.dumps(PAIR)}}}'
    assert ids(opened(written(tmp_path, whole))) == ["a", "b"]


def test_a_first_user_that_is_larger_than_what_is_looked_at_first_is_one(tmp_path: Path) -> None:
    long = {"id": "l", "note": "x" * (3 << 16), "email": "long@example.com"}
    with pytest.raises(SourceError, match="more than one list"):
        opened(written(tmp_path, json.dumps({"data": PAIR, "items": [long]})))


@pytest.mark.parametrize(
    ("whole", "named", "count"),
    [
        ({"users": [ANN], "next_page": "x", "total": 250}, "", 250),
        ({"totalResults": 1234, "Resources": [ANN]}, "", 1234),
        ({"totalResults": 250, "Resources": [ANN]}, "Resources", 250),
        ({"page": {"count": 1, "total_count": 250, "rows": [ANN]}}, "", 250),
        ({"users": PAIR, "total": 2, "count": 1}, "", None),
        ({"users": PAIR, "total": "250", "length": None, "limit": 50}, "", None),
        ({"users": PAIR, "posts": {"total": 250}, "stats": {"count": -9}}, "", None),
        ({"total": 250, "data": {"users": PAIR}}, "", None),
    ],
)
def test_a_file_that_counts_more_users_than_it_holds_is_told(
    whole: Any, named: str, count: int | None, tmp_path: Path
) -> None:
    facts = opened(written(tmp_path, json.dumps(whole)), list_key=named).facts()
    said = f"The file says that there are {count or 0:,} users and holds 1: it may be one page of an export."
    assert list(facts.warnings) == ([said] if count else [])
