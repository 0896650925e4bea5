"""Which Actions a trigger runs, and in which order: /actions/triggers/{triggerId}/bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.actions import kept
from wizard.practice.actions.kept import ACTIONS, BINDINGS, Kept, kept_action, nanoseconds, new_uuid
from wizard.practice.actions.shapes import BINDINGS as BINDINGS_SHAPE
from wizard.practice.actions.shapes import BOUND, TRIGGERS
from wizard.practice.errors import ApiError, invalid_uri
from wizard.practice.management.access import require
from wizard.practice.requests.reading import json_body

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

POLICY = {trigger["id"]: trigger["binding_policy"] for trigger in TRIGGERS}


def routes(tenant: PracticeTenant) -> list[Route]:
    async def read(request: Request) -> Response:
        from wizard.practice.actions.endpoints import any_size, listed

        require(request, "read:actions")
        trigger = _trigger(request)
        return listed(any_size(request), "bindings", _shown(tenant, trigger))

    async def replace(request: Request) -> Response:
        require(request, "update:actions")
        trigger = _trigger(request)
        if POLICY[trigger] != "trigger-bound":
            raise ApiError(400, f"Actions of the trigger {trigger} are bound to an entity, not to a flow.")
        wanted = (await json_body(request, BINDINGS_SHAPE)).get("bindings", [])
        with tenant.transaction():
            _replace(tenant, trigger, wanted)
        return JSONResponse({"bindings": _shown(tenant, trigger)})

    path = "/api/v2/actions/triggers/{trigger}/bindings"
    return [Route(path, read, methods=["GET"]), Route(path, replace, methods=["PATCH"])]


def bound_actions(tenant: PracticeTenant, trigger: str) -> list[Kept]:
    """Return the Actions that the trigger runs, in their order."""
    rows = tenant.db.execute("select action_id from action_bindings where trigger_id = ? order by row", (trigger,))
    found = [kept_action(tenant, row["action_id"]) for row in rows.fetchall()]
    return [each for each in found if each is not None]


def is_bound(tenant: PracticeTenant, action_id: str) -> bool:
    return BINDINGS.find(tenant.db, action_id=action_id) is not None


def unbind(tenant: PracticeTenant, action_id: str) -> None:
    BINDINGS.delete(tenant.db, action_id=action_id)


def _trigger(request: Request) -> str:
    trigger: str = request.path_params["trigger"]
    if trigger not in POLICY:
        raise invalid_uri(f"No enum match for: {trigger}", "triggerId")
    return trigger


def _replace(tenant: PracticeTenant, trigger: str, wanted: list[dict[str, Any]]) -> None:
    """Let the trigger run exactly these, in this order; one that was bound already keeps its binding."""
    if len(wanted) > BOUND:
        raise ApiError(400, f"A trigger must not have more than {BOUND} bound actions.", "invalid_body")
    db, now = tenant.db, tenant.clock.now()
    rows = db.execute("select id from action_bindings where trigger_id = ?", (trigger,)).fetchall()
    old = {found.body["id"]: found.body for row in rows if (found := BINDINGS.find(db, id=row["id"])) is not None}
    made: list[dict[str, Any]] = []
    for each in wanted:
        before, action = _referred(tenant, trigger, each["ref"], old)
        _refuse_unbindable(tenant, trigger, action)
        if any(action.body["id"] == other["action_id"] for other in made):
            raise ApiError(400, "An action cannot be bound to a trigger twice.", "invalid_body")
        name = each.get("display_name") or (before or {}).get("display_name") or action.body["name"]
        binding = before or {"id": new_uuid(tenant), "action_id": action.body["id"], "created": now}
        changed = before is None or name != before["display_name"]
        made.append(binding | {"display_name": name} | ({"updated": now} if changed else {}))
    BINDINGS.delete(db, trigger_id=trigger)
    for binding in made:
        BINDINGS.add(db, binding, id=binding["id"], trigger_id=trigger, action_id=binding["action_id"])


def _referred(
    tenant: PracticeTenant, trigger: str, ref: dict[str, Any], old: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any] | None, Kept]:
    """Find the Action a ref means, and the binding it has already."""
    kind, value = ref.get("type"), ref.get("value", "")
    if kind == "binding_id":
        binding = old.get(value)
        if binding is None:
            raise ApiError(400, f"The binding {value} does not exist on the trigger {trigger}.", "invalid_body")
        action_id = binding["action_id"]
    elif kind == "action_name":
        action_id = _named(tenant, trigger, value)
    else:
        action_id = value
    action = kept.kept_action(tenant, action_id)
    if action is None:
        raise ApiError(404, "That action does not exist.")
    return next((each for each in old.values() if each["action_id"] == action_id), None), action


def _named(tenant: PracticeTenant, trigger: str, name: str) -> str:
    for row in tenant.db.execute("select id from actions where name = ? order by row", (name,)).fetchall():
        found = ACTIONS.find(tenant.db, id=row["id"])
        if found is not None and found.body["supported_triggers"][0]["id"] == trigger:
            return str(row["id"])
    return ""


def _refuse_unbindable(tenant: PracticeTenant, trigger: str, action: Kept) -> None:
    if action.body["supported_triggers"][0]["id"] != trigger:
        raise ApiError(400, f"The action does not support the trigger {trigger}.", "invalid_body")
    # One that is on its way to be live counts as deployed: recorded clients bind right after the answer to their deploy.
    if not action.versions and tenant.switches.undeployed_action_binding == "refused":
        raise ApiError(400, "The action must be deployed before it can be bound.", "invalid_body")


def _shown(tenant: PracticeTenant, trigger: str) -> list[dict[str, Any]]:
    rows = tenant.db.execute("select id from action_bindings where trigger_id = ? order by row", (trigger,)).fetchall()
    found = [BINDINGS.find(tenant.db, id=row["id"]) for row in rows]
    return [_one(tenant, trigger, each.body) for each in found if each is not None]


def _one(tenant: PracticeTenant, trigger: str, binding: dict[str, Any]) -> dict[str, Any]:
    action = kept_action(tenant, binding["action_id"])
    assert action is not None  # noqa: S101 - an Action takes its bindings with it
    return {
        "id": binding["id"],
        "trigger_id": trigger,
        "action": kept.summary(action) | kept.versions_of(tenant, action),
        "created_at": nanoseconds(binding["created"]),
        "updated_at": nanoseconds(binding["updated"]),
        "display_name": binding["display_name"],
    }
