"""Public keys that applications authenticate with: the /clients/{id}/credentials endpoints.

Source: Auth0 docs, "Private Key JWT Authentication" and Management API, "Client Credentials".
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, invalid_body, missing
from wizard.practice.management.access import require
from wizard.practice.management.client_shapes import CREDENTIAL, CREDENTIAL_CHANGE
from wizard.practice.management.client_store import client_with_id
from wizard.practice.requests.documents import Document, Table
from wizard.practice.requests.reading import Window, json_body

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

TABLE = Table("client_credentials", ["id", "client_id", "pem"], [["id"]])
MOST = 2
"""Credentials an application may have at once."""


def create_tables(db: sqlite3.Connection) -> None:
    TABLE.create(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    async def list_credentials(request: Request) -> Response:
        require(request, "read:client_credentials")
        return JSONResponse(credentials_of(tenant, _client_id(tenant, request)))

    async def create(request: Request) -> Response:
        require(request, "create:client_credentials")
        body = await json_body(request, CREDENTIAL)
        client_id = _client_id(tenant, request)
        with tenant.transaction():
            if len(credentials_of(tenant, client_id)) >= MOST:
                raise ApiError(400, f"A client can have at most {MOST} credentials", "invalid_body")
            made = keep(tenant, client_id, body)
        return JSONResponse(made, 201)

    async def read(request: Request) -> Response:
        require(request, "read:client_credentials")
        return JSONResponse(_credential(tenant, request).body)

    async def update(request: Request) -> Response:
        require(request, "update:client_credentials")
        changes = _dated(tenant, await json_body(request, CREDENTIAL_CHANGE))
        with tenant.transaction() as db:
            found = _credential(tenant, request)
            changed = found.body | changes | {"updated_at": tenant.now_iso()}
            body = {name: part for name, part in changed.items() if part is not None}
            TABLE.replace(db, found.row, body)
        return JSONResponse(body)

    async def delete(request: Request) -> Response:
        require(request, "delete:client_credentials")
        client_id, credential_id = request.path_params["client_id"], request.path_params["credential_id"]
        client = client_with_id(tenant, client_id) or {}
        methods = client.get("client_authentication_methods") or {}
        if any(each["id"] == credential_id for method in methods.values() for each in method["credentials"]):
            raise ApiError(400, "The credential is in use by the client's authentication method", "invalid_body")
        with tenant.transaction() as db:
            TABLE.delete(db, client_id=client_id, id=credential_id)
        return Response(status_code=204)

    base = "/api/v2/clients/{client_id}/credentials"
    return [
        Route(base, list_credentials, methods=["GET"]),
        Route(base, create, methods=["POST"]),
        Route(base + "/{credential_id}", read, methods=["GET"]),
        Route(base + "/{credential_id}", update, methods=["PATCH"]),
        Route(base + "/{credential_id}", delete, methods=["DELETE"]),
    ]


def keep_all(tenant: PracticeTenant, client_id: str, methods: dict[str, Any]) -> dict[str, Any]:
    """Store the credentials sent with a new application and return its methods with their ids instead."""
    if set(methods) - {"private_key_jwt"}:
        raise ApiError(403, "mTLS client authentication is not enabled for this tenant", "feature_not_enabled")
    given = methods["private_key_jwt"]["credentials"]
    return {"private_key_jwt": {"credentials": [{"id": keep(tenant, client_id, each)["id"]} for each in given]}}


def keep(tenant: PracticeTenant, client_id: str, given: dict[str, Any]) -> dict[str, Any]:
    """Store one public key and return it as the API shows it, without the key itself.

    Raises:
        ApiError: 400 for a key that is not RSA in PEM, or weaker than 2048 bits.
    """
    if given["credential_type"] != "public_key":
        raise ApiError(403, "mTLS client authentication is not enabled for this tenant", "feature_not_enabled")
    pem, thumbprint, end = _public_pem(given.get("pem"))
    now = tenant.now_iso()
    body = {
        "id": tenant.new_id("cred", 22),
        "credential_type": "public_key",
        "kid": given.get("kid", thumbprint),
        "alg": given.get("alg", "RS256"),
        "name": given.get("name", ""),
        "created_at": now,
        "updated_at": now,
    }
    body |= {name: part for name, part in _dated(tenant, given).items() if name == "expires_at"}
    if given.get("parse_expiry_from_cert") and end is not None:
        body["expires_at"] = tenant.now_iso(end)
    TABLE.add(tenant.db, body, id=body["id"], client_id=client_id, pem=pem)
    return body


def _dated(tenant: PracticeTenant, given: dict[str, Any]) -> dict[str, Any]:
    """Write the end of a credential as Auth0 answers it, in UTC and milliseconds.

    Raises:
        ApiError: 400 for a day that no calendar has.
    """
    end = given.get("expires_at")
    if end is None:
        return given
    try:
        return given | {"expires_at": tenant.now_iso(datetime.fromisoformat(end).timestamp())}
    except (ValueError, OverflowError, OSError):
        raise invalid_body(f"Object didn't pass validation for format date-time: {end}", "expires_at") from None


def shown_at_creation(tenant: PracticeTenant, made: dict[str, Any]) -> dict[str, Any]:
    """A new application with its whole credentials; later answers have their ids alone.

    Source: recordings of go-auth0, 2023 and 2024.
    """
    if not made.get("client_authentication_methods"):
        return made
    methods = {"private_key_jwt": {"credentials": credentials_of(tenant, made["client_id"])}}
    return made | {"client_authentication_methods": methods}


def refuse_unknown(tenant: PracticeTenant, client_id: str, methods: dict[str, Any] | None) -> None:
    """Refuse methods that name credentials the application does not have.

    Raises:
        ApiError: 400.
    """
    known = {each["id"] for each in credentials_of(tenant, client_id)}
    wanted = {each["id"] for method in (methods or {}).values() for each in method["credentials"]}
    if wanted - known:
        raise ApiError(400, f"The credential {min(wanted - known)} does not exist", "invalid_body")


def credentials_of(tenant: PracticeTenant, client_id: str) -> list[dict[str, Any]]:
    page = TABLE.page(tenant.db, Window(limit=100), "client_id = ?", [client_id])
    return [document.body for document in page.documents]


def usable_keys(tenant: PracticeTenant, client: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (kid, alg, PEM) of the keys the application may sign assertions with now."""
    method = (client.get("client_authentication_methods") or {}).get("private_key_jwt")
    keys = []
    for each in method["credentials"] if method else ():
        row = tenant.db.execute("select body, pem from client_credentials where id = ?", (each["id"],)).fetchone()
        if row is None:
            continue
        kept = json.loads(row["body"])
        end = kept.get("expires_at")
        if end is None or datetime.fromisoformat(end).timestamp() > tenant.clock.now():
            keys.append((kept["kid"], kept["alg"], row["pem"]))
    return keys


