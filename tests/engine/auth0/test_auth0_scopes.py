"""What a token allows and what it lacks."""

from __future__ import annotations

import jwt
import pytest
from auth0_stage import Stage, answers

from wizard.auth0.errors import InsufficientScope
from wizard.auth0.scopes import missing_scopes, require_scopes, scopes_of
from wizard.errors import Exit


def test_scopes_are_read_from_the_answer() -> None:
    assert scopes_of({"access_token": "x", "scope": "read:users  create:users"}) == frozenset(
        {"read:users", "create:users"}
    )


def test_else_from_the_token_itself() -> None:
    token = jwt.encode({"scope": "read:users"}, "k" * 32, algorithm="HS256")
    assert scopes_of({"access_token": token}) == frozenset({"read:users"})


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.e30.c", "a.W10.c", "a.!!!!.c", ""])
def test_else_they_are_unknown(token: str) -> None:
    assert scopes_of({"access_token": token}) is None


def test_no_scope_at_all_is_known_to_be_none() -> None:
    assert scopes_of({"access_token": "x", "scope": ""}) == frozenset()


def test_all_that_is_missing_is_named_each_with_its_call() -> None:
    needed = {
        "create:users": "POST /jobs/users-imports",
        "read:users": "POST /jobs/users-exports",
        "read:clients": "GET /clients",
    }
    missing = missing_scopes({"read:users"}, needed)
    assert [(one.scope, one.call) for one in missing] == [
        ("create:users", "POST /jobs/users-imports"),
        ("read:clients", "GET /clients"),
    ]


def test_one_of_several_is_enough() -> None:
    needed = {"create:users or read:users": "GET /jobs/{id}"}
    assert missing_scopes({"read:users"}, needed) == []
    assert [one.scope for one in missing_scopes(set(), needed)] == ["create:users or read:users"]


def test_changing_options_needs_reading_them() -> None:
    missing = missing_scopes(
        {"update:connections", "read:connections"}, {"update:connections_options": "PATCH /connections/{id}"}
    )
    assert [one.scope for one in missing] == ["update:connections_options", "read:connections_options"]


def test_unknown_scopes_are_not_taken_for_missing_ones() -> None:
    assert missing_scopes(None, {"read:users": "GET /users"}) == []


def test_missing_scopes_are_an_error_of_credentials_that_names_them_all() -> None:
    with pytest.raises(InsufficientScope, match=r"read:users for GET /users, create:users for POST") as refusal:
        require_scopes(set(), {"read:users": "GET /users", "create:users": "POST /jobs/users-imports"})
    assert refusal.value.exit is Exit.CREDENTIALS
    assert refusal.value.scopes == ("read:users", "create:users")
    assert "Nothing was changed" in str(refusal.value)


async def test_a_tenant_tells_what_its_token_allows() -> None:
    async with Stage(answers(Exception("unused")), scope="read:users").open() as tenant:
        assert await tenant.scopes() == frozenset({"read:users"})
