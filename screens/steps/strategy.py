"""The strategy: the ways side by side with figures of this very store, and which is advised and why."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from screens.background import census_of, survey
from screens.steps.base import StepView
from screens.widgets.hanging import Hanging
from screens.widgets.ticks import Row, Ticks
from wizard.answers import Section
from wizard.answers.section import validated
from wizard.aside import aside
from wizard.auth0.limits import plan_of
from wizard.bulk.preparation.chunks import IMPORT_FILE_BYTES
from wizard.counts import counted
from wizard.durations import between
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.declared import declared
from wizard.profile import ProfileAnswers
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.tenant import TenantAnswers
from wizard.strategy.advice import recommend
from wizard.strategy.ways import TITLES, Ways

WORDS = {
    "bulk": "Everybody now, by import jobs",
    "automatic": "Each user at the first login",
    "two-phase": "Logins first, then bulk",
}
LATER = (
    "Prepare, which holds usernames against the connection, may count a few more. Duplicates share an address, id or username "
    "with others; Results has the counts of the run."
)
MORE = "Duplicates are found when the files are made."
BETWEEN = 2
"""Spaces between two columns."""


class StrategyView(StepView):
    """Three columns of figures and a choice."""

    steers = True
    lead = "How users move into Auth0. The figures are of your store."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._known: object = None
        self._begun = ""

    def content(self) -> ComposeResult:
        yield Static("", id="ways", classes="block")
        chosen = self._begun = str(self.wizard.journey.given("strategy").get("way", "bulk"))
        rows = [Row(key, _words(key, ""), key == chosen) for key in WORDS]
        yield Ticks(rows, single=True, id="way", classes="block")
        yield Hanging("", id="advice", classes="block")  # below, so that choice and figures share a small screen
        yield Static("", id="counted", classes="block hint")

    async def shown(self) -> None:
        wizard = self.wizard
        answers = wizard.journey.answers
        tools = await wizard.outlook.tools(answers, wizard.journey.base)
        source, facts = await tools.source(answers[SourceAnswers])
        passwords, profile = answers[PasswordsAnswers], answers[ProfileAnswers]
        known = (facts.fingerprint, passwords, profile)
        if known == self._known:
            return
        lengths = (1, 128)
        compiled = partial(compile_mapping, profile, username_length=lengths, secret=tools.secret)
        with self.looking(self.query_one("#ways", Static), "Counting…"):
            mapping = await aside(partial(compiled, passwords, source.columns))
            at_login = await aside(partial(compiled, whatever_the_password(passwords), source.columns))
            described = await aside(partial(declared, passwords, tools.secret, source.columns))
            groups = await wizard.apart.through(facts.records, census_of, source, passwords, described)
            found = await wizard.apart.through(facts.records, survey, source, mapping, at_login)
        self._known = known
        files = max(1, -(-found.bytes // IMPORT_FILE_BYTES))
        refused = found.rejected - found.movable
        ways = Ways(
            facts.records, found.carried, files, rejected=found.movable, refused=refused, duplicates_known=False
        )
        self._draw(ways, found.blocked, answers[TenantAnswers])
        advice = recommend(groups)
        ticks = self.query_one("#way", Ticks)
        for key in WORDS:
            ticks.say(key, _words(key, advice.strategy))
        if not self.wizard.journey.is_answered("strategy") and self._way == "bulk":
            ticks.highlighted = list(WORDS).index(advice.strategy)  # one key takes it; nothing is chosen for anybody
        self.query_one("#advice", Static).update(
            Content.assemble(
                ("Advised: ", "$foreground-muted"), (advice.strategy, "bold"),
                *(f"\n· {why}" for why in advice.why),
            )
        )  # fmt: skip
        travelling = sum(group.users for group in groups if group.carried_by != "none")
        self.query_one("#counted", Static).update(what_is_counted(travelling - found.carried, travelling))

    def _draw(self, ways: Ways, blocked: int, tenant: TenantAnswers) -> None:
        limits = plan_of(tenant.plan, tenant.requests_per_second, tenant.burst)
        span = ways.seconds(limits.for_group("other"), reserve=tenant.reserve_percent / 100)
        self.query_one("#ways", Static).update(Content("\n").join(side_by_side(ways, blocked, span)))

    @on(Ticks.Changed)
    def _chosen(self, event: Ticks.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @property
    def _way(self) -> str:
        return self.query_one("#way", Ticks).ticked[0]

    @property
    def is_touched(self) -> bool:
        return self._way != self._begun

    def draft(self) -> Section | None:
        return validated(StrategyAnswers, {"way": self._way})

    async def answer(self) -> Section | None:
        return self.draft()


def _words(key: str, advised: str) -> Content:
    title = TITLES[list(WORDS).index(key)]
    mark = (" · advised", "bold") if key == advised else ""
    return Content.assemble(f"{title}: {WORDS[key]}", mark)


def whatever_the_password(passwords: PasswordsAnswers) -> PasswordsAnswers:
    """The answers by which nobody is kept out for the password, as at a login, where the legacy store checks it."""
    everybody = {"unsupported": "without_password", "missing": "without_password", "decisions": {}}
    return passwords.model_copy(update=everybody)


def side_by_side(ways: Ways, blocked: int, span: tuple[float, float]) -> list[Content]:
    """The figures as lines of a table: a column for each way, under its name; then how long an import takes."""
    rows = [("", *TITLES), *ways.rows()]
    widths = [max(map(len, column)) + BETWEEN for column in zip(*rows, strict=True)]
    lines = []
    for number, (name, *figures) in enumerate(rows):
        cells = "".join(figure.ljust(width) for figure, width in zip(figures, widths[1:], strict=True)).rstrip()
        lines.append(Content.assemble((name.ljust(widths[0]), "$foreground-muted"), (cells, "" if number else "bold")))
    takes = f"Bulk takes {between(*span)} at this plan; with logins it is weeks or months."
    below = (f"{of_those_left(ways, blocked)} {MORE}", takes)
    return [*lines, Content(""), *(Content.styled(words, "$foreground-muted") for words in below)]


def of_those_left(ways: Ways, blocked: int = 0) -> str:
    """Of how many users the figures are, and why some stay behind an import: what was decided, or neither way takes them.

    Args:
        blocked: Users among those that neither way takes, as nobody lets them log in.
    """
    everybody = f"Of all {counted(ways.users, 'user')}"
    if not ways.refused:
        return (
            f"{everybody}, {ways.rejected:,} move at a login only."
            if ways.rejected
            else f"{everybody}, none is rejected so far."
        )
    least = "" if ways.rejected else "at least "
    are = "is" if ways.refused == 1 else "are"
    refused = f"{least}{ways.refused:,} {are} rejected either way"
    if blocked:
        refused = f"{refused}, {blocked:,} of them as blocked"
    if not ways.rejected:
        return f"{everybody}, {refused}; inspect and the run say why."
    return f"{everybody}, at least {ways.rejected + ways.refused:,} stay behind: {ways.rejected:,} can still move at a login; {refused}."


def what_is_counted(refused: int, travelling: int) -> str:
    """Why the pages before and after this one have other figures.

    Args:
        refused: Users whose hash travels and who are rejected for something else.
        travelling: Users whose hash travels, as the page Passwords counts them.
    """
    are = "is" if refused == 1 else "are"
    before = f"Of the {travelling:,} whose hash travels (Passwords), {refused:,} {are} rejected for their profile. "
    return (before if refused > 0 else "") + LATER
