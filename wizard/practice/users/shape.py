"""A user as the Management API shows it, made from its row."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from wizard.practice.users.defaults import nickname_of, picture_of

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


def connection_names(tenant: PracticeTenant) -> dict[str, str]:
    """Return the name of each connection by id, those being deleted included."""
    return {row["id"]: row["name"] for row in tenant.db.execute("select id, name from connections")}


def iso(at_ms: int) -> str:
    """Write milliseconds as 2026-08-10T12:34:56.789Z."""
    seconds, part = divmod(at_ms, 1000)
    return f"{_second(seconds)}.{part:03d}Z"


@lru_cache(maxsize=1024)  # users of one job share their seconds
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def shown(row: sqlite3.Row, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the profile; name, nickname and picture are made up from the e-mail where none was given.

    Source: recorded answers of users-by-email after an import.
    """
    email, username, phone_number = row["email"], row["username"], row["phone_number"]
    body: dict[str, Any] = {
        "created_at": iso(row["created_ms"]),
        "updated_at": iso(row["updated_ms"]),
        "user_id": f"auth0|{row['id']}",
        "identities": [
            {
                "connection": names.get(row["connection_id"], ""),
                "user_id": row["id"],
                "provider": "auth0",
                "isSocial": False,
            }
        ],
    }
    for linked in orjson.loads(row["linked"] or "[]"):
        body["identities"].append({"connection": names.get(linked.pop("connection_id"), ""), **linked})
    for key, value in (("email", email), ("username", username), ("phone_number", phone_number)):
        if value is not None:
            body[key] = value
    body["name"] = email or username or phone_number or ""
    body["nickname"] = nickname_of(email) or username or phone_number or ""
    body.update(orjson.loads(row["profile"]))
    if "picture" not in body:
        body["picture"] = picture_of(email, username, phone_number)
    if row["last_login_ms"] is not None:
        body["last_login"] = iso(row["last_login_ms"])
    if row["logins_count"] is not None:
        body["logins_count"] = row["logins_count"]
    if row["last_password_reset_ms"] is not None:
        body["last_password_reset"] = iso(row["last_password_reset_ms"])
    return body
