"""Where applications are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wizard.practice.requests.documents import Table

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

TABLE = Table("clients", ["client_id"], [["client_id"]])


def client_with_id(tenant: PracticeTenant, client_id: str) -> dict[str, Any] | None:
    """Return the application as stored, secret included; None if there is none."""
    found = TABLE.find(tenant.db, client_id=client_id)
    return None if found is None else found.body
