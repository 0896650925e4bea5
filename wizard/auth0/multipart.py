"""The body of an import request, built so that its size is known before a file is packed.

Auth0 counts its limit of 512 000 bytes on the whole body, boundaries and the other fields included.
"""

from __future__ import annotations

import secrets

BOUNDARY_BYTES = 32
PARTS = ("connection_id", "upsert", "external_id", "send_completion_email")


def import_body(
    users: bytes, *, filename: str, connection_id: str, external_id: str, upsert: bool, boundary: str | None = None
) -> tuple[str, bytes]:
    """Return the content type and the body that submit one file of users.

    Args:
        users: A JSON array of users in UTF-8.
        filename: Shown by Auth0, not used.
        external_id: Our name for the job; empty for none.
        upsert: Whether users already there are updated.
        boundary: 32 characters that are not in `users`; a random one when not given.
    """
    mark = boundary or _unused(users)
    head, tail = _around(connection_id, external_id, filename, upsert, mark)
    return f"multipart/form-data; boundary={mark}", b"".join((head, users, tail))


def multipart_overhead(connection_id: str, external_id: str, filename: str, upsert: bool) -> int:
    """Bytes of the body beyond the users."""
    return sum(map(len, _around(connection_id, external_id, filename, upsert, "-" * BOUNDARY_BYTES)))


def _around(connection_id: str, external_id: str, filename: str, upsert: bool, mark: str) -> tuple[bytes, bytes]:
    """What comes before and after the users."""
    values = (connection_id, "true" if upsert else "false", external_id, "false")
    fields = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in zip(PARTS, values, strict=True)
        if value
    ]
    shown = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    fields.append(
        f'--{mark}\r\nContent-Disposition: form-data; name="users"; filename="{shown}"\r\n'
        "Content-Type: application/json\r\n\r\n"
    )
    return "".join(fields).encode(), f"\r\n--{mark}--\r\n".encode()


def _unused(users: bytes) -> str:
    while True:
        mark = secrets.token_hex(BOUNDARY_BYTES // 2)
        if mark.encode() not in users:
            return mark
