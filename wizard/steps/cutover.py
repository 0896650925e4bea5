"""The cutover: the scripts find nobody any more, then what they needed goes. Import mode stays on, as Auth0 asks for.

Source: Auth0 docs, "Configure Automatic Migration from Your Database": with import mode off Auth0 would look for users in
the legacy store alone, and would refuse bulk imports.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pydantic import Field

from wizard.answers import Answers, Section
from wizard.counts import counted
from wizard.doorway.scripts import Scripts, closed, is_closed
from wizard.errors import PlanStale
from wizard.events import CheckWithdrawn
from wizard.legacy.answers import SourceAnswers
from wizard.progress import Progress
from wizard.step import Change, Finding, Receipt, Step, Waiting
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.custom_database import AUTOMATIC, connection_of, foreign_values, options_of, put_back, snapshot
from wizard.steps.door import has_closed, has_ended
from wizard.steps.guards import GuardsAnswers, GuardsStep
from wizard.steps.legacy_api import LegacyApiStep
from wizard.steps.prepare import UPLOADED
from wizard.steps.scripts_answers import asks_legacy_api
from wizard.tools import Tools

NEEDED: tuple[Step[Any, Any], ...] = (LegacyApiStep(), GuardsStep())
"""Steps whose changes of this run are taken back, in the order in which they were made."""

TAKE_BACK = "take-back:"
WITHDRAWN = "cutover_withdrawn"
"""Journal fact: the cutover was taken back, so that the name that was given for it counts no more."""
DOOR = "door"
"""The check that the door is as the cutover has closed it."""
EXPORT = "export"
"""The check that compares an export with the prepared users."""
PASSWORDS = "passwords"
"""The check that nobody is left in Auth0 without the password, as who had logged in while import mode was off."""


class CutoverAnswers(Section):
    """The end of the migration: nobody is looked for in the legacy store any more."""

    table: ClassVar[str] = "cutover"
    later: ClassVar[frozenset[str]] = frozenset(
        {"confirm", "leave_rejected", "leave_added", "leave_different", "leave_unmoved"}
    )
    confirm: str = Field(
        default="",
        title="Name of the connection, to confirm",
        description="The run stops before the cutover until this is the connection's name; give it when the evidence is "
        "good: `auth0-migrate resume RUN --set cutover.confirm=NAME`.",
        examples=["acme-users"],
    )
    leave_rejected: bool = Field(
        default=False,
        title="Close the door on rejected users",
        description="Users who were rejected and have not logged in can log in only through the legacy store; without this "
        "the cutover waits for them.",
    )
    leave_added: bool = Field(
        default=False,
        title="Close the door on users added since",
        description="Users who came into the legacy store after it was prepared are in no import; without this the cutover "
        "waits, for a new run to import them or for this answer when they have moved or need not.",
    )
    leave_different: bool = Field(
        default=False,
        title="Accept users who differ by now",
        description="Who has logged in since the import may have another address or name in Auth0, which is as it should be; "
        "verify.ndjson names each of them and the fields. Without this the cutover waits until nobody differs.",
    )
    leave_unmoved: bool = Field(
        default=False,
        title="Leave users behind who have not logged in again",
        description="Whoever had logged in while import mode was off and has not since is in Auth0 without a password, and "
        "could not log in after the cutover before setting a new one. Where import mode was on before the run, nobody can "
        "tell; an earlier run may have imported them. Without this the cutover waits for them.",
    )


@dataclass(frozen=True)
class CutoverFacts:
    """How things are before and during a cutover.

    `settings` are our configuration values on the connection. `needed` are changes of this run that nobody needs after
    it, as step, key and summary, in the order in which they are taken back. `added` are records that the legacy store has
    more than when it was prepared, `replaced` tells that it is another file. `different` are prepared users who are in Auth0
    otherwise, and none of whom is missing, `unmoved` those whose password is not there, or may not be. `withdrawn` tells that
    an earlier cutover was taken back. The rest is the account of the run.
    """

    closed: bool = False
    settings: tuple[str, ...] = ()
    needed: tuple[tuple[str, str, str], ...] = ()
    rejected: int = 0
    added: int = 0
    replaced: bool = False
    unaccounted: int = 0
    failed_checks: tuple[str, ...] = ()
    different: int = 0
    withdrawn: bool = False
    unmoved: int = 0


@dataclass(frozen=True)
class CloseDoor(Change):
    connection: str
    scripts: Scripts

    @property
    def key(self) -> str:
        return f"close-door:{self.connection}"

    @property
    def summary(self) -> str:
        return f"end the migration of {self.connection}: its scripts find nobody any more, import mode stays on"

    @property
    def undo_summary(self) -> str:
        return f"put the scripts of {self.connection} back as they were before the cutover"

    @property
    def requests(self) -> Sequence[str]:
        return ("PATCH /connections/{id}",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"connection": self.connection, "door": True}


@dataclass(frozen=True)
class RemoveSettings(Change):
    """Undoing it needs nothing here: Auth0 never shows the values, and who opens the door again sets them anew."""

    connection: str
    settings: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"remove-settings:{self.connection}"

    @property
    def summary(self) -> str:
        return f"remove the configuration values {', '.join(self.settings)} from {self.connection}"

    @property
    def requests(self) -> Sequence[str]:
        return ("PATCH /connections/{id}",)


@dataclass(frozen=True)
class TakeBack(Change):
    """Undoing it needs nothing here: for a door that is open again the change is planned anew, with new ids."""

    step: str
    change: str
    what: str

    @property
    def key(self) -> str:
        return f"{TAKE_BACK}{self.step}:{self.change}"

    @property
    def summary(self) -> str:
        return f"no longer needed: {self.what}"


CutoverChange = CloseDoor | RemoveSettings | TakeBack


class CutoverStep(Step[CutoverFacts, CutoverChange]):
    key = "cutover"
    title = "Cutover"
    section = CutoverAnswers
    facts = CutoverFacts
    strategies = AUTOMATIC
    after_evidence = True
    scopes: ClassVar[dict[str, str]] = {
        "update:connections_options": "PATCH /connections/{id} with options",
        "delete:actions": "DELETE /actions/actions/{id}",
        "delete:client_grants": "DELETE /client-grants/{id}",
        "delete:clients": "DELETE /clients/{id}",
        "delete:resource_servers": "DELETE /resource-servers/{id}",
    }

    def scopes_for(self, answers: Answers) -> Mapping[str, str]:
        if not answers[GuardsAnswers].as_rules:
            return self.scopes
        rules = {"delete:rules": "DELETE /rules/{id}", "delete:rules_configs": "DELETE /rules-configs/{key}"}
        return {scope: call for scope, call in self.scopes.items() if scope != "delete:actions"} | rules

    async def inspect(self, answers: Answers, tools: Tools) -> CutoverFacts:
        from wizard.bulk.verification.moved import ELSEWHERE

        found = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
        options = options_of(found) if found else None
        there = options.configuration if options else {}
        progress = Progress.of(tools.journal.events())
        ended = options is not None and has_ended(options.scripts, tools.journal)
        added, replaced = (0, False) if ended else await _since_prepared(answers, tools)
        return CutoverFacts(
            closed=ended,
            added=added,
            replaced=replaced,
            settings=tuple(name for name in settings_of(answers) if name in there),
            needed=tuple([one async for one in _needed(answers, tools)][::-1]),
            rejected=progress.rejected,
            unaccounted=progress.read - progress.users_done,
            different=0 if progress.missing else progress.different,
            withdrawn=bool(tools.journal.recall(WITHDRAWN)),
            unmoved=0 if ended else tools.journal.recall(ELSEWHERE) or 0,
            failed_checks=tuple(name for name in progress.failed_checks if not name.startswith("legacy api")),
        )

    def plan(self, answers: Answers, facts: CutoverFacts) -> Sequence[CutoverChange]:
        name = answers[ConnectionAnswers].name
        changes: list[CutoverChange] = [] if facts.closed else [CloseDoor(name, closed())]
        if not facts.closed or facts.settings:
            changes.append(RemoveSettings(name, settings_of(answers)))
        return [*changes, *(TakeBack(*one) for one in facts.needed)]

    def gate(self, answers: Answers, facts: CutoverFacts) -> Waiting | None:
        waiting = self._obstacle(answers, facts)
        if waiting and answers[CutoverAnswers].confirm == answers[ConnectionAnswers].name:
            return replace(waiting, until=f"{waiting.until}; the confirmation is kept")
        return waiting

    def _obstacle(self, answers: Answers, facts: CutoverFacts) -> Waiting | None:
        wanted, name = answers[CutoverAnswers], answers[ConnectionAnswers].name
        if facts.unaccounted:
            return Waiting(
                f"{counted(abs(facts.unaccounted), 'user is', 'users are')} not accounted for",
                "the sum is exact; resume the run",
            )
        told = {PASSWORDS: facts.unmoved, EXPORT: facts.different}
        failed_checks = [name for name in facts.failed_checks if not told.get(name)]
        if failed_checks:
            failed = ", ".join(failed_checks)
            return Waiting(f"the evidence is not good enough for a cutover ({failed})", "these checks hold")
        if facts.different and EXPORT in facts.failed_checks and not wanted.leave_different:
            return Waiting(
                f"{counted(facts.different, 'user is', 'users are')} in Auth0 otherwise than prepared",
                "they agree, or --set cutover.leave_different=true when they have changed since",
            )
        if facts.unmoved and not wanted.leave_unmoved:
            have = counted(facts.unmoved, "user has", "users have")
            since = "since import mode is on, and could not log in any more after a cutover"
            if PASSWORDS not in facts.failed_checks:
                since = (
                    "since this run began: they were there before, and nothing tells whether Auth0 has their passwords"
                )
            return Waiting(f"{have} not logged in {since}", "they have logged in, or --set cutover.leave_unmoved=true")
        if facts.rejected and not wanted.leave_rejected:
            return Waiting(
                f"{counted(facts.rejected, 'rejected user')} could not log in any more after a cutover",
                "they have moved, or --set cutover.leave_rejected=true",
            )
        if (facts.added or facts.replaced) and not wanted.leave_added:
            what = (
                f"{counted(facts.added, 'user was', 'users were')} added to the legacy store"
                if facts.added
                else "the file of users was replaced"
            )
            return Waiting(
                f"{what} after it was prepared, and could not log in any more after a cutover",
                "`auth0-migrate apply ANSWERS --new` has imported them, or --set cutover.leave_added=true",
            )
        if wanted.confirm != name:
            given = f", and “{wanted.confirm}” is not it" if wanted.confirm else ""
            if facts.withdrawn:
                return Waiting(
                    "the cutover was taken back; to make it again it waits for the connection's name",
                    f"`auth0-migrate resume RUN --set cutover.confirm={name}`",
                )
            return Waiting(
                f"the evidence is good; the cutover waits for the connection's name{given}",
                f"--set cutover.confirm={name}",
            )
        return None

    async def apply(self, change: CutoverChange, tools: Tools) -> Receipt:
        match change:
            case CloseDoor():
                return await _close(change, tools)
            case RemoveSettings():
                return await _remove_settings(change, tools)
            case TakeBack():
                return await _take_back(change, tools)

    async def undo(self, receipt: Mapping[str, Any], tools: Tools) -> None:
        from wizard.undo.before import before, forget_before

        if "door" not in receipt:
            return
        name = receipt["connection"]
        was, connection = before(tools.journal, _place(name)), await tools.tenant.connection_named(name)
        if was is not None and connection is not None:
            await put_back(connection, was, ("customScripts",), tools)
            forget_before(tools.journal, _place(name))
        if DOOR in Progress.of(tools.journal.events()).failed_checks:
            tools.emit(CheckWithdrawn(DOOR))

    async def check(self, answers: Answers, tools: Tools) -> Sequence[Finding]:
        """Whether the door is closed, and import mode is on as it must be; nothing before a cutover of this run."""
        name = answers[ConnectionAnswers].name
        if not has_closed(tools.journal):
            return []
        options = options_of(await connection_of(name, tools))
        good = is_closed(options.scripts) and options.import_mode and options.custom_database
        remedy = "Somebody has changed the connection since: turn Import Users to Auth0 on, then resume the run."
        holds = f"nobody moves through {name} any more, and import mode is on"
        stays = [Finding(f"{title} in use", True, told) async for title, told in _needed_by_others(answers, tools)]
        return [*stays, Finding(DOOR, good, holds if good else f"the door of {name} is not as it was closed", remedy)]


def settings_of(answers: Answers) -> tuple[str, ...]:
    """The names of the configuration values that the scripts need."""
    from wizard.doorway.settings import DATABASE_SETTING
    from wizard.doorway.templates import SETTINGS

    return tuple(SETTINGS) if asks_legacy_api(answers) else (DATABASE_SETTING,)


async def _since_prepared(answers: Answers, tools: Tools) -> tuple[int, bool]:
    """How many records the legacy store has more than when it was prepared, and whether it is another file.

    A database changes with every login, so that there only the number of its records tells.
    """
    from wizard.bulk.manifest import read_manifest

    manifest = read_manifest(tools.folder) if tools.journal.recall(UPLOADED) else None
    if manifest is None:
        return 0, False
    wanted = answers[SourceAnswers]
    _, now = await tools.source(wanted, anew=answers[CutoverAnswers].confirm == answers[ConnectionAnswers].name)
    same = now.is_database or now.fingerprint == manifest.source["fingerprint"]
    return max(0, now.records - int(manifest.source["records"])), not same


async def _needed(answers: Answers, tools: Tools) -> AsyncIterator[tuple[str, str, str]]:
    """Changes that were only needed for the migration: those made by this run and not yet taken back, or planned."""
    for step in NEEDED:
        seen = set[str]()
        prefix, back = f"change:{step.key}:", f"change:cutover:{TAKE_BACK}{step.key}:"
        taken = {
            intent.subject.removeprefix(back): intent.id
            for intent in tools.journal.intents(back)
            if intent.outcome == "done"
        }
        undone = tools.journal.put_back(prefix)
        for intent in tools.journal.intents(prefix):
            key = intent.subject.removeprefix(prefix)
            undoable = intent.outcome == "done" and intent.facts.get("undo") and intent.id not in undone
            if undoable and key not in seen and taken.get(key, 0) < _last(prefix + key, tools):
                seen.add(key)
                if not await step.needed_by_others(key, answers, tools):
                    yield step.key, key, intent.facts["undo_summary"]
        for change in step.plan(answers, await step.inspect(answers, tools)):
            if change.undo and change.key not in seen:
                yield step.key, change.key, change.undo_summary


async def _needed_by_others(answers: Answers, tools: Tools) -> AsyncIterator[tuple[str, str]]:
    """What this run has made and leaves because others need it by now: each with the title of its step, and in words."""
    for step in NEEDED:
        prefix = f"change:{step.key}:"
        made = {one.subject.removeprefix(prefix) for one in tools.journal.intents(prefix) if one.outcome == "done"}
        for key in sorted(made):
            if told := await step.needed_by_others(key, answers, tools):
                yield step.title.lower(), told


def _last(subject: str, tools: Tools) -> int:
    made = [intent for intent in tools.journal.intents(subject) if intent.subject == subject]
    return max((intent.id for intent in made if intent.outcome == "done"), default=0)


async def _close(change: CloseDoor, tools: Tools) -> Receipt:
    from wizard.undo.before import remember_before

    connection = await connection_of(change.connection, tools)
    options = options_of(connection)
    remember_before(tools.journal, _place(change.connection), snapshot(options, ("customScripts",)))
    wanted: dict[str, Any] = {"customScripts": change.scripts.custom_scripts()}
    # What others have there was agreed to be carried when the scripts were set.
    await tools.tenant.patch_connection_options(connection.id, {**wanted, "import_mode": True}, carry_encrypted=True)
    return Receipt({"connection_id": connection.id})


async def _remove_settings(change: RemoveSettings, tools: Tools) -> Receipt:
    connection = await connection_of(change.connection, tools)
    options = options_of(connection)
    kept = {name: options.configuration[name] for name in foreign_values(options)}
    if kept:
        await tools.tenant.put_back_connection_options(connection.id, {"configuration": dict(kept)})
    else:
        await tools.tenant.put_back_connection_options(connection.id, {}, ["configuration"])
    return Receipt({"connection_id": connection.id})


async def _take_back(change: TakeBack, tools: Tools) -> Receipt:
    from wizard.runner import receipt_of

    subject = f"change:{change.step}:{change.change}"
    made = [one for one in tools.journal.intents(subject) if one.subject == subject and one.outcome == "done"]
    if not made:
        raise PlanStale(
            f"{change.what} was not done by this run",
            state="It was left as it is.",
            remedy="Resume the run; its plan shows what is to be taken back.",
        )
    step = next(step for step in NEEDED if step.key == change.step)
    await step.undo(receipt_of(made[-1]), tools)
    return Receipt()


def _place(connection: str) -> str:
    return f"cutover:{connection}"
