"""`inspect` of what the systems of others list and export: who is blocked, what they withhold, what stays behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from survey_stage import BCRYPT, NOW, looked, mapped, profile_of, run

from wizard.legacy.answers import SourceAnswers
from wizard.strategy.survey import survey


def test_the_admin_api_of_keycloak_keeps_blocks_and_is_migrated_at_login(tmp_path: Path) -> None:
    people = [
        {"id": str(n), "createdTimestamp": 1, "username": f"u{n}", "enabled": n == 0, "emailVerified": True}
        | {"email": f"u{n}@example.com", "totp": False}
        for n in range(2)
    ]
    found = looked(tmp_path, json.dumps(people))
    assert found.store is not None and found.store.key == "keycloak"
    assert [user["blocked"] for user in mapped(found, tmp_path)] == [False, True]
    assert (found.recommendation.strategy, found.groups) == ("automatic", [])


def test_second_factors_of_which_the_admin_api_says_only_that_they_are_there_are_told(tmp_path: Path) -> None:
    person = {"createdTimestamp": 1, "enabled": True, "emailVerified": True, "totp": True, "username": "ann"}
    found = looked(tmp_path, json.dumps([{"id": "1", "email": "ann@example.com", **person}]))
    assert found.prepared is not None and found.prepared.notes["second_factor_left_behind"] == 1


@pytest.mark.parametrize(
    "head",
    [
        "id,status,created,lastLogin,profile.login,profile.firstName,profile.lastName,profile.email",
        "User Id,Status,Created,Last Login,Username,First Name,Last Name,Email",
    ],
)
def test_suspended_users_of_okta_in_csv_stay_blocked(tmp_path: Path, head: str) -> None:
    rows = [
        f"o{n},{word},2020,,u{n}@example.com,Ann,Lee,u{n}@example.com" for n, word in enumerate(("ACTIVE", "Suspended"))
    ]
    found = looked(tmp_path, "\n".join([head, *rows]) + "\n")
    assert found.store is not None and found.store.key == "okta"
    users = mapped(found, tmp_path)
    assert [(user["user_id"], user["blocked"], user["given_name"]) for user in users] == [
        ("o0", False, "Ann"),
        ("o1", True, "Ann"),
    ]
    assert "username" not in profile_of(found) and "Status" not in found.suggestion.unmapped


def test_a_column_of_addresses_is_no_username(tmp_path: Path) -> None:
    found = looked(
        tmp_path, "id,email,username\n1,ann@example.com,ann@example.com\n2,bob@example.com,bob@example.com\n"
    )
    assert "username" not in profile_of(found)


def test_ids_of_mongodb_are_the_same_in_csv_and_json(tmp_path: Path) -> None:
    number = "507f1f77bcf86cd799439011"
    in_csv = looked(tmp_path, f"_id,email\nObjectId({number}),ann@example.com\n")
    assert mapped(in_csv, tmp_path)[0]["user_id"] == number
    in_json = looked(tmp_path, json.dumps([{"_id": {"$oid": number}, "email": "ann@example.com"}]))
    assert mapped(in_json, tmp_path) == [{"user_id": number, "email": "ann@example.com"}]


def test_metadata_and_usernames_go_from_one_tenant_to_the_next(tmp_path: Path) -> None:
    person = {
        "user_id": "auth0|a1",
        "email": "ann@example.com",
        "username": "ann",
        "identities": [],
        "app_metadata": {"plan": "gold", "roles": ["a", "b"], "crm": {"id": 7}},
        "user_metadata": {"lang": "de"},
    }
    (user,) = mapped(looked(tmp_path, json.dumps(person) + "\n"), tmp_path)
    assert user["username"] == "ann"
    assert (user["app_metadata"], user["user_metadata"]) == (person["app_metadata"], person["user_metadata"])


def test_a_database_identity_linked_to_another_provider_is_a_user(tmp_path: Path) -> None:
    google = {"provider": "google-oauth2", "user_id": "7", "connection": "google-oauth2"}
    own = {"provider": "auth0", "user_id": "b2", "profileData": {"email": "bob@example.com", "email_verified": True}}
    people = [
        {"user_id": "google-oauth2|7", "email": "b@mail.example.com", "identities": [google, own]},
        {"user_id": "google-oauth2|8", "email": "c@mail.example.com", "identities": [google]},
    ]
    found = looked(tmp_path, "".join(json.dumps(each) + "\n" for each in people))
    assert mapped(found, tmp_path) == [
        {"user_id": "b2", "email": "bob@example.com", "email_verified": True},
        {"bad": "not_a_user"},
    ]


def test_the_csv_of_the_export_extension_keeps_names(tmp_path: Path) -> None:
    head = "Id,Given Name,Family Name,Nickname,Name,Email,Email Verified,Picture,Connection"
    row = "auth0|a1,Ann,Lee,al,Ann Lee,ann@example.com,true,https://example.com/a.png,db"
    (user,) = mapped(looked(tmp_path, f"{head}\n{row}\n"), tmp_path)
    assert [user[field] for field in ("given_name", "family_name", "nickname", "name", "picture")] == [
        *("Ann", "Lee", "al", "Ann Lee", "https://example.com/a.png")
    ]


def test_supabase_as_json_is_known_and_its_numbers_get_their_sign(tmp_path: Path) -> None:
    meta = {"raw_user_meta_data": {"name": "Ann"}, "encrypted_password": BCRYPT}
    cells = ("4930123456", "+4930123456", "NULL", "\\N", "", None, "12")
    people = [{"id": str(n), "email": f"u{n}@example.com", "phone": cell, **meta} for n, cell in enumerate(cells)]
    found = looked(tmp_path, json.dumps(people))
    assert found.store is not None and found.store.key == "supabase"
    assert [user.get("phone_number") for user in mapped(found, tmp_path)] == ["+4930123456"] * 2 + [None] * 5
    assert found.prepared is not None and found.prepared.notes["omitted phone_number"] == 1


def test_what_wp_cli_lists_is_wordpress_without_hashes(tmp_path: Path) -> None:
    person = {"ID": 1, "user_login": "ann", "display_name": "Ann", "user_email": "ann@example.com"}
    found = looked(tmp_path, json.dumps([person | {"user_registered": "2020-01-01 00:00:00", "roles": "subscriber"}]))
    assert found.store is not None and found.store.key == "wordpress"
    assert mapped(found, tmp_path) == [{"user_id": "1", "email": "ann@example.com", "name": "Ann"}]
    assert found.recommendation.strategy == "automatic"


def keycloak_with(**facts: Any) -> dict[str, Any]:
    otp = {
        "type": "otp",
        "secretData": '{"value":"1234567890"}',
        "credentialData": json.dumps({"subType": "totp"} | facts),
    }
    return {"emailVerified": True, "credentials": [otp]}


@pytest.mark.parametrize(
    ("people", "left"),
    [
        ([keycloak_with(), keycloak_with(digits=8), keycloak_with(algorithm="HmacSHA256")], 2),
        ([keycloak_with(subType="hotp"), {"emailVerified": True, "credentials": []}], 1),
        (
            [
                {"UserStatus": "CONFIRMED", "UserMFASettingList": kinds, "MFAOptions": options}
                for kinds, options in (
                    (["SMS_MFA"], []),
                    (["SOFTWARE_TOKEN_MFA"], []),
                    (None, [{"DeliveryMedium": "SMS"}]),
                    ([], None),
                )
            ],
            3,
        ),
    ],
)
def test_second_factors_that_stay_behind_are_told(tmp_path: Path, people: list[dict[str, Any]], left: int) -> None:
    path = tmp_path / "users.json"
    numbered = [
        {"id": str(n), "username": f"u{n}", "email": f"u{n}@example.com"}
        | ({"Username": f"u{n}", "Attributes": [{"Name": "email", "Value": f"u{n}@example.com"}]})
        | person
        for n, person in enumerate(people)
    ]
    path.write_text(json.dumps(numbered))
    found = survey(SourceAnswers(path=str(path)), secret=None, base=Path(), now=NOW)
    assert found.prepared is not None
    assert found.prepared.notes["second_factor_left_behind"] == left
    assert "a second factor that is left behind" in " ".join(run("inspect", str(path)).stdout.split())
    out = tmp_path / "answers.toml"
    run("answers", "new", "--from", str(path), "--out", str(out))
    told = run("prepare", str(out), "--out", str(tmp_path / "out"), "--set", "passwords.missing=without_password")
    assert "a second factor that is left behind" in told.output + told.stderr
