"""Calls about connections and the applications that may use them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from wizard.auth0.call import Call, json_body
from wizard.auth0.errors import EncryptedValuesAtRisk, ForeignOptionsChanged, Refused
from wizard.auth0.models import Connection, read
from wizard.auth0.options import Options, changed_foreign_keys, foreign_configuration, merged
from wizard.auth0.scopes import MissingScope, insufficient, require_scopes
from wizard.auth0.session import Session, items
from wizard.events import Json

LIST = "/api/v2/connections"
ONE = "/api/v2/connections/{id}"
CLIENTS = "/api/v2/connections/{id}/clients"
CLIENTS_AT_ONCE = 50
PATCH_SCOPES = {
    "update:connections": "PATCH /connections/{id}",
    "update:connections_options": "PATCH /connections/{id} with options",
}


class ConnectionCalls(Session):
    """The part of `Management` about connections."""

    async def connections(self, strategy: str = "auth0") -> list[Connection]:
        """All connections of a strategy."""
        call = Call("GET", LIST, "list the connections", "read_connections", query=[("strategy", strategy)])
        return [
            read(Connection, one, "connections")
            async for page in self._pages(call, "connections", take=100)
            for one in page
        ]

    async def connection(self, connection_id: str) -> Connection:
        """One connection.

        Raises:
            NotFound: there is none with this id.
        """
        return read(Connection, await self._connection(connection_id), "a connection")

    async def connection_named(self, name: str) -> Connection | None:
        """The connection with this name, of whatever strategy; None when there is none."""
        query = [("name", name), ("page", "0"), ("per_page", "50"), ("include_totals", "true")]
        call = Call("GET", LIST, f"look for the connection {name}", "read_connections", query=query)
        found = [read(Connection, one, "connections") for one in items(await self._ask(call), "connections")]
        return next((one for one in found if one.name == name), None)

    async def create_connection(
        self,
        name: str,
        *,
        options: Mapping[str, Json] | None = None,
        display_name: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Connection:
        """Create a database connection that no application may use yet.

        Args:
            name: Can not be changed later.
            options: As in Auth0's reference, `enabledDatabaseCustomization` for instance.
            display_name: What end users see.
            metadata: At most ten keys.

        Raises:
            Conflict: there is one with this name, or it is still being deleted.
            AnswerLost: look for the name to find out whether it was created.
        """
        body: dict[str, Json] = {"name": name, "strategy": "auth0"}
        body.update({"options": dict(options)} if options else {})
        body.update({"display_name": display_name} if display_name else {})
        body.update({"metadata": dict(metadata)} if metadata else {})
        call = Call("POST", LIST, f"create the connection {name}", content=json_body(body))
        return read(Connection, await self._ask(call), "a connection")

    async def patch_connection_options(
        self, connection_id: str, changes: Options, *, carry_encrypted: bool = False
    ) -> Connection:
        """Change only these options of a connection, and prove that no other option changed.

        Auth0 replaces the options as a whole, so the current ones are read, merged with `changes` at any depth, sent
        back, and read again.

        Args:
            connection_id: Of a database connection.
            changes: Our options: `{"import_mode": True, "customScripts": {"login": "..."}}`.
            carry_encrypted: Send back configuration values of others as Auth0 shows them, encrypted. It is not known
                whether Auth0 recognises them, so an operator must have agreed.

        Raises:
            InsufficientScope: the token may not read or not change options; nothing was changed.
            EncryptedValuesAtRisk: there are such values and nobody agreed; nothing was changed.
            ForeignOptionsChanged: options that are not ours differ afterwards; names them.
        """
        require_scopes(await self.scopes(), PATCH_SCOPES)
        before = self._options(await self._connection(connection_id))
        at_risk = foreign_configuration(before, changes)
        if at_risk and not carry_encrypted:
            raise EncryptedValuesAtRisk(
                f"Connection {connection_id} has configuration values that are not ours: {', '.join(at_risk)}. "
                "Auth0 shows them encrypted only, and any change of options sends them back that way",
                keys=at_risk,
                remedy="Have their plain values at hand, then agree to it in the answers.",
            )
        options = merged(before, changes)
        call = Call(
            "PATCH",
            ONE,
            f"change options of connection {connection_id}",
            ids={"id": connection_id},
            content=json_body({"options": options}),
        )
        await self._ask(call)
        try:
            body = await self._connection(connection_id)
            after = self._options(body)
        except Refused as error:
            error.state = "Our options were sent; that no other option changed is not proven."
            raise
        _prove(connection_id, changed_foreign_keys(before, options, after, changes))
        return read(Connection, body, "a connection")

    async def delete_connection(self, connection_id: str) -> None:
        """Delete a connection with all its users; Auth0 goes on with it for a while. Nothing happens without one."""
        doing = f"delete connection {connection_id}"
        await self._delete(Call("DELETE", ONE, doing, ids={"id": connection_id}))

    async def put_back_connection_options(
        self, connection_id: str, before: Options, absent: Collection[str] = ()
    ) -> Connection:
        """Set these options as wholes and remove those `absent`; the others stay, which is proven.

        Configuration values that are not ours go back as Auth0 shows them, encrypted: that was agreed to when they were
        carried the first time.

        Raises:
            InsufficientScope: the token may not read or not change options; nothing was changed.
            InvalidRequest: Auth0 does not take them back; `enabledDatabaseCustomization` stays once there are users.
            ForeignOptionsChanged: options that are not named here differ afterwards; names them.
        """
        require_scopes(await self.scopes(), PATCH_SCOPES)
        current = self._options(await self._connection(connection_id))
        kept = {key: value for key, value in current.items() if key not in absent and key not in before}
        options = merged({**kept, **before}, {})
        call = Call(
            "PATCH",
            ONE,
            f"put options of connection {connection_id} back",
            ids={"id": connection_id},
            content=json_body({"options": options}),
        )
        await self._ask(call)
        body = await self._connection(connection_id)
        ours = dict.fromkeys((*before, *absent))
        _prove(connection_id, changed_foreign_keys(current, options, self._options(body), ours))
        return read(Connection, body, "a connection")

    async def enabled_clients(self, connection_id: str) -> list[str]:
        """Ids of the applications that may use a connection."""
        doing = f"list the applications of connection {connection_id}"
        call = Call("GET", CLIENTS, doing, "read_connections", {"id": connection_id})
        return [
            client_id
            async for page in self._pages(call, "clients", take=1000)
            for one in page
            if isinstance(one, dict) and isinstance(client_id := one.get("client_id"), str)
        ]

    async def set_enabled_clients(self, connection_id: str, clients: Mapping[str, bool]) -> None:
        """Let these applications use a connection, or no longer; those not named stay as they are.

        Raises:
            NotFound: the connection or one of the applications does not exist; says how many were set before.
        """
        wanted: list[Json] = [{"client_id": client_id, "status": status} for client_id, status in clients.items()]
        for done in range(0, len(wanted), CLIENTS_AT_ONCE):
            batch = wanted[done : done + CLIENTS_AT_ONCE]
            doing = f"set applications {done + 1} to {done + len(batch)} of {len(wanted)} of connection {connection_id}"
            call = Call("PATCH", CLIENTS, doing, ids={"id": connection_id}, content=json_body(batch))
            try:
                await self._ask(call)
            except Refused as error:
                error.state = f"{done} were set before." if done else error.state
                raise

    async def _connection(self, connection_id: str) -> Json:
        doing = f"read connection {connection_id}"
        return await self._ask(Call("GET", ONE, doing, "read_connections", {"id": connection_id}))

    def _options(self, connection: Json) -> dict[str, Json]:
        """The options of an answer; without them the token may not read options, and merging would lose them all."""
        options = connection.get("options") if isinstance(connection, dict) else None
        if not isinstance(options, dict):
            raise insufficient([MissingScope("read:connections_options", "GET /connections/{id} with its options")])
        return options


def _prove(connection_id: str, changed: tuple[str, ...]) -> None:
    if changed:
        raise ForeignOptionsChanged(
            f"After our change, other options of connection {connection_id} differ: {', '.join(changed)}",
            keys=changed,
            state="Our options are in place.",
            remedy="Compare these options with what they were (Dashboard, or your last export) and set them again.",
        )
