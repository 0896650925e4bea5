"""The database connection: create it, or adopt the one that is there as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from wizard.answers import Answers, Section
from wizard.answers.examples import inline
from wizard.counts import counted
from wizard.errors import CredentialsError, UsageError, WizardError
from wizard.profile import ProfileAnswers
from wizard.step import Change, Receipt, Step
from wizard.steps.strategy import StrategyAnswers
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.auth0.models import Connection, ConnectionOptions
    from wizard.undo.relying import OtherRun

PasswordPolicy = Literal["none", "low", "fair", "good", "excellent"]


class ConnectionAnswers(Section):
    """The database connection that will hold the users."""

    table: ClassVar[str] = "connection"
    name: str = Field(
        title="Connection name",
        description="Letters, digits and single hyphens between them; it cannot be changed later. 35 characters or "
        "fewer also suit the Dashboard.",
        examples=["acme-users"],
        pattern=r"^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$",
        min_length=1,
        max_length=128,
    )
    use: Literal["either", "new", "existing"] = Field(
        default="either",
        title="New or existing",
        description="new refuses a connection that is already there; existing refuses to create one.",
    )
    display_name: str | None = Field(
        default=None, max_length=128, title="Display name", description="What people see at login."
    )
    password_policy: PasswordPolicy | None = Field(
        default=None,
        title="Password policy",
        description="For passwords set from now on; imported ones are not checked. Left out, the tenant's default holds.",
    )
    requires_username: bool = Field(
        default=False, title="Usernames", description="Users have a username beside the e-mail address."
    )
    username_min: int = Field(default=1, ge=1, le=128, title="Shortest username")
    username_max: int = Field(default=15, ge=1, le=128, title="Longest username")
    disable_signup: bool = Field(
        default=False, title="No sign-ups", description="Only migrated users may log in; nobody can register."
    )

    @model_validator(mode="after")
    def _lengths(self) -> ConnectionAnswers:
        if self.username_min > self.username_max:
            raise ValueError("username_min is larger than username_max")
        return self

    @property
    def options(self) -> dict[str, Any]:
        """The options to create the connection with, in Auth0's names."""
        options: dict[str, Any] = {"disable_signup": self.disable_signup}
        if self.password_policy is not None:
            options["passwordPolicy"] = self.password_policy
        if self.requires_username:
            options["requires_username"] = True
            options["validation"] = {"username": {"min": self.username_min, "max": self.username_max}}
        return options


class UsernameLengths(Section):
    """What preparing users must know of the same table, whether the connection is named yet or not."""

    model_config = ConfigDict(extra="ignore")
    table: ClassVar[str] = "connection"
    username_min: int = Field(default=1, ge=1, le=128)
    username_max: int = Field(default=15, ge=1, le=128)

    @model_validator(mode="after")
    def _lengths(self) -> UsernameLengths:
        if self.username_min > self.username_max:
            raise ValueError("username_min is larger than username_max")
        return self


@dataclass(frozen=True)
class ConnectionFacts:
    """The connection as it is; `id` is None when there is none.

    `ours` tells that this run created it. `usernames`, `disable_signup` and `password_policy` are None where the token may
    not read options, `username_length` where usernames are of no fixed length.
    """

    id: str | None = None
    strategy: str = "auth0"
    usernames: bool | None = False
    own_database: bool = False
    import_mode: bool = False
    ours: bool = False
    username_length: tuple[int, int] | None = None
    display_name: str | None = None
    disable_signup: bool | None = None
    password_policy: str | None = None


@dataclass(frozen=True)
class CreateConnection(Change):
    name: str
    display_name: str | None
    options: dict[str, Any]

    @property
    def key(self) -> str:
        return f"create-connection:{self.name}"

    @property
    def summary(self) -> str:
        return f"create the database connection {self.name}"

    @property
    def undo_summary(self) -> str:
        return f"delete the database connection {self.name}, if nobody is in it"

    @property
    def requests(self) -> Sequence[str]:
        return ("POST /connections",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"connection": self.name}


