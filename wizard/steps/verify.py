"""Verifying: every prepared user is found in Auth0 as prepared, or has a reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from wizard.answers import Answers, SecretRef, Section
from wizard.step import Change, Finding, Step
from wizard.steps.connection import ConnectionAnswers
from wizard.tools import Tools


class Canary(Section):
    """An account whose password is known, to log in with after the import."""

    table: ClassVar[str] = "canary"
    login: str = Field(title="E-mail or username", min_length=1)
    password: SecretRef = Field(title="Password", description="keyring:NAME or env:NAME.")


class VerifyAnswers(Section):
    """How deep to look after the import."""

    table: ClassVar[str] = "verify"
    depth: Literal["full", "sample"] = Field(
        default="full",
        title="Depth",
        description="full compares an export of the connection with every prepared user; sample looks at some.",
    )
    sample: int = Field(
        default=20, ge=0, le=1000, title="Sampled users", description="Looked up one by one, by e-mail address."
    )
    canaries: tuple[Canary, ...] = Field(
        default=(),
        title="Canary accounts",
        description="Log in as these; each counts as a login of that user.",
        examples=[[{"login": "canary@example.com", "password": "env:CANARY_PASSWORD"}]],
    )
    login_client_id: str | None = Field(
        default=None,
        title="Application for canary logins",
        description="Client id of an enabled application that allows the password-realm grant.",
    )
    login_client_secret: SecretRef | None = Field(
        default=None, title="Its secret", description="keyring:NAME or env:NAME."
    )

    @model_validator(mode="after")
    def _application(self) -> VerifyAnswers:
        if self.canaries and self.login_client_id is None:
            raise ValueError("canaries need login_client_id, an application that allows the password-realm grant")
        return self


@dataclass(frozen=True)
class VerifyFacts:
    """Nothing is looked at beforehand; the evidence comes from `check`."""


class VerifyStep(Step[VerifyFacts, Change]):
    key = "verify"
    title = "Verify"
    section = VerifyAnswers
    facts = VerifyFacts
    scopes: ClassVar[dict[str, str]] = {"read:users": "POST /jobs/users-exports, GET /users-by-email, GET /users"}

    async def inspect(self, answers: Answers, tools: Tools) -> VerifyFacts:
        return VerifyFacts()

    def plan(self, answers: Answers, facts: VerifyFacts) -> Sequence[Change]:
        return []

    async def check(self, answers: Answers, tools: Tools) -> Sequence[Finding]:
        from wizard.bulk import evidence

        wanted = answers[VerifyAnswers]
        connection = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
        if connection is None:
            return [Finding("connection", False, "the connection is gone", "Look at the tenant's logs.")]
        findings = [Finding("connection", True, f"the connection {connection.name} is there")]
        if wanted.depth == "full":
            findings.append(await evidence.compare_with_export(connection, tools))
        findings.append(await evidence.look_up_sample(connection, wanted.sample, tools))
        findings.append(await evidence.count_by_search(connection, tools))
        if wanted.canaries:
            findings += await evidence.log_in(connection, wanted, tools)
        return findings
