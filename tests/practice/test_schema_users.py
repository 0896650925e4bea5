"""One user of an import file against the schema."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.practice.jobs.email_format import is_email
from wizard.practice.jobs.import_errors import redacted
from wizard.practice.jobs.user_schema import UserSchema
from wizard.practice.jobs.usernames import UsernameRules
from wizard.practice.switches import Switches

SCHEMA = UserSchema(UsernameRules(), Switches())
BCRYPT = "$2b$10$" + "a" * 53
WHOLE = {
    "user_id": "legacy-1",
    "email": "Jane.Doe@example.com",
    "email_verified": True,
    "phone_number": "+4930123456",
    "phone_verified": False,
    "username": "jane_doe",
    "given_name": "Jane",
    "family_name": "Doe",
    "name": "n" * 300,
    "nickname": "J",
    "picture": "https://example.com/jane.png",
    "blocked": False,
    "password_hash": BCRYPT,
    "app_metadata": {"plan": "gold", "legacy": {"email": "nested is fine"}},
    "user_metadata": {"colours": ["blue", {"deep": None}]},
    "mfa_factors": [
        {"totp": {"secret": "JBTWY3DPEHPK3PNP"}},
        {"phone": {"value": "+15551112233"}},
        {"email": {"value": "second@example.org"}},
    ],
}


def test_a_user_with_every_field_passes() -> None:
    assert SCHEMA.problems(WHOLE) == []


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"email": "jane"}, "FORMAT", "email"),
        ({"email": None}, "INVALID_TYPE", "email"),
        ({"email": f"{'a' * 65}@example.com"}, "FORMAT", "email"),
        ({"email": f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 10}.com"}, "FORMAT", "email"),
        ({"email_verified": "true"}, "INVALID_TYPE", "email_verified"),
        ({"email_verified": 1}, "INVALID_TYPE", "email_verified"),
        ({"blocked": None}, "INVALID_TYPE", "blocked"),
        ({"phone_number": "030 123"}, "PATTERN", "phone_number"),
        ({"phone_number": "+1234567890123456"}, "PATTERN", "phone_number"),
        ({"user_id": 7}, "INVALID_TYPE", "user_id"),
        ({"user_id": "a b"}, "PATTERN", "user_id"),
        ({"user_id": "x" * 256}, "MAX_LENGTH", "user_id"),
        ({"username": "x" * 16}, "MAX_LENGTH", "username"),
        ({"username": ""}, "MIN_LENGTH", "username"),
        ({"username": "jane doe"}, "PATTERN", "username"),
        ({"username": "j@ex.org"}, "NOT_PASSED", "username"),
        ({"given_name": ""}, "MIN_LENGTH", "given_name"),
        ({"family_name": "x" * 151}, "MAX_LENGTH", "family_name"),
        ({"name": "x" * 301}, "MAX_LENGTH", "name"),
        ({"nickname": 5}, "INVALID_TYPE", "nickname"),
        ({"picture": "jane.png"}, "FORMAT", "picture"),
        ({"password_hash": "$2b$12$" + "a" * 53}, "PATTERN", "passwordHash"),
        ({"password_hash": 5}, "INVALID_TYPE", "passwordHash"),
        ({"custom_password_hash": {}}, "OBJECT_REQUIRED", "custom_password_hash"),
        ({"app_metadata": []}, "INVALID_TYPE", "app_metadata"),
        ({"app_metadata": {"clientID": 1}}, "NOT_PASSED", "app_metadata"),
        ({"app_metadata": {"email_verified": 1}}, "NOT_PASSED", "app_metadata"),
        ({"app_metadata": {"deep": [{"a.b": 1}]}}, "NOT_PASSED", "app_metadata"),
        ({"user_metadata": {"$set": 1}}, "NOT_PASSED", "user_metadata"),
        ({"user_metadata": None}, "INVALID_TYPE", "user_metadata"),
        ({"mfa_factors": []}, "ARRAY_LENGTH_SHORT", "mfa_factors"),
        ({"mfa_factors": [{"totp": {"secret": "A"}}] * 11}, "ARRAY_LENGTH_LONG", "mfa_factors"),
        ({"mfa_factors": [{"totp": {"secret": "abc"}}]}, "PATTERN", "mfa_factors[0].totp.secret"),
        ({"mfa_factors": [{"phone": {"value": "5"}}]}, "PATTERN", "mfa_factors[0].phone.value"),
        ({"mfa_factors": [{"email": {"value": "5"}}]}, "FORMAT", "mfa_factors[0].email.value"),
        ({"mfa_factors": [{"webauthn": {}}]}, "NOT_PASSED", "mfa_factors[0]"),
        ({"mfa_factors": [{}]}, "NOT_PASSED", "mfa_factors[0]"),
        ({"mfa_factors": [{"totp": {}}]}, "OBJECT_REQUIRED", "mfa_factors[0].totp"),
        ({"created_at": "2020-01-01"}, "NOT_PASSED", ""),
        ({"password": "secret"}, "NOT_PASSED", ""),
    ],
)
def test_a_breach_is_named_with_code_and_place(change: dict[str, Any], code: str, path: str) -> None:
    found = [(each.code, each.path) for each in SCHEMA.problems(WHOLE | change)]
    assert (code, path) in found


def test_email_is_the_one_required_field() -> None:
    [problem] = SCHEMA.problems({"user_id": "1"})
    assert (problem.code, problem.message) == ("OBJECT_REQUIRED", "Missing required property: email")
    assert SCHEMA.problems({"email": "a@example.com"}) == []


def test_the_text_for_a_bad_email_is_auth0s() -> None:
    [problem] = SCHEMA.problems({"email": "x"})
    assert problem.message == "Error in email property - Object didn't pass validation for format email: x"


def test_the_code_for_a_bad_email_is_a_switch() -> None:
    [problem] = UserSchema(None, Switches(format_code="INVALID_FORMAT")).problems({"email": "x"})
    assert problem.code == "INVALID_FORMAT"


def test_two_hashes_exclude_each_other() -> None:
    custom = {"algorithm": "md5", "hash": {"value": "d2" * 16, "encoding": "hex"}}
    found = SCHEMA.problems({"email": "a@example.com", "password_hash": BCRYPT, "custom_password_hash": custom})
    assert [each.code for each in found] == ["NOT_PASSED"]


def test_a_connection_without_usernames_refuses_one_or_ignores_it() -> None:
    user = {"email": "a@example.com", "username": "jane"}
    [problem] = UserSchema(None, Switches()).problems(user)
    assert problem.path == "username"
    assert UserSchema(None, Switches(username_without_requires_username="ignored")).problems(user) == []


def test_username_rules_come_from_the_connection() -> None:
    rules = UsernameRules(minimum=3, maximum=40, may_be_email=True, may_be_phone=False)
    schema = UserSchema(rules, Switches())
    assert schema.problems({"email": "a@example.com", "username": "jane@example.com"}) == []
    assert [each.code for each in schema.problems({"email": "a@example.com", "username": "ja"})] == ["MIN_LENGTH"]
    assert [each.code for each in schema.problems({"email": "a@example.com", "username": "+4930"})] == ["NOT_PASSED"]


@pytest.mark.parametrize(
    "value",
    ["a@example.com", "o'neil+tag@ex-ample.co.uk", "jürgen@example.com", "a@bücher.example", '"a b"@example.com'],
)
def test_addresses_that_auth0_takes(value: str) -> None:
    assert is_email(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "@example.com",
        "a@",
        "a@localhost",
        "a b@example.com",
        "a..b@example.com",
        ".a@example.com",
        "a@-x.com",
        "a@x.c",
        "a@x.123",
        "a@x.com\n",
        "a@x..com",
        "a@@x.com",
    ],
)
def test_addresses_that_auth0_refuses(value: str) -> None:
    assert not is_email(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from([*WHOLE, "custom_password_hash", "extra"]), json_values, max_size=6) | json_values
)
def test_anything_is_judged_and_can_be_shown_without_secrets(user: Any) -> None:
    for problem in SCHEMA.problems(user):
        assert set(problem.body) <= {"code", "message", "path"}
    shown = redacted(user)
    assert shown.get("password_hash") in {None, "*****"}


def test_errors_show_no_hash_salt_key_or_secret() -> None:
    custom = {
        "algorithm": "hmac",
        "hash": {"value": "CANARY", "encoding": "hex", "digest": "sha1", "key": {"value": "CANARY"}},
        "salt": {"value": "CANARY", "position": "prefix"},
        "unknown": ["CANARY"],
    }
    user = WHOLE | {
        "password_hash": "CANARY",
        "password": "CANARY",
        "custom_password_hash": custom,
        "mfa_factors": [{"totp": {"secret": "CANARY"}}],
    }
    shown = redacted(user)
    assert "CANARY" not in str(shown)
    assert shown["custom_password_hash"]["algorithm"] == "hmac"
    assert shown["custom_password_hash"]["hash"]["value"] == "*****"
    assert shown["email"] == WHOLE["email"]
