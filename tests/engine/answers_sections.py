"""Sections as steps might have them, with every kind of field; for tests of answers."""

from datetime import date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from wizard.answers import SecretRef, Section


class TenantAnswers(Section):
    """The Auth0 tenant."""

    table: ClassVar[str] = "tenant"
    domain: str = Field(title="Domain", pattern=r"^[a-z0-9.-]+$", examples=["acme.eu.auth0.com"])
    client_secret: SecretRef | None = None
    reserve: float = Field(default=0.2, title="Reserve", description="Share of the limit left to live traffic.")


class ConnectionAnswers(Section):
    table: ClassVar[str] = "connection"
    title: ClassVar[str] = "Database connection"
    name: str = Field(title="Connection name", pattern=r"^[a-zA-Z0-9-]{1,128}$", examples=["acme-users"])
    import_mode: bool = False
    policy: Literal["none", "low", "good"] = "good"
    attempts: int = Field(default=3, ge=1)
    tags: tuple[str, ...] = ()


class CsvFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["csv"]
    path: Path


class Database(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["sql"]
    url: SecretRef
    table: str = "users"


class SourceAnswers(Section):
    """Where users come from."""

    table: ClassVar[str] = "source"
    store: Annotated[CsvFile | Database, Field(discriminator="kind")]
    columns: dict[str, str] = Field(default_factory=dict, examples=[{"E-Mail": "email"}])


class UploadAnswers(Section):
    """Uploading."""

    table: ClassVar[str] = "upload"
    jobs: int = Field(default=2, ge=1, le=2)
    since: date | None = None


SECTIONS: tuple[type[Section], ...] = (TenantAnswers, ConnectionAnswers, SourceAnswers, UploadAnswers)

COMPLETE = """\
version = 1

# Our tenant
[tenant]
domain = "acme.eu.auth0.com"  # Frankfurt
client_secret = "keyring:client-secret"

[connection]
name = 'acme-users'

[source]
store = { kind = "csv", path = "./users.csv" }
"""


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    note: str = ""
    level: int = 0
    names: tuple[str, ...] = ()


class Everything(Section):
    """Every kind of value that a section may hold."""

    table: ClassVar[str] = "everything"
    text: str
    number: int = 0
    ratio: float = 0.5
    on: bool = False
    moment: datetime | None = None
    day: date | None = None
    at: time | None = None
    colour: Colour = Colour.RED
    path: Path = Path("users.csv")
    words: tuple[str, ...] = ()
    unordered: frozenset[str] = frozenset()
    columns: dict[str, str] = Field(default_factory=dict)
    deep: dict[str, dict[str, int]] = Field(default_factory=dict)
    inner: Inner = Inner()
    maybe: Inner | None = None
    inners: tuple[Inner, ...] = ()
    either: str | Inner = ""
    workers: Literal["auto"] | int = "auto"
    secret: SecretRef | None = None
