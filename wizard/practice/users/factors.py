"""The second factors a user has: /users/{id}/authentication-methods, to be seen, added, replaced and taken away.

Imports and login scripts bring them too; nobody enrols at a login here.

Source: Auth0 docs, "Manage Authentication Methods with Auth0 Management API"; the OpenAPI document of the Management API.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, invalid_body, missing
from wizard.practice.management.access import require
from wizard.practice.requests.reading import json_body, listing, offset_window
from wizard.practice.requests.schema import Shape, choice, many, obj, text
from wizard.practice.users import table as user_table
from wizard.practice.users.shape import iso

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

WAY = choice("voice", "sms")
PHONE = text(2, 30)
ONE = obj(
    {
        "type": choice("phone", "email", "totp", "webauthn-roaming", "passkey"),
        "name": text(),
        "phone_number": PHONE,
        "preferred_authentication_method": WAY,
        "email": text(),
        "totp_secret": text(),
        "key_id": text(),
        "public_key": text(),
        "relying_party_identifier": text(form="hostname"),
    },
    "type",
)
ALL: Shape = many(
    obj(
        {
            "type": choice("phone", "email", "totp"),
            "name": text(1, 20),
            "phone_number": PHONE,
            "preferred_authentication_method": WAY,
            "email": text(1),
            "totp_secret": text(1),
        },
        "type",
    )
)
_VALUE = {"phone": ("phone_number", "value"), "email": ("email", "value"), "totp": ("totp_secret", "secret")}
"""What a method of this kind cannot do without: its member in a body, and the one in an import's `mfa_factors`."""
_SHOWN = ("name", "key_id", "public_key", "relying_party_identifier")


def routes(tenant: PracticeTenant) -> list[Route]:
    async def read(request: Request) -> Response:
        require(request, "read:authentication_methods")
        window = offset_window(request, lowest=0)
        methods = [{**each, "confirmed": True} for each in _methods(_user(tenant, request))]
        page = methods[window.offset : window.offset + window.limit]
        return listing(window, "authenticators", page, len(methods))

    async def add(request: Request) -> Response:
        require(request, "create:authentication_methods")
        given = await json_body(request, ONE)
        with tenant.transaction():
            row = _user(tenant, request)
            there = orjson.loads(row["factors"] or "[]")
            row = _written(tenant, row, [*there, _factor(tenant, given, there)])
        return JSONResponse(_methods(row)[-1], 201)

    async def replace(request: Request) -> Response:
        require(request, "update:authentication_methods")
        given = await json_body(request, ALL)
        with tenant.transaction():
            row = _user(tenant, request)
            wanted: list[dict[str, Any]] = []
            for each in given:
                wanted.append(_factor(tenant, each, wanted))
            row = _written(tenant, row, wanted)
        return JSONResponse(_methods(row))

    async def delete(request: Request) -> Response:
        require(request, "delete:authentication_methods")
        with tenant.transaction():
            row = user_table.find(tenant, request.path_params["id"])
            if row is not None:
                user_table.change(tenant, row, {"factors": None})
        return Response(status_code=204)

    path = "/api/v2/users/{id}/authentication-methods"
    return [
        Route(path, read, methods=["GET"]),
        Route(path, add, methods=["POST"]),
        Route(path, replace, methods=["PUT"]),
        Route(path, delete, methods=["DELETE"]),
    ]


def enrolled(tenant: PracticeTenant, user_id: str) -> list[dict[str, Any]]:
    """Return what Actions see of the factors; a passkey is no second one.

    Source: Auth0 docs, "Customize MFA Selection for Universal Login", on `enrolledFactors`.
    """
    row = user_table.find(tenant, user_id)
    found = [] if row is None else _methods(row)
    return [
        {"type": "otp" if each["type"] == "totp" else each["type"]}
        | ({"options": {"preferredMethod": each["preferred_authentication_method"]}} if each["type"] == "phone" else {})
        for each in found
        if each["type"] != "passkey"
    ]


def _user(tenant: PracticeTenant, request: Request) -> sqlite3.Row:
    row = user_table.find(tenant, request.path_params["id"])
    if row is None:
        raise missing("user")
    return row


def _factor(tenant: PracticeTenant, given: Mapping[str, Any], there: list[dict[str, Any]]) -> dict[str, Any]:
    """Turn a body into a factor like those of an import, which keeps besides when it came and what it is called.

    Raises:
        ApiError: 400 for one without what its kind needs, 409 for one that is there already.
    """
    kind = given["type"]
    kept = {name: value for name, value in given.items() if name in (*_SHOWN, "preferred_authentication_method")}
    if kind in _VALUE:
        member, inner = _VALUE[kind]
        if not given.get(member):
            raise invalid_body(f"Missing required property: {member}")
        kept[inner] = given[member]
    if any(_same(each[kind], kept) for each in there if kind in each):
        raise ApiError(409, "The authentication method already exists.")
    return {kind: kept | {"device": f"dev_{tenant.new_id('')}", "created_ms": user_table.now_ms(tenant)}}


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    marks = [[each.get(name) for name in ("value", "secret", "key_id")] for each in (one, other)]
    return marks[0] == marks[1] != [None] * 3


def _written(tenant: PracticeTenant, row: sqlite3.Row, factors: list[dict[str, Any]]) -> sqlite3.Row:
    user_table.change(tenant, row, {"factors": orjson.dumps(factors).decode() if factors else None})
    written = user_table.find_by(tenant, row["connection_id"], "id", row["id"])
    assert written is not None  # noqa: S101 - written above
    return written


def _methods(row: sqlite3.Row) -> list[dict[str, Any]]:
    """Return the factors as methods, without the secret of a one-time password."""
    return [
        _method(kind, value, value.get("device") or _device(row, number), value.get("created_ms", row["created_ms"]))
        for number, factor in enumerate(orjson.loads(row["factors"] or "[]"))
        for kind, value in factor.items()
    ]


def _method(kind: str, value: Mapping[str, Any], device: str, created_ms: int) -> dict[str, Any]:
    method = {"id": f"{kind}|{device}", "type": kind, "created_at": iso(created_ms)}
    method |= {name: value[name] for name in _SHOWN if name in value}
    if kind == "phone":
        way = value.get("preferred_authentication_method", "sms")
        ways = [{"id": f"{way}|{device}", "type": way}]
        return method | {
            "phone_number": value["value"],
            "preferred_authentication_method": way,
            "authentication_methods": ways,
        }
    return method | ({"email": value["value"]} if kind == "email" else {})


def _device(row: sqlite3.Row, number: int) -> str:
    """An id that stays the same from one look to the next."""
    factor = f"{row['connection_id']} {row['id']} {number}"
    return f"dev_{hashlib.sha256(factor.encode()).hexdigest()[:16]}"
