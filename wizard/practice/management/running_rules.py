"""Rules as they were while they ran: the /rules and /rules-configs endpoints, and what a login makes of them.

Source: Auth0 docs, Management API, "Rules" and "Rules Configs"; "Rules Best Practices"; recorded answers before 2024.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, AuthError, invalid_uri, missing
from wizard.practice.management.access import require
from wizard.practice.requests.documents import Document, Table
from wizard.practice.requests.reading import chosen_fields, json_body, listing, narrowed, offset_window, query
from wizard.practice.requests.schema import FLAG, number, obj, problems, text
from wizard.practice.sandbox.sandbox import Code

if TYPE_CHECKING:
    from wizard.practice.actions.execution import Asked
    from wizard.practice.tenant import PracticeTenant

RULES = Table("rules", ["id", "name"], [["id"]])
_CHANGEABLE = {
    "name": text(pattern=r"^[a-zA-Z0-9]([ \-a-zA-Z0-9]*[a-zA-Z0-9])?$"),
    "script": text(1),
    "order": number(0, kind="number"),
    "enabled": FLAG,
}
CREATE = obj(_CHANGEABLE, "name", "script")
UPDATE = obj(_CHANGEABLE, minProperties=1)
CONFIG = obj({"value": text()}, "value")
KEY = re.compile(r"[A-Za-z0-9_\-@*+:]{1,127}")
FIELDS = frozenset({"id", "name", "script", "order", "enabled", "stage"})
RULE_ID = text(pattern="^rul_[A-Za-z0-9]{16}$")


def create_tables(db: sqlite3.Connection) -> None:
    RULES.create(db)
    db.execute("create table if not exists rules_configs (key text primary key, sealed text not null) without rowid")


def routes(tenant: PracticeTenant) -> list[Route]:
    async def list_rules(request: Request) -> Response:
        require(request, "read:rules")
        window = offset_window(request, lowest=0)
        enabled = query(request, {"enabled": FLAG}).get("enabled")
        choice = chosen_fields(request, FIELDS)
        found = [
            narrowed(rule, choice)
            for rule in (document.body for document in _ordered(tenant))
            if enabled in {None, rule["enabled"]}
        ]
        return listing(window, "rules", found[window.offset : window.offset + window.limit], len(found))

    async def create(request: Request) -> Response:
        require(request, "create:rules")
        given = await json_body(request, CREATE)
        with tenant.transaction() as db:
            orders = [document.body["order"] for document in _ordered(tenant)]
            usual = {"enabled": True, "order": max(orders, default=0) + 1}
            body = {"id": tenant.new_id("rul"), "stage": "login_success"} | usual | given
            _refuse_taken(tenant, body)
            RULES.add(db, body, id=body["id"], name=body["name"])
        return JSONResponse(body, 201)

    async def read(request: Request) -> Response:
        require(request, "read:rules")
        choice = chosen_fields(request, FIELDS)
        return JSONResponse(narrowed(_rule(tenant, request).body, choice))

    async def update(request: Request) -> Response:
        require(request, "update:rules")
        changes = await json_body(request, UPDATE)
        with tenant.transaction() as db:
            found = _rule(tenant, request)
            body = found.body | changes
            _refuse_taken(tenant, body)
            RULES.replace(db, found.row, body)
        return JSONResponse(body)

    async def delete(request: Request) -> Response:
        require(request, "delete:rules")
        with tenant.transaction() as db:
            RULES.delete(db, id=request.path_params["id"])
        return Response(status_code=204)

    async def list_configs(request: Request) -> Response:
        require(request, "read:rules_configs")
        rows = tenant.db.execute("select key from rules_configs order by key").fetchall()
        return JSONResponse([{"key": row["key"]} for row in rows])

    async def put_config(request: Request) -> Response:
        require(request, "update:rules_configs")
        value = (await json_body(request, CONFIG))["value"]
        key = request.path_params["id"]
        if not KEY.fullmatch(key):
            raise invalid_uri(f"String does not match pattern {KEY.pattern}", "key")
        with tenant.transaction() as db:
            db.execute("insert or replace into rules_configs values (?, ?)", (key, tenant.keys.seal(value)))
        return JSONResponse({"key": key, "value": value})

    async def delete_config(request: Request) -> Response:
        require(request, "delete:rules_configs")
        with tenant.transaction() as db:
            db.execute("delete from rules_configs where key = ?", (request.path_params["id"],))
        return Response(status_code=204)

    return [
        Route("/api/v2/rules", list_rules, methods=["GET"]),
        Route("/api/v2/rules", create, methods=["POST"]),
        Route("/api/v2/rules/{id}", read, methods=["GET"]),
        Route("/api/v2/rules/{id}", update, methods=["PATCH"]),
        Route("/api/v2/rules/{id}", delete, methods=["DELETE"]),
        Route("/api/v2/rules-configs", list_configs, methods=["GET"]),
        Route("/api/v2/rules-configs/{id}", put_config, methods=["PUT"]),
        Route("/api/v2/rules-configs/{id}", delete_config, methods=["DELETE"]),
    ]


async def run_rules(tenant: PracticeTenant, event: Mapping[str, Any], user: dict[str, Any]) -> Asked:
    """Run the enabled Rules at a login, write the metadata they set, and return the claims and the factor they ask for.

    Args:
        event: What the Actions of this login see; the Rules' `context` is made of it.

    Raises:
        AuthError: 401 unauthorized when a Rule refused with UnauthorizedError, access_denied when one failed.
        UsageError: there is no Node on this machine.
    """
    from wizard.practice.actions.execution import RESERVED, Asked
    from wizard.practice.authentication.after_login import write_metadata

    rules = [document.body for document in _ordered(tenant) if document.body["enabled"]]
    if tenant.switches.rules != "run" or not rules:
        return Asked()
    rows = tenant.db.execute("select key, sealed from rules_configs").fetchall()
    configuration = {row["key"]: tenant.keys.unseal(row["sealed"]) for row in rows}
    body = {"rules": [rule["script"] for rule in rules], "configuration": configuration, "domain": tenant.domain}
    code = Code("rules", "rules", body, fetch=tenant.switches.fetch_in_scripts)
    outcome = await tenant.sandbox.run(code, {"user": user, "context": _context(event)})
    for kind, user_id, wanted in outcome.answer.get("metadata", []):
        write_metadata(tenant, user_id, {kind: wanted})
    if outcome.error is not None:
        with tenant.transaction():
            about = {"client_id": event["client"]["client_id"], "connection": event["connection"]["name"]}
            tenant.log("f", outcome.error.message, user_id=user["user_id"], **about)
        if outcome.error.kind == "UnauthorizedError":
            raise AuthError(401, "unauthorized", outcome.error.message)
        raise AuthError(tenant.switches.action_denial_status, "access_denied", outcome.error.message)
    context = outcome.answer["context"]
    given = {name: context.get(name) or {} for name in ("accessToken", "idToken")}
    claims = {name: {key: part[key] for key in part if key not in RESERVED} for name, part in given.items()}
    factor = context.get("multifactor")
    wanted = isinstance(factor, dict) and factor.get("provider", "none") != "none"
    return Asked(claims=claims, multifactor=wanted)


def _context(event: Mapping[str, Any]) -> dict[str, Any]:
    asked = event["request"]
    return {
        "clientID": event["client"]["client_id"],
        "clientName": event["client"]["name"],
        "clientMetadata": event["client"]["metadata"],
        "connectionID": event["connection"]["id"],
        "connection": event["connection"]["name"],
        "connectionStrategy": event["connection"]["strategy"],
        "connectionMetadata": event["connection"]["metadata"],
        "protocol": event["transaction"]["protocol"],
        "tenant": event["tenant"]["id"],
        "stats": {"loginsCount": event["stats"]["logins_count"]},
        "authentication": event["authentication"],
        "authorization": event["authorization"],
        "accessToken": {},
        "idToken": {},
        "request": {
            "userAgent": asked["user_agent"],
            "ip": asked["ip"],
            "hostname": asked["hostname"],
            "query": asked["query"],
            "body": asked["body"],
            "geoip": asked["geoip"],
        },
    }


def _ordered(tenant: PracticeTenant) -> list[Document]:
    rows = tenant.db.execute("select row, body from rules").fetchall()
    found = [Document(row["row"], json.loads(row["body"])) for row in rows]
    return sorted(found, key=lambda document: document.body["order"])


def _rule(tenant: PracticeTenant, request: Request) -> Document:
    for problem in problems(request.path_params["id"], RULE_ID):
        raise invalid_uri(problem.message, "id")
    found = RULES.find(tenant.db, id=request.path_params["id"])
    if found is None:
        raise missing("rule")
    return found


def _refuse_taken(tenant: PracticeTenant, body: dict[str, Any]) -> None:
    for document in _ordered(tenant):
        if document.body["id"] == body["id"]:
            continue
        for member in ("name", "order"):
            if document.body[member] == body[member]:
                raise ApiError(409, f"A rule with the same {member} already exists", "rule_conflict")
