"""The second factors a user has: /users/{id}/authentication-methods, to be seen and to be taken away.

Imports and login scripts bring them; nobody enrols here.

Source: Auth0 docs, "Manage Authentication Methods with Auth0 Management API".
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wizard.practice.errors import missing
from wizard.practice.management.access import require
from wizard.practice.requests.reading import listing, offset_window
from wizard.practice.users import table as user_table
from wizard.practice.users.shape import iso

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


def routes(tenant: PracticeTenant) -> list[Route]:
    async def read(request: Request) -> Response:
        require(request, "read:authentication_methods")
        window = offset_window(request, lowest=0)
        row = user_table.find(tenant, request.path_params["id"])
        if row is None:
            raise missing("user")
        methods = _methods(row)
        page = methods[window.offset : window.offset + window.limit]
        return listing(window, "authenticators", page, len(methods))

    async def delete(request: Request) -> Response:
        require(request, "delete:authentication_methods")
        with tenant.transaction():
            row = user_table.find(tenant, request.path_params["id"])
            if row is not None:
                user_table.change(tenant, row, {"factors": None})
        return Response(status_code=204)

    path = "/api/v2/users/{id}/authentication-methods"
    return [Route(path, read, methods=["GET"]), Route(path, delete, methods=["DELETE"])]


def _methods(row: sqlite3.Row) -> list[dict[str, Any]]:
    """Return the factors as methods, without the secret of a one-time password."""
    return [
        _method(kind, value, _device(row, number), iso(row["created_ms"]))
        for number, factor in enumerate(orjson.loads(row["factors"] or "[]"))
        for kind, value in factor.items()
    ]


def _method(kind: str, value: dict[str, Any], device: str, created_at: str) -> dict[str, Any]:
    method = {"id": f"{kind}|{device}", "type": kind, "confirmed": True, "created_at": created_at}
    if kind == "phone":
        ways = [{"id": f"sms|{device}", "type": "sms"}]
        by_text = {"preferred_authentication_method": "sms", "authentication_methods": ways}
        return method | {"phone_number": value["value"]} | by_text
    return method | ({"email": value["value"]} if kind == "email" else {})


def _device(row: sqlite3.Row, number: int) -> str:
    """An id that stays the same from one look to the next."""
    factor = f"{row['connection_id']} {row['id']} {number}"
    return f"dev_{hashlib.sha256(factor.encode()).hexdigest()[:16]}"