class ConnectionStep(Step[ConnectionFacts, CreateConnection]):
    key = "connection"
    title = "Database connection"
    section = ConnectionAnswers
    facts = ConnectionFacts
    scopes: ClassVar[dict[str, str]] = {
        "read:connections": "GET /connections",
        "create:connections": "POST /connections",
    }

    async def inspect(self, answers: Answers, tools: Tools) -> ConnectionFacts:
        found = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
        if found is None:
            return ConnectionFacts()
        options = found.options
        return ConnectionFacts(
            id=found.id,
            strategy=found.strategy,
            usernames=None if options is None else _takes_usernames(options),
            username_length=None if options is None else _username_length(options),
            own_database=options is not None and options.custom_database,
            import_mode=options is not None and options.import_mode,
            ours=made_by_this_run(found.name, found.id, tools),
            display_name=found.display_name,
            disable_signup=None if options is None else options.disable_signup,
            password_policy=None if options is None else _password_policy(options),
        )

    def plan(self, answers: Answers, facts: ConnectionFacts) -> Sequence[CreateConnection]:
        wanted = answers[ConnectionAnswers]
        if facts.id is None:
            if wanted.use == "existing":
                raise _refused(
                    wanted.name, "there is no connection of this name", 'Correct the name or set use = "either".'
                )
            if _maps_usernames(answers) and not wanted.requires_username:
                raise _refused(
                    wanted.name,
                    "the profile maps usernames, but the connection would not take any",
                    "Set requires_username = true in [connection], or take username out of [profile].",
                )
            return [CreateConnection(wanted.name, wanted.display_name, wanted.options)]
        if wanted.use == "new" and not facts.ours:
            raise _refused(
                wanted.name, "a connection of this name is already there", 'Choose another name or set use = "either".'
            )
        _require_suitable(wanted.name, answers, facts)
        return []

    def left_as_is(self, answers: Answers, facts: ConnectionFacts) -> Sequence[str]:
        wanted = answers[ConnectionAnswers]
        if facts.id is None or not (differing := list(_differing(wanted, facts))):
            return ()
        return (
            f"The connection {wanted.name} is there and keeps its settings, though the answers say otherwise: "
            f"{', '.join(differing)}. Change them in the Dashboard under Authentication > Database, or take them out of "
            "[connection].",
        )

    async def apply(self, change: CreateConnection, tools: Tools) -> Receipt:
        made = await tools.tenant.create_connection(
            change.name, options=change.options, display_name=change.display_name
        )
        return Receipt({"connection_id": made.id})

    def is_relied_on(self, receipt: Mapping[str, Any], other: OtherRun) -> bool:
        return True

    async def undo(self, receipt: Mapping[str, Any], tools: Tools) -> None:
        """Delete the connection, if nobody is in it."""
        from wizard.auth0.errors import NotAllowed

        name = receipt["connection"]
        found = await tools.tenant.connection_named(name)
        if found is None or receipt.get("connection_id", found.id) != found.id:
            return
        try:
            users = await _users_in(found, tools)
        except NotAllowed as refused:  # such as on the free subscription, which has no exports
            raise WizardError(
                f"The connection {name} stays",
                why="only an export tells for certain that nobody is in it, and Auth0 refused one",
                state="Look in the tenant who is in it, and delete it there",
                remedy="What else the run has changed is put back.",
            ) from refused
        if users:
            raise WizardError(
                f"The connection {name} stays",
                why=f"{counted(users, 'user is', 'users are')} in it, who would go with it",
                state="It stays as it is now.",
                remedy="Undo with --users to delete those that this run imported; others are for you to decide about.",
            )
        await _require_no_identities(found, tools)
        await tools.tenant.delete_connection(found.id)


async def _users_in(connection: Connection, tools: Tools) -> int:
    """How many users an export finds; search would be some seconds behind."""
    from wizard.bulk.verification.evidence import export_users, private_file
    from wizard.bulk.verification.residents import exported_ids

    with private_file(tools.folder / "export.ndjson.gz") as export:
        await export_users(connection, export, tools, ("user_id", "identities"))
        return sum(1 for _ in exported_ids(export, connection.name))


async def _require_no_identities(connection: Connection, tools: Tools) -> None:
    """Refuse to delete a connection in which accounts of others have an identity, which an export need not show.

    Raises:
        WizardError: one has.
    """
    from wizard.bulk.verification.linked import accounts_left

    if left := await accounts_left(connection, tools):
        raise WizardError(
            f"The connection {connection.name} stays",
            why=f"{counted(left, 'account has', 'accounts have')} an identity in it, which would go with it, as a search finds",
            state="It stays as it is now.",
            remedy="Unlink these identities in the Dashboard, and decide about their users; then undo again.",
        )


