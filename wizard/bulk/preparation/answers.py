"""The prepare section: how files of users are made, and which rejects the operator leaves behind."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from wizard.answers.section import Section
from wizard.bulk.preparation.chunks import IMPORT_FILE_BYTES
from wizard.rejects import REASONS


class PrepareAnswers(Section):
    """Prepare: the files of users to import."""

    table: ClassVar[str] = "prepare"
    title: ClassVar[str] = "Prepare"

    skip: tuple[str, ...] = Field(
        default=(),
        title="Rejects to leave behind",
        description="Reason codes that you decided about: these users count as skipped, not as rejected.",
        examples=[["email_missing"]],
    )
    max_file_bytes: int = Field(
        default=IMPORT_FILE_BYTES,
        ge=1_000,
        le=510_000,
        title="Largest file, in bytes",
        description="Auth0 refuses requests over 512,000 bytes; the default leaves room for the rest of the request.",
    )
    workers: Literal["auto"] | int = Field(
        default="auto", title="Worker processes", description="auto: none for small stores, else 2; 0 for none."
    )

    @field_validator("skip")
    @classmethod
    def _known_codes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [code for code in codes if code not in REASONS]
        if unknown:
            raise ValueError(f"there is no reason {', '.join(unknown)}; there are: {', '.join(REASONS)}")
        return codes

    @field_validator("workers")
    @classmethod
    def _some_workers(cls, workers: str | int) -> str | int:
        if isinstance(workers, int) and not 0 <= workers <= 32:
            raise ValueError("must be auto, or a number from 0 to 32")
        return workers
