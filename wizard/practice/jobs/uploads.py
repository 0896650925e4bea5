"""The multipart upload of POST /jobs/users-imports, read and refused as Auth0 does."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.practice.errors import ApiError, invalid_body

if TYPE_CHECKING:
    from starlette.requests import Request

    from wizard.practice.tenant import Connection, PracticeTenant

LARGEST_UPLOAD = 512_000
"""Bytes of the whole body, boundaries and other parts included."""

CONNECTION_ID = r"^con_[A-Za-z0-9]{16}$"

# What is wrong with an upload is for its sender: this library would tell it on stderr.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Upload:
    """The parts of an upload that Auth0 knows."""

    users: bytes
    connection_id: str
    upsert: bool
    external_id: str
    send_completion_email: bool


async def read_upload(request: Request) -> Upload:
    """Read the form.

    Raises:
        ApiError: 413 for a body over 512 000 bytes, 400 for a part that is missing, empty or malformed.
    """
    body = await _body(request)
    texts, users = await _parts(request, body)
    if users is None:
        raise ApiError(400, "Must provide 'users' file as multipart part.", "invalid_body")
    if not users:
        raise ApiError(400, "Users file must not be empty.", "invalid_body")
    if not texts.get("connection_id"):
        raise ApiError(400, "Must provide 'connection_id' as multipart part.", "invalid_body")
    if not re.fullmatch(CONNECTION_ID[1:-1], texts["connection_id"]):
        raise invalid_body(f"String does not match pattern {CONNECTION_ID}", "connection_id")
    return Upload(
        users,
        texts["connection_id"],
        _flag(texts, "upsert", usual=False),
        texts.get("external_id", ""),
        _flag(texts, "send_completion_email", usual=True),
    )


def import_connection(tenant: PracticeTenant, connection_id: str) -> Connection:
    """Return the connection to import into.

    Raises:
        ApiError: 400 (not 404) for one that is missing, no database, not enabled, or without import mode.
    """
    connection = tenant.connection(connection_id)
    if connection is None:
        raise ApiError(400, "The connection does not exist.", "inexistent_connection")
    if not connection.is_database:
        raise ApiError(400, "Connection must be a database connection.")
    if not tenant.enabled_clients(connection_id):
        raise ApiError(400, "Connection must be enabled.")
    if connection.uses_own_database and not connection.import_mode:
        raise ApiError(400, "Custom Database Connections without import mode are not allowed.")
    return connection


async def _body(request: Request) -> bytes:
    """Read the whole body. One that is too long is read to its end and dropped, so that the sender sees the refusal."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= LARGEST_UPLOAD:
            parts.append(part)
        else:
            parts.clear()
    if size > LARGEST_UPLOAD:
        raise ApiError(413, f"Payload content length greater than maximum allowed: {LARGEST_UPLOAD}.")
    return b"".join(parts)


async def _parts(request: Request, body: bytes) -> tuple[dict[str, str], bytes | None]:
    """Return the text parts and the bytes of the file part `users`; a part without a filename is no file."""
    from python_multipart.multipart import parse_options_header
    from starlette.datastructures import UploadFile
    from starlette.formparsers import MultiPartException, MultiPartParser

    wrong = invalid_body("Invalid multipart payload format")
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    mark = b"--" + options.get(b"boundary", b"")
    if kind.lower() != b"multipart/form-data" or len(mark) == 2 or mark + b"--" not in body:
        raise wrong

    async def whole() -> AsyncGenerator[bytes, None]:
        yield body[body.index(mark) :]  # what stands before the first mark is for people

    try:
        form = await MultiPartParser(request.headers, whole(), max_part_size=LARGEST_UPLOAD).parse()
    except (MultiPartException, KeyError, ValueError):
        raise wrong from None
    try:
        texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        users = next((value for value in form.getlist("users") if isinstance(value, UploadFile)), None)
        if not texts and users is None and b"Content-Disposition" not in body:
            raise wrong
        return texts, None if users is None else await users.read()
    finally:
        await form.close()


def _flag(texts: dict[str, str], name: str, *, usual: bool) -> bool:
    value = texts.get(name, "").lower()  # some client libraries send True
    if value not in {"", "true", "false"}:
        raise invalid_body("Expected type boolean but found type string", name)
    return usual if value == "" else value == "true"
