"""The automatic phase: users move as they log in; the run waits until enough of them have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from wizard.answers import Answers, Section
from wizard.counts import counted
from wizard.errors import Interrupted, WizardError
from wizard.events import UsersLeftCounted, UsersMigrated
from wizard.legacy.answers import SourceAnswers
from wizard.progress import Progress
from wizard.step import Change, Finding, Step, Waiting
from wizard.steps.connection import ConnectionAnswers, made_by_this_run
from wizard.strategy.activity import age_in_words
from wizard.strategy.forecast import DAY, Forecast, forecast, per_day
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.auth0.models import Connection
    from wizard.bulk.verification.leftover import Standing

Day = date
"""The type of the answer `date`, which hides its name."""

OVER = "automatic_phase_over"
"""Journal fact: UNIX time at which the automatic phase ended; it does not begin again."""

BEFORE = "users_before_automatic_phase"
"""Journal fact: users of the connection that were there before anybody could move."""

OTHERS = "users_of_no_record"
"""Journal fact: `users` who came and are none of the store, such as sign-ups, as told apart `at` this UNIX time."""

ODD = 3
"""Moved users without a mark that are no fault: deleted from the legacy store since, or at a login just now."""

LEFT_SECONDS = 0.9 * DAY
"""Between two counts of who is left: each needs an export."""


class TrickleAnswers(Section):
    """How long users move by themselves before the run goes on."""

    table: ClassVar[str] = "trickle"
    later: ClassVar[frozenset[str]] = frozenset({"until", "share", "date", "go_on"})
    until: Literal["hand", "share", "date"] = Field(
        default="hand",
        title="Go on",
        description="hand: when you say so. share: when this share of users has moved. date: on this day.",
    )
    share: float = Field(
        default=80.0, gt=0, le=100, title="Share in percent", description="Counts only where the share decides."
    )
    date: Day | None = Field(
        default=None,
        title="Day to go on",
        description="In UTC; counts only where the day decides.",
        examples=[date(2027, 3, 1)],
    )
    go_on: bool = Field(
        default=False,
        title="Go on now",
        description="Ends the automatic phase, whatever was set: `auth0-migrate resume RUN --go-on`.",
    )

    @model_validator(mode="after")
    def _has_a_day(self) -> TrickleAnswers:
        if self.until == "date" and self.date is None:
            raise ValueError("until = date needs a date")
        return self


@dataclass(frozen=True)
class TrickleFacts:
    """One look at UNIX time `at`: users of the legacy store, those who have moved, and what earlier looks foresee.

    `before` are users of the connection that were there before this run let anybody move, `fewer` those who count no more
    that an earlier look had counted. Among those who `came` since may be others than users of the store.
    """

    at: float
    users: int
    migrated: int
    marked: int | None = None
    over: bool = False
    before: int = 0
    expected: str = ""
    fewer: int = 0
    came: int = 0

    @property
    def share(self) -> float:
        """In percent."""
        return _share_of(self.migrated, self.users)


class TrickleStep(Step[TrickleFacts, Change]):
    key = "trickle"
    title = "Automatic phase"
    section = TrickleAnswers
    facts = TrickleFacts
    strategies = frozenset({"automatic", "two-phase"})
    scopes: ClassVar[dict[str, str]] = {"read:users": "GET /users, for the total of the connection"}

    async def inspect(self, answers: Answers, tools: Tools) -> TrickleFacts:
        _, source = await tools.source(answers[SourceAnswers])
        now, over = tools.clock.now(), tools.journal.recall(OVER) is not None
        if over:
            return TrickleFacts(now, source.records, Progress.of(tools.journal.events()).migrated, over=True)
        connection = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
        before, came = await _before_and_came(connection, tools) if connection is not None else (0, 0)
        marked = await _marked(tools)
        moved = _moved(came, source.records, tools)
        decides = _share_is_reached(answers[TrickleAnswers], moved, source.records)
        asks = not tools.only_plans and (decides or _may_be_others(moved, marked, tools))
        if connection is not None and asks:
            from wizard.bulk.verification.leftover import standing

            _tell_apart(came, await standing(answers, connection, tools), tools)
            moved = _moved(came, source.records, tools)
        looks = [(look.at, look.migrated) for look in Progress.of(tools.journal.events()).looks]
        told = outlook([*looks, (now, moved)], source.records, answers[TrickleAnswers])
        fewer = max((migrated for _, migrated in looks), default=0) - moved
        return TrickleFacts(
            now, source.records, moved, marked, before=before, expected=told, fewer=max(0, fewer), came=came
        )

    def plan(self, answers: Answers, facts: TrickleFacts) -> Sequence[Change]:
        return []

    async def passed(self, answers: Answers, facts: TrickleFacts, tools: Tools) -> None:
        """Keep this look, and remember for good when the phase is over."""
        if facts.over:
            return
        if tools.journal.recall(BEFORE) is None:
            tools.journal.remember(BEFORE, facts.before)
        due = _due(answers[TrickleAnswers], facts)
        tools.emit(UsersMigrated(facts.at, facts.users, facts.migrated, facts.marked, due))
        await _count_left(answers, facts, tools)
        if due:
            tools.journal.remember(OVER, facts.at)

    def waits_for(self, answers: Answers, facts: TrickleFacts) -> Waiting | None:
        wanted = answers[TrickleAnswers]
        if facts.over or _due(wanted, facts):
            return None
        reason = f"{facts.migrated:,} of {counted(facts.users, 'user')} have moved at login ({facts.share:.1f} %)"
        if facts.fewer:
            reason += (
                f"; {facts.fewer:,} fewer than counted before: users who are linked to one another count as one, and who was "
                "deleted, or turned out to have signed up, no more"
            )
        if facts.expected:
            reason += f"; {facts.expected}"
        until = {
            "hand": "you go on by hand with --go-on",
            "share": f"{wanted.share:g} % have moved",
            "date": f"{wanted.date}",
        }[wanted.until]
        return Waiting(reason, until)

    async def check(self, answers: Answers, tools: Tools) -> Sequence[Finding]:
        """Say who was left, by last login, and whether marks and connection agree."""
        left = Progress.of(tools.journal.events()).left
        found = [Finding("left by last login", True, left_in_words(left))] if left else []
        return [*found, *await _marks_agree(tools)]


def _moved(came: int, users: int, tools: Tools) -> int:
    """How many have moved: whoever came, but for those who were none of the store when that was last counted by ids."""
    others = int((tools.journal.recall(OTHERS) or {}).get("users", 0))
    return min(users, max(0, came - others))


def _tell_apart(came: int, stand: Standing, tools: Tools) -> None:
    tools.journal.remember(OTHERS, {"users": came - stand.moved, "at": tools.clock.now()})


def _may_be_others(moved: int, marked: int | None, tools: Tools) -> bool:
    """Whether more or fewer have come than were marked; looked into once a day, as it needs an export."""
    if marked is None or abs(moved - marked) <= ODD:
        return False
    apart = tools.journal.recall(OTHERS)
    return apart is None or not 0 <= tools.clock.now() - float(apart["at"]) < LEFT_SECONDS


def _share_is_reached(wanted: TrickleAnswers, moved: int, users: int) -> bool:
    return wanted.until == "share" and not wanted.go_on and _share_of(moved, users) >= wanted.share


def _share_of(moved: int, users: int) -> float:
    return 100 * moved / users if users else 100.0


async def _before_and_came(connection: Connection, tools: Tools) -> tuple[int, int]:
    """How many were in the connection before anybody could move, and how many have moved or signed up since."""
    from wizard.bulk.verification.moved import search_for_moved, since_of

    total = await tools.tenant.count_users(f'identities.connection:"{connection.name}"')
    before = tools.journal.recall(BEFORE)
    if before is None:
        before = 0 if made_by_this_run(connection.name, connection.id, tools) else total
    since = since_of(tools.journal)
    if since is None:
        return before, max(0, total - before)
    return before, await tools.tenant.count_users(search_for_moved(connection, since.at))


async def _marks_agree(tools: Tools) -> Sequence[Finding]:
    """Whether all who had moved when the rest was prepared are marked; nothing where the legacy API cannot be asked.

    They were marked then, but for a legacy API that could not be asked: now that it can be, this is made up for.
    """
    from wizard.bulk.manifest import MIGRATED
    from wizard.bulk.verification.marked import unmarked

    missing = await unmarked(tools.folder / MIGRATED, tools)
    if missing and tools.marks is not None:
        try:
            await tools.marks.mark(missing)
        except Interrupted:
            raise
        except WizardError:
            pass  # who is not marked is told below
        missing = await unmarked(tools.folder / MIGRATED, tools)
    if missing is None:
        return []
    if not missing:
        return [Finding("marks", True, "all users who had moved are marked so in the legacy API")]
    near = len(missing) <= ODD  # the legacy store does not know these any more
    detail = f"{counted(len(missing), 'user has', 'users have')} moved without a mark of it in the legacy API"
    remedy = "Do they still exist in the legacy store? Their next login marks them, unless the Action fails."
    return [Finding("marks", near, detail, "" if near else remedy)]


async def _count_left(answers: Answers, facts: TrickleFacts, tools: Tools) -> None:
    """Count once a day who has not moved, by the last login; nothing where the legacy store does not tell it."""
    from wizard.bulk.verification.leftover import standing, tells_of_logins

    counted = Progress.of(tools.journal.events()).left
    if counted is not None and 0 <= facts.at - counted.at < LEFT_SECONDS:
        return  # what was counted later than now was counted while the clock of this machine was ahead
    connection = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
    if connection is None or not await tells_of_logins(answers, tools):
        return
    stand = await standing(answers, connection, tools)
    _tell_apart(facts.came, stand, tools)
    if stand.left is not None:
        tools.emit(UsersLeftCounted(facts.at, stand.left))


async def _marked(tools: Tools) -> int | None:
    """Users that the legacy API has marked as moved; None where it cannot be asked."""
    return None if tools.marks is None else await tools.marks.count()


def _due(wanted: TrickleAnswers, facts: TrickleFacts) -> bool:
    if wanted.go_on:
        return True
    if wanted.until == "share":
        return facts.share >= wanted.share
    if wanted.until == "date" and wanted.date is not None:
        return datetime.fromtimestamp(facts.at, UTC).date() >= wanted.date
    return False


def outlook(looks: Sequence[tuple[float, int]], users: int, wanted: TrickleAnswers) -> str:
    """What the looks so far foresee, in words; empty while they are too few."""
    told = []
    rate = per_day(looks, looks[-1][0] - 7 * DAY)
    if rate is not None:
        told.append(f"{rate:,.0f} a day lately")
    curve = forecast(looks, users)
    if curve is not None:
        told.append(_foreseen(curve, wanted, looks[-1][0]))
    return ", ".join(told)


def left_in_words(left: UsersLeftCounted) -> str:
    """Who had not moved when that was counted, by last login: `12 within 30 days, 40 within 90 days, …`."""
    told = [f"{number:,} {age_in_words(age)}" for age, number in left.users.items()]
    when = datetime.fromtimestamp(left.at, UTC)
    return (
        f"{counted(sum(left.users.values()), 'user')} with a user_id had not moved on {when:%Y-%m-%d %H:%M} UTC; "
        f"last login: {', '.join(told)}"
    )


def _foreseen(curve: Forecast, wanted: TrickleAnswers, now: float) -> str:
    if wanted.until == "share":
        when = curve.reaches(wanted.share / 100)
        if when.likely == float("inf"):
            most = curve.ceiling
            return f"{wanted.share:g} % may never move: the curve levels off at {_percents(most.low, most.high)}"
        return f"{wanted.share:g} % expected between {_day(when.low)} and {_day(when.high)}"
    moment = now + 30 * DAY
    if wanted.until == "date" and wanted.date is not None:
        moment = datetime(wanted.date.year, wanted.date.month, wanted.date.day, tzinfo=UTC).timestamp()
    share = curve.share_at(moment)
    return f"{_percents(share.low, share.high)} expected by {_day(moment)}"


def _percents(low: float, high: float) -> str:
    low, high = 100 * low, 100 * min(1.0, high)
    return f"{low:.0f} to {high:.0f} %" if round(low) != round(high) else f"{low:.0f} %"


def _day(moment: float) -> str:
    latest = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}" if moment < latest else "never"
