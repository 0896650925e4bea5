"""Where Actions, their versions and their bindings are kept, and what of them is true at a moment.

An Action's draft is built some seconds after it was written; a version goes live some seconds after it was deployed. Both
are read off the clock, so nothing runs in the background.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from wizard.practice.actions.shapes import VERSIONS
from wizard.practice.requests.documents import Document, Table

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

ACTIONS = Table("actions", ["id", "name"], [["id"]])
ACTION_VERSIONS = Table("action_versions", ["id", "action_id"], [["id"]])
BINDINGS = Table("action_bindings", ["id", "trigger_id", "action_id"], [["id"]])
PENDING = 0.25
"""Part of the building time that a draft waits before it is being built."""

_CONTENT = ("code", "dependencies", "runtime", "secrets", "supported_triggers")


def create_tables(db: sqlite3.Connection) -> None:
    for table in (ACTIONS, ACTION_VERSIONS, BINDINGS):
        table.create(db)


def nanoseconds(at: float) -> str:
    """Write a time as the Actions endpoints do: 2026-08-10T13:55:04.937881000Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def new_uuid(tenant: PracticeTenant) -> str:
    return str(UUID(int=tenant.random.getrandbits(128), version=4))


def build_status(tenant: PracticeTenant, body: dict[str, Any]) -> str:
    """Say how far a draft or a version is: pending, building or built."""
    left = body["built_at"] - tenant.clock.now()
    if left <= 0:
        return "built"
    return "pending" if left > (1 - PENDING) * tenant.switches.action_build_seconds else "building"


@dataclass(frozen=True)
class Kept:
    """An Action with its versions, newest first."""

    document: Document
    versions: tuple[dict[str, Any], ...]

    @property
    def body(self) -> dict[str, Any]:
        return self.document.body

    def deployed(self, now: float) -> dict[str, Any] | None:
        """The version that is shown as deployed; None when there is none yet."""
        return next((each for each in self.versions if each["deployed_at"] <= now), None)

    def live(self, now: float) -> dict[str, Any] | None:
        """The version that runs; None when there is none yet."""
        return next((each for each in self.versions if each["live_at"] <= now), None)


def kept_action(tenant: PracticeTenant, action_id: str) -> Kept | None:
    found = ACTIONS.find(tenant.db, id=action_id)
    if found is None:
        return None
    rows = tenant.db.execute("select body from action_versions where action_id = ? order by row desc", (action_id,))
    return Kept(found, tuple(json.loads(row["body"]) for row in rows.fetchall()))


def add_version(
    tenant: PracticeTenant, action: dict[str, Any], content: dict[str, Any], *, with_create: bool = False
) -> dict[str, Any]:
    """Make a new version of an Action out of its draft (or of an older version) and deploy it.

    Args:
        content: Has code, dependencies, runtime, secrets, supported_triggers, built_at and revision.
        with_create: Deployed in the call that made the Action: shown as deployed at once, live when it is built.
    """
    now = tenant.clock.now()
    live_at = max(now, content["built_at"]) + tenant.switches.action_deploy_seconds
    action["numbers"] = action.get("numbers", 0) + 1
    version = {name: content[name] for name in (*_CONTENT, "built_at", "revision")}
    version |= {
        "id": new_uuid(tenant),
        "action_id": action["id"],
        "number": action["numbers"],
        "created": now,
        "deployed_at": now if with_create else live_at,
        "live_at": live_at,
    }
    ACTION_VERSIONS.add(tenant.db, version, id=version["id"], action_id=action["id"])
    tenant.db.execute(
        "delete from action_versions where action_id = ? and row not in "
        "(select row from action_versions where action_id = ? order by row desc limit ?)",
        (action["id"], action["id"], VERSIONS),
    )
    return version


def shown_secrets(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": each["name"], "updated_at": nanoseconds(each["updated"])} for each in body["secrets"]]


def summary(kept: Kept) -> dict[str, Any]:
    """An Action inside another answer; there, real tenants say of no Action that all its changes are deployed."""
    created = nanoseconds(kept.body["created"])
    names = {name: kept.body[name] for name in ("id", "name", "supported_triggers")}
    return names | {"created_at": created, "updated_at": created, "all_changes_deployed": False}


def versions_of(tenant: PracticeTenant, kept: Kept) -> dict[str, Any]:
    """The members current_version and deployed_version; neither while nothing is deployed."""
    version = kept.deployed(tenant.clock.now())
    if version is None:
        return {}
    status = build_status(tenant, version)
    built = status == "built"
    times = {
        "created_at": nanoseconds(version["created"]),
        "updated_at": nanoseconds(max(version["created"], version["live_at"]) if built else version["created"]),
    }
    build_time = nanoseconds(max(version["created"], version["built_at"]))
    current = {name: version[name] for name in ("id", "code", "runtime", "number")} | {"status": status.upper()}
    return {
        "current_version": current | times | ({"build_time": build_time} if built else {}),
        "deployed_version": _whole(tenant, version, deployed=True) | times,
    }


def _whole(tenant: PracticeTenant, version: dict[str, Any], *, deployed: bool) -> dict[str, Any]:
    status = build_status(tenant, version)
    shown = {name: version[name] for name in ("id", "code", "dependencies", "runtime", "number", "supported_triggers")}
    shown |= {"secrets": shown_secrets(version), "status": status, "deployed": deployed}
    return shown | ({"built_at": nanoseconds(version["built_at"])} if deployed and status == "built" else {})


def shown_action(tenant: PracticeTenant, kept: Kept) -> dict[str, Any]:
    """An Action as its own endpoints show it; secrets without their values."""
    body = kept.body
    deployed = kept.deployed(tenant.clock.now())
    shown = {name: body[name] for name in ("id", "name", "supported_triggers", "code", "dependencies", "runtime")}
    return shown | {
        "created_at": nanoseconds(body["created"]),
        "updated_at": nanoseconds(body["updated"]),
        "status": build_status(tenant, body),
        "secrets": shown_secrets(body),
        **versions_of(tenant, kept),
        "all_changes_deployed": deployed is not None and deployed["revision"] == body["revision"],
    }


def shown_version(tenant: PracticeTenant, kept: Kept, version: dict[str, Any]) -> dict[str, Any]:
    """A version as the versions and deploy endpoints show it."""
    deployed = kept.deployed(tenant.clock.now())
    is_deployed = deployed is not None and deployed["id"] == version["id"]
    created = nanoseconds(version["created"])
    whole = _whole(tenant, version, deployed=is_deployed)
    return whole | {"created_at": created, "updated_at": created, "action": summary(kept)}
