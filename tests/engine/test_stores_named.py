"""Stores by name: each is recognised, and its users become the Auth0 users that an operator would expect."""

from __future__ import annotations

import base64
import json
import pickle
import sqlite3
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.answers import from_tables
from wizard.errors import SourceError
from wizard.legacy import open_source, recognised
from wizard.legacy.answers import SourceAnswers, StoreKey
from wizard.legacy.source import BadRecord, LegacySource
from wizard.legacy.stores import STORES, columns_named, preset
from wizard.legacy.stores.store import DeletedUser, NotAUser
from wizard.mapping import User, compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers

BCRYPT = "$2b$10$" + "a" * 53
TOTP = "GEZDGNBVGY3TQOJQ"

KEYCLOAK = {
    "realm": "shop",
    "users": [
        {
            "id": "k1",
            "username": "ann",
            "email": "ann@example.com",
            "emailVerified": True,
            "enabled": True,
            "firstName": "Ann",
            "lastName": "Lee",
            "createdTimestamp": 1700000000000,
            "credentials": [
                {
                    "id": "c1",
                    "type": "password",
                    "secretData": '{"value":"aGFzaA==","salt":"c2FsdA=="}',
                    "credentialData": '{"hashIterations":27500,"algorithm":"pbkdf2-sha256"}',
                },
                {
                    "type": "otp",
                    "secretData": '{"value":"1234567890"}',
                    "credentialData": '{"subType":"totp","digits":6,"period":30,"algorithm":"HmacSHA1"}',
                },
            ],
        },
        {
            "id": "k2",
            "username": "bob",
            "email": "bob@example.com",
            "emailVerified": False,
            "enabled": False,
            "credentials": [],
        },
    ],
}
FIREBASE = {
    "users": [
        {
            "localId": "f1",
            "email": "ann@example.com",
            "emailVerified": True,
            "passwordHash": "aGFzaA==",
            "salt": "c2FsdA==",
            "displayName": "Ann Lee",
            "lastSignedInAt": "1700000000000",
            "createdAt": "1600000000000",
            "phoneNumber": "+4930123456",
            "disabled": True,
            "customAttributes": '{"role":"admin"}',
            "providerUserInfo": [],
        }
    ]
}
COGNITO = {
    "Users": [
        {
            "Username": "ann",
            "Attributes": [
                {"Name": "sub", "Value": "c1"},
                {"Name": "email", "Value": "ann@example.com"},
                {"Name": "email_verified", "Value": "true"},
                {"Name": "custom:plan", "Value": "gold"},
            ],
            "UserCreateDate": "2024-01-01T00:00:00Z",
            "Enabled": True,
            "UserStatus": "CONFIRMED",
        }
    ]
}
AUTH0 = [
    {
        "user_id": "auth0|a1",
        "email": "ann@example.com",
        "email_verified": True,
        "identities": [],
        "last_login": "2024-01-01",
    },
    {"user_id": "google-oauth2|9", "email": "bob@example.com", "email_verified": True, "identities": []},
]
AUTH0_HASHES = [
    {
        "_id": {"$oid": "5dea"},
        "alt_id": "a1",
        "email_verified": False,
        "email": "ann@example.com",
        "passwordHash": BCRYPT,
    },
    {
        "_id": {"$oid": "5deb"},
        "passwordHash": BCRYPT,
        "identifiers": [{"type": "email", "value": "b@example.com", "verified": True}],
    },
]
OKTA = [
    {
        "id": "o1",
        "status": "SUSPENDED",
        "created": "2020-01-01T00:00:00Z",
        "lastLogin": "2024-01-01T00:00:00Z",
        "profile": {"login": "ann@example.com", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"},
    }
]
SUPABASE = (
    "id,email,encrypted_password,email_confirmed_at,phone,raw_app_meta_data,raw_user_meta_data,last_sign_in_at,created_at\n"
    f"s1,ann@example.com,{BCRYPT},2024-01-01,4930123456,{{}},{{}},2024-02-02,2023-01-01\n"
)
CLERK = (
    "id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,"
    "unverified_email_addresses,verified_phone_numbers,unverified_phone_numbers,totp_secret,password_digest,password_hasher\n"
    f"user_1,Ann,Lee,,ann@example.com,,ann@example.com,,,,{TOTP},{BCRYPT},bcrypt\n"
)
CLERK_JSON = [
    {
        "id": "user_1",
        "first_name": "Ann",
        "primary_email_address_id": "e2",
        "email_addresses": [
            {"id": "e1", "email_address": "old@example.com", "verification": {"status": "verified"}},
            {"id": "e2", "email_address": "ann@example.com", "verification": {"status": "unverified"}},
        ],
        "last_sign_in_at": 1700000000000,
        "created_at": 1600000000000,
    }
]
FUSIONAUTH = {
    "users": [
        {
            "id": "fa1",
            "tenantId": "t",
            "email": "ann@example.com",
            "verified": True,
            "active": True,
            "insertInstant": 1600000000000,
            "encryptionScheme": "bcrypt",
            "factor": 10,
            "salt": "a" * 22,
            "password": "b" * 31,
            "twoFactor": {"methods": [{"method": "authenticator", "secret": base64.b64encode(b"1234567890").decode()}]},
        }
    ]
}
DUMPDATA = [
    {"model": "auth.group", "pk": 1, "fields": {"name": "staff"}},
    {
        "model": "auth.user",
        "pk": 7,
        "fields": {
            "username": "ann",
            "email": "ann@example.com",
            "password": "pbkdf2_sha256$1000$salt$aGFzaA==",
            "is_active": False,
            "last_login": "2024-01-01T00:00:00Z",
        },
    },
]
MONGODB = '{"_id":{"$oid":"m1"},"email":"ann@example.com","password":"' + BCRYPT + '"}\n'

DJANGO = "id,password,last_login,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined\n"
DEVISE = (
    "id,email,encrypted_password,reset_password_token,remember_created_at,confirmed_at,current_sign_in_at,created_at\n"
)
LARAVEL = "id,name,email,email_verified_at,password,remember_token,created_at,updated_at\n"
WORDPRESS = "ID,user_login,user_pass,user_nicename,user_email,user_url,user_registered,user_status,display_name\n"
ASPNET = "Id,UserName,NormalizedUserName,Email,EmailConfirmed,PasswordHash,SecurityStamp,PhoneNumber,TwoFactorEnabled,AuthenticatorKey\n"


def lines(objects: list[Any]) -> str:
    return "".join(json.dumps(each) + "\n" for each in objects)


CASES: list[tuple[str, str, list[dict[str, Any]]]] = [
    (
        "keycloak",
        json.dumps(KEYCLOAK, indent=2),
        [
            {
                "user_id": "k1",
                "email": "ann@example.com",
                "email_verified": True,
                "blocked": False,
                "given_name": "Ann",
                "family_name": "Lee",
                "mfa_factors": [{"totp": {"secret": TOTP}}],
            },
            {"user_id": "k2", "email": "bob@example.com", "email_verified": False, "blocked": True},
        ],
    ),
    (
        "firebase",
        json.dumps(FIREBASE),
        [
            {
                "user_id": "f1",
                "email": "ann@example.com",
                "email_verified": True,
                "name": "Ann Lee",
                "phone_number": "+4930123456",
                "blocked": True,
                "app_metadata": {"claims": {"role": "admin"}},
            }
        ],
    ),
    (
        "firebase",
        json.dumps(
            [
                {
                    "uid": "f1",
                    "email": "ann@example.com",
                    "emailVerified": False,
                    "disabled": True,
                    "metadata": {"lastSignInTime": "Mon, 01 Jun 2026 10:00:00 GMT", "creationTime": None},
                    "passwordHash": "aGFzaA==",
                    "passwordSalt": "c2FsdA==",
                    "providerData": [],
                }
            ]
        ),
        [{"user_id": "f1", "email": "ann@example.com", "email_verified": False, "blocked": True}],
    ),
    (
        "firebase",
        'f1,ann@example.com,true,aGFzaA==,c2FsdA==,"Lee, Ann",,,,,,,,,,,,,,,,,,1600000000000,1700000000000,,false,,\n',
        [{"user_id": "f1", "email": "ann@example.com", "email_verified": True, "name": "Lee, Ann", "blocked": False}],
    ),
    (
        "cognito",
        json.dumps(COGNITO),
        [
            {
                "user_id": "c1",
                "email": "ann@example.com",
                "email_verified": True,
                "blocked": False,
                "app_metadata": {"custom": {"plan": "gold"}},
            }
        ],
    ),
    (
        "cognito",
        "cognito:username,name,email,email_verified,phone_number,phone_number_verified,cognito:mfa_enabled\n"
        "c1,Ann,ann@example.com,TRUE,,FALSE,FALSE\n",
        [{"user_id": "c1", "email": "ann@example.com", "email_verified": True, "name": "Ann", "phone_verified": False}],
    ),
    (
        "auth0",
        lines(AUTH0),
        [{"user_id": "a1", "email": "ann@example.com", "email_verified": True}, {"bad": "not_a_user"}],
    ),
    (
        "auth0",
        lines(AUTH0_HASHES),
        [
            {"user_id": "a1", "email": "ann@example.com", "email_verified": False, "password_hash": BCRYPT},
            {"user_id": "5deb", "email": "b@example.com", "email_verified": True, "password_hash": BCRYPT},
        ],
    ),
    (
        "okta",
        json.dumps(OKTA),
        [{"user_id": "o1", "email": "ann@example.com", "given_name": "Ann", "family_name": "Lee", "blocked": True}],
    ),
    (
        "supabase",
        SUPABASE,
        [
            {
                "user_id": "s1",
                "email": "ann@example.com",
                "email_verified": True,
                "phone_number": "+4930123456",
                "phone_verified": False,
                "password_hash": BCRYPT,
            }
        ],
    ),
    (
        "clerk",
        CLERK,
        [
            {
                "user_id": "user_1",
                "email": "ann@example.com",
                "email_verified": True,
                "given_name": "Ann",
                "family_name": "Lee",
                "mfa_factors": [{"totp": {"secret": TOTP}}],
                "password_hash": BCRYPT,
            }
        ],
    ),
    (
        "clerk",
        json.dumps(CLERK_JSON),
        [{"user_id": "user_1", "email": "ann@example.com", "email_verified": False, "given_name": "Ann"}],
    ),
    (
        "fusionauth",
        json.dumps(FUSIONAUTH),
        [
            {
                "user_id": "fa1",
                "email": "ann@example.com",
                "email_verified": True,
                "blocked": False,
                "mfa_factors": [{"totp": {"secret": TOTP}}],
                "password_hash": "$2a$10$" + "a" * 22 + "b" * 31,
            }
        ],
    ),
    (
        "django-dumpdata",
        json.dumps(DUMPDATA),
        [{"bad": "not_a_user"}, {"user_id": "7", "email": "ann@example.com", "blocked": True}],
    ),
    (
        "django",
        DJANGO + "7,!x,2024-01-01,f,ann,Ann,Lee,ann@example.com,f,t,2020-01-01\n",
        [{"user_id": "7", "email": "ann@example.com", "given_name": "Ann", "family_name": "Lee", "blocked": False}],
    ),
    (
        "devise",
        DEVISE + f"7,ann@example.com,{BCRYPT},,,2024-01-01,2024-02-02,2020-01-01\n",
        [
            {
                "user_id": "7",
                "email": "ann@example.com",
                "email_verified": True,
                "blocked": False,
                "password_hash": BCRYPT,
            }
        ],
    ),
    (
        "laravel",
        LARAVEL + f"7,Ann Lee,ann@example.com,,{BCRYPT},,2020-01-01,2020-01-01\n",
        [
            {
                "user_id": "7",
                "email": "ann@example.com",
                "email_verified": False,
                "name": "Ann Lee",
                "password_hash": BCRYPT,
            }
        ],
    ),
    (
        "wordpress",
        WORDPRESS + "7,ann,$P$Babc,ann,ann@example.com,,2020-01-01 00:00:00,0,Ann Lee\n",
        [{"user_id": "7", "email": "ann@example.com", "name": "Ann Lee"}],
    ),
    (
        "aspnet-identity",
        ASPNET
        + f"g1,ann,ANN,ann@example.com,True,AQAAAA,S,,False,{TOTP}\ng2,bob,BOB,bob@example.com,False,AQAAAA,S,,True,{TOTP}\n",
        [
            {"user_id": "g1", "email": "ann@example.com", "email_verified": True},
            {
                "user_id": "g2",
                "email": "bob@example.com",
                "email_verified": False,
                "mfa_factors": [{"totp": {"secret": TOTP}}],
            },
        ],
    ),
    (
        "meteor",
        json.dumps(
            [
                {
                    "_id": "m7",
                    "emails": [{"address": "ann@example.com", "verified": True}],
                    "services": {"password": {"bcrypt": BCRYPT}},
                }
            ]
        ),
        [{"user_id": "m7", "email": "ann@example.com", "email_verified": True}],
    ),
    ("mongodb", MONGODB, [{"user_id": "m1", "email": "ann@example.com", "password_hash": BCRYPT}]),
]


def opened(path: Path, **answers: Any) -> LegacySource:
    return open_source(SourceAnswers(path=str(path), **answers), secret=None, base=Path())


def users_of(source: LegacySource, store: str) -> list[dict[str, Any]]:
    """What Auth0 would get, every password decided to be left out where it cannot travel.

    How hashes are translated is not shown here; that they are found is.
    """
    tables = preset(store)
    passwords = {**tables.get("passwords", {}), "unsupported": "without_password", "missing": "without_password"}
    mapping = compile_mapping(
        ProfileAnswers.model_validate(tables["profile"]), PasswordsAnswers.model_validate(passwords), source.columns
    )
    found: list[dict[str, Any]] = []
    for block in source.blocks(expect=source.facts().fingerprint):
        rows = list(pickle.loads(pickle.dumps(block)).rows())  # noqa: S301
        assert len(rows) == block.count
        for row in rows:
            mapped = row if isinstance(row, BadRecord) else mapping.map_one(row)
            profile = mapped.profile if isinstance(mapped, User) else {"bad": mapped.code}
            found.append({key: value for key, value in profile.items() if key != "custom_password_hash"})
    return found


@pytest.mark.parametrize(
    ("store", "text", "expected"), CASES, ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)]
)
def test_a_store_is_recognised_and_mapped(
    tmp_path: Path, store: str, text: str, expected: list[dict[str, Any]]
) -> None:
    path = tmp_path / "export"
    path.write_text(text)
    answers = SourceAnswers(path=str(path))
    assert recognised(answers, opened(path), Path()) == store
    assert users_of(opened(path, store=store), store) == expected


