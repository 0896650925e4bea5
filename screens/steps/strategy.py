"""The strategy: the ways side by side with figures of this very store, and what is recommended and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from screens.background import census_of, survey
from screens.steps.base import StepView
from screens.widgets.draw import between
from screens.widgets.ticks import Row, Ticks
from wizard.advice import recommend
from wizard.answers import Section
from wizard.answers.section import validated
from wizard.auth0.plans import PLANS
from wizard.bulk.chunks import IMPORT_FILE_BYTES
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.tenant import TenantAnswers

WAYS = (
    ("bulk", "Bulk", "Everybody now, by import jobs."),
    ("automatic", "Automatic", "Each user at the first login."),
    ("two-phase", "Two-phase", "Automatic first, then bulk."),
)
JOB_SECONDS = (10.0, 60.0)
"""How long an import job of a full file takes, from quick to slow; only the first jobs tell."""

BETWEEN = 2
"""Spaces between two columns."""


@dataclass(frozen=True)
class Forecast:
    """What bulk would take: users that keep or lose the password, files, requests, and seconds from to."""

    users: int
    kept: int
    reset: int
    files: int
    requests: int
    seconds: tuple[float, float]


class StrategyView(StepView):
    """Three columns of figures and a choice."""

    steers = True
    lead = "How users move into Auth0. The figures are of your store."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._known: object = None

    def content(self) -> ComposeResult:
        yield Static("", id="ways", classes="block")
        yield Static("", id="advice", classes="block")
        chosen = self.wizard.journey.given("strategy").get("way", "bulk")
        yield Ticks(
            [Row(key, Content(f"{title}: {words}"), key == chosen) for key, title, words in WAYS],
            single=True,
            id="way",
        )

    async def shown(self) -> None:
        wizard = self.wizard
        answers = wizard.journey.answers
        tools = await wizard.outlook.tools(answers, wizard.journey.base)
        source, facts = await tools.source(answers[SourceAnswers])
        passwords, profile = answers[PasswordsAnswers], answers[ProfileAnswers]
        known = (facts.fingerprint, passwords, profile)
        if known == self._known:
            return
        self.query_one("#ways", Static).update(Content.styled("counting…", "$foreground-muted"))
        column = passwords.column
        groups = await wizard.apart.through(facts.records, census_of, source, column) if column else []
        mapping = compile_mapping(profile, passwords, source.columns, username_length=(1, 128))
        found = await wizard.apart.through(facts.records, survey, source, mapping)
        self._known = known
        carried = sum(group.users for group in groups if group.carried_by != "none")
        self._draw(forecast(facts.records, carried, found.bytes, answers[TenantAnswers].plan))
        advice = recommend(groups)
        self.query_one("#advice", Static).update(
            Content.assemble(
                ("Recommended: ", "$foreground-muted"), (advice.strategy, "bold"),
                *(f"\n· {why}" for why in advice.why),
            )
        )  # fmt: skip

    def _draw(self, bulk: Forecast) -> None:
        self.query_one("#ways", Static).update(Content("\n").join(side_by_side(bulk)))

    @on(Ticks.Changed)
    def _chosen(self, event: Ticks.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @property
    def _way(self) -> str:
        return self.query_one("#way", Ticks).ticked[0]

    def draft(self) -> Section | None:
        return validated(StrategyAnswers, {"way": self._way})

    async def answer(self) -> Section | None:
        return self.draft()


def side_by_side(bulk: Forecast) -> list[Content]:
    """The figures as lines of a table: a column for each way, under its name."""
    rows = (
        ("", *(title for _, title, _ in WAYS)),
        ("keep password", f"{bulk.kept:,}", f"{bulk.users:,}", "who logs in"),
        ("must reset", f"{bulk.reset:,}", "none", f"up to {bulk.reset:,}" if bulk.reset else "none"),
        ("import jobs", f"{bulk.files:,}", "none", f"up to {bulk.files:,}"),
        ("requests", f"about {bulk.requests:,}", "at login", f"up to {bulk.requests:,}"),
        ("takes", between(*bulk.seconds), "months", "weeks"),
    )
    widths = [max(map(len, column)) + BETWEEN for column in zip(*rows, strict=True)]
    lines = []
    for number, (name, *figures) in enumerate(rows):
        cells = "".join(figure.ljust(width) for figure, width in zip(figures, widths[1:], strict=True)).rstrip()
        lines.append(Content.assemble((name.ljust(widths[0]), "$foreground-muted"), (cells, "" if number else "bold")))
    return lines


def forecast(users: int, carried: int, size: int, plan: str) -> Forecast:
    """What bulk takes at this plan, before any job has been seen.

    Args:
        users: In the store.
        carried: Of these, users whose hash travels.
        size: Bytes of all users that can be imported.
    """
    files = max(1, -(-size // IMPORT_FILE_BYTES))
    requests = files * 4 + 10
    refill = PLANS[plan].everything.refill if plan in PLANS else 2.0
    least = requests / refill
    quick, slow = (max(least, files * seconds / 2 + 20) for seconds in JOB_SECONDS)
    return Forecast(users, carried, users - carried, files, requests, (quick, slow))
