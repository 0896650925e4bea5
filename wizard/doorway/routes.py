"""The routes of the API and their description, as FastAPI has them."""

from typing import Annotated, Any

from fastapi import FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from wizard.doorway.desk import Desk
from wizard.doorway.refusal import Refusal, internal_error, invalid_request
from wizard.doorway.tokens import Tokens

Authorization = Annotated[str | None, Header()]
Name = Annotated[str | None, Query(min_length=1, max_length=320)]


class Login(BaseModel):
    """What somebody typed to log in."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    identifier: str = Field(min_length=1, max_length=320)
    password: str = Field(min_length=1, max_length=4096, repr=False)


class Profile(BaseModel):
    """A user as in an import file, without password hash; `user_id` without auth0|."""

    user: dict[str, Any]


class Migrated(BaseModel):
    """A page of marked users; `count` is of all of them, `next` is there while more may follow."""

    count: int
    user_ids: list[str]
    next: str | None = None


class Error(BaseModel):
    """What went wrong: a code, and words for people."""

    error: str
    message: str
    user_id: str | None = None
    reason: str | None = None


MEANINGS = {
    400: "invalid_request",
    401: "invalid_token",
    403: "insufficient_scope; for logins also wrong_password with user_id",
    404: "unknown_user",
    409: "ambiguous_email",
    413: "too_large",
    422: "user_rejected with reason: the record cannot go to Auth0",
    429: "too_many_attempts, with Retry-After",
    503: "store_unavailable, with Retry-After",
}


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": Error, "description": MEANINGS[status]} for status in (400, 401, 403, 413, 503, *statuses)
    }


def routes(desk: Desk, tokens: Tokens) -> FastAPI:
    """The application behind the gate."""
    app = FastAPI(title="Legacy API", version="1", docs_url=None, redoc_url=None, redirect_slashes=False)

    @app.post("/login", response_model=Profile, responses=_errors(404, 409, 422, 429), tags=["verify:passwords"])
    async def login(typed: Login, authorization: Authorization = None) -> Any:
        """Check a password and give the user's profile."""
        await tokens.require(authorization, "verify:passwords")
        return JSONResponse({"user": await desk.login(typed.identifier, typed.password)})

    @app.get("/users", response_model=Profile, responses=_errors(404, 409, 422), tags=["read:users"])
    async def user(email: Name = None, username: Name = None, authorization: Authorization = None) -> Any:
        """The user with this e-mail address, or this username, who is not marked as migrated."""
        await tokens.require(authorization, "read:users")
        if (email is None) == (username is None):
            raise invalid_request("Give either email or username")
        return JSONResponse({"user": await desk.user(email=email, username=username)})

    @app.get("/users/{user_id:path}", response_model=Profile, responses=_errors(404, 422), tags=["read:users"])
    async def user_with_id(user_id: str, authorization: Authorization = None) -> Any:
        """The user with this id, also if marked as migrated."""
        await tokens.require(authorization, "read:users")
        return JSONResponse({"user": await desk.user_with_id(user_id)})

    @app.post("/users/{user_id:path}/migrated", status_code=204, responses=_errors(404), tags=["mark:users"])
    async def mark(user_id: str, authorization: Authorization = None) -> Response:
        """Note that the user is in Auth0."""
        await tokens.require(authorization, "mark:users")
        await desk.mark(user_id)
        return Response(status_code=204)

    @app.delete("/users/{user_id:path}/migrated", status_code=204, responses=_errors(), tags=["mark:users"])
    async def unmark(user_id: str, authorization: Authorization = None) -> Response:
        """Take that note back."""
        await tokens.require(authorization, "mark:users")
        await desk.unmark(user_id)
        return Response(status_code=204)

    @app.get("/migrated", response_model=Migrated, responses=_errors(), tags=["read:users"])
    async def migrated(
        after: Annotated[str, Query(max_length=320)] = "",
        take: Annotated[int, Query(ge=1, le=1000)] = 100,
        authorization: Authorization = None,
    ) -> Any:
        """Ids of marked users, page by page."""
        await tokens.require(authorization, "read:users")
        return JSONResponse(await desk.migrated(after, take))

    @app.get("/healthz", tags=["operation"])
    async def alive() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: {"model": Error, "description": MEANINGS[503]}}, tags=["operation"])
    async def ready() -> dict[str, str]:
        """The legacy store, the marks and the keys of the tenant can be reached."""
        await tokens.ready()
        await desk.ready()
        return {"status": "ok"}

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> JSONResponse:
        request.scope["state"] |= {"outcome": refusal.code, "why": refusal.message}
        return JSONResponse(refusal.body, refusal.status, headers=refusal.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # A caller without a token learns nothing about what a request should look like.
        try:
            await tokens.require(request.headers.get("authorization"), SCOPE_OF.get(request.url.path, "read:users"))
        except Refusal as refusal:
            return await refused(request, refusal)
        places = {".".join(str(part) for part in problem["loc"] if isinstance(part, str)) for problem in error.errors()}
        return await refused(
            request, invalid_request(f"Not as it should be: {', '.join(sorted(places & KNOWN)) or 'body'}")
        )

    @app.exception_handler(HTTPException)
    async def missing(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
        request.scope["state"]["outcome"] = code
        return JSONResponse({"error": code, "message": str(error.detail)}, error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        """Whatever it is, it goes on to the gate, which logs its kind."""
        return JSONResponse(internal_error().body, 500)

    return app


SCOPE_OF = {"/login": "verify:passwords"}
KNOWN = {"body", "body.identifier", "body.password", "query.email", "query.username", "query.after", "query.take"}
"""Places that may be named in an error; others come from the caller."""
