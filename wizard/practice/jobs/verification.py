"""POST /jobs/verification-email: a mail with a link that verifies an address.

No mail leaves the practice tenant: its ticket lies at GET /practice/email-verifications.

Source: Auth0 docs, Management API, "Send an email address verification email".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError
from wizard.practice.jobs import work as job_work
from wizard.practice.jobs.work import NewJob
from wizard.practice.management.access import require
from wizard.practice.requests.reading import json_body
from wizard.practice.users import tickets
from wizard.practice.users.shape import iso

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


def route(tenant: PracticeTenant) -> Route:
    async def create(request: Request) -> Response:
        require(request, "update:users")
        body = await json_body(request, tickets.VERIFICATION_MAIL)
        row = tickets.named_user(tenant, body["user_id"])
        if row is None:
            raise ApiError(400, "The user does not exist.", "inexistent_user")
        tickets.refuse_without_email(row, "user_id")
        with tenant.transaction() as db:
            tickets.issued(tenant, row, tickets.VERIFY_EMAIL, body, verifies=True)
            job_id = job_work.create(tenant, NewJob("verification_email", tenant.connection(row["connection_id"]), {}))
            job: dict[str, Any] = dict(db.execute("select * from jobs where id = ?", (job_id,)).fetchone())
        named = {name: job[name] for name in ("type", "status", "id")}
        return JSONResponse(named | {"created_at": iso(job["created_ms"])}, 201)

    return Route("/api/v2/jobs/verification-email", create, methods=["POST"])