def _public_pem(given: Any) -> tuple[str, str, float | None]:
    """Return a key as PEM, its thumbprint, and when its certificate ends, if it came in one.

    Source: the names that real tenants gave the keys recorded by the Terraform provider are thumbprints of RFC 7638.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from jwt.algorithms import RSAAlgorithm

    refusal = ApiError(
        400, "Payload validation error: 'The pem is not a valid RSA public key' on property pem.", "invalid_body"
    )
    if not isinstance(given, str):
        raise refusal
    key: object
    end = None
    try:
        if "BEGIN CERTIFICATE" in given:
            certificate = x509.load_pem_x509_certificate(given.encode())
            key, end = certificate.public_key(), certificate.not_valid_after_utc.timestamp()
        else:
            key = serialization.load_pem_public_key(given.encode())
    except ValueError:
        raise refusal from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048:
        raise refusal
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    members = RSAAlgorithm.to_jwk(key, as_dict=True)
    named = json.dumps({name: members[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(named.encode()).digest()).decode().rstrip("=")
    return pem.decode(), thumbprint, end


def _client_id(tenant: PracticeTenant, request: Request) -> str:
    client_id = str(request.path_params["client_id"])
    if client_with_id(tenant, client_id) is None:
        raise missing("client")
    return client_id


def _credential(tenant: PracticeTenant, request: Request) -> Document:
    found = TABLE.find(tenant.db, client_id=_client_id(tenant, request), id=request.path_params["credential_id"])
    if found is None:
        raise ApiError(404, "The credential does not exist", "inexistent_client_credential")
    return found
