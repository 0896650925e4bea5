"""An opened answers file that passes through every page unchanged says the same afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stage import PAGES, Rehearsal, go_on, opened, page_is, until

from screens.steps.rules import flat, nested, origin_of, rule_of, transforms_of
from wizard.answers import load, save
from wizard.answers.reading import from_tables
from wizard.practice.tenant import PracticeTenant
from wizard.steps import SECTIONS


def tenant_table(tenant: PracticeTenant) -> dict[str, Any]:
    return {
        "domain": tenant.domain, "client_id": tenant.client_id, "client_secret": "env:PRACTICE_CLIENT_SECRET",
        "environment": "practice", "plan": "custom", "requests_per_second": 2.5, "burst": 12, "reserve_percent": 35,
        "key_algorithm": "PS256", "key_id": "kid-7",
    }  # fmt: skip


def later_tables(rehearsal: Rehearsal) -> dict[str, dict[str, Any]]:
    """The tables that do not depend on the store, every key other than its default."""
    return {
        "strategy": {"way": "bulk"},
        "connection": {
            "name": "acme-users", "use": "new", "display_name": "Acme, Inc.", "password_policy": "excellent",
            "requires_username": True, "username_min": 3, "username_max": 40, "disable_signup": True,
        },
        "applications": {"enable": ["Web shop", rehearsal.samples.login_client_id]},
        "prepare": {"skip": ["password_missing", "email_missing"], "max_file_bytes": 50_000, "workers": 1},
        "upload": {"jobs_at_once": 1, "upsert": True, "overwrite_at_most": 7},
        "verify": {
            "depth": "sample", "sample": 3,
            "canaries": [
                {"login": "ann@example.com", "password": "env:CANARY_1"}, {"login": "o'neil", "password": "keyring:two"},
            ],
            "login_client_id": rehearsal.samples.login_client_id, "login_client_secret": "env:PRACTICE_LOGIN_SECRET",
        },
    }  # fmt: skip


def csv_tables() -> dict[str, dict[str, Any]]:
    """A CSV file, rules of every shape, a declared format of hashes."""
    return {
        "source": {
            "kind": "csv", "path": "customers.csv", "encoding": "utf-8", "delimiter": "comma", "quote": '"',
            "order_by": ["id", "email"],
        },
        "profile": {
            "user_id": {"template": "{id}", "transforms": ["strip", "truncate(150)"]}, "user_id_prefix": "legacy|",
            "email": "email", "email_verified": {"constant": True}, "phone_number": {"column": "phone", "when_invalid": "omit"},
            "default_country": "DE", "username": {"column": "username", "transforms": []},
            "blocked": {"constant": False, "when_empty": "omit"},
            "mfa": {"phone": {"column": "phone", "when_invalid": "omit"}, "email": "email"},
            "app_metadata": {"legacy": {"id": "id", "rank": {"constant": 7}, "tags": {"constant": ["a", 2]}}},
            "user_metadata": {"column": "preferences", "transforms": ["json"]},
            "profile_bytes_warning": 9_000, "profile_bytes_limit": 20_000,
        },
        "passwords": {
            "column": "password_hash", "unsupported": "without_password", "missing": "without_password",
            "decisions": {"phpass": "reject", "md5, salted": "without_password"}, "unconfirmed": "import",
            "proven": ["pbkdf2-sha256"], "unproven": "import", "format": "pbkdf2-sha256", "salt": "id",
            "iterations": 10_000, "encoding": "hex", "salt_encoding": "base64", "salt_position": "suffix",
            "password_encoding": "utf16le", "key_lost": True,
        },
    }  # fmt: skip


def export_tables() -> dict[str, dict[str, Any]]:
    """An export of Auth0 with its hashes in a file of their own."""
    return {
        "source": {"kind": "ndjson", "store": "auth0", "path": "users.ndjson", "hashes": "hashes.ndjson"},
        "profile": {"user_id": "id", "email": "email_address", "name": {"template": "{given_name} {family_name}"}},
        "passwords": {"column": "passwordHash", "key_position": "prefix", "cost": 4096, "block_size": 4},
    }


def furnish(folder: Path) -> None:
    user = {
        "user_id": "auth0|u1",
        "email": "ann@example.com",
        "given_name": "Ann",
        "family_name": "Lee",
        "identities": [],
    }
    proof = {"_id": {"$oid": "u1"}, "email": "ann@example.com", "passwordHash": f"$2b$10${'a' * 53}"}
    (folder / "users.ndjson").write_text(json.dumps(user) + "\n", encoding="utf-8")
    (folder / "hashes.ndjson").write_text(json.dumps(proof) + "\n", encoding="utf-8")


@pytest.mark.parametrize("tables", [csv_tables(), export_tables()], ids=["csv", "export"])
async def test_opened_answers_that_pass_through_every_page_are_saved_as_they_were(
    rehearsal: Rehearsal, tables: dict[str, dict[str, Any]]
) -> None:
    folder = rehearsal.practice_folder
    furnish(folder)
    file = folder / "opened.toml"
    whole = {"tenant": tenant_table(rehearsal.tenant), **tables, **later_tables(rehearsal)}
    before = from_tables(whole, SECTIONS)
    save(file, before)
    text = file.read_text(encoding="utf-8")
    app = rehearsal.app(practice=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await app.start_from(file)
        await until(pilot, lambda: page_is(app, "tenant"))
        for key in PAGES:
            await go_on(pilot, key)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: any("Saved to" in note.message for note in app._notifications))
        # Tables without questions for this strategy are left out; read from a file they have their defaults.
        assert from_tables(app.journey.answers.tables(), SECTIONS).differences(before) == ()
        assert load(file, SECTIONS, environment={}) == before
        assert file.read_text(encoding="utf-8") == text


async def test_moving_over_the_fields_of_a_profile_changes_no_rule(rehearsal: Rehearsal) -> None:
    whole = {"tenant": tenant_table(rehearsal.tenant), **csv_tables()}
    answers = from_tables(whole, [kind for kind in SECTIONS if kind.table in whole])
    app = rehearsal.app()
    async with opened(app) as pilot:
        app.journey.answers = answers
        before = app.journey.answers.tables()["profile"]
        await app.screen.go("profile")  # type: ignore[attr-defined]
        await until(pilot, lambda: page_is(app, "profile"))
        await pilot.press("end", *["up"] * 20, "home")
        await go_on(pilot, "passwords")
        assert app.journey.answers.tables()["profile"] == before


async def test_a_store_by_name_fills_the_pages_that_the_file_leaves_out(rehearsal: Rehearsal) -> None:
    furnish(rehearsal.practice_folder)
    app = rehearsal.app()
    async with opened(app):
        source = {"source": {"store": "auth0", "path": "users.ndjson", "hashes": "hashes.ndjson"}}
        app.journey.answers = from_tables(source, [kind for kind in SECTIONS if kind.table == "source"])
        assert app.journey.given("profile")["email"] == "email_address"
        assert app.journey.given("passwords")["column"] == "passwordHash"


def test_lines_that_say_a_rule_as_it_was_leave_it_as_it_was() -> None:
    for rule in ("mail", {"constant": True}, {"constant": ["a", 2]}, {"column": "a", "transforms": []}, {}, None):
        assert rule_of(origin_of(rule), transforms_of(rule), rule) is rule


def test_a_table_whose_keys_are_called_like_a_rule_stays_a_table() -> None:
    for table in ({"column": "x", "id": "y"}, {"column": "data", "transforms": ["json"]}, {"a": {}, "b": {"c": "d"}}):
        assert nested(flat(table, "app_metadata")) == {"app_metadata": table}
