"""The mapping of single records, field by field, and answers that do not fit."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from prepare_stage import COLUMNS, HASH, PROFILE, mapping, person
from pydantic import ValidationError

from wizard.answers.given import plain
from wizard.errors import UsageError
from wizard.mapping import User
from wizard.profile import ProfileAnswers
from wizard.rejects import REASONS, Reject


def profile(row: tuple[Any, ...], **fields: Any) -> dict[str, Any]:
    found = mapping({**PROFILE, **fields}).map_one(row)
    assert isinstance(found, User), found
    return found.profile


def code(row: tuple[Any, ...], passwords: dict[str, Any] | None = None, **fields: Any) -> str:
    found = mapping({**PROFILE, **fields}, passwords).map_one(row)
    assert isinstance(found, Reject), found
    return found.code


def test_a_record_becomes_the_user_that_the_answers_describe() -> None:
    row = person(7, mail=" Ada@Example.COM ", phone="", first=" Ada", born="1.2.1999")
    assert profile(row) == {
        "user_id": "u7",
        "email": "ada@example.com",
        "email_verified": True,
        "username": "person7",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "name": "Ada Lovelace",
        "password_hash": HASH,
        "app_metadata": {"plan": "gold"},
        "user_metadata": {"born": "1999-02-01"},
    }


def test_metadata_nests_and_leaves_out_what_is_empty() -> None:
    nested = {"a": {"b": {"plan": "plan"}, "c": {"first": "first"}}}
    assert profile(person(1, first=""), app_metadata=nested)["app_metadata"] == {"a": {"b": {"plan": "gold"}}}
    assert "app_metadata" not in profile(person(1, first="", plan=" "), app_metadata=nested)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"id": ""}, "user_id_missing"),
        ({"id": "a b"}, "user_id_invalid"),
        ({"id": "x" * 256}, "user_id_too_long"),
        ({"id": "auth0|5"}, "user_id_has_prefix"),
        ({"mail": " "}, "email_missing"),
        ({"mail": "nobody"}, "email_invalid"),
        ({"id": "1.23457E+17"}, "user_id_rounded"),
        ({"id": "1,2345678901234568e+17"}, "user_id_rounded"),
        ({"id": 1e17}, "number_too_large"),
        ({"id": 9007199254740992.0}, "number_too_large"),
        ({"mail": "a@" + "b" * 64 + ".com"}, "email_invalid"),
        ({"mail": "x" * 65 + "@example.com"}, "email_too_long"),
        ({"mail": "a@" + "b." * 130 + "com"}, "email_too_long"),
        ({"login": "no space"}, "username_invalid"),
        ({"login": "x" * 16}, "username_too_long"),
        ({"login": "a@example.com"}, "username_is_email"),
        ({"phone": "12345"}, "phone_number_invalid"),
        ({"phone": "+1"}, "phone_number_invalid"),
        ({"phone": "+1 202 555 0123 ext. 5"}, "phone_number_invalid"),
        ({"first": "x" * 151}, "given_name_too_long"),
        ({"last": "x" * 151}, "family_name_too_long"),
        ({"first": "x" * 100, "last": "y" * 100}, "name_too_long"),
        ({"verified": "perhaps"}, "boolean_invalid"),
        ({"born": "31.2.1999"}, "value_invalid"),
        ({"plan": "a\0b"}, "control_character"),
        ({"first": "a\tb"}, "control_character"),
        ({"plan": "\ud800"}, "lone_surrogate"),
        ({"plan": 2**60}, "number_too_large"),
        ({"plan": {"a.b": 1}}, "metadata_key_forbidden"),
        ({"first": ["Ada"]}, "value_not_text"),
        ({"hash": ""}, "password_missing"),
        ({"hash": "$1$abc$def"}, "password_unsupported"),
    ],
)
def test_what_auth0_would_refuse_is_a_reject_with_its_reason(cells: dict[str, Any], expected: str) -> None:
    assert code(person(1, **cells)) == expected
    assert REASONS[expected].remedy


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (1234567890123456.0, "1234567890123456"),
        (-9007199254740991.0, "-9007199254740991"),
        (12345678901234567, "12345678901234567"),
        (1.5, "1.5"),
        ("E+17", "E+17"),
        ("12E+17", "12E+17"),
    ],
)
def test_a_number_is_its_digits_in_a_user_id(cell: object, expected: str) -> None:
    assert profile(person(1, id=cell))["user_id"] == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (bytes.fromhex("0190163d8694739b8ad10f8d5cd7a0c1"), "0190163d8694739b8ad10f8d5cd7a0c1"),
        ("Jürgen Schneide".encode(), "Jürgen Schneide"),
        (b"sixteen.letters.", "sixteen.letters."),
        (b"\xff\x00", "ff00"),
        (b"\x02", "02"),
        ("Zoë".encode(), "Zoë"),
    ],
    ids=["uuid", "16 bytes of text", "ASCII", "no text", "control characters", "text"],
)
def test_bytes_are_text_where_they_are_printable_and_else_hex(cell: bytes, expected: str) -> None:
    found = profile(person(1, plan=cell), nickname="plan")
    assert found["nickname"] == found["app_metadata"]["plan"] == expected


@pytest.mark.parametrize(("cell", "expected"), [(b"\x00", False), (b"\x01", True)])
def test_a_bit_of_mysql_is_a_boolean(cell: bytes, expected: bool) -> None:
    found = profile(person(1, verified=cell, plan=cell), blocked={"column": "plan", "transforms": ["present"]})
    assert found["email_verified"] is found["blocked"] is found["app_metadata"]["plan"] is expected


@pytest.mark.parametrize(
    ("written", "stored"),
    [("+49 (30) 1234567", "+49301234567"), ("0049 30 1234567", "+49301234567"), ("030/1234567", "+49301234567")],
)
def test_telephone_numbers_become_e164(written: str, stored: str) -> None:
    assert profile(person(1, phone=written), default_country="DE")["phone_number"] == stored


@pytest.mark.parametrize("mail", ["jörg@example.com", "a@exämple.de", "a@xn--exmple-cua.de", "o'neil+x@example.co.uk"])
def test_uncommon_addresses_are_taken_as_they_are(mail: str) -> None:
    assert profile(person(1, mail=mail))["email"] == mail


def test_an_address_that_is_not_in_normal_form_is_not_changed_quietly() -> None:
    assert code(person(1, mail="jo\u0308rg@example.com")) == "email_invalid"


def test_second_factors_are_brought_into_the_form_that_auth0_takes() -> None:
    row = person(1, plan="jbsw y3dp ehpk 3pxp====", phone="+49 30 1234567")
    found = profile(row, mfa={"totp": "plan", "phone": "phone", "email": "mail"})["mfa_factors"]
    assert found == [
        {"totp": {"secret": "JBSWY3DPEHPK3PXP"}},
        {"phone": {"value": "+49301234567"}},
        {"email": {"value": "person1@example.com"}},
    ]
    assert code(person(1, plan="1890"), mfa={"totp": "plan"}) == "mfa_totp_invalid"


def test_a_field_that_may_be_omitted_does_not_cost_the_user() -> None:
    notes: list[str] = []
    compiled = mapping({**PROFILE, "phone_number": {"column": "phone", "when_invalid": "omit"}})
    found = compiled.to_user(person(1, phone="none"), notes)
    assert "phone_number" not in found
    assert notes == ["omitted phone_number"]


def test_an_empty_field_can_be_a_reason_to_reject() -> None:
    assert code(person(1, first=""), given_name={"column": "first", "when_empty": "reject"}) == "value_missing"


def test_profiles_beyond_the_limit_are_rejected() -> None:
    assert code(person(1, plan="x" * 2000), profile_bytes_limit=2000) == "profile_too_large"


def test_what_a_database_gives_keeps_its_type_in_metadata() -> None:
    fields = {"app_metadata": {"n": "plan"}}
    assert profile(person(1, plan=5), **fields)["app_metadata"] == {"n": 5}
    assert profile(person(1, plan=[1, {"a": None}]), **fields)["app_metadata"] == {"n": [1, {"a": None}]}
    assert profile(person(1, id=17, plan=False), **fields)["app_metadata"] == {"n": False}


def test_a_column_can_hold_all_metadata_as_json() -> None:
    fields = {"app_metadata": {"column": "plan", "transforms": ["json"]}}
    assert profile(person(1, plan='{"a": {"b": 1}}'), **fields)["app_metadata"] == {"a": {"b": 1}}
    assert profile(person(1, plan={"a": 1}), **fields)["app_metadata"] == {"a": 1}
    assert code(person(1, plan="[1]"), **fields) == "metadata_not_object"
    assert code(person(1, plan='{"email": 1}'), **fields) == "metadata_key_forbidden"
    assert code(person(1, plan="{"), **fields) == "value_invalid"


@pytest.mark.parametrize("number", ["12345678901234567890123", "-18446744073709551617", "1e300", str(2**60)])
def test_a_number_inside_json_text_that_readers_round_is_not_changed_silently(number: str) -> None:
    fields = {"app_metadata": {"column": "plan", "transforms": ["json"]}}
    text = f'{{"social": [{{"id": {number}}}]}}'
    assert code(person(1, plan=text), **fields) == "number_too_large"


@pytest.mark.parametrize(
    ("transform", "text", "expected"),
    [
        ("int", "-12", -12),
        ("float", "1.5", 1.5),
        ('split(";")', "a; b;;", ["a", "b"]),
        ("json", "[1, 2]", [1, 2]),
        ('bool(true=["ja"], false=["nein"])', "JA", True),
        ("present", "2020-01-01", True),
        ("date", "2020-01-02T03:04:05Z", "2020-01-02"),
        ('date("%d/%m/%y")', "02/01/20", "2020-01-02"),
        ("datetime", "2020-01-02T03:04:05+01:00", "2020-01-02T02:04:05Z"),
        ('datetime("%d.%m.%Y %H:%M", zone="Europe/Berlin")', "2.1.2020 03:04", "2020-01-02T02:04:00Z"),
        ("epoch", "1577934245", "2020-01-02T03:04:05Z"),
        ('epoch("ms")', "1577934245123", "2020-01-02T03:04:05.123000Z"),
        ("spaces", "a  b", "a b"),
        ("printable", "a\x00b", "ab"),
        ("printable", "\tAnn\tMary\r\nLee\x85\x07", "Ann Mary Lee"),
        ("printable", "Ann \u00a0 Lee", "Ann \u00a0 Lee"),
        ("truncate(2)", "abc", "ab"),
        ('replace("a", "b")', "aa", "bb"),
        ('remove_prefix("x-")', "x-1", "1"),
        ('before("@")', "a@b", "a"),
        ('after("@")', "a@b", "b"),
        ("upper", "a", "A"),
    ],
)
def test_a_transform_does_what_it_says(transform: str, text: str, expected: Any) -> None:
    fields = {"app_metadata": {"x": {"column": "plan", "transforms": [transform]}}}
    assert profile(person(1, plan=text), **fields)["app_metadata"] == {"x": expected}


NOTHINGS = (
    *(
        "",
        "NULL",
        "null",
        "\\N",
        "None",
        "nil",
        "[NULL]",
        "(null)",
        "<null>",
        "NaT",
        "nan",
        "-",
        "N/A",
        "false",
        "F",
        "no",
    ),
    *("off", "0", "0.0", "0000-00-00", "0000-00-00 00:00:00", "0001-01-01T00:00:00", " null ", "-infinity"),
)
MOMENTS = (
    *("2024-01-01", "2024-01-01 00:00:00", "2024-01-01T00:00:00.123Z", "2024-01-01 00:00:00.123456+00", "true", "YES"),
    *("2024-01-01 10:00:00 +0200", "2024-01-01 10:00:00 UTC", "1704067200", "1704067200123", "1704067200.5", "1"),
    *(
        "20240101000000Z",
        "20240101000000.0Z",
        "01.02.2024 10:00",
        "1/2/2024 10:00:00 AM",
        "01-JAN-24",
        "133444736000000000",
    ),
    *(
        "01-JAN-24 10.00.00.000000 AM",
        "Jan 1, 2024",
        "Mon, 01 Jan 2024 00:00:00 GMT",
        "2024-01-01 10:00:00+05:30",
        "infinity",
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"), [*((text, False) for text in NOTHINGS), *((text, True) for text in MOMENTS)]
)
def test_only_a_moment_or_a_word_for_true_is_present(text: str, expected: bool) -> None:
    assert profile(person(1, plan=text), blocked={"column": "plan", "transforms": ["present"]})["blocked"] is expected


@pytest.mark.parametrize("text", ["maybe", "-5", "ann@example.com", "10:00", "2024-01-01 and more"])
def test_what_is_neither_a_moment_nor_a_word_is_no_boolean(text: str) -> None:
    assert code(person(1, plan=text), blocked={"column": "plan", "transforms": ["present"]}) == "boolean_invalid"


def test_a_moment_of_a_database_is_present() -> None:
    blocked = {"column": "plan", "transforms": ["strip", "present"]}
    for value in (date(2024, 1, 2), datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=UTC), datetime(2024, 1, 2), 1704067200):  # noqa: DTZ001
        assert profile(person(1, plan=value), blocked=blocked)["blocked"] is True
    assert profile(person(1, plan=None), blocked=blocked)["blocked"] is False


@pytest.mark.parametrize(
    "transform",
    ["strp", "split()", "bool(true=['a'], false=['A'])", "date('%Q')", "__import__('os')", "a b", "truncate(0)"],
)
def test_a_transform_that_does_not_exist_or_fit_is_refused(transform: str) -> None:
    with pytest.raises(ValidationError, match="transform"):
        ProfileAnswers.model_validate({"user_id": "id", "email": {"column": "mail", "transforms": [transform]}})


@pytest.mark.parametrize(
    "fields",
    [
        {"email": {"column": "a", "template": "b"}},
        {"email": {}},
        {"email": {"column": "mail", "when_invalid": "omit"}},
        {"app_metadata": {"user_id": "id"}},
        {"app_metadata": {"a.b": "id"}},
        {"user_metadata": {"a": {"$x": "id"}}},
        {"app_metadata": {"column": "plan", "transforms": ["strip"]}},
    ],
)
def test_answers_that_cannot_be_meant_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProfileAnswers.model_validate({**PROFILE, **fields})


def test_all_unknown_columns_are_told_at_once_with_near_ones() -> None:
    with pytest.raises(UsageError) as caught:
        mapping({**PROFILE, "email": "mial", "nickname": "nonsense"})
    assert "'mial'" in str(caught.value)
    assert "did you mean mail" in str(caught.value)
    assert "'nonsense'" in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": {"constant": 5}},
        {"blocked": {"constant": "yes"}},
        {"name": {"column": "first", "transforms": ["int"]}},
        {"name": {"template": "{first!r}"}},
        {"name": {"template": "{first"}},
        {"name": {"template": "nothing"}},
    ],
)
def test_rules_that_give_the_wrong_kind_are_refused_when_compiled(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="does not fit"):
        mapping({**PROFILE, **fields})


def test_a_user_without_an_address_gets_one_that_is_not_verified() -> None:
    made = {"without_email": "{id}.{plan}@no-email.example.com"}
    user = profile(person(1, mail=" ", plan="Gold"), **made)
    assert user["email"] == "u1.gold@no-email.example.com"
    assert "email_verified" not in user
    assert profile(person(1, mail="", verified="perhaps"), **made)["email"] == "u1.gold@no-email.example.com"
    assert profile(person(1), **made) == profile(person(1))
    assert code(person(1, mail="", plan="a b"), None, **made) == "email_invalid"
    assert code(person(1, mail="", plan=""), without_email="{plan}@no-email.example.com") == "email_missing"


@pytest.mark.parametrize(
    "template", ["nobody@example.com", "{id}", "{id}@localhost", "a@{id}.example.com", "{id}@a@example.com", ""]
)
def test_a_template_of_addresses_that_are_the_same_or_none_is_refused(template: str) -> None:
    with pytest.raises(ValidationError, match="without_email"):
        ProfileAnswers.model_validate({**PROFILE, "without_email": template})


def test_a_template_of_addresses_asks_for_columns_of_the_source() -> None:
    with pytest.raises(UsageError, match="without_email asks for the column 'idd'"):
        mapping({**PROFILE, "without_email": "{idd}@no-email.example.com"})


def test_importing_everybody_without_a_password_must_be_said() -> None:
    with pytest.raises(UsageError, match="without_password"):
        mapping(passwords={})
    assert isinstance(mapping(passwords={"missing": "without_password"}).map_one(person(1)), User)


def test_the_operators_words_are_never_part_of_the_generated_text() -> None:
    evil = 'x"; raise SystemExit #'
    compiled = mapping(
        {**PROFILE, "app_metadata": {evil: {"constant": evil}}, "user_id_prefix": evil.replace(" ", "_")}
    )
    assert "SystemExit" not in compiled.source
    found = compiled.map_one(person(1))
    assert isinstance(found, User)
    assert found.profile["app_metadata"] == {evil: evil}


def test_the_fingerprint_tells_mappings_apart() -> None:
    prints = {
        mapping().fingerprint,
        mapping(username_length=(1, 20)).fingerprint,
        mapping({**PROFILE, "name": "first"}).fingerprint,
    }
    assert len(prints) == 3
    assert mapping().fingerprint == mapping().fingerprint


def test_a_profile_survives_being_written_as_answers() -> None:
    answers = ProfileAnswers.model_validate(
        {**PROFILE, "mfa": {"totp": "plan"}, "app_metadata": {"a": {"b": {"constant": [1]}}}}
    )
    assert ProfileAnswers.model_validate(plain(answers)) == answers


def test_columns_are_found_by_their_names() -> None:
    assert mapping(columns=tuple(f" {name}" for name in COLUMNS)).map_one(person(1)) == mapping().map_one(person(1))
