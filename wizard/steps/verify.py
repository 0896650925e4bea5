"""Verifying: every prepared user is found in Auth0 as prepared, or has a reason why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from wizard.answers import Answers, SecretRef, Section
from wizard.aside import aside
from wizard.counts import counted
from wizard.errors import PlanStale, WizardError
from wizard.progress import Progress
from wizard.step import Change, Finding, Receipt, Step
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.strategy import StrategyAnswers
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.auth0.models import Connection

REPAIRED = "half_made_users_repaired"
"""Journal fact: how many half-made users were allowed when they were last looked for and repaired."""

OFFERED = "missing_users_offered"
"""Journal fact: how many repairs have to be allowed so that missing users whom no import had refused are imported anew,
too, as the last check has told; 0 where it has offered none."""

REPAIR_SCOPES = {
    "delete:users": "DELETE /users/{id}, DELETE /connections/{id}/users",
    "create:users": "POST /jobs/users-imports",
}


class Canary(Section):
    """An account whose password is known, to log in with after the import."""

    table: ClassVar[str] = "canary"
    login: str = Field(title="E-mail or username", min_length=1)
    password: SecretRef = Field(title="Password")


class VerifyAnswers(Section):
    """How deep to look after the import."""

    table: ClassVar[str] = "verify"
    later: ClassVar[frozenset[str]] = frozenset(
        {"depth", "repair_at_most", "canaries", "login_client_id", "login_client_secret"}
    )
    depth: Literal["full", "sample"] = Field(
        default="full",
        title="Depth",
        description="full compares an export of the connection with every prepared user; sample looks at some, also where "
        "the subscription has no exports, as the free one. It may change while a run goes on.",
    )
    sample: int = Field(
        default=20, ge=0, le=1000, title="Sampled users", description="Looked up one by one, by e-mail address."
    )
    repair_at_most: int = Field(
        default=0,
        ge=0,
        title="Half-made users that may be repaired",
        description="Users that Auth0 refuses as duplicates though it finds them nowhere, left by logins that broke off. "
        "Their remains are deleted by id, then by e-mail address, and they are imported anew; users that are found stay "
        "untouched. More than this many stop the run, which then says how many. Users who are missing for another reason are "
        "imported anew only by the number that the check names once it has found them.",
    )
    canaries: tuple[Canary, ...] = Field(
        default=(),
        title="Canary accounts",
        description="Log in as these; each counts as a login of that user. They may change while a run goes on.",
        examples=[[{"login": "canary@example.com", "password": "env:CANARY_PASSWORD"}]],
    )
    login_client_id: str | None = Field(
        default=None,
        title="Application for canary logins",
        description="Client id of an enabled application that allows the password-realm grant.",
    )
    login_client_secret: SecretRef | None = Field(default=None, title="Its secret")

    @model_validator(mode="after")
    def _somebody(self) -> VerifyAnswers:
        if self.depth == "sample" and not self.sample:
            raise ValueError('depth = "sample" looks at the sampled users alone; set sample to 1 or more')
        return self

    @model_validator(mode="after")
    def _application(self) -> VerifyAnswers:
        if self.canaries and self.login_client_id is None:
            raise ValueError("canaries need login_client_id, an application that allows the password-realm grant")
        return self


@dataclass(frozen=True)
class VerifyFacts:
    """The evidence comes from `check`. `repaired` is how many half-made users were allowed when they were looked for,
    `offered` how many have to be so that other missing ones are imported anew, too; 0 where none was told.
    """

    repaired: int = 0
    offered: int = 0


@dataclass(frozen=True)
class RepairHalfMadeUsers(Change):
    """`missing` is whether users are imported anew, too, who are missing though no import had refused them."""

    reversible: ClassVar[bool] = False
    connection: str
    at_most: int
    missing: bool = False

    @property
    def key(self) -> str:
        return f"repair-half-made-users:{self.connection}"

    @property
    def summary(self) -> str:
        which = "half-made or missing" if self.missing else "half-made"
        return f"repair at most {counted(self.at_most, f'{which} user')} of {self.connection}, if there are any"

    @property
    def back(self) -> str:
        return "undo --users deletes whom it imports anew; the remains of half-made users do not come back"

    @property
    def requests(self) -> Sequence[str]:
        return ("DELETE /users/{id}", "DELETE /connections/{id}/users", "POST /jobs/users-imports")


class VerifyStep(Step[VerifyFacts, RepairHalfMadeUsers]):
    key = "verify"
    title = "Verify"
    section = VerifyAnswers
    facts = VerifyFacts
    scopes: ClassVar[dict[str, str]] = {"read:users": "POST /jobs/users-exports, GET /users-by-email, GET /users"}

    async def inspect(self, answers: Answers, tools: Tools) -> VerifyFacts:
        wanted = answers[VerifyAnswers]
        named = (wanted.login_client_secret, *(canary.password for canary in wanted.canaries))
        for reference in filter(None, named):  # a secret that is not at hand is told before anything is sent
            await aside(partial(tools.secret, reference))
        return VerifyFacts(tools.journal.recall(REPAIRED) or 0, tools.journal.recall(OFFERED) or 0)

    def plan(self, answers: Answers, facts: VerifyFacts) -> Sequence[RepairHalfMadeUsers]:
        allowed = answers[VerifyAnswers].repair_at_most
        if allowed <= facts.repaired or answers[StrategyAnswers].way == "automatic":
            return []
        return [RepairHalfMadeUsers(answers[ConnectionAnswers].name, allowed, allowed == facts.offered)]

    async def apply(self, change: RepairHalfMadeUsers, tools: Tools) -> Receipt:
        from wizard.auth0.scopes import require_scopes
        from wizard.bulk.repair.half_made import begin_round, finish_round, half_made_users, lost_users, round_of
        from wizard.bulk.verification import evidence

        require_scopes(await tools.tenant.scopes(), REPAIR_SCOPES)
        connection = await tools.tenant.connection_named(change.connection)
        if connection is None:
            raise WizardError(f"The connection {change.connection} is gone", remedy="Look at the tenant's logs.")
        under_way = round_of(tools)
        if under_way is None or under_way.done:
            await evidence.compare_with_export(connection, tools)
            users = [user async for user in half_made_users(connection, tools)]
            there_are = f"There are {counted(len(users), 'half-made user')}"
            if change.missing:
                lost = [user async for user in lost_users(connection, tools)]
                there_are, users = f"{there_are} and {len(lost):,} otherwise missing", users + lost
            if len(users) > change.at_most:
                if change.missing:
                    tools.journal.remember(OFFERED, _next(len(users), tools))
                raise PlanStale(
                    f"{there_are} in {change.connection}",
                    why=f"agreed to were {change.at_most:,}",
                    state="None was repaired.",
                    remedy=f"`{_repair(tools, len(users))}` if that is what you want.",
                )
            under_way = begin_round(users, tools) if users else None
        if under_way is not None:
            await finish_round(under_way, connection, tools)
        tools.journal.remember(REPAIRED, change.at_most)
        return Receipt({"connection_id": connection.id, "users": under_way.users if under_way else 0})

    async def check(self, answers: Answers, tools: Tools) -> Sequence[Finding]:
        from wizard.bulk.verification import evidence
        from wizard.undo.afterwards import gone_connection

        wanted = answers[VerifyAnswers]
        progress = Progress.of(tools.journal.events())
        connection = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
        if connection is None:
            return [gone_connection(progress)]
        if progress.was_undone:
            return await _after_undo(connection, progress, wanted, tools)
        findings = [Finding("connection", True, f"the connection {connection.name} is there")]
        if wanted.depth == "full":
            findings += await _compared(connection, tools)
            half_made, found = await _half_made(connection, tools)
            findings += [*found, *_missing(half_made, progress, answers[StrategyAnswers].way != "automatic", tools)]
        elif tools.journal.recall(OFFERED):
            tools.journal.remember(OFFERED, 0)  # nobody is found missing
        alone = wanted.depth == "sample"
        findings += await evidence.look_up_sample(connection, wanted.sample, tools, alone=alone)
        findings.append(await evidence.count_by_search(connection, tools))
        return [*findings, *await evidence.log_in(connection, wanted, tools)]


async def _compared(connection: Connection, tools: Tools) -> Sequence[Finding]:
    """Compare every prepared user with an export.

    Raises:
        NotAllowed: also where the subscription has no exports, with the way to finish the run without.
    Source: Auth0 docs, "Bulk Export User Data": not on the Free plan.
    """
    from wizard.auth0.errors import NotAllowed
    from wizard.bulk.verification import evidence

    try:
        return await evidence.compare_with_export(connection, tools)
    except NotAllowed as refused:
        raise NotAllowed(
            refused.what,
            why=refused.why,
            state="Everything that was uploaded is kept.",
            remedy="If the tenant's subscription has no exports, as the free one, "
            f"`{_resume(tools, 'verify.depth=sample')}` looks at some users instead.",
            call=refused.call,
            status=refused.status,
            code=refused.code,
        ) from refused


async def _after_undo(
    connection: Connection, progress: Progress, wanted: VerifyAnswers, tools: Tools
) -> Sequence[Finding]:
    """What can be said of the users that an undo has left; nobody is looked for whom it has deleted."""
    from wizard.auth0.errors import NotAllowed
    from wizard.bulk.verification import evidence

    left = progress.imported + progress.migrated + progress.already_there
    there = f"the connection {connection.name} is there"
    if progress.removed and not left:
        return [Finding("connection", True, f"{there}, without the users that undo has deleted")]
    findings = [Finding("connection", True, there)]
    if wanted.depth == "full":
        try:
            findings += await evidence.compare_with_export(connection, tools)
        except NotAllowed:  # to resume the run with another depth would do again what was put back
            refused = "who was left was not compared, as Auth0 refused an export"
            findings.append(Finding("export", False, refused, f"Look at the users of {connection.name} in the tenant."))
    return [*findings, await evidence.count_by_search(connection, tools)]


async def _half_made(connection: Connection, tools: Tools) -> tuple[int, Sequence[Finding]]:
    """Explain missing users that Auth0 called duplicates and nobody finds; returns how many they are, too."""
    from wizard.bulk.repair.half_made import half_made_users

    count = 0
    progress = Progress.of(tools.journal.events())
    if progress.removed:
        return 0, []  # the run has deleted its users itself
    async for _ in half_made_users(connection, tools):
        count += 1
    if not count and not (progress.repairs or "half-made" in progress.failed_checks):
        return 0, []
    if not count:
        return 0, [Finding("half-made", True, "no user is half-made")]
    them = "it" if count == 1 else "them"
    detail = (
        f"{counted(count, 'user is', 'users are')} half-made, as a login broke off, or deleted since: Auth0 refused {them} as duplicate and finds {them} "
        "nowhere"
    )
    remedy = f"Unless somebody has deleted {them} on purpose, `{_repair(tools, count)}` makes {them} anew."
    return count, [Finding("half-made", False, detail, remedy)]


def _missing(half_made: int, progress: Progress, repairs: bool, tools: Tools) -> Iterator[Finding]:
    """Tell of those who are missing though no import had refused them, and offer to import anew those who were prepared.

    Args:
        half_made: How many are missing whom the same repair makes anew in any case.
        repairs: Whether the run imports users at all.
    """
    from wizard.bulk.manifest import require_manifest
    from wizard.bulk.repair.half_made import EXAMINED, Lost, lost_by
    from wizard.bulk.repair.made import unnamed_duplicates

    lost = Lost() if progress.removed else lost_by(tools.folder)
    may = repairs and 0 < lost.prepared <= EXAMINED
    allowed = max(half_made + lost.prepared, _next(half_made, tools) + bool(half_made)) if may else 0
    if allowed != (tools.journal.recall(OFFERED) or 0):
        tools.journal.remember(OFFERED, allowed)
    if not lost.users:
        if "missing" in progress.failed_checks:
            yield Finding("missing", True, "nobody is missing whom no import had refused")
        return
    detail = f"{counted(lost.users, 'user is', 'users are')} found nowhere: deleted since, or never kept"
    detail += f"; {lost.moved:,} of them had moved at login" if lost.moved else ""
    if unnamed := unnamed_duplicates(tools.journal, require_manifest(tools.folder).files):
        detail += (
            f". Auth0 refused {counted(unnamed, 'user')} as duplicate without a name: whoever of these is missing is "
            "half-made, not gone"
        )
    remedy = "Who was deleted on purpose is rightly gone. If nobody was, look at the tenant's logs for who deleted them"
    if may:
        them = "that one" if lost.prepared == 1 else f"these {lost.prepared:,}" if not lost.moved else "the others"
        remedy += (
            f"; `{_allow(tools, allowed)}` imports {them} anew{', and repairs the half-made' if half_made else ''}"
        )
    yield Finding("missing", False, detail, f"{remedy}.")


def _next(users: int, tools: Tools) -> int:
    """The number that allows the repair of so many: it has to be another one than was allowed before."""
    return max(users, (tools.journal.recall(REPAIRED) or 0) + 1)


def _repair(tools: Tools, users: int) -> str:
    """The command that allows the repair of so many."""
    return _allow(tools, _next(users, tools))


def _allow(tools: Tools, number: int) -> str:
    return _resume(tools, f"verify.repair_at_most={number}", "--yes")


def _resume(tools: Tools, decision: str, *flags: str) -> str:
    """The command that goes on with this answer."""
    from wizard.runs import RunFolder

    run = RunFolder(tools.folder)
    return run.command("resume", run.id, "--set", decision, *flags)