def made_by_this_run(name: str, connection_id: str, tools: Tools) -> bool:
    """Whether the run has created it; of a creation whose answer was lost, the connection that is there now is taken."""
    made = tools.journal.intents(f"change:connection:create-connection:{name}")
    return any(
        intent.outcome != "void" and intent.result.get("connection_id", connection_id) == connection_id
        for intent in made
    )


def _require_suitable(name: str, answers: Answers, facts: ConnectionFacts) -> None:
    """Refuse a connection that cannot take the users; its settings are its owner's and stay as they are."""
    if facts.strategy != "auth0":
        raise _refused(
            name, f"it is not a database connection but of strategy {facts.strategy}", "Choose another name."
        )
    if facts.usernames is None and not facts.ours:
        raise CredentialsError(
            f"The settings of the connection {name} cannot be seen, so it cannot be told whether it takes imports",
            why="the token lacks read:connections_options (for GET /connections with options)",
            state="Nothing was changed.",
            remedy="Grant that scope to the wizard's application, then run again.",
        )
    way = answers[StrategyAnswers].way if answers.has(StrategyAnswers) else "bulk"
    if facts.own_database and not facts.import_mode and way == "bulk":
        raise _refused(
            name,
            "it uses its own database with import mode off, and Auth0 refuses bulk imports there",
            "Turn on Import Users to Auth0 for it, or choose another connection.",
        )
    if _maps_usernames(answers) and facts.usernames is False:
        raise _refused(
            name,
            "the profile maps usernames, but this connection does not take any",
            "Turn on usernames for the connection in the Dashboard, or take username out of [profile].",
        )
    wanted = (answers[ConnectionAnswers].username_min, answers[ConnectionAnswers].username_max)
    if _maps_usernames(answers) and facts.username_length is not None and facts.username_length != wanted:
        shortest, longest = facts.username_length
        raise _refused(
            name,
            f"it takes usernames of {shortest} to {longest} characters, the answers say {wanted[0]} to {wanted[1]}",
            f"Set username_min = {shortest} and username_max = {longest} in [connection].",
        )


def _differing(wanted: ConnectionAnswers, facts: ConnectionFacts) -> Iterator[str]:
    """The settings that were answered, and are known to be otherwise in the tenant; each as the answers write it."""
    shortest, longest = (facts.username_length if wanted.requires_username else None) or (None, None)
    there = {
        "display_name": facts.display_name or "",
        "password_policy": facts.password_policy,
        "requires_username": facts.usernames,
        "username_min": shortest,
        "username_max": longest,
        "disable_signup": facts.disable_signup,
    }
    for key, value in there.items():
        asked = getattr(wanted, key)
        if key in wanted.model_fields_set and None not in (asked, value) and asked != value:
            yield f"{key} = {inline(asked)} (there {inline(value) if value != '' else 'none'})"


def _password_policy(options: ConnectionOptions) -> str:
    """The policy by its older name; of one that only the newer options describe, how they are called."""
    from wizard.auth0.options import NEW_PASSWORD_KEY

    if options.password_policy is None and NEW_PASSWORD_KEY in (options.model_extra or {}):
        return NEW_PASSWORD_KEY
    return options.password_policy or "none"


def _username_length(options: ConnectionOptions) -> tuple[int, int] | None:
    """Shortest and longest username of the classic option; Auth0's default is 1 to 15."""
    usernames = (options.validation or {}).get("username")
    if not options.requires_username or not isinstance(usernames, dict):
        return (1, 15) if options.requires_username else None
    shortest, longest = usernames.get("min"), usernames.get("max")
    return (shortest if isinstance(shortest, int) else 1, longest if isinstance(longest, int) else 15)


def _takes_usernames(options: ConnectionOptions) -> bool:
    """Whether users may have a username, by the classic option or as an attribute."""
    attribute = (options.attributes or {}).get("username")
    if not isinstance(attribute, dict):
        return options.requires_username
    identifier, signup = attribute.get("identifier"), attribute.get("signup")
    identifies = isinstance(identifier, dict) and bool(identifier.get("active"))
    asked_for = isinstance(signup, dict) and signup.get("status") in ("required", "optional")
    return identifies or asked_for or bool(attribute.get("profile_required"))


def _maps_usernames(answers: Answers) -> bool:
    return answers[ProfileAnswers].username is not None


def _refused(name: str, why: str, remedy: str) -> WizardError:
    return UsageError(f"The connection {name} cannot be used", why=why, state="Nothing was changed.", remedy=remedy)
