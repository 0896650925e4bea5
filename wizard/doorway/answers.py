"""What the operator says about the API in front of the legacy store."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from wizard.answers import Section


class LegacyApiAnswers(Section):
    """The API in front of the legacy store, which scripts and guards ask."""

    table: ClassVar[str] = "legacy_api"
    url: str | None = Field(default=None, title="URL", examples=["https://legacy.example.com"])
    audience: str | None = Field(default=None, title="Audience", examples=["https://legacy.example.com/api"])
    client_id: str | None = Field(default=None, title="Client id of its application")
