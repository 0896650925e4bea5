"""The draft of an Action: what POST and PATCH may say, and what they make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wizard.practice.actions.kept import ACTIONS, new_uuid
from wizard.practice.actions.shapes import CODE_BYTES, DEPENDENCIES, SECRET_NAME, SECRET_VALUE, SECRETS, TRIGGERS
from wizard.practice.errors import ApiError, invalid_body
from wizard.practice.management.entity_limits import refuse_above_limit

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

DEFAULT_CODE = "module.exports = () => {}"


def new_draft(tenant: PracticeTenant, given: dict[str, Any]) -> dict[str, Any]:
    """Make the draft of a new Action; it is built when its time has come.

    Raises:
        ApiError: 400 for what Actions cannot have, 403 for one too many, 409 for a name that is taken.
    """
    refuse_above_limit(tenant, "actions", ACTIONS.count(tenant.db))
    now = tenant.clock.now()
    triggers = _triggers(given["supported_triggers"])
    _refuse_taken(tenant, given["name"], triggers, "")
    runtime = given.get("runtime") or _trigger(triggers[0])["default_runtime"]
    draft = {
        "id": new_uuid(tenant),
        "name": given["name"],
        "supported_triggers": triggers,
        "code": given.get("code", DEFAULT_CODE),
        "dependencies": given.get("dependencies", []),
        "runtime": runtime,
        "secrets": _secrets(tenant, given.get("secrets", []), []),
        "created": now,
    }
    return _written(tenant, draft, 1)


def changed_draft(tenant: PracticeTenant, old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Change a draft; what is deployed stays as it is.

    Raises:
        ApiError: as for a new one.
    """
    names = ("name", "code", "dependencies", "runtime")
    draft = old | {name: changes[name] for name in names if name in changes}
    if "supported_triggers" in changes:
        draft["supported_triggers"] = _triggers(changes["supported_triggers"])
    if "secrets" in changes:
        draft["secrets"] = _secrets(tenant, changes["secrets"], old["secrets"])
    _refuse_taken(tenant, draft["name"], draft["supported_triggers"], draft["id"])
    return _written(tenant, draft, old["revision"] + 1)


def _written(tenant: PracticeTenant, draft: dict[str, Any], revision: int) -> dict[str, Any]:
    _refuse_limits(draft)
    now = tenant.clock.now()
    return draft | {"updated": now, "built_at": now + tenant.switches.action_build_seconds, "revision": revision}


def _refuse_limits(draft: dict[str, Any]) -> None:
    if not draft["name"].strip():
        raise invalid_body("String is too short (0 chars), minimum 1", "name")
    if len(draft["code"].encode()) > CODE_BYTES:
        raise ApiError(400, f"The code of an action must not be larger than {CODE_BYTES} bytes.", "invalid_body")
    if len(draft["dependencies"]) > DEPENDENCIES:
        raise ApiError(400, f"An action must not have more than {DEPENDENCIES} dependencies.", "invalid_body")
    if len(draft["secrets"]) > SECRETS:
        raise ApiError(400, f"An action must not have more than {SECRETS} secrets.", "invalid_body")
    allowed = {name for trigger in draft["supported_triggers"] for name in _runtimes(trigger)}
    if draft["runtime"] not in allowed:
        raise ApiError(400, f"The runtime {draft['runtime']} is not supported by the trigger.", "invalid_body")


def _runtimes(trigger: dict[str, Any]) -> list[str]:
    known = _trigger(trigger)
    return [*known["runtimes"], known["default_runtime"], "node18"]


def _triggers(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(given) > 1:
        raise ApiError(400, "An action supports exactly one trigger.", "invalid_body")
    found = _trigger(given[0])
    return [{"id": found["id"], "version": found["version"]}]


def _trigger(given: dict[str, Any]) -> dict[str, Any]:
    """Find a trigger by id and version; without a version the current one."""
    for trigger in TRIGGERS:
        version = given.get("version")
        if trigger["id"] == given["id"] and (
            trigger["version"] == version or (not version and trigger["status"] == "CURRENT")
        ):
            return trigger
    raise ApiError(400, f"The trigger {given['id']} has no version {given.get('version')}.", "invalid_body")


def _secrets(tenant: PracticeTenant, given: list[dict[str, Any]], old: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The whole list of secrets, sealed; one without a value keeps the value it had."""
    kept = {each["name"]: each for each in old}
    made = []
    for each in given:
        name, value = each.get("name", ""), each.get("value")
        if not 1 <= len(name) <= SECRET_NAME:
            raise invalid_body(f"String must be of 1 to {SECRET_NAME} characters", "secrets.name")
        if value is not None and len(value) > SECRET_VALUE:
            raise invalid_body(f"String is too long ({len(value)} chars), maximum {SECRET_VALUE}", "secrets.value")
        if value is None and name in kept and tenant.switches.valueless_secrets == "kept":
            made.append(kept[name])
        elif value is None:
            raise invalid_body("Missing required property: value", "secrets")
        else:
            made.append({"name": name, "sealed": tenant.keys.seal(value), "updated": tenant.clock.now()})
    if len({each["name"] for each in made}) < len(made):
        raise ApiError(400, "Secret names must be unique.", "invalid_body")
    return made


def _refuse_taken(tenant: PracticeTenant, name: str, triggers: list[dict[str, Any]], own_id: str) -> None:
    rows = tenant.db.execute("select id from actions where name = ? and id <> ?", (name, own_id)).fetchall()
    for row in rows:
        found = ACTIONS.find(tenant.db, id=row["id"])
        if found is not None and found.body["supported_triggers"][0]["id"] == triggers[0]["id"]:
            raise ApiError(tenant.switches.action_name_taken_status, "An action with the same name already exists.")
