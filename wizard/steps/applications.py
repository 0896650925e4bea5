"""The applications whose users may log in through the connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from wizard.answers import Answers, Section
from wizard.errors import UsageError
from wizard.step import Change, Receipt, Step
from wizard.steps.connection import ConnectionAnswers
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.undo.relying import OtherRun

RELIED_ON = "applications"
"""Journal fact: client ids of the applications that the run relies on, as without one Auth0 takes no import."""


class ApplicationsAnswers(Section):
    """Which applications may use the connection."""

    table: ClassVar[str] = "applications"
    enable: tuple[str, ...] = Field(
        default=(),
        title="Applications to enable",
        description="Names or client ids. Auth0 takes no import for a connection that no application may use. "
        "Applications that are enabled already stay so.",
        examples=[["My web shop"]],
    )


@dataclass(frozen=True)
class ApplicationsFacts:
    """Applications wanted (client id and name), and client ids that are enabled now."""

    wanted: tuple[tuple[str, str], ...]
    enabled: frozenset[str]


@dataclass(frozen=True)
class EnableApplication(Change):
    connection: str
    client_id: str
    name: str

    @property
    def key(self) -> str:
        return f"enable-application:{self.client_id}"

    @property
    def summary(self) -> str:
        return f"enable the application {self.name} for {self.connection}"

    @property
    def undo_summary(self) -> str:
        return f"disable the application {self.name} for {self.connection}: who stays there cannot log in to it"

    @property
    def requests(self) -> Sequence[str]:
        return ("PATCH /connections/{id}/clients",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"connection": self.connection, "client_id": self.client_id}


class ApplicationsStep(Step[ApplicationsFacts, EnableApplication]):
    key = "applications"
    title = "Applications"
    section = ApplicationsAnswers
    facts = ApplicationsFacts
    at_once = 50
    scopes: ClassVar[dict[str, str]] = {
        "read:clients": "GET /clients",
        "read:connections": "GET /connections/{id}/clients",
        "update:connections": "PATCH /connections/{id}/clients",
    }

    async def inspect(self, answers: Answers, tools: Tools) -> ApplicationsFacts:
        names = answers[ApplicationsAnswers].enable
        clients = [(client.client_id, client.name) for client in await tools.tenant.clients()] if names else []
        connection = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
        enabled = await tools.tenant.enabled_clients(connection.id) if connection else ()
        wanted = dict(_resolve(name, clients) for name in names)
        return ApplicationsFacts(tuple(wanted.items()), frozenset(enabled))

    def plan(self, answers: Answers, facts: ApplicationsFacts) -> Sequence[EnableApplication]:
        if not facts.wanted and not facts.enabled:
            raise UsageError(
                "No application may use the connection",
                why="Auth0 refuses imports into a connection that is enabled for no application",
                state="Nothing was changed.",
                remedy='Name at least one in [applications], such as enable = ["My web shop"].',
            )
        connection = answers[ConnectionAnswers].name
        return [
            EnableApplication(connection, client_id, name)
            for client_id, name in facts.wanted
            if client_id not in facts.enabled
        ]

    async def apply_together(self, changes: Sequence[EnableApplication], tools: Tools) -> Sequence[Receipt]:
        connection = await tools.tenant.connection_named(changes[0].connection)
        if connection is None:
            raise UsageError(
                f"The connection {changes[0].connection} is gone",
                remedy="Make a new plan; it will create the connection.",
            )
        await tools.tenant.set_enabled_clients(connection.id, {change.client_id: True for change in changes})
        return [Receipt({"client_id": change.client_id, "connection_id": connection.id}) for change in changes]

    async def passed(self, answers: Answers, facts: ApplicationsFacts, tools: Tools) -> None:
        """Remember which applications the run relies on: those it names, or where it names none, those that are enabled."""
        tools.journal.remember(RELIED_ON, sorted(dict(facts.wanted) or facts.enabled))

    def is_relied_on(self, receipt: Mapping[str, Any], other: OtherRun) -> bool:
        return receipt["client_id"] in other.applications

    async def undo(self, receipt: Mapping[str, Any], tools: Tools) -> None:
        """Take the application off the connection again; it was not on it before this run."""
        from wizard.auth0.errors import NotFound

        connection = await tools.tenant.connection_named(receipt["connection"])
        if connection is not None and receipt["client_id"] in await tools.tenant.enabled_clients(connection.id):
            with suppress(NotFound):  # the application itself is gone
                await tools.tenant.set_enabled_clients(connection.id, {receipt["client_id"]: False})


def _resolve(wanted: str, clients: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The client id and name of an application given by either."""
    for client_id, name in clients:
        if client_id == wanted:
            return client_id, name
    named = [client for client in clients if client[1] == wanted]
    if len(named) == 1:
        return named[0]
    if named:
        raise UsageError(
            f"Several applications are called “{wanted}”",
            state="Nothing was changed.",
            remedy=f"Name it by client id in [applications]: {', '.join(client[0] for client in named)}.",
        )
    from difflib import get_close_matches

    near = get_close_matches(wanted, [name for _, name in clients], 3, 0.5)
    hint = (
        f"Did you mean {' or '.join(near)}?"
        if near
        else "Its name or client id is in the Dashboard under Applications."
    )
    raise UsageError(f"There is no application “{wanted}” in the tenant", state="Nothing was changed.", remedy=hint)