def test_every_store_has_its_case_and_its_name_in_the_answers() -> None:
    assert {case[0] for case in CASES} == set(STORES) == set(get_args(StoreKey))


@pytest.mark.parametrize("store", STORES.values(), ids=list(STORES))
def test_the_answers_of_a_store_are_valid_and_name_columns_that_are_there(store: Any) -> None:
    ProfileAnswers.model_validate(store.profile)
    PasswordsAnswers.model_validate(store.passwords)
    assert set(store.made) >= {column for column in (store.passwords.get("column"),) if column in store.made}
    assert all(columns_named(store))


@settings(max_examples=200)
@given(st.data())
def test_no_record_however_odd_breaks_a_store(data: st.DataObject) -> None:
    junk = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "Name", "Value", "id", "value", "method", "secret", "secretData"]), inner
            )
        ),
        max_leaves=6,
    )
    store = data.draw(st.sampled_from(list(STORES.values())))
    asked = [
        "credentials",
        "Attributes",
        "email_addresses",
        "twoFactor.methods",
        "identifiers",
        "user_id",
        "factor",
        "salt",
    ]
    row = data.draw(st.dictionaries(st.sampled_from([*asked, "password", "passwordHash", "encryptionScheme"]), junk))
    try:
        made = store.make(row)
    except (NotAUser, DeletedUser, TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return
    assert set(made) <= set(store.made)


def test_a_password_of_keycloak_is_its_credential(tmp_path: Path) -> None:
    path = tmp_path / "realm.json"
    path.write_text(json.dumps(KEYCLOAK))
    source = opened(path, store="keycloak")
    first, second = source.sample()
    at = source.columns.index("password")
    assert json.loads(first.values[at]) == {
        "type": "password",
        "credentialData": '{"hashIterations":27500,"algorithm":"pbkdf2-sha256"}',
        "secretData": '{"value":"aGFzaA==","salt":"c2FsdA=="}',
    }
    assert second.values[at] is None


def test_codes_that_auth0_cannot_check_are_left_out(tmp_path: Path) -> None:
    odd = json.loads(json.dumps(KEYCLOAK))
    odd["users"][0]["credentials"][1]["credentialData"] = '{"subType":"totp","digits":8,"period":30}'
    path = tmp_path / "realm.json"
    path.write_text(json.dumps(odd))
    assert "mfa_factors" not in users_of(opened(path, store="keycloak"), "keycloak")[0]


def test_hashes_from_support_are_merged_by_id(tmp_path: Path) -> None:
    people = [
        {"user_id": f"auth0|{number}", "email": f"u{number}@example.com", "identities": []} for number in range(1200)
    ]
    hashes = [{"_id": {"$oid": str(number)}, "passwordHash": BCRYPT} for number in range(0, 1200, 2)]
    (tmp_path / "users.ndjson").write_text(lines(people))
    (tmp_path / "hashes.ndjson").write_text(lines(hashes))
    source = opened(tmp_path / "users.ndjson", store="auth0", hashes=str(tmp_path / "hashes.ndjson"))
    found = users_of(source, "auth0")
    assert [("password_hash" in user) for user in found] == [number % 2 == 0 for number in range(1200)]
    expect = source.facts().fingerprint
    (tmp_path / "hashes.ndjson").write_text("")
    with pytest.raises(SourceError, match="changed"):
        list(source.blocks(expect=expect))


def test_two_hashes_for_one_user_are_refused(tmp_path: Path) -> None:
    (tmp_path / "users.ndjson").write_text(lines(AUTH0))
    (tmp_path / "hashes.ndjson").write_text(lines([AUTH0_HASHES[0], AUTH0_HASHES[0]]))
    with pytest.raises(SourceError, match="two hashes"):
        opened(tmp_path / "users.ndjson", store="auth0", hashes=str(tmp_path / "hashes.ndjson"))


def test_a_named_store_in_a_database_needs_no_table(tmp_path: Path) -> None:
    path = tmp_path / "blog.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """CREATE TABLE wp_users (ID INTEGER PRIMARY KEY, user_login, user_pass, user_email, user_registered, display_name);
            CREATE TABLE wp_usermeta (umeta_id INTEGER PRIMARY KEY, user_id, meta_key, meta_value);
            INSERT INTO wp_users VALUES (1, 'ann', '$P$Babc', 'ann@example.com', '2020-01-01', 'Ann');
            INSERT INTO wp_usermeta VALUES (1, 1, 'first_name', 'Ann'), (2, 1, 'wc_last_active', '1700000000');"""
        )
    connection.close()
    source = opened(path, kind="sql", store="wordpress")
    assert users_of(source, "wordpress") == [
        {"user_id": "1", "email": "ann@example.com", "name": "Ann", "given_name": "Ann"}
    ]
    assert source.facts().details["store"] == "WordPress wp_users"


SECTIONS = (SourceAnswers, ProfileAnswers, PasswordsAnswers)


def test_the_name_of_a_store_fills_in_what_the_answers_leave_out() -> None:
    answers = from_tables({"source": {"path": "realm.json", "store": "keycloak"}}, SECTIONS)
    assert answers[ProfileAnswers].user_id == "id"
    assert answers[PasswordsAnswers].column == "password"


def test_what_the_operator_writes_wins_over_the_store() -> None:
    tables = {
        "source": {"path": "x", "store": "keycloak"},
        "profile": {"nickname": "username"},
        "passwords": {"column": "hash"},
    }
    answers = from_tables(tables, SECTIONS)
    assert (answers[ProfileAnswers].nickname, answers[ProfileAnswers].email) == ("username", "email")
    assert answers[PasswordsAnswers].column == "hash"


def test_a_complete_profile_stands_for_itself() -> None:
    tables = {"source": {"path": "x", "store": "keycloak"}, "profile": {"user_id": "id", "email": "email"}}
    assert from_tables(tables, SECTIONS)[ProfileAnswers].given_name is None


def test_seeing_a_file_as_another_store_gives_it_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps(CLERK_JSON))
    prints = {opened(path, store=store).facts().fingerprint for store in ("clerk", "mongodb", "okta")}
    assert len(prints | {opened(path).facts().fingerprint}) == 4


def test_bad_records_keep_their_positions(tmp_path: Path) -> None:
    path = tmp_path / "users.ndjson"
    path.write_text('{"_id": 1}\nnonsense\n{"_id": 2}\n')
    found = [(record.position, isinstance(record.bad, BadRecord)) for record in opened(path, store="mongodb").sample()]
    assert found == [("line 1", False), ("line 2", True), ("line 3", False)]


def account(model: str, pk: int | None, **fields: Any) -> dict[str, Any]:
    """A record of a dump, of a user if it is not said otherwise."""
    usual = {"email": f"u{pk}@example.com", "password": "!", "last_login": None, "is_active": True}
    return {"model": model, **({"pk": pk} if pk is not None else {}), "fields": fields or usual}


def test_of_a_dump_only_the_model_of_users_is_users(tmp_path: Path) -> None:
    mailbox = account("mail.mailbox", 1, email="robot@example.com", password="x")
    path = tmp_path / "dump.json"
    path.write_text(json.dumps([mailbox, account("accounts.user", 1), account("shop.wifi", 2, password="x")]))
    source = opened(path, store="django-dumpdata")
    assert [user.get("bad") for user in users_of(source, "django-dumpdata")] == ["not_a_user", None, "not_a_user"]
    assert source.facts().details["model"] == "accounts.user"


def test_of_two_models_of_users_the_one_with_more_signs_is_taken_or_both_are_named(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    device = account("api.device", 5, password="x", last_login=None)
    path.write_text(json.dumps([device, account("accounts.user", 1)]))
    assert opened(path, store="django-dumpdata").facts().details["model"] == "accounts.user"
    path.write_text(json.dumps([account("a.user", 1), account("b.user", 1)]))
    with pytest.raises(SourceError, match=r"a\.user, b\.user"):
        opened(path, store="django-dumpdata")


def test_a_dump_without_any_model_of_users_says_so(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps([account("mail.mailbox", 1, password="x")]))
    with pytest.raises(SourceError, match="No model"):
        opened(path, store="django-dumpdata")


def test_a_dump_without_primary_keys_is_known_and_says_what_user_id_needs(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps([account("auth.user", None)]))
    assert recognised(SourceAnswers(path=str(path)), opened(path), Path()) == "django-dumpdata"
    (warning,) = opened(path, store="django-dumpdata").facts().warnings
    assert "--natural-primary" in warning and "user_id" in warning


ALIVE = ("", "NULL", "\\N", "(null)", "[NULL]", "-", "0", "0000-00-00 00:00:00")
"""What exports write where a user was never deleted."""


@pytest.mark.parametrize(("store", "text"), [("supabase", SUPABASE), ("laravel", LARAVEL)])
def test_users_marked_as_deleted_stay_behind_with_a_reason(tmp_path: Path, store: str, text: str) -> None:
    head = text.splitlines()[0]
    rows = []
    for number, deleted in enumerate((*ALIVE, "2024-02-02 00:00:00")):
        given = {"id": str(number), "email": f"u{number}@example.com", "deleted_at": deleted}
        rows.append(",".join(given.get(name, "") for name in (*head.split(","), "deleted_at")))
    path = tmp_path / "users.csv"
    path.write_text("\n".join([f"{head},deleted_at", *rows]) + "\n")
    assert [user.get("bad") for user in users_of(opened(path, store=store), store)] == [*[None] * len(ALIVE), "deleted"]
