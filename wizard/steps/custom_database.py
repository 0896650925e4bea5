"""Use own database, and import users: the connection asks its scripts about users that Auth0 does not know yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from wizard.answers import Answers, Section
from wizard.counts import counted
from wizard.doorway.scripts import State, closed, state_of, stubs
from wizard.errors import CredentialsError, UsageError, WizardError
from wizard.step import Change, Receipt, Step
from wizard.steps.connection import ConnectionAnswers, made_by_this_run
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.auth0.models import Connection, ConnectionOptions
    from wizard.undo.relying import OtherRun

AUTOMATIC = frozenset({"automatic", "two-phase"})
"""The ways to migrate that use the scripts of a connection."""

KEYS = ("enabledDatabaseCustomization", "import_mode", "customScripts")

OTHERS: State = "other"
"""A script that is neither a placeholder nor a closed door. While there is one, import mode waits for the step of the
scripts: whoever logged in before would be kept in Auth0 for good, with the id and profile that this script gives.
"""


class CustomDatabaseAnswers(Section):
    """The connection's own database: its scripts are asked, and who is found moves into Auth0."""

    table: ClassVar[str] = "custom_database"
    carry_encrypted: bool = Field(
        default=False,
        title="Send back configuration values of others",
        description="Only where the connection has configuration values that are not ours: Auth0 shows them encrypted, "
        "wants them back with every change, and does not say whether it recognises them. Have their plain values at hand.",
    )


@dataclass(frozen=True)
class CustomDatabaseFacts:
    """The connection as it is; `id` is None when there is none yet.

    `users` is how many it has, looked up only where its own database is off, or when a run first looks at a connection that
    it has not made. `foreign` are the keys of configuration values that are not ours.
    """

    id: str | None = None
    own_database: bool = False
    import_mode: bool = False
    users: int = 0
    login: State = "absent"
    get_user: State = "absent"
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True)
class UseOwnDatabase(Change):
    """Turn on what is off; `placeholders` are the scripts that get one."""

    connection: str
    own_database: bool
    import_mode: bool
    placeholders: tuple[Literal["login", "get_user"], ...]
    carry_encrypted: bool

    @property
    def key(self) -> str:
        return f"use-own-database:{self.connection}"

    @property
    def summary(self) -> str:
        turned_on = [
            *(["use its own database (for good, once it has users)"] if self.own_database else []),
            *(["import users to Auth0"] if self.import_mode else []),
        ]
        scripts = f"put placeholders for {' and '.join(self.placeholders)}" if self.placeholders else ""
        done = ", ".join(part for part in (" and ".join(turned_on), scripts) if part)
        return f"let {self.connection} {done}" if turned_on else f"{done} on {self.connection}"

    @property
    def is_for_good(self) -> bool:
        return self.own_database

    @property
    def undo_summary(self) -> str:
        return f"put own database and import mode of {self.connection} back as they were"

    @property
    def requests(self) -> Sequence[str]:
        return ("PATCH /connections/{id}",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"connection": self.connection}


