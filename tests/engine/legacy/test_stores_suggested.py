"""What inspect suggests for tables that applications shape: every column that says something is mapped or told."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wizard.legacy.answers import SourceAnswers
from wizard.legacy.stores.store import since, unless
from wizard.strategy.survey import Survey, survey

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BCRYPT = "$2b$10$" + "a" * 53


def looked(tmp_path: Path, text: str, **answers: Any) -> Survey:
    path = tmp_path / "users"
    path.write_text(text)
    return survey(SourceAnswers(path=str(path), **answers), secret=None, base=Path(), now=NOW)


def lines(*objects: dict[str, Any]) -> str:
    return "".join(json.dumps(each) + "\n" for each in objects)


def oid(number: int) -> dict[str, str]:
    return {"$oid": f"{number:024x}"}


def test_bcrypt_that_mongodb_keeps_as_bytes_travels(tmp_path: Path) -> None:
    stored = {"$binary": {"base64": b64encode(BCRYPT.encode()).decode(), "subType": "00"}}
    found = looked(
        tmp_path, lines(*({"_id": oid(n), "email": f"u{n}@example.com", "password": stored} for n in (1, 2)))
    )
    assert [(group.scheme, group.users, group.carried_by) for group in found.groups] == [("bcrypt", 2, "password_hash")]


def test_a_field_that_no_record_of_mongodb_has_is_not_suggested(tmp_path: Path) -> None:
    found = looked(
        tmp_path, lines({"_id": oid(1), "emails": [{"address": "ann@example.com"}]}, {"_id": oid(2), "x": 1})
    )
    assert not found.suggestion.has("email")
    assert not found.suggestion.has("password")
    assert found.prepared is None


def test_one_of_several_files_of_a_realm_says_that_the_others_are_not_read(tmp_path: Path) -> None:
    people = [{"id": str(n), "username": f"u{n}", "email": f"u{n}@example.com", "credentials": []} for n in (1, 2)]
    for name in ("shop-users-0.json", "shop-users-1.json", "other-users-0.json"):
        realm = {"realm": name[:4], "users": [{**each, "emailVerified": True} for each in people]}
        (tmp_path / name).write_text(json.dumps(realm))
    warned = {}
    for name in ("shop-users-1.json", "other-users-0.json"):
        answers = SourceAnswers(path=str(tmp_path / name))
        warned[name] = survey(answers, secret=None, base=Path(), now=NOW).facts.warnings
    assert len(warned["shop-users-1.json"]) == 1
    assert "one of 2 files" in warned["shop-users-1.json"][0]
    assert warned["other-users-0.json"] == ()


def test_the_time_of_a_login_is_no_username(tmp_path: Path) -> None:
    header = "uid,name,pass,mail,created,access,login,status"
    rows = ["1,ann,,ann@example.com,1500000000,1600000000,1600000001,1", "2,bob,,bob@example.com,1500000000,0,0,1"]
    found = looked(tmp_path, "\n".join([header, *rows, "3,cy,,cy@example.com,1500000000,0,0,0"]) + "\n")
    assert not found.suggestion.has("username")
    assert found.prepared is not None
    assert found.prepared.prepared == 3
    assert found.suggestion.states == ("status",)


def test_who_may_not_log_in_is_mapped_or_told_by_the_names_of_more_products(tmp_path: Path) -> None:
    joomla = looked(tmp_path, "id,email,block\n1,ann@example.com,0\n2,bob@example.com,1\n")
    assert joomla.suggestion.rules["blocked"] == "block"
    for header in (
        *("IsApproved,IsLockedOut", "userAccountControl,x", "discarded_at,x"),
        *("deleteat,x", "suspended_till,x", "user_inactive_reason,x"),
    ):
        told = looked(tmp_path, f"id,email,{header}\n1,ann@example.com,7,8\n")
        assert set(told.suggestion.states) == {*header.split(",")} - {"x"}


def test_the_moment_when_okta_activated_somebody_says_nothing_about_who_is_disabled(tmp_path: Path) -> None:
    person = {
        "id": "o1",
        "status": "ACTIVE",
        "activated": "2020-01-01T00:00:00Z",
        "profile": {"email": "ann@example.com"},
    }
    found = looked(tmp_path, json.dumps([person]))
    assert found.suggestion.states == ()
    assert found.suggestion.has("blocked")


def test_no_secret_is_offered_as_an_id(tmp_path: Path) -> None:
    people = [
        {
            "encryptionScheme": "bcrypt",
            "factor": 12,
            "password": "a" * 30 + end,
            "salt": "b" * 21 + end,
            "verified": True,
        }
        | {"email": f"{end}@example.com", "resetToken": f"r{end}", "code": f"c{end}"}
        for end in "xy"
    ]
    found = looked(tmp_path, json.dumps({"users": people}))
    assert found.store is not None
    assert found.candidates == ("code",)


def test_what_an_application_adds_to_the_users_of_a_framework_is_mapped(tmp_path: Path) -> None:
    fields = {"password": "!", "last_login": None, "is_active": True, "is_superuser": False, "email": "ann@example.com"}
    added = {"email_verified": True, "full_name": "Ann Lee", "phone": "030 123456", "username": "ann"}
    django = looked(tmp_path, json.dumps([{"model": "accounts.user", "pk": 7, "fields": {**fields, **added}}]))
    assert django.suggestion.rules == {
        "user_id": "pk",
        "email": "fields.email",
        "email_verified": "fields.email_verified",
        "phone_number": {"column": "fields.phone", "when_invalid": "omit"},
        "name": "fields.full_name",
        "blocked": unless("fields.is_active"),
        "last_login": "fields.last_login",
    }
    assert django.prepared is not None
    assert (django.prepared.prepared, django.prepared.rejected) == (1, 0)
    assert "fields.username" in django.suggestion.unmapped
    devise = looked(
        tmp_path,
        "id,email,encrypted_password,reset_password_token,first_name,verified\n"
        f"1,ann@example.com,{BCRYPT},,Ann,true\n2,bob@example.com,{BCRYPT},,Bob,false\n",
    )
    assert devise.suggestion.rules["given_name"] == "first_name"
    assert devise.suggestion.rules["email_verified"] == "verified"


def test_what_rocket_chat_adds_to_the_users_of_meteor_is_mapped(tmp_path: Path) -> None:
    services = {"password": {"bcrypt": BCRYPT}, "google": {"email": "other@example.com", "name": "Other"}}
    person = {"services": services, "emails": [{"address": "ann@example.com", "verified": True}], "status": "offline"}
    found = looked(
        tmp_path,
        lines(*({**person, "_id": f"m{n}", "username": f"u{n}", "name": "Ann Lee", "active": n == 1} for n in (1, 2))),
    )
    assert found.suggestion.rules == {
        "user_id": "_id",
        "email": "first_email",
        "email_verified": "first_email_verified",
        "name": "name",
        "blocked": unless("active"),
    }
    assert found.suggestion.passwords.column == "password"


def test_a_framework_maps_its_own_columns_as_it_means_them(tmp_path: Path) -> None:
    header = "id,name,email,email_verified_at,password,remember_token,created_at"
    laravel = looked(tmp_path, f"{header}\n1,Ann Lee,ann@example.com,2026-01-01 10:00:00,{BCRYPT},x,2026-01-01\n")
    assert laravel.suggestion.rules["email_verified"] == since("email_verified_at")
    assert laravel.suggestion.rules["name"] == "name"
