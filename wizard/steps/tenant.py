"""The tenant: which one, with which credentials, and under which plan's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from wizard.answers import Answers, SecretRef, Section
from wizard.auth0.domain import Address
from wizard.errors import UsageError
from wizard.step import Change, Step
from wizard.tools import Tools

PlanName = Literal[
    "auto",
    "free",
    "essentials",
    "enterprise-nonproduction",
    "enterprise-production",
    "private-dev-20",
    "private-basic-100",
    "private-500",
    "private-1500",
    "private-3000",
    "private-6000",
    "private-10000",
    "custom",
]


REHEARSAL = "env:PRACTICE_CLIENT_SECRET"
"""The secret of the tenants that wizard and demonstration rehearse with; only they know it, while they serve the tenant."""


class TenantAnswers(Section):
    """The Auth0 tenant and how to speak to it."""

    table: ClassVar[str] = "tenant"
    domain: str = Field(
        title="Domain",
        description="The tenant's domain as the Dashboard shows it; a practice tenant is 127.0.0.1:PORT.",
        examples=["acme.eu.auth0.com"],
        min_length=1,
    )
    client_id: str = Field(
        title="Client ID",
        description="Of the machine-to-machine application that may call the Management API.",
        examples=["mZ3x…"],
        min_length=1,
    )
    client_secret: SecretRef | None = Field(
        default=None,
        title="Client secret",
        description="Leave out when a private key is used.",
        examples=["keyring:client_secret"],
    )
    private_key: SecretRef | None = Field(
        default=None,
        title="Private key",
        description="In PEM, for Private Key JWT instead of a client secret.",
        examples=["keyring:private_key"],
    )
    key_algorithm: Literal["RS256", "RS384", "PS256"] = Field(
        default="RS256", title="Algorithm of the private key", description="As registered with the application."
    )
    key_id: str | None = Field(
        default=None, title="Key id", description="The credential's kid, when the application has several."
    )
    audience: str | None = Field(
        default=None,
        title="Audience of the Management API",
        description="Only with a custom domain: https://TENANT.REGION.auth0.com/api/v2/ of the default domain.",
        examples=["https://acme.eu.auth0.com/api/v2/"],
    )
    environment: Literal["production", "staging", "development", "practice"] = Field(
        default="production",
        title="Environment",
        description="What this tenant is to you. Production asks for more care before anything is written.",
    )
    plan: PlanName = Field(
        default="auto",
        title="Plan of the subscription",
        description="Decides the rate limits. auto begins at the slowest and follows what the tenant's answers show.",
    )
    requests_per_second: float | None = Field(
        default=None, gt=0, le=10000, title="Requests per second", description="Only where the plan is custom."
    )
    burst: int | None = Field(default=None, gt=0, le=20000, title="Burst", description="Only where the plan is custom.")
    reserve_percent: int = Field(
        default=20,
        ge=0,
        le=90,
        title="Reserve in percent",
        description="Share of the tenant's rate limit that is left to your live traffic.",
    )

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, domain: str) -> str:
        try:
            return Address.parse(domain).host  # as the browser's address line has it, too
        except UsageError as wrong:
            raise ValueError(wrong.what.removeprefix("The tenant's domain ")) from None

    @model_validator(mode="after")
    def _one_credential(self) -> TenantAnswers:
        if (self.client_secret is None) == (self.private_key is None):
            raise ValueError("give either client_secret or private_key, as keyring:NAME or env:NAME")
        if (self.plan == "custom") != (self.requests_per_second is not None and self.burst is not None):
            raise ValueError("requests_per_second and burst belong to plan = custom, and only to that")
        return self


@dataclass(frozen=True)
class TenantFacts:
    """What the tenant told; `scopes` is None where the token does not say."""

    domain: str
    name: str
    scopes: frozenset[str] | None


class TenantStep(Step[TenantFacts, Change]):
    key = "tenant"
    title = "Tenant"
    section = TenantAnswers
    facts = TenantFacts
    scopes: ClassVar[dict[str, str]] = {}

    async def inspect(self, answers: Answers, tools: Tools) -> TenantFacts:
        wanted = answers[TenantAnswers]
        scopes = await tools.tenant.scopes()
        name = ""
        if scopes is not None and "read:tenant_settings" in scopes:
            name = (await tools.tenant.tenant_settings()).friendly_name or ""
        return TenantFacts(wanted.domain, name, scopes)

    def plan(self, answers: Answers, facts: TenantFacts) -> Sequence[Change]:
        return []