class CustomDatabaseStep(Step[CustomDatabaseFacts, UseOwnDatabase]):
    key = "custom_database"
    title = "Own database"
    section = CustomDatabaseAnswers
    facts = CustomDatabaseFacts
    strategies = AUTOMATIC
    scopes: ClassVar[dict[str, str]] = {
        "update:connections_options": "PATCH /connections/{id} with options",
        "read:users": "GET /users, to see whether the connection has users",
    }

    async def inspect(self, answers: Answers, tools: Tools) -> CustomDatabaseFacts:
        from wizard.bulk.verification.moved import is_noted

        name = answers[ConnectionAnswers].name
        found = await tools.tenant.connection_named(name)
        if found is None:
            return CustomDatabaseFacts()
        options = options_of(found)
        users = 0
        adopted = not is_noted(tools.journal) and not made_by_this_run(name, found.id, tools)
        if adopted or not options.custom_database:
            users = await tools.tenant.count_users(f'identities.connection:"{name}"')
        return CustomDatabaseFacts(
            found.id,
            options.custom_database,
            options.import_mode,
            users,
            state_of("login", options.scripts.get("login")),
            state_of("get_user", options.scripts.get("get_user")),
            foreign_values(options),
        )

    def plan(self, answers: Answers, facts: CustomDatabaseFacts) -> Sequence[UseOwnDatabase]:
        name = answers[ConnectionAnswers].name
        states = {"login": facts.login, "get_user": facts.get_user}
        both: tuple[Literal["login", "get_user"], ...] = ("login", "get_user")
        missing = tuple(script for script in both if not facts.own_database or states[script] == "absent")
        opens = not facts.import_mode and not (facts.own_database and OTHERS in states.values())
        if facts.own_database and not opens and not missing:
            return []
        if not facts.own_database and facts.users:
            raise UsageError(
                f"The connection {name} cannot begin to use its own database",
                why=f"it has {counted(facts.users, 'user')}, and Auth0 refuses this setting once there are any",
                state="Nothing was changed.",
                remedy='Choose a new connection in [connection], or move everybody at once: way = "bulk" in [strategy].',
            )
        agreed = require_agreement(name, answers, facts.foreign)
        return [UseOwnDatabase(name, not facts.own_database, opens, missing, agreed)]

    def left_as_is(self, answers: Answers, facts: CustomDatabaseFacts) -> Sequence[str]:
        if not facts.own_database or not facts.users:
            return ()
        there = f"{counted(facts.users, 'user is', 'users are')} in {answers[ConnectionAnswers].name} already"
        moves = "whoever logs in or sets a new password from then on counts as moved"
        if facts.import_mode:
            return (
                f"{there}. Whom the legacy API has marked counts as moved, and {moves.replace(' then', ' now')}; the others "
                "stay as they are. Nobody can tell whether Auth0 has their passwords: the cutover waits until that is decided.",
            )
        return (
            f"{there}, and Auth0 has no passwords of who has logged in while import mode was off. Once it is on, {moves}; "
            "before the cutover the run tells how many are left, and waits until that is decided.",
        )

    async def passed(self, answers: Answers, facts: CustomDatabaseFacts, tools: Tools) -> None:
        """Note since when users can move, where this run has not turned that on."""
        from wizard.bulk.verification.moved import is_noted, note_adopted

        if facts.import_mode and not is_noted(tools.journal):
            note_adopted(facts.users, tools)

    async def apply(self, change: UseOwnDatabase, tools: Tools) -> Receipt:
        from wizard.bulk.verification.moved import note_opening
        from wizard.undo.before import remember_before

        connection = await connection_of(change.connection, tools)
        options = options_of(connection)
        remember_before(tools.journal, _place(change.connection), snapshot(options, KEYS))
        placeholders = stubs().custom_scripts()
        changes: dict[str, Any] = {"enabledDatabaseCustomization": True}
        if change.import_mode:
            changes["import_mode"] = True
            if not change.own_database:
                note_opening(tools)
        if change.placeholders:
            changes["customScripts"] = {script: placeholders[script] for script in change.placeholders}
        ours_only = not foreign_values(options)
        await tools.tenant.patch_connection_options(
            connection.id, changes, carry_encrypted=change.carry_encrypted or ours_only
        )
        return Receipt({"connection_id": connection.id})

    def is_relied_on(self, receipt: Mapping[str, Any], other: OtherRun) -> bool:
        return other.needs_open_door

    async def undo(self, receipt: Mapping[str, Any], tools: Tools) -> None:
        from wizard.auth0.errors import InvalidRequest
        from wizard.undo.before import before, forget_before

        name = receipt["connection"]
        was = before(tools.journal, _place(name))
        connection = await tools.tenant.connection_named(name)
        if was is None or connection is None:
            return
        try:
            await put_back(connection, was, KEYS, tools)
        except InvalidRequest as error:
            if "contains users" not in error.why:
                raise
            nobody: dict[str, Any] = {"customScripts": closed().custom_scripts()}
            await tools.tenant.put_back_connection_options(connection.id, nobody)
            raise WizardError(
                f"The connection {name} keeps using its own database",
                why="it has users by now, and Auth0 refuses to turn that off",
                state="Import mode stays on and its scripts find nobody: it behaves like a connection without them.",
                remedy="Leave it so; nobody's login depends on it.",
            ) from None
        forget_before(tools.journal, _place(name))


