"""The login and get user scripts of the connection, with the values they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from wizard.answers import Answers
from wizard.doorway.scripts import LARGEST_SCRIPT, Scripts, State, is_closed, scripts_for, state_of
from wizard.doorway.settings import LegacyApi, complete, database_values, legacy_api_of, wanted_values
from wizard.errors import UsageError
from wizard.step import Change, Finding, Receipt, Step
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.custom_database import (
    AUTOMATIC,
    connection_of,
    foreign_values,
    opens_with_scripts,
    options_of,
    put_back,
    require_agreement,
    snapshot,
)
from wizard.steps.door import OPENED, has_ended
from wizard.steps.scripts_answers import ScriptsAnswers
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.auth0.models import Connection
    from wizard.undo.relying import OtherRun

KEYS = ("import_mode", "customScripts", "configuration")
NODES = ("22", "18")
"""Versions of Node that the scripts are made for. Source: Auth0 docs, "Migrate to Node.js 22"."""


@dataclass(frozen=True)
class ScriptsFacts:
    """What is on the connection: each script's state, `wanted` where it is the one that the answers ask for.

    `stale` are the configuration values that are not known to be in place. `closed` tells that the migration of this run
    through the connection has ended, `reopens` that an earlier one has, and `opens` that import mode has waited for these
    scripts.
    """

    closed: bool = False
    login: State = "absent"
    get_user: State = "absent"
    change_password: State = "absent"  # noqa: S105 - the name of a script
    stale: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    opens: bool = False
    reopens: bool = False


@dataclass(frozen=True)
class SetScripts(Change):
    """Scripts as texts, and where their values come from; the values themselves are secrets and looked up when sent.

    `import_mode` turns that on in the same request: nobody moves by a script of somebody else. `reopens` tells that an
    earlier migration through the connection has ended.
    """

    connection: str
    scripts: Scripts
    api: LegacyApi | None
    database: str | None
    carry_encrypted: bool
    import_mode: bool = False
    reopens: bool = False

    @property
    def key(self) -> str:
        return f"set-scripts:{self.connection}"

    @property
    def summary(self) -> str:
        names = ", ".join(self.scripts.custom_scripts())
        asked = self.api.url if self.api else "the legacy database itself"
        opened = ", and with them let it import users to Auth0" if self.import_mode else ""
        set_them = f"set the scripts {names} of {self.connection}, which ask {asked}, and their configuration values"
        again = ": its door was closed, and users can move again" if self.reopens else ""
        return f"{set_them}{opened}{again}"

    @property
    def undo_summary(self) -> str:
        what = "import mode, scripts" if self.import_mode else "scripts"
        return f"put {what} and configuration values of {self.connection} back as they were"

    @property
    def requests(self) -> Sequence[str]:
        return ("PATCH /connections/{id}",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"connection": self.connection}


class ScriptsStep(Step[ScriptsFacts, SetScripts]):
    key = "scripts"
    title = "Scripts"
    section = ScriptsAnswers
    facts = ScriptsFacts
    strategies = AUTOMATIC
    ends_at_cutover: ClassVar[bool] = True
    scopes: ClassVar[dict[str, str]] = {"update:connections_options": "PATCH /connections/{id} with options"}

    async def inspect(self, answers: Answers, tools: Tools) -> ScriptsFacts:
        found = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
        scripts = options_of(found).scripts if found is not None else {}
        if has_ended(scripts, tools.journal):
            return ScriptsFacts(closed=True)
        return replace(await self._facts(found, answers, tools), reopens=is_closed(scripts))

    async def look(self, answers: Answers, tools: Tools) -> ScriptsFacts:
        found = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
        return await self._facts(found, answers, tools)

    async def _facts(self, found: Connection | None, answers: Answers, tools: Tools) -> ScriptsFacts:
        from wizard.doorway.sent import stale

        name, options = answers[ConnectionAnswers].name, options_of(found) if found else None
        there = options.scripts if options else {}
        wanted = scripts_for(answers).custom_scripts()

        def state(script: str) -> State:
            if script in there and there[script] == wanted.get(script):
                return "wanted"
            return state_of(script, there.get(script))

        values = await values_of(answers, tools)
        shown = options.configuration if options else {}
        return ScriptsFacts(
            login=state("login"),
            get_user=state("get_user"),
            change_password=state("change_password"),
            stale=stale(tools.journal, _place(name), values, shown),
            foreign=foreign_values(options) if options else (),
            opens=options is not None and opens_with_scripts(options),
        )

    def plan(self, answers: Answers, facts: ScriptsFacts) -> Sequence[SetScripts]:
        name, wanted = answers[ConnectionAnswers].name, answers[ScriptsAnswers]
        if facts.closed:
            return []
        scripts = scripts_for(answers)
        _require_small(scripts)
        states = {"login": facts.login, "get_user": facts.get_user, "change_password": facts.change_password}
        in_place = all(states[script] == "wanted" for script in scripts.custom_scripts())
        if in_place and not facts.stale and not facts.opens:
            return []
        agreed = require_agreement(name, answers, facts.foreign)
        api = legacy_api_of(answers) if wanted.kind == "legacy_api" else None
        return [SetScripts(name, scripts, api, wanted.database, agreed, facts.opens, facts.reopens)]

    async def apply(self, change: SetScripts, tools: Tools) -> Receipt:
        from wizard.bulk.verification.moved import note_opening
        from wizard.doorway.sent import digest, remember
        from wizard.undo.before import remember_before

        connection = await connection_of(change.connection, tools)
        place = _place(change.connection)
        if change.api:
            values = complete(await wanted_values(change.api, tools))
        else:
            values = complete(await database_values(change.database, tools))
        remember_before(tools.journal, place, snapshot(options_of(connection), KEYS))
        texts = change.scripts.custom_scripts()
        opened: dict[str, Any] = {"import_mode": True} if change.import_mode else {}
        if change.import_mode:
            note_opening(tools)
        changed = await tools.tenant.patch_connection_options(
            connection.id,
            {"customScripts": {**texts}, "configuration": {**values}, **opened},
            carry_encrypted=change.carry_encrypted,
        )
        remember(tools.journal, place, values, options_of(changed).configuration)
        return Receipt({"connection_id": connection.id, "scripts": digest(list(texts.values()))})

    async def passed(self, answers: Answers, facts: ScriptsFacts, tools: Tools) -> None:
        """Note that users can move by this run: who closes the door from now on ends its migration."""
        if not facts.closed:
            tools.journal.remember(OPENED, True)

    async def check(self, answers: Answers, tools: Tools) -> Sequence[Finding]:
        if "read:tenant_settings" not in (await tools.tenant.scopes() or ()):
            return ()
        node = (await tools.tenant.tenant_settings()).sandbox_version or ""
        return [
            Finding(
                "node of scripts",
                node in NODES,
                f"the tenant runs scripts in Node {node or 'of an unknown version'}",
                f"Choose Node {NODES[0]} in the tenant's settings (Advanced > Extensibility), then try a login.",
            )
        ]

    def is_relied_on(self, receipt: Mapping[str, Any], other: OtherRun) -> bool:
        return other.needs_open_door

    async def undo(self, receipt: Mapping[str, Any], tools: Tools) -> None:
        from wizard.undo.before import before, forget_before

        name = receipt["connection"]
        was = before(tools.journal, _place(name))
        connection = await tools.tenant.connection_named(name)
        if was is None or connection is None:
            return
        await put_back(connection, was, KEYS, tools)
        forget_before(tools.journal, _place(name))
        tools.journal.remember(f"sent:{_place(name)}", None)


def _require_small(scripts: Scripts) -> None:
    for name, text in scripts.custom_scripts().items():
        if len(text.encode()) > LARGEST_SCRIPT:
            raise UsageError(
                f"The {name} script would be too large for Auth0",
                why=f"it has {len(text.encode()):,} bytes of at most {LARGEST_SCRIPT:,}",
                state="Nothing was changed.",
                remedy='Use kind = "legacy_api" in [scripts], whose scripts are small, or shorten constants and templates in '
                "[profile].",
            )


async def values_of(answers: Answers, tools: Tools) -> dict[str, str | None]:
    """The configuration values that the scripts of these answers need; None for what is not known yet."""
    wanted = answers[ScriptsAnswers]
    if wanted.kind == "legacy_api":
        return await wanted_values(legacy_api_of(answers), tools)
    return await database_values(wanted.database, tools)


def _place(connection: str) -> str:
    return f"connection:{connection}"
