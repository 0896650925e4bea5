"""Which way is advised, and the reasons that are given for it."""

from __future__ import annotations

from datetime import UTC, datetime

from wizard.passwords.census import HashGroup
from wizard.strategy.activity import activity
from wizard.strategy.advice import recommend

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_active_users_are_a_reason() -> None:
    groups = [HashGroup("phpass", "", 10, "none", "")]
    active = activity("last_login", ["2026-06-20"] * 4 + [None] * 6, NOW)
    assert "4 of 10 users (40%)" in " ".join(recommend(groups, activity=active).why)


def test_who_has_no_password_there_is_no_reason_for_another_way() -> None:
    bare = HashGroup("none", "", 5, "none", "there is no password", code="password_missing")
    bcrypt = HashGroup("bcrypt", "2b, cost 10", 95, "password_hash", "")
    found = recommend([bcrypt, bare])
    assert found.strategy == "bulk"
    assert found.why[0] == "95 of 95 passwords (100.0%) travel in an import"
    assert found.why[1] == "5 other users have no password that a login could check"
    assert recommend([bare]).why == ("there are no password hashes to carry; users get a password reset",)
