"""The job endpoints: users-imports, users-exports, a job and its errors."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, invalid_uri
from wizard.practice.jobs import exports, verification
from wizard.practice.jobs import work as job_work
from wizard.practice.jobs.imports import parse_users
from wizard.practice.jobs.uploads import import_connection, read_upload
from wizard.practice.jobs.work import JobWork, NewJob
from wizard.practice.management.access import require
from wizard.practice.users.shape import iso

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

JOBS = "/api/v2/jobs"
MOST_ACTIVE = 2
JOB_ID = r"^job_[A-Za-z0-9]{16}$"


def create_tables(db: sqlite3.Connection) -> None:
    """Make the tables of jobs, their errors and the key that signs download addresses."""
    job_work.create_tables(db)
    exports.create_tables(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    """Return the routes; from now on each request first settles the jobs that are due."""
    work = JobWork(tenant)
    tenant.before_request.append(work.settle)
    return [
        Route(f"{JOBS}/users-imports", _create_import(tenant, work), methods=["POST"]),
        Route(f"{JOBS}/users-exports", exports.create_export(tenant), methods=["POST"]),
        verification.route(tenant),
        Route(f"{JOBS}/{{id}}", _get(tenant), methods=["GET"]),
        Route(f"{JOBS}/{{id}}/errors", _errors(tenant), methods=["GET"]),
        exports.download_route(tenant),
    ]


def _create_import(tenant: PracticeTenant, work: JobWork) -> Any:
    async def create_import(request: Request) -> Response:
        require(request, "create:users")
        upload = await read_upload(request)
        work.settle()  # reading took time in which a job may have ended
        connection = import_connection(tenant, upload.connection_id)
        active = _active_imports(tenant)
        if active >= MOST_ACTIVE:
            raise ApiError(
                429,
                f"There are {active} active import users jobs, "
                "please wait until some of them are finished and try again",
                tenant.switches.import_limit_code,
            )
        users = parse_users(upload.users)
        job_id = job_work.create(
            tenant,
            NewJob(
                "users_import",
                connection,
                {"upsert": upload.upsert, "send_completion_email": upload.send_completion_email},
                upload.external_id,
                upload.users,
                None if users is None else len(users),
            ),
        )
        return JSONResponse(_created(tenant, job_id), 202)

    return create_import


def _active_imports(tenant: PracticeTenant) -> int:
    row = tenant.db.execute(
        "select count(*) from jobs where status in ('pending', 'processing') and type = 'users_import'"
    ).fetchone()
    return int(row[0])


def _created(tenant: PracticeTenant, job_id: str) -> dict[str, Any]:
    return _base(_job(tenant, job_id))


def _base(row: sqlite3.Row) -> dict[str, Any]:
    """Return the members that a job has from its first moment."""
    body = {
        "type": row["type"],
        "status": row["status"],
        "connection_id": row["connection_id"],
        "connection": row["connection"],
        "created_at": iso(row["created_ms"]),
        "id": row["id"],
        "external_id": row["external_id"],
    }
    if row["type"] == "users_export":
        body |= orjson.loads(row["settings"])
    return {key: value for key, value in body.items() if value is not None}


def _job(tenant: PracticeTenant, job_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = tenant.db.execute("select * from jobs where id = ?", (job_id,)).fetchone()
    if row is None:
        raise ApiError(404, "The job does not exist", "inexistent_job")
    return row


def _asked_for(tenant: PracticeTenant, request: Request) -> sqlite3.Row:
    require(request, "create:users", "read:users")
    job_id = request.path_params["id"]
    if not (len(job_id) == 20 and job_id.startswith("job_") and job_id[4:].isascii() and job_id[4:].isalnum()):
        raise invalid_uri(f"String does not match pattern {JOB_ID}", "id")
    return _job(tenant, job_id)


def _get(tenant: PracticeTenant) -> Any:
    async def get_job(request: Request) -> Response:
        row = _asked_for(tenant, request)
        body = _base(row)
        if row["status"] == "failed" and row["fate"]:
            body["status_details"] = row["fate"]
        if row["status"] in job_work.ACTIVE and tenant.switches.job_progress:
            body |= _progress(row, tenant.clock.now())
        if row["status"] == "completed" and row["type"] == "users_import":
            body["summary"] = {name: row[name] for name in ("failed", "updated", "inserted", "total")}
        if row["status"] == "completed" and row["type"] == "users_export":
            body["location"] = exports.location(tenant, request, row)
        return JSONResponse(body)

    return get_job


def _progress(row: sqlite3.Row, now: float) -> dict[str, int]:
    left = max(0, row["ends_ms"] - int(now * 1000))
    whole = max(1, row["ends_ms"] - row["created_ms"])
    return {"percentage_done": 100 - 100 * left // whole, "time_left_seconds": left // 1000}


def _errors(tenant: PracticeTenant) -> Any:
    async def get_errors(request: Request) -> Response:
        row = _asked_for(tenant, request)
        if row["status"] == "failed" and row["fate"]:
            return JSONResponse(_base(row) | {"status_details": row["fate"]})
        found = tenant.db.execute("select body from job_errors where job_id = ? order by position", (row["id"],))
        bodies = [each["body"] for each in found]
        if not bodies:
            return Response(status_code=204)
        return Response("[" + ",".join(bodies) + "]", media_type="application/json")

    return get_errors
