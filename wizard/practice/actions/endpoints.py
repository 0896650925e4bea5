"""Actions: the /actions/actions endpoints.

Source: Auth0 docs, Management API, "Actions"; bodies, statuses and texts as real tenants answer them.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.actions import bindings, kept
from wizard.practice.actions.drafts import changed_draft, new_draft
from wizard.practice.actions.kept import ACTION_VERSIONS, ACTIONS, Kept, build_status, shown_action, shown_version
from wizard.practice.actions.shapes import CREATE, DEPLOY_VERSION, TRIGGER_IDS, TRIGGERS, UPDATE
from wizard.practice.errors import ApiError
from wizard.practice.management.access import require
from wizard.practice.requests.reading import Window, json_body, offset_window, query
from wizard.practice.requests.schema import FLAG, choice, text

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

NOT_BUILT = "A draft must be in the 'built' state before it can be deployed."
BASE = "/api/v2/actions"
MOST_A_PAGE = 1_000_000
"""Auth0 documents no limit of a page of this list."""


def create_tables(db: sqlite3.Connection) -> None:
    kept.create_tables(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    async def list_actions(request: Request) -> Response:
        require(request, "read:actions")
        window = any_size(request)
        asked = query(
            request,
            {"triggerId": choice(*TRIGGER_IDS), "actionName": text(), "deployed": FLAG, "installed": FLAG},
        )
        return listed(window, "actions", _matching(tenant, asked))

    async def create(request: Request) -> Response:
        require(request, "create:actions")
        body = await json_body(request, CREATE)
        with tenant.transaction() as db:
            draft = new_draft(tenant, body)
            if body.get("deploy"):
                kept.add_version(tenant, draft, draft, with_create=True)
            ACTIONS.add(db, draft, id=draft["id"], name=draft["name"])
        return JSONResponse(shown_action(tenant, action_of(tenant, draft["id"])), 201)

    async def read(request: Request) -> Response:
        require(request, "read:actions")
        return JSONResponse(shown_action(tenant, action_of(tenant, request.path_params["id"])))

    async def update(request: Request) -> Response:
        require(request, "update:actions")
        changes = await json_body(request, UPDATE)
        with tenant.transaction() as db:
            found = action_of(tenant, request.path_params["id"])
            body = changed_draft(tenant, found.body, changes)
            ACTIONS.replace(db, found.document.row, body)
            db.execute("update actions set name = ? where id = ?", (body["name"], body["id"]))
        return JSONResponse(shown_action(tenant, action_of(tenant, body["id"])))

    async def delete(request: Request) -> Response:
        require(request, "delete:actions")
        force = query(request, {"force": FLAG}).get("force", False)
        with tenant.transaction() as db:
            found = action_of(tenant, request.path_params["id"])
            if bindings.is_bound(tenant, found.body["id"]) and not force:
                raise ApiError(400, "The action is bound to a trigger and cannot be deleted.")
            bindings.unbind(tenant, found.body["id"])
            ACTION_VERSIONS.delete(db, action_id=found.body["id"])
            ACTIONS.delete(db, id=found.body["id"])
        return Response(status_code=204)

    async def deploy(request: Request) -> Response:
        require(request, "create:actions")
        with tenant.transaction() as db:
            found = action_of(tenant, request.path_params["id"])
            if build_status(tenant, found.body) != "built":
                raise ApiError(400, NOT_BUILT)
            version = kept.add_version(tenant, found.body, found.body)
            ACTIONS.replace(db, found.document.row, found.body)
        return JSONResponse(_deploying(tenant, found, version))

    async def list_versions(request: Request) -> Response:
        require(request, "read:actions")
        window = any_size(request)
        found = action_of(tenant, request.path_params["id"])
        return listed(window, "versions", [shown_version(tenant, found, each) for each in found.versions])

    async def read_version(request: Request) -> Response:
        require(request, "read:actions")
        found, version = _version_of(tenant, request)
        return JSONResponse(shown_version(tenant, found, version))

    async def deploy_version(request: Request) -> Response:
        require(request, "create:actions")
        body = await json_body(request, DEPLOY_VERSION) or {}
        with tenant.transaction() as db:
            found, old = _version_of(tenant, request)
            draft = found.body
            version = kept.add_version(tenant, draft, old)
            if body.get("update_draft"):
                draft |= {name: old[name] for name in old if name in draft and name not in {"id", "created"}}
            ACTIONS.replace(db, found.document.row, draft)
        return JSONResponse(_deploying(tenant, found, version))

    async def triggers(request: Request) -> Response:
        require(request, "read:actions")
        return JSONResponse({"triggers": list(TRIGGERS)})

    one = f"{BASE}/actions/{{id}}"
    return [
        Route(f"{BASE}/actions", list_actions, methods=["GET"]),
        Route(f"{BASE}/actions", create, methods=["POST"]),
        Route(one, read, methods=["GET"]),
        Route(one, update, methods=["PATCH"]),
        Route(one, delete, methods=["DELETE"]),
        Route(f"{one}/deploy", deploy, methods=["POST"]),
        Route(f"{one}/versions", list_versions, methods=["GET"]),
        Route(f"{one}/versions/{{version}}", read_version, methods=["GET"]),
        Route(f"{one}/versions/{{version}}/deploy", deploy_version, methods=["POST"]),
        Route(f"{BASE}/triggers", triggers, methods=["GET"]),
        *bindings.routes(tenant),
    ]


def any_size(request: Request) -> Window:
    """Read a page; lists about Actions have pages of any size."""
    return offset_window(request, highest=MOST_A_PAGE, lowest=0)


def listed(window: Window, key: str, items: list[dict[str, Any]]) -> Response:
    """Answer with a page; figures that are zero are left out, as real tenants do, and so is the total beyond the last."""
    page = window.offset // window.limit if window.limit else 0
    part = items[window.offset : window.offset + window.limit]
    figures = {"total": len(items) if part else 0, "page": page, "per_page": window.limit}
    return JSONResponse({key: part} | {name: figure for name, figure in figures.items() if figure})


def action_of(tenant: PracticeTenant, action_id: str) -> Kept:
    """Find an Action.

    Raises:
        ApiError: 404, without an errorCode.
    """
    found = kept.kept_action(tenant, action_id)
    if found is None:
        raise ApiError(404, "That action does not exist.")
    return found


def _matching(tenant: PracticeTenant, asked: dict[str, Any]) -> list[dict[str, Any]]:
    rows = tenant.db.execute("select id from actions order by row").fetchall()
    shown = [shown_action(tenant, action_of(tenant, row["id"])) for row in rows]
    return [
        each
        for each in shown
        if asked.get("triggerId") in {None, *(trigger["id"] for trigger in each["supported_triggers"])}
        and asked.get("actionName") in {None, each["name"]}
        and asked.get("deployed") in {None, "deployed_version" in each}
        and not asked.get("installed")
    ]


def _deploying(tenant: PracticeTenant, found: Kept, version: dict[str, Any]) -> dict[str, Any]:
    """The answer to a deploy: the new version, which says it is not deployed yet."""
    return shown_version(tenant, found, version) | {"deployed": False}


def _version_of(tenant: PracticeTenant, request: Request) -> tuple[Kept, dict[str, Any]]:
    found = action_of(tenant, request.path_params["id"])
    for version in found.versions:
        if version["id"] == request.path_params["version"]:
            return found, version
    raise ApiError(404, "That action version does not exist.")
