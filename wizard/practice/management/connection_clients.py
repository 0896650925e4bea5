"""Which applications may use a connection: the /connections/{id}/clients endpoints.

Source: Auth0 docs, "Migrate to dedicated connection endpoints" and Management API, "Connections".
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import invalid_body, missing
from wizard.practice.management.access import require
from wizard.practice.management.client_store import client_with_id
from wizard.practice.management.connection_shapes import ENABLED_CLIENTS
from wizard.practice.requests.reading import Window, checkpoint_window, cursor, json_body

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


def create_tables(db: sqlite3.Connection) -> None:
    db.execute(
        "create table if not exists connection_clients (row integer primary key autoincrement, "
        "connection_id text not null, client_id text not null, unique (connection_id, client_id))"
    )
    db.execute("create index if not exists connections_of_client on connection_clients (client_id)")


def routes(tenant: PracticeTenant) -> list[Route]:
    async def read(request: Request) -> Response:
        require(request, "read:connections")
        window = checkpoint_window(request, highest=1000, always=True) or Window(checkpoint=True)
        connection_id = _connection_id(tenant, request)
        rows = tenant.db.execute(
            "select row, client_id from connection_clients where connection_id = ? and row > ? order by row limit ?",
            (connection_id, window.after, window.limit + 1),
        ).fetchall()
        shown = rows[: window.limit]
        body: dict[str, Any] = {"clients": [{"client_id": row["client_id"]} for row in shown]}
        if len(rows) > window.limit:
            body["next"] = cursor(shown[-1]["row"])
        return JSONResponse(body)

    async def update(request: Request) -> Response:
        require(request, "update:connections")
        wanted = await json_body(request, ENABLED_CLIENTS)
        with tenant.transaction():
            connection_id = _connection_id(tenant, request)
            unknown = [each for each in wanted if client_with_id(tenant, each["client_id"]) is None]
            if unknown and tenant.switches.unknown_client_in_batch == "refused":
                raise missing("client")
            for each in wanted:
                if each not in unknown:
                    switch(tenant, connection_id, each["client_id"], each["status"])
        if unknown:
            raise missing("client")
        return Response(status_code=204)

    path = "/api/v2/connections/{id}/clients"
    return [Route(path, read, methods=["GET"]), Route(path, update, methods=["PATCH"])]


def switch(tenant: PracticeTenant, connection_id: str, client_id: str, on: bool) -> None:
    """Let an application use a connection, or no longer."""
    if on:
        tenant.db.execute(
            "insert or ignore into connection_clients (connection_id, client_id) values (?, ?)",
            (connection_id, client_id),
        )
    else:
        tenant.db.execute(
            "delete from connection_clients where connection_id = ? and client_id = ?", (connection_id, client_id)
        )


def enable_at_creation(tenant: PracticeTenant, connection_id: str, wanted: list[str] | None) -> None:
    """Do what the switch says with `enabled_clients` of a POST."""
    if not wanted or tenant.switches.enabled_clients_in_post == "ignored":
        return
    if tenant.switches.enabled_clients_in_post == "refused":
        raise invalid_body("Additional properties not allowed: enabled_clients")
    for client_id in wanted:
        refuse_unknown_client(tenant, client_id)
        switch(tenant, connection_id, client_id, True)


def take_from_patch(tenant: PracticeTenant, connection_id: str, changes: dict[str, Any]) -> None:
    """Take `enabled_clients` out of a PATCH and do with it what the switch says."""
    if "enabled_clients" not in changes:
        return
    wanted = changes.pop("enabled_clients") or []
    if tenant.switches.enabled_clients_in_patch == "refused":
        raise invalid_body("Additional properties not allowed: enabled_clients")
    if tenant.switches.enabled_clients_in_patch == "applied":
        for client_id in set(tenant.enabled_clients(connection_id)) - set(wanted):
            switch(tenant, connection_id, client_id, False)
        for client_id in wanted:
            refuse_unknown_client(tenant, client_id)
            switch(tenant, connection_id, client_id, True)


def refuse_unknown_client(tenant: PracticeTenant, client_id: str) -> None:
    if client_with_id(tenant, client_id) is None:
        raise missing("client")


def _connection_id(tenant: PracticeTenant, request: Request) -> str:
    found = tenant.connection(request.path_params["id"])
    if found is None:
        raise missing("connection")
    return found.id
