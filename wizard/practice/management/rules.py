"""Rules are gone from Auth0 since 2026-11-18; what their endpoints still answer, or whether they run, is a switch.

Source: Auth0 docs, "Deprecations and Migrations": Rules and Hooks.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NoReturn

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, invalid_uri, missing
from wizard.practice.management import running_rules
from wizard.practice.management.access import require
from wizard.practice.requests.reading import offset_window
from wizard.practice.requests.schema import problems, text

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

_RULE_ID = text(pattern="^rul_[A-Za-z0-9]{16}$")


def create_tables(db: sqlite3.Connection) -> None:
    running_rules.create_tables(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    if tenant.switches.rules == "run":
        return running_rules.routes(tenant)

    def refuse_if_gone() -> None:
        if tenant.switches.rules == "refused":
            _refuse()
        if tenant.switches.rules == "missing":
            raise ApiError(404, "Not Found")

    async def list_rules(request: Request) -> Response:
        require(request, "read:rules")
        refuse_if_gone()
        window = offset_window(request, lowest=0)
        empty: list[object] = []
        if window.totals:
            return JSONResponse({"total": 0, "start": window.offset, "limit": window.limit, "rules": empty})
        return JSONResponse(empty)

    async def read(request: Request) -> Response:
        require(request, "read:rules")
        refuse_if_gone()
        for problem in problems(request.path_params["id"], _RULE_ID):
            raise invalid_uri(problem.message, "id")
        raise missing("rule")

    async def list_configs(request: Request) -> Response:
        require(request, "read:rules_configs")
        refuse_if_gone()
        return JSONResponse([])

    def delete(path: str, scope: str) -> Route:
        async def deleted(request: Request) -> Response:
            require(request, scope)
            refuse_if_gone()
            return Response(status_code=204)

        return Route(path, deleted, methods=["DELETE"])

    def write(scope: str) -> Route:
        async def refuse(request: Request) -> Response:
            require(request, scope)
            refuse_if_gone()
            _refuse()

        paths = {
            "create:rules": ("/api/v2/rules", "POST"),
            "update:rules": ("/api/v2/rules/{id}", "PATCH"),
            "update:rules_configs": ("/api/v2/rules-configs/{id}", "PUT"),
        }
        path, method = paths[scope]
        return Route(path, refuse, methods=[method])

    return [
        Route("/api/v2/rules", list_rules, methods=["GET"]),
        Route("/api/v2/rules/{id}", read, methods=["GET"]),
        delete("/api/v2/rules/{id}", "delete:rules"),
        Route("/api/v2/rules-configs", list_configs, methods=["GET"]),
        delete("/api/v2/rules-configs/{id}", "delete:rules_configs"),
        *(write(scope) for scope in ("create:rules", "update:rules", "update:rules_configs")),
    ]


def _refuse() -> NoReturn:
    raise ApiError(403, "Insufficient privileges to use this deprecated feature", "insufficient_privileges")
