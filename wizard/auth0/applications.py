"""Calls about applications and the tenant itself."""

from __future__ import annotations

from collections.abc import Mapping

from wizard.auth0.call import Call
from wizard.auth0.models import Client, TenantSettings, read
from wizard.auth0.session import Session, items

PAGE = 100
FIELDS = "client_id,name,app_type,global,is_first_party,grant_types,client_metadata"
"""Asked for by name, so that secrets of applications never come here."""

_ONLY = (("fields", FIELDS), ("include_fields", "true"))


class ApplicationCalls(Session):
    """The part of `Management` about applications and settings."""

    async def clients(self) -> list[Client]:
        """All applications, without the hidden one that stands for all of them."""
        found: list[Client] = []
        page = 0
        while True:
            query = [("page", str(page)), ("per_page", str(PAGE)), ("include_totals", "true"), ("is_global", "false")]
            call = Call("GET", "/api/v2/clients", "list the applications", "read_clients", query=[*query, *_ONLY])
            body = await self._ask(call)
            several = items(body, "clients")
            found += [read(Client, one, "applications") for one in several]
            page += 1
            total = body.get("total") if isinstance(body, Mapping) else None
            if len(several) < PAGE or (isinstance(total, int) and page * PAGE >= total):
                return [one for one in found if not one.is_global]

    async def client(self, client_id: str) -> Client:
        """One application.

        Raises:
            NotFound: there is none with this id.
        """
        doing = f"read application {client_id}"
        call = Call("GET", "/api/v2/clients/{id}", doing, "read_clients", {"id": client_id}, _ONLY)
        return read(Client, await self._ask(call), "an application")

    async def tenant_settings(self) -> TenantSettings:
        call = Call("GET", "/api/v2/tenants/settings", "read the tenant's settings")
        return read(TenantSettings, await self._ask(call), "the tenant's settings")
