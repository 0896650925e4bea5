"""The refusals of the practice tenant, with the bodies Auth0 sends."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.responses import Response

REASONS = {413: "Request Entity Too Large", 414: "Request-URI Too Large"}
"""Reason phrases where Auth0 and the standard library differ."""


class ApiError(Exception):
    """A refusal of the Management API: `{"statusCode","error","message","errorCode"?}`.

    Args:
        status: HTTP status.
        message: Auth0's text.
        error_code: Auth0's `errorCode`; left out of the body when None.
        extra: Further members of the body, such as `attributes`.
        headers: Headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        error_code: str | None = None,
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error_code = error_code
        self.extra = extra or {}
        self.headers = headers

    @property
    def body(self) -> dict[str, Any]:
        reason = REASONS.get(self.status) or HTTPStatus(self.status).phrase
        body: dict[str, Any] = {"statusCode": self.status, "error": reason, "message": self.message}
        if self.error_code is not None:
            body["errorCode"] = self.error_code
        return body | self.extra

    def response(self) -> Response:
        from starlette.responses import JSONResponse

        return JSONResponse(self.body, self.status, headers=self.headers)


class AuthError(Exception):
    """A refusal of the Authentication API: `{"error","error_description"}`."""

    def __init__(
        self,
        status: int,
        error: str,
        error_description: str,
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(error_description)
        self.status = status
        self.error = error
        self.error_description = error_description
        self.extra = extra or {}
        self.headers = headers

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error, "error_description": self.error_description} | self.extra

    def response(self) -> Response:
        from starlette.responses import JSONResponse

        return JSONResponse(self.body, self.status, headers=self.headers)


def invalid_body(problem: str, where: str = "") -> ApiError:
    """Refuse a body the way Auth0 does: `Payload validation error: '…' on property x.`"""
    place = f" on property {where}" if where else ""
    return ApiError(400, f"Payload validation error: '{problem}'{place}.", "invalid_body")


def invalid_query(problem: str, where: str = "") -> ApiError:
    """Refuse a query string: `Query validation error: '…' on property x.`"""
    place = f" on property {where}" if where else ""
    return ApiError(400, f"Query validation error: '{problem}'{place}.", "invalid_query_string")


def invalid_uri(problem: str, where: str = "") -> ApiError:
    """Refuse a path parameter: `Path validation error: '…' on property x.`"""
    place = f" on property {where}" if where else ""
    return ApiError(400, f"Path validation error: '{problem}'{place}.", "invalid_uri")


def missing(kind: str) -> ApiError:
    """Refuse an id that names nothing; `kind` is connection, client, user, resource server or grant."""
    code = f"inexistent_{'client_grant' if kind == 'grant' else kind.replace(' ', '_')}"
    stop = "." if kind in {"user", "grant"} else ""
    return ApiError(404, f"The {kind} does not exist{stop}", code)
