"""The strategy: the ways side by side with figures of this very store, and what is recommended and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
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

    lead = "How users move into Auth0. The figures are of your store."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._known: object = None

    def content(self) -> ComposeResult:
        with Horizontal(id="ways", classes="block"):
            for key, _, _ in WAYS:
                yield Static("", id=f"way-{key}", classes="way-card")
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
        for key, title, _ in WAYS:
            self.query_one(f"#way-{key}", Static).update(Content.styled(f"{title}\ncounting…", "$foreground-muted"))
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
        rows = {
            "bulk": (
                ("keep password", f"{bulk.kept:,}"), ("must reset", f"{bulk.reset:,}"), ("import jobs", f"{bulk.files:,}"),
                ("requests", f"about {bulk.requests:,}"), ("takes", between(*bulk.seconds)),
            ),
            "automatic": (
                ("keep password", f"{bulk.users:,}"), ("must reset", "none"), ("import jobs", "none"),
                ("requests", "at login"), ("takes", "months"),
            ),
            "two-phase": (
                ("keep password", "who logs in"), ("must reset", f"up to {bulk.reset:,}"),
                ("import jobs", f"up to {bulk.files:,}"), ("requests", f"up to {bulk.requests:,}"), ("takes", "weeks"),
            ),
        }  # fmt: skip
        for key, title, _ in WAYS:
            lines = [part for name, value in rows[key] for part in ((f"{name}\n", "$foreground-muted"), f"  {value}\n")]
            self.query_one(f"#way-{key}", Static).update(Content.assemble((f"{title}\n\n", "bold"), *lines))

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
