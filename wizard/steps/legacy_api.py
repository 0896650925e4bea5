"""The API in front of the legacy store as Auth0 knows it: only the application of the migration gets a token for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from wizard.answers import Answers
from wizard.doorway.answers import LegacyApiAnswers
from wizard.errors import CredentialsError, UsageError
from wizard.step import Change, Finding, Receipt, Step
from wizard.steps.custom_database import AUTOMATIC
from wizard.steps.door import is_door_closed
from wizard.steps.scripts_answers import asks_legacy_api
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.doorway.settings import LegacyApi
    from wizard.undo.relying import OtherRun

SCOPES: Mapping[str, str] = {
    "verify:passwords": "Check a password of a legacy user",
    "read:users": "Read legacy users",
    "mark:users": "Mark legacy users as migrated",
}
APPLICATION = "Auth0 migration: legacy API"
API = "Legacy user store (migration)"


@dataclass(frozen=True)
class LegacyApiFacts:
    """The API, the application and its grant as they are; each is empty where it is not there.

    `closed` tells that the migration through the connection has ended, or never asks the API. `settings` are the API's
    user policy, client policy and signing algorithm, then its scopes. `unfinished` tells that this run was making the
    application when it lost the answer, and the secret with it.
    """

    closed: bool = False
    api: bool = False
    is_system: bool = False
    user_policy: str = ""
    client_policy: str = ""
    signing_alg: str = ""
    scopes: tuple[str, ...] = ()
    application: bool = False
    secret: bool = False
    unfinished: bool = False
    granted: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CreateApi(Change):
    audience: str

    @property
    def key(self) -> str:
        return f"create-api:{self.audience}"

    @property
    def summary(self) -> str:
        return f"create the API {self.audience}, for which no end user gets a token"

    @property
    def undo_summary(self) -> str:
        return f"delete the API {self.audience}"

    @property
    def requests(self) -> Sequence[str]:
        return ("POST /resource-servers",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"api": self.audience, "created": True}


@dataclass(frozen=True)
class ProtectApi(Change):
    """Change what differs of an API that is there: `differs` names it."""

    audience: str
    differs: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"protect-api:{self.audience}"

    @property
    def summary(self) -> str:
        return f"change the API {self.audience}: {', '.join(self.differs)}"

    @property
    def undo_summary(self) -> str:
        return f"put the settings of the API {self.audience} back"

    @property
    def requests(self) -> Sequence[str]:
        return ("PATCH /resource-servers/{id}",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"api": self.audience, "created": False}


@dataclass(frozen=True)
class CreateApplication(Change):
    connection: str
    name: str = APPLICATION

    @property
    def key(self) -> str:
        return "create-application:legacy-api"

    @property
    def summary(self) -> str:
        return f"create the machine-to-machine application “{self.name}”, its secret into the keyring"

    @property
    def undo_summary(self) -> str:
        return f"delete the application “{self.name}”, and its secret from the keyring"

    @property
    def requests(self) -> Sequence[str]:
        return ("POST /clients",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"application": self.name, "connection": self.connection}


@dataclass(frozen=True)
class RenewSecret(Change):
    """For an application of the migration whose secret nobody knows here."""

    reversible: ClassVar[bool] = False
    connection: str
    name: str = APPLICATION

    @property
    def key(self) -> str:
        return "renew-secret:legacy-api"

    @property
    def summary(self) -> str:
        return f"give the application “{self.name}” a new secret, into the keyring"

    @property
    def requests(self) -> Sequence[str]:
        return ("POST /clients/{id}/rotate-secret",)


@dataclass(frozen=True)
class GrantApi(Change):
    audience: str
    client_id: str | None
    scopes: tuple[str, ...]
    connection: str

    @property
    def key(self) -> str:
        return f"grant-api:{self.audience}"

    @property
    def summary(self) -> str:
        which = self.client_id or f"“{APPLICATION}”"
        return f"let the application {which} ask {self.audience} for {', '.join(self.scopes)}, and nothing else"

    @property
    def undo_summary(self) -> str:
        return f"take the grant for the API {self.audience} away"

    @property
    def requests(self) -> Sequence[str]:
        return ("POST /client-grants", "PATCH /client-grants/{id}")

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"grant": self.audience, "client_id": self.client_id, "connection": self.connection}


LegacyApiChange = CreateApi | ProtectApi | CreateApplication | RenewSecret | GrantApi


class LegacyApiStep(Step[LegacyApiFacts, LegacyApiChange]):
    key = "legacy_api"
    title = "Legacy API"
    section = LegacyApiAnswers
    facts = LegacyApiFacts
    strategies = AUTOMATIC
    ends_at_cutover: ClassVar[bool] = True
    scopes: ClassVar[dict[str, str]] = {
        "read:resource_servers": "GET /resource-servers/{id}",
        "create:resource_servers": "POST /resource-servers",
        "update:resource_servers": "PATCH /resource-servers/{id}",
        "read:clients": "GET /clients",
        "create:clients": "POST /clients",
        "update:client_keys": "POST /clients/{id}/rotate-secret",
        "read:client_grants": "GET /client-grants",
        "create:client_grants": "POST /client-grants",
        "update:client_grants": "PATCH /client-grants/{id}",
    }

    async def inspect(self, answers: Answers, tools: Tools) -> LegacyApiFacts:
        if not asks_legacy_api(answers) or await is_door_closed(answers, tools):
            return LegacyApiFacts(closed=True)
        return await self.look(answers, tools)

    async def look(self, answers: Answers, tools: Tools) -> LegacyApiFacts:
        from wizard.doorway.settings import application, kept_secret, legacy_api_of

        if not asks_legacy_api(answers):
            return LegacyApiFacts(closed=True)
        wanted = legacy_api_of(answers)
        api = await tools.tenant.api_named(wanted.audience)
        client = await application(wanted, tools)
        grant = await tools.tenant.client_grant(client.client_id, wanted.audience) if client and api else None
        return LegacyApiFacts(
            api=api is not None,
            is_system=api is not None and api.is_system,
            user_policy=api.user_policy if api else "",
            client_policy=api.client_policy if api else "",
            signing_alg=api.signing_alg if api else "",
            scopes=tuple(sorted(scope.get("value", "") for scope in api.scopes)) if api else (),
            application=client is not None,
            secret=await kept_secret(wanted, client, tools) is not None,
            unfinished=_is_unfinished(CreateApplication(wanted.connection), tools),
            granted=tuple(sorted(grant.scope)) if grant else None,
        )

    def plan(self, answers: Answers, facts: LegacyApiFacts) -> Sequence[LegacyApiChange]:
        from wizard.doorway.settings import legacy_api_of

        if facts.closed:
            return []
        wanted = legacy_api_of(answers)
        if facts.is_system:
            raise UsageError(
                f"{wanted.audience} cannot be the audience of the legacy API",
                why="it is an API of Auth0's own",
                state="Nothing was changed.",
                remedy="Choose an audience of your own in [legacy_api], such as https://legacy.example.com/api.",
            )
        changes: list[LegacyApiChange] = []
        if not facts.api:
            changes.append(CreateApi(wanted.audience))
        elif differs := _differs(facts):
            changes.append(ProtectApi(wanted.audience, differs))
        changes += _application_changes(wanted, facts)
        if facts.granted is None or set(facts.granted) != set(SCOPES):
            changes.append(GrantApi(wanted.audience, wanted.client_id, tuple(SCOPES), wanted.connection))
        return changes

    async def apply(self, change: LegacyApiChange, tools: Tools) -> Receipt:
        from wizard.doorway import registration
        from wizard.doorway.settings import LegacyApi

        match change:
            case CreateApi():
                return await registration.create_api(change.audience, API, SCOPES, tools)
            case ProtectApi():
                return await registration.protect_api(change.audience, SCOPES, tools)
            case CreateApplication():
                return await registration.create_application(change.name, change.connection, tools)
            case RenewSecret():
                return await registration.renew_secret(change.connection, tools)
            case GrantApi():
                api = LegacyApi("", change.audience, change.client_id, change.connection)
                return await registration.grant_api(api, change.scopes, tools)

    def is_relied_on(self, receipt: Mapping[str, Any], other: OtherRun) -> bool:
        if not (other.needs_open_door and asks_legacy_api(other.answers)):
            return False
        audience = other.answers[LegacyApiAnswers].audience
        return str(receipt.get("grant", receipt.get("api", audience))) == audience

    async def undo(self, receipt: Mapping[str, Any], tools: Tools) -> None:
        from wizard.doorway import registration
        from wizard.doorway.settings import LegacyApi

        connection = str(receipt.get("connection", ""))
        if "grant" in receipt:
            api = LegacyApi("", str(receipt["grant"]), receipt.get("client_id"), connection)
            await registration.undo_grant(api, tools)
        elif "application" in receipt:
            await registration.undo_application(connection, tools)
        elif "api" in receipt:
            await registration.undo_api(str(receipt["api"]), bool(receipt["created"]), tools)

    async def needed_by_others(self, key: str, answers: Answers, tools: Tools) -> str:
        from wizard.doorway.registration import of_others, others_of
        from wizard.doorway.settings import application, legacy_api_of

        api = legacy_api_of(answers)
        if key != CreateApi(api.audience).key:
            return ""
        others = await others_of(api.audience, await application(api, tools), tools)
        return f"the API {api.audience} stays, as {of_others(others)}" if others else ""

    async def check(self, answers: Answers, tools: Tools) -> Sequence[Finding]:
        from wizard.doorway.reach import look, look_at_token
        from wizard.doorway.settings import legacy_api_of

        facts = await self.inspect(answers, tools)
        if facts.closed:
            return ()
        api = legacy_api_of(answers)
        return [*await look(api.url, tools), *await look_at_token(api, tools)]


def _differs(facts: LegacyApiFacts) -> tuple[str, ...]:
    missing = [scope for scope in SCOPES if scope not in facts.scopes]
    differs = [
        *(["no end user gets a token for it any more"] if facts.user_policy != "deny_all" else []),
        *(["applications need a grant"] if facts.client_policy != "require_client_grant" else []),
        *(["tokens are signed by RS256"] if facts.signing_alg != "RS256" else []),
        *([f"new scopes {', '.join(missing)}"] if missing else []),
    ]
    return tuple(differs)


def _is_unfinished(change: CreateApplication, tools: Tools) -> bool:
    """Whether this run has begun the change and never heard how the last try of it ended."""
    tries = tools.journal.intents(f"change:{LegacyApiStep.key}:{change.key}")
    return bool(tries) and (tries[-1].outcome is None or tries[-1].outcome == "void")


def _application_changes(wanted: LegacyApi, facts: LegacyApiFacts) -> list[LegacyApiChange]:
    from wizard.doorway.settings import secret_name

    client_id = wanted.client_id
    if client_id is None:
        if not facts.application or (facts.unfinished and not facts.secret):
            return [CreateApplication(wanted.connection)]
        return [] if facts.secret else [RenewSecret(wanted.connection)]
    if not facts.application:
        raise UsageError(
            f"There is no application with the client id {client_id} in the tenant",
            state="Nothing was changed.",
            remedy="Correct client_id in [legacy_api], or leave it out: the run then makes an application.",
        )
    if not facts.secret:
        raise CredentialsError(
            f"The secret of the application {client_id} is not in the keyring",
            state="Nothing was changed.",
            remedy=f"Store it: `auth0-migrate secrets set {secret_name(wanted.connection)} --tenant DOMAIN`.",
        )
    return []
