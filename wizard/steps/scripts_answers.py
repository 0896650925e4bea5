"""What the operator says about the scripts of the connection."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from wizard.answers import Answers, SecretRef, Section


class ScriptsAnswers(Section):
    """The scripts that take users from the legacy store at their first login."""

    table: ClassVar[str] = "scripts"
    kind: Literal["legacy_api", "postgresql", "mysql"] = Field(
        default="legacy_api",
        title="What the scripts ask",
        description="legacy_api: the API in front of the legacy store, which is what Auth0 advises. postgresql or mysql: "
        "the database itself, only for private deployments whose database Auth0 may reach: its addresses are shared by "
        "all tenants of a region.",
    )
    database: SecretRef | None = Field(
        default=None,
        title="Database for the scripts",
        description="Only for postgresql and mysql: the URL with user and password, as a secret. Its user should be able "
        "to read the users and nothing else.",
        examples=["keyring:legacy_database_url"],
    )
    change_password: bool = Field(
        default=False,
        title="Change password script",
        description="Adds one that does nothing and says so; only if resets of users who have not moved fail without.",
    )

    @model_validator(mode="after")
    def _database(self) -> ScriptsAnswers:
        if (self.kind == "legacy_api") != (self.database is None):
            raise ValueError("database belongs to kind = postgresql or mysql, and only to that")
        return self


def asks_legacy_api(answers: Answers) -> bool:
    """Whether scripts and guards ask the API in front of the legacy store."""
    return answers[ScriptsAnswers].kind == "legacy_api"
