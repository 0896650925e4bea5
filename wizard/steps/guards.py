"""Guards at every login: Actions, or Rules where the tenant still runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from wizard.answers import Answers, Section
from wizard.doorway.guards import GUARDS, Guard, GuardSource, as_action, as_rule, feeds_metadata, guard_name
from wizard.doorway.settings import LegacyApi, legacy_api_of
from wizard.errors import UsageError
from wizard.profile import ProfileAnswers
from wizard.step import Change, Receipt, Step
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.custom_database import AUTOMATIC
from wizard.steps.door import is_door_closed
from wizard.steps.scripts_answers import asks_legacy_api
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.undo.relying import OtherRun

GuardState = Literal["absent", "other", "undeployed", "live"]


class GuardsAnswers(Section):
    """What is checked and done at every login while the migration goes on."""

    table: ClassVar[str] = "guards"
    kind: Literal["auto", "actions", "rules"] = Field(
        default="auto",
        title="Actions or Rules",
        description="auto makes Actions. Rules ended on 2026-11-18; they are made only where the tenant still has them.",
    )
    which: tuple[Guard, ...] = Field(
        default=GUARDS,
        title="Guards",
        description="deny_audience: end users get no token for the legacy API. fetch_metadata: metadata that is missing "
        "after a broken first login is fetched, once a user. mark_migrated: who has moved is marked in the legacy store.",
        examples=[["deny_audience", "mark_migrated"]],
    )

    @property
    def as_rules(self) -> bool:
        return self.kind == "rules"


@dataclass(frozen=True)
class GuardsFacts:
    """The guards on the tenant: each one's state, whose values are not known to be in place, and what runs first.

    `first` are the names of the guards bound before all Actions that are none of any migration. `rules` tells whether the tenant has
    Rules at all, and is None where nobody asked. `closed` tells that the migration has ended, or never asks the API.
    """

    closed: bool = False
    states: Mapping[str, GuardState] = field(default_factory=dict)
    stale: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    rules: bool | None = None


@dataclass(frozen=True)
class DeployAction(Change):
    source: GuardSource
    api: LegacyApi

    @property
    def key(self) -> str:
        return f"deploy-action:{self.source.name}"

    @property
    def summary(self) -> str:
        return f"build and deploy the Action “{self.source.name}”"

    @property
    def undo_summary(self) -> str:
        return f"delete the Action “{self.source.name}”"

    @property
    def requests(self) -> Sequence[str]:
        return ("POST /actions/actions", "PATCH /actions/actions/{id}", "POST /actions/actions/{id}/deploy")

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"action": self.source.name}


@dataclass(frozen=True)
class BindActions(Change):
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        return "bind-actions:post-login"

    @property
    def summary(self) -> str:
        listed = ", ".join(f"“{name}”" for name in self.names)
        return f"let every login run first {listed}, then all other Actions as they are now"

    @property
    def undo_summary(self) -> str:
        return "take the guards out of the login flow; all other Actions stay as they are"

    @property
    def requests(self) -> Sequence[str]:
        return ("PATCH /actions/triggers/post-login/bindings",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"bound": list(self.names)}


@dataclass(frozen=True)
class PutRule(Change):
    source: GuardSource

    @property
    def key(self) -> str:
        return f"put-rule:{self.source.name}"

    @property
    def summary(self) -> str:
        return f"put the Rule “{self.source.name}”, after all others"

    @property
    def undo_summary(self) -> str:
        return f"delete the Rule “{self.source.name}”"

    @property
    def requests(self) -> Sequence[str]:
        return ("POST /rules", "PATCH /rules/{id}")

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"rule": self.source.name}


@dataclass(frozen=True)
class SetRuleSettings(Change):
    names: tuple[str, ...]
    api: LegacyApi

    @property
    def key(self) -> str:
        return "set-rule-settings"

    @property
    def summary(self) -> str:
        return f"set the settings {', '.join(self.names)} of Rules"

    @property
    def undo_summary(self) -> str:
        return f"delete the settings {', '.join(self.names)} of Rules"

    @property
    def requests(self) -> Sequence[str]:
        return ("PUT /rules-configs/{key}",)

    @property
    def undo(self) -> Mapping[str, Any]:
        return {"settings": list(self.names)}


RULES_SCOPES: Mapping[str, str] = {
    "read:rules": "GET /rules",
    "create:rules": "POST /rules",
    "update:rules": "PATCH /rules/{id}",
    "read:rules_configs": "GET /rules-configs",
    "update:rules_configs": "PUT /rules-configs/{key}",
}
"""What guards need in the place of the scopes of Actions where they are Rules."""

GuardsChange = DeployAction | BindActions | PutRule | SetRuleSettings


class GuardsStep(Step[GuardsFacts, GuardsChange]):
    key = "guards"
    title = "Guards"
    section = GuardsAnswers
    facts = GuardsFacts
    strategies = AUTOMATIC
    ends_at_cutover: ClassVar[bool] = True
    scopes: ClassVar[dict[str, str]] = {
        "read:actions": "GET /actions/actions, GET /actions/triggers/post-login/bindings",
        "create:actions": "POST /actions/actions, POST /actions/actions/{id}/deploy",
        "update:actions": "PATCH /actions/actions/{id}, PATCH /actions/triggers/post-login/bindings",
    }

    def scopes_for(self, answers: Answers) -> Mapping[str, str]:
        return RULES_SCOPES if answers[GuardsAnswers].as_rules else self.scopes

    async def inspect(self, answers: Answers, tools: Tools) -> GuardsFacts:
        if not asks_legacy_api(answers) or await is_door_closed(answers, tools):
            return GuardsFacts(closed=True)
        return await self.look(answers, tools)

    async def look(self, answers: Answers, tools: Tools) -> GuardsFacts:
        from wizard.doorway import deployment
        from wizard.doorway.settings import wanted_values

        if not asks_legacy_api(answers):
            return GuardsFacts(closed=True)
        sources = sources_of(answers)
        values = await wanted_values(legacy_api_of(answers), tools)
        if answers[GuardsAnswers].as_rules:
            return GuardsFacts(**await deployment.rule_facts(sources, values, tools))
        return GuardsFacts(**await deployment.action_facts(sources, values, tools))

    def plan(self, answers: Answers, facts: GuardsFacts) -> Sequence[GuardsChange]:
        if facts.closed:
            return []
        sources, api = sources_of(answers), legacy_api_of(answers)
        wrong = [one for one in sources if facts.states.get(one.guard, "absent") != "live" or one.guard in facts.stale]
        if answers[GuardsAnswers].as_rules:
            return _rule_changes(sources, wrong, api, facts)
        changes: list[GuardsChange] = [DeployAction(source, api) for source in wrong]
        names = tuple(source.name for source in sources)
        if names and facts.first != names:
            changes.append(BindActions(names))
        return changes

    async def apply(self, change: GuardsChange, tools: Tools) -> Receipt:
        from wizard.doorway import deployment

        match change:
            case DeployAction():
                return await deployment.deploy_action(change.source, change.api, tools)
            case BindActions():
                return await deployment.bind_first(change.names, tools)
            case PutRule():
                return await deployment.put_rule(change.source, tools)
            case SetRuleSettings():
                return await deployment.set_rule_settings(change.names, change.api, tools)

    def is_relied_on(self, receipt: Mapping[str, Any], other: OtherRun) -> bool:
        return other.needs_open_door and asks_legacy_api(other.answers)

    async def undo(self, receipt: Mapping[str, Any], tools: Tools) -> None:
        from wizard.doorway import deployment

        if "bound" in receipt:
            await deployment.unbind(receipt["bound"], tools)
        elif "action" in receipt:
            await deployment.undo_action(str(receipt["action"]), tools)
        elif "rule" in receipt:
            await deployment.undo_rule(str(receipt["rule"]), tools)
        elif "settings" in receipt:
            await deployment.undo_rule_settings(receipt["settings"], tools)


def sources_of(answers: Answers) -> list[GuardSource]:
    """The guards that the answers ask for, in the order in which they run."""
    wanted, profile = answers[GuardsAnswers], answers[ProfileAnswers]
    make = as_rule if wanted.as_rules else as_action
    connection, audience = answers[ConnectionAnswers].name, legacy_api_of(answers).audience
    return [
        make(guard, connection=connection, audience=audience, profile=profile)
        for guard in GUARDS
        if guard in wanted.which and (guard != "fetch_metadata" or feeds_metadata(profile))
    ]


def guard_names(answers: Answers) -> tuple[str, ...]:
    """The names of all guards that a run of these answers may have made, for taking them away."""
    return tuple(guard_name(guard, answers[ConnectionAnswers].name) for guard in GUARDS)


def _rule_changes(
    sources: Sequence[GuardSource], wrong: Sequence[GuardSource], api: LegacyApi, facts: GuardsFacts
) -> list[GuardsChange]:
    if sources and not facts.rules:
        raise UsageError(
            "The tenant has no Rules any more",
            why="Auth0 ended them on 2026-11-18, and refuses to make any here",
            state="Nothing was changed.",
            remedy='Use kind = "actions" in [guards]; they do the same.',
        )
    changes: list[GuardsChange] = []
    if facts.stale:
        changes.append(SetRuleSettings(tuple(dict.fromkeys(name for one in sources for name in one.settings)), api))
    return [*changes, *(PutRule(one) for one in wrong if facts.states.get(one.guard, "absent") != "live")]
