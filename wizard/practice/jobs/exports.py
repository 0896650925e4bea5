"""Export jobs: created, finished with a download address that is good for a minute, and streamed from the database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from wizard.practice.errors import ApiError, invalid_body
from wizard.practice.jobs import export_fields
from wizard.practice.jobs import work as job_work
from wizard.practice.jobs.uploads import CONNECTION_ID
from wizard.practice.jobs.work import NewJob
from wizard.practice.management.access import require
from wizard.practice.requests import schema
from wizard.practice.requests.reading import json_body
from wizard.practice.users.shape import connection_names, iso, shown

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

LINK_SECONDS = 60
ROWS_AT_ONCE = 500
MOST_CSV_FIELDS = 30
COMPRESSION = 1
LINKED_HERE = " or exists (select 1 from users as other where other.linked_to = users.seq and other.connection_id = ?2)"
"""Users of other connections who have an identity of the one that is exported."""
NOT_ON_THIS_PLAN = "The account is not allowed to perform this operation."
"""Source: Auth0 docs, "Bulk Export User Data": not on the Free plan. In which words is not said; these are POST /clients'."""

SHAPE = schema.obj(
    {
        "connection_id": schema.text(pattern=CONNECTION_ID),
        "format": schema.choice("json", "csv"),
        "limit": schema.number(1),
        "fields": schema.many(
            schema.obj({"name": schema.text(1, 100), "export_as": schema.text(1, 100)}, "name"), high=100
        ),
    }
)


def create_tables(db: sqlite3.Connection) -> None:
    db.execute("create table if not exists export_key (key blob not null)")


def create_export(tenant: PracticeTenant) -> Any:
    async def create(request: Request) -> Response:
        require(request, "read:users")
        if tenant.plan == "free" and tenant.switches.free_plan_exports == "refused":
            raise ApiError(403, NOT_ON_THIS_PLAN)
        asked = await json_body(request, form=SHAPE)
        asked = {} if asked is None else asked
        for problem in schema.problems(asked, SHAPE):
            raise invalid_body(problem.message, problem.path)
        _check_csv(asked)
        connection = None
        if "connection_id" in asked:
            connection = tenant.connection(asked["connection_id"])
            if connection is None:
                raise ApiError(400, "The connection does not exist.", "inexistent_connection")
        settings = {"format": "json"} | {key: asked[key] for key in ("format", "limit", "fields") if key in asked}
        count = tenant.db.execute(
            "select count(*) from users where connection_id = ?1 or ?1 is null", (connection and connection.id,)
        ).fetchone()[0]
        job_id = job_work.create(
            tenant, NewJob("users_export", connection, settings, users=min(count, settings.get("limit", count)))
        )
        row = tenant.db.execute("select created_ms from jobs where id = ?", (job_id,)).fetchone()
        body = {"type": "users_export", "status": "pending", **settings}
        body |= {"connection_id": connection.id} if connection else {}
        body |= {"connection": connection.name if connection else ""}
        return JSONResponse(body | {"created_at": iso(row["created_ms"]), "id": job_id})

    return create


def _check_csv(asked: dict[str, Any]) -> None:
    """Refuse what a CSV export cannot hold: over 30 fields, and metadata as whole objects."""
    if asked.get("format") != "csv":
        return
    fields = asked.get("fields", [])
    if len(fields) > MOST_CSV_FIELDS:
        raise invalid_body(f"Array is too long ({len(fields)}), maximum {MOST_CSV_FIELDS}", "fields")
    for index, each in enumerate(fields):
        if each["name"] in {"app_metadata", "user_metadata"}:
            raise invalid_body(f"{each['name']} cannot be exported as a whole in CSV", f"fields.{index}.name")


def location(tenant: PracticeTenant, request: Request, job: sqlite3.Row) -> str:
    """Return a download address that works for a minute from now, without a token."""
    until = int(tenant.clock.now()) + LINK_SECONDS
    name = f"{tenant.domain.partition('.')[0]}.{orjson.loads(job['settings'])['format']}.gz"
    origin = tenant.origin(request.url.scheme, request.url.netloc)
    return f"{origin}/exports/{job['id']}/{name}?Expires={until}&Signature={_signature(tenant, job['id'], until)}"


def _signature(tenant: PracticeTenant, job_id: str, until: int) -> str:
    row = tenant.db.execute("select key from export_key").fetchone()
    key = row["key"] if row else secrets.token_bytes(32)
    if row is None:
        tenant.db.execute("insert into export_key (key) values (?)", (key,))
    return hmac.new(key, f"{job_id}:{until}".encode(), hashlib.sha256).hexdigest()


def download_route(tenant: PracticeTenant) -> Route:
    async def download(request: Request) -> Response:
        job_id, until = request.path_params["id"], request.query_params.get("Expires", "")
        until = until if until.isascii() and until.isdecimal() and len(until) < 16 else "0"
        good = hmac.compare_digest(
            request.query_params.get("Signature", "").encode(), _signature(tenant, job_id, int(until)).encode()
        )
        job = tenant.db.execute("select * from jobs where id = ? and status = 'completed'", (job_id,)).fetchone()
        if not good or job is None or tenant.clock.now() >= int(until):
            return _denied("Request has expired" if good else "Access Denied")
        return StreamingResponse(_compressed(_lines(tenant, job)), media_type="application/gzip")

    return Route("/exports/{id}/{name}", download, methods=["GET"])


def _denied(why: str) -> Response:
    """Answer as the file store behind a download address does."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>{why}</Message></Error>'
    return Response(text, 403, media_type="application/xml")


async def _compressed(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Compress block by block, so that an export of any size takes the memory of one block."""
    import asyncio

    squeeze = zlib.compressobj(COMPRESSION, wbits=31)
    for block in lines:
        if part := squeeze.compress(block):
            yield part
        await asyncio.sleep(0)
    yield squeeze.flush()


def _lines(tenant: PracticeTenant, job: sqlite3.Row) -> Iterator[bytes]:
    """Yield blocks of lines with the users that were there when the job ended, oldest first."""
    settings = orjson.loads(job["settings"])
    names = connection_names(tenant)
    line: Callable[[dict[str, Any]], bytes]
    if settings["format"] == "csv":
        yield export_fields.csv_header(settings.get("fields"))
        line = export_fields.csv_line(settings.get("fields"))
    else:
        line = export_fields.json_line(settings.get("fields"))
    after, left = 0, settings.get("limit", 1 << 62)
    also = LINKED_HERE if tenant.switches.linked_users_in_exports == "with their primary" else ""
    while left > 0:
        # The plus keeps SQLite from sorting a whole connection for each block: rows come by their number anyway.
        rows = tenant.db.execute(
            f"select * from users where seq > ?1 and (+connection_id = ?2 or ?2 is null{also}) and +created_ms <= ?3"  # noqa: S608 - a constant
            " and +linked_to is null"
            " order by seq limit ?4",
            (after, job["connection_id"], job["ends_ms"], min(left, ROWS_AT_ONCE)),
        ).fetchall()
        if not rows:
            return
        after, left = rows[-1]["seq"], left - len(rows)
        yield b"".join([line(shown(row, names)) for row in rows])