def options_of(connection: Connection) -> ConnectionOptions:
    """The options of a connection.

    Raises:
        CredentialsError: the token may not read them.
    """
    if connection.options is None:
        raise CredentialsError(
            f"The settings of the connection {connection.name} cannot be seen",
            why="the token lacks read:connections_options (for GET /connections with options)",
            state="Nothing was changed.",
            remedy="Grant that scope to the wizard's application, then run again.",
        )
    return connection.options


def opens_with_scripts(options: ConnectionOptions) -> bool:
    """Whether import mode is off and is to come on together with the scripts, as those of somebody else are there."""
    states = [state_of(script, options.scripts.get(script)) for script in ("login", "get_user")]
    return options.custom_database and not options.import_mode and OTHERS in states


async def connection_of(name: str, tools: Tools) -> Connection:
    """The connection that an earlier step has seen to.

    Raises:
        WizardError: it is gone.
    """
    connection = await tools.tenant.connection_named(name)
    if connection is None:
        raise WizardError(
            f"The connection {name} is gone",
            state="Nothing was changed.",
            remedy="Make a new plan; it will create the connection.",
        )
    return connection


def foreign_values(options: ConnectionOptions) -> tuple[str, ...]:
    """Keys of configuration values that are not ours."""
    from wizard.doorway.settings import DATABASE_SETTING
    from wizard.doorway.templates import SETTINGS

    return tuple(sorted(set(options.configuration) - {*SETTINGS, DATABASE_SETTING}))


def require_agreement(name: str, answers: Answers, foreign: Sequence[str]) -> bool:
    """Whether configuration values of others are carried; the operator must have said so where there are any.

    Raises:
        UsageError: there are some, and nobody agreed.
    """
    agreed = answers[CustomDatabaseAnswers].carry_encrypted
    if foreign and not agreed:
        raise UsageError(
            f"The connection {name} has configuration values that are not ours: {', '.join(foreign)}",
            why="Auth0 shows them encrypted only, any change of options sends them back that way, and whether it "
            "recognises them is not known",
            state="Nothing was changed.",
            remedy="Have their plain values at hand, then set carry_encrypted = true in [custom_database].",
        )
    return bool(foreign) and agreed


def snapshot(options: ConnectionOptions, keys: Sequence[str]) -> dict[str, Any]:
    """The options of these names as they are; those that are absent are left out."""
    shown = options.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {key: shown[key] for key in keys if key in shown}


async def put_back(connection: Connection, was: Mapping[str, Any], keys: Sequence[str], tools: Tools) -> None:
    """Give a connection the options of a snapshot again; import mode stays on for those who need it by now.

    Raises:
        WizardError: import mode stays on; all else is put back.
    """
    from wizard.bulk.verification.moved import came_since

    options = options_of(connection)
    was, now = {key: value for key, value in was.items() if key in keys}, snapshot(options, keys)
    closes = options.import_mode and "import_mode" in keys and not was.get("import_mode")
    keeps_database = options.custom_database and was.get("enabledDatabaseCustomization", True)
    users = await came_since(connection, tools) if closes and keeps_database else 0
    if users:
        was["import_mode"] = True
    if now != was:
        absent = [key for key in keys if key not in was]
        await tools.tenant.put_back_connection_options(connection.id, was, absent)
    if users:
        raise WizardError(
            import_mode_stays(connection.name, users),
            why="with it off Auth0 would ask the login script about them, which knows neither their passwords nor who signed up",
            state="All else of it is as it was before the run.",
            remedy="Leave it so, or turn it off in the Dashboard once none of them needs to log in.",
        )


def import_mode_stays(name: str, users: int) -> str:
    """That an undo leaves import mode on, and for whom."""
    return f"Import mode of {name} stays on: {counted(users, 'user has', 'users have')} come to Auth0 since the run turned it on"


def _place(connection: str) -> str:
    return f"custom_database:{connection}"
