"""Running an Action by hand, and looking at runs: POST /actions/actions/{id}/test and GET /actions/executions/{id}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.actions.execution import code_of, execution, run_action
from wizard.practice.actions.kept import build_status, kept_action
from wizard.practice.actions.shapes import TEST
from wizard.practice.errors import ApiError
from wizard.practice.management.access import require
from wizard.practice.requests.reading import json_body

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

RUN_HERE = ("post-login", "credentials-exchange")


def routes(tenant: PracticeTenant) -> list[Route]:
    async def test(request: Request) -> Response:
        """Run the draft with the event of the payload; nothing it asks for is done."""
        require(request, "create:actions")
        payload = (await json_body(request, TEST))["payload"]
        found = kept_action(tenant, request.path_params["id"])
        if found is None:
            raise ApiError(404, "That action does not exist.")
        trigger = found.body["supported_triggers"][0]["id"]
        if trigger not in RUN_HERE or build_status(tenant, found.body) != "built":
            raise ApiError(400, "The action cannot be tested.")
        code = code_of(tenant, f"{found.body['id']} draft {found.body['revision']}", found.body)
        outcome = await run_action(tenant, trigger, code, payload.get("event", payload), tenant.sandbox.patience)
        answer: dict[str, Any] = {"commands": outcome.answer.get("commands", []), "logs": list(outcome.console)}
        if outcome.error is not None:
            answer["error"] = {"id": outcome.error.kind, "msg": outcome.error.message}
        return JSONResponse({"payload": answer})

    async def read_execution(request: Request) -> Response:
        require(request, "read:actions")
        found = execution(tenant, request.path_params["id"])
        if found is None:
            raise ApiError(404, "That execution does not exist.")
        return JSONResponse(found)

    return [
        Route("/api/v2/actions/actions/{id}/test", test, methods=["POST"]),
        Route("/api/v2/actions/executions/{id}", read_execution, methods=["GET"]),
    ]
