"""Calls about APIs (resource servers) and the grants by which applications may use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizard.auth0.call import Call, json_body
from wizard.auth0.errors import NotFound
from wizard.auth0.models import Api, ClientGrant, read
from wizard.auth0.session import Session
from wizard.events import Json

APIS = "/api/v2/resource-servers"
API = "/api/v2/resource-servers/{id}"
GRANTS = "/api/v2/client-grants"
GRANT = "/api/v2/client-grants/{id}"


class ApiCalls(Session):
    """The part of `Management` about APIs and client grants."""

    async def api_named(self, identifier: str) -> Api | None:
        """The API with this identifier (audience); None when there is none."""
        call = Call("GET", API, f"look for the API {identifier}", ids={"id": identifier})
        try:
            return read(Api, await self._ask(call), "an API")
        except NotFound:
            return None

    async def create_api(self, identifier: str, *, name: str, settings: Mapping[str, Json]) -> Api:
        """Create an API.

        Raises:
            Conflict: there is one with this identifier.
            EntityLimit: the tenant has as many as it may.
            AnswerLost: look for the identifier to find out whether it was created.
        """
        body: dict[str, Json] = {"identifier": identifier, "name": name, **settings}
        call = Call("POST", APIS, f"create the API {identifier}", content=json_body(body))
        return read(Api, await self._ask(call), "an API")

    async def change_api(self, api_id: str, settings: Mapping[str, Json]) -> Api:
        """Change settings of an API; those not named stay."""
        call = Call("PATCH", API, f"change the API {api_id}", ids={"id": api_id}, content=json_body(dict(settings)))
        return read(Api, await self._ask(call), "an API")

    async def delete_api(self, api_id: str) -> None:
        """Delete an API with its grants; one that is gone is no error."""
        await self._delete(Call("DELETE", API, f"delete the API {api_id}", ids={"id": api_id}))

    async def client_grant(self, client_id: str, audience: str) -> ClientGrant | None:
        """What an application itself may ask of an API; None when nothing."""
        query = [("client_id", client_id), ("audience", audience)]
        call = Call("GET", GRANTS, "look for the grant of an application", query=query)
        async for page in self._pages(call, "client_grants", take=50):
            for one in page:
                grant = read(ClientGrant, one, "client grants")
                if (grant.client_id, grant.audience, grant.subject_type) == (client_id, audience, "client"):
                    return grant
        return None

    async def grants_for(self, audience: str) -> list[ClientGrant]:
        """The grants of all applications for an API."""
        call = Call("GET", GRANTS, f"list the grants for {audience}", query=[("audience", audience)])
        return [
            read(ClientGrant, one, "client grants")
            async for page in self._pages(call, "client_grants", take=50)
            for one in page
        ]

    async def create_grant(self, client_id: str, audience: str, scopes: Sequence[str]) -> ClientGrant:
        """Let an application ask an API for these scopes.

        Raises:
            Conflict: it has a grant already.
            AnswerLost: look for it to find out whether it was created.
        """
        body: dict[str, Json] = {"client_id": client_id, "audience": audience, "scope": list(scopes)}
        call = Call("POST", GRANTS, f"grant an application the API {audience}", content=json_body(body))
        return read(ClientGrant, await self._ask(call), "a client grant")

    async def set_grant_scopes(self, grant_id: str, scopes: Sequence[str]) -> ClientGrant:
        """Replace the scopes of a grant."""
        content = json_body({"scope": list(scopes)})
        call = Call("PATCH", GRANT, f"change the grant {grant_id}", ids={"id": grant_id}, content=content)
        return read(ClientGrant, await self._ask(call), "a client grant")

    async def delete_grant(self, grant_id: str) -> None:
        """Take a grant away; one that is gone is no error."""
        await self._delete(Call("DELETE", GRANT, f"delete the grant {grant_id}", ids={"id": grant_id}))
