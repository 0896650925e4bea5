"""Calls about applications and the tenant itself."""

from __future__ import annotations

from collections.abc import Mapping

from wizard.auth0.call import Call, json_body
from wizard.auth0.models import Client, ClientWithSecret, TenantSettings, read
from wizard.auth0.session import Session, items
from wizard.events import Json

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

    async def create_machine_client(
        self, name: str, *, description: str, metadata: Mapping[str, str]
    ) -> ClientWithSecret:
        """Create a machine-to-machine application that authenticates with its secret.

        Raises:
            EntityLimit: the tenant has as many applications as it may.
            AnswerLost: look for `metadata` among the applications to find out whether it was created.
        """
        body: dict[str, Json] = {
            "name": name,
            "description": description,
            "app_type": "non_interactive",
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_post",
            "client_metadata": dict(metadata),
        }
        call = Call("POST", "/api/v2/clients", f"create the application {name}", content=json_body(body))
        return read(ClientWithSecret, await self._ask(call), "an application")

    async def rotate_secret(self, client_id: str) -> ClientWithSecret:
        """Give an application a new secret; the old one is void at once.

        Raises:
            AnswerLost: the new secret may be in force, and nobody knows it: rotate again.
        """
        doing = f"give application {client_id} a new secret"
        call = Call("POST", "/api/v2/clients/{id}/rotate-secret", doing, ids={"id": client_id})
        return read(ClientWithSecret, await self._ask(call), "an application")

    async def delete_client(self, client_id: str) -> None:
        """Delete an application with its grants; one that is gone is no error."""
        doing = f"delete application {client_id}"
        await self._delete(Call("DELETE", "/api/v2/clients/{id}", doing, ids={"id": client_id}))

    async def tenant_settings(self) -> TenantSettings:
        call = Call("GET", "/api/v2/tenants/settings", "read the tenant's settings")
        return read(TenantSettings, await self._ask(call), "the tenant's settings")
