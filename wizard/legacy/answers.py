"""What the operator says about the legacy store: where it is, and how to read it where that can't be found out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from wizard.answers import SecretRef, Section
from wizard.answers.section import FILE

Kind = Literal["auto", "csv", "sql", "json", "ndjson", "ldif"]
StoreKey = Literal[
    "keycloak",
    "firebase",
    "cognito",
    "auth0",
    "okta",
    "supabase",
    "clerk",
    "fusionauth",
    "django",
    "django-dumpdata",
    "devise",
    "laravel",
    "wordpress",
    "aspnet-identity",
    "meteor",
    "mongodb",
]

_CHARACTERS = {"tab": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":"}
_ASCII = "".join(map(chr, range(128)))
NO_FILES = frozenset({"idna", "punycode", "undefined"})
"""Codecs of Python that make text, but are not for files."""
_NAMES = {"\t": "tab", "\\t": "tab", " ": "space"}
_REFERENCE = re.compile(r"^(keyring|env):[A-Za-z0-9_.-]{1,128}$")
_PASSWORD_IN_URL = re.compile(r"^[^:/?#]+://[^/?#]*?:[^/?#]*[^@/?#]@|[?&](password|passwd|pwd)=", re.IGNORECASE)


def _named(value: object) -> object:
    """A tab or a space alone would be stripped like any other blank, so they get their names first."""
    return _NAMES.get(value, value) if isinstance(value, str) else value


class SourceAnswers(Section):
    """Source: where the legacy users are: a file (path), or a database (url, and table or query)."""

    model_config = ConfigDict(populate_by_name=True)
    table: ClassVar[str] = "source"
    title: ClassVar[str] = "Source"

    kind: Kind = Field(
        title="Kind of store",
        description="auto looks at the file or the URL and decides",
        default="auto",
        examples=["auto", "csv", "json", "ndjson", "ldif", "sql"],
    )
    store: StoreKey | None = Field(
        title="Store by name",
        description="where the users come from; what [profile] and [passwords] leave out is then known",
        default=None,
        examples=["keycloak", "wordpress", "django"],
    )
    path: str = Field(
        title="File",
        description="this or a database is needed; relative to the folder of the answers file",
        default="",
        examples=["users.csv", "/srv/export/customers.tsv", "legacy.db"],
        json_schema_extra={"format": FILE},
    )
    list_key: str = Field(
        alias="list",
        title="Member that holds the list of users",
        description="only for a JSON object with several lists, or one of an unusual name; its path will do, such as data.users",
        default="",
        examples=["accounts"],
    )
    hashes: str = Field(
        title="File of password hashes",
        description="only for auth0: the hashes from Auth0's support, merged into the export of users by their id",
        default="",
        examples=["hashes.ndjson"],
        json_schema_extra={"format": FILE},
    )
    encoding: str = Field(
        title="Encoding of the file",
        description="auto finds UTF-8 and UTF-16; anything else is taken for Windows-1252, with a warning",
        default="auto",
        examples=["auto", "utf-8", "cp1252", "shift_jis"],
    )
    delimiter: Annotated[str, BeforeValidator(_named)] = Field(
        title="Character between cells",
        description="auto, tab, space, or the character itself",
        default="auto",
        examples=["auto", ",", ";", "tab", "|"],
    )
    quote: str = Field(
        title="Character around cells",
        description='auto, none, or the character itself, as in "Main Street 5, Springfield"',
        default="auto",
        examples=["auto", '"', "'", "none"],
    )
    header: bool = Field(
        title="The first line names the columns", description="if not, name the columns (columns)", default=True
    )
    skip_lines: int | None = Field(
        title="Lines above the names of the columns",
        description="left out, comments (#) and title lines are found; 0 if there are none",
        default=None,
        ge=0,
        le=1000,
        examples=[3],
    )
    columns: tuple[str, ...] = Field(
        title="Names of the columns",
        description="only for a file whose first line is already a user",
        default=(),
        examples=[["id", "email", "password_hash"]],
    )
    url: str = Field(
        title="Database URL, without its password",
        description="instead of a file; or the whole URL as a secret: env:NAME or keyring:NAME",
        default="",
        examples=["postgresql://reader@db.example.com/shop", "sqlite:///legacy.db", "env:LEGACY_DATABASE_URL"],
    )
    password: SecretRef | None = Field(
        title="Password of the database user",
        description="leave it out where the driver finds it itself (.pgpass, sockets)",
        default=None,
        examples=["env:LEGACY_DATABASE_PASSWORD", "keyring:legacy-database"],
    )
    users_table: str = Field(
        alias="table",
        title="Table of users",
        description="with its schema if it needs one; or give a query",
        default="",
        examples=["customers", "shop.customers"],
    )
    query: str = Field(
        title="Query that yields one row a user",
        description="one SELECT; it is run read-only",
        default="",
        examples=["SELECT u.*, p.phone FROM users u LEFT JOIN profiles p ON p.user_id = u.id"],
    )
    order_by: tuple[str, ...] = Field(
        title="Columns that order the rows",
        description="by default the primary key; best are columns that never change",
        default=(),
        examples=[["id"]],
    )

    @property
    def delimiter_character(self) -> str | None:
        """The delimiter itself; None when it is to be found."""
        return None if self.delimiter == "auto" else _CHARACTERS.get(self.delimiter, self.delimiter)

    @property
    def quote_character(self) -> str | None:
        """The quote itself, "" for none; None when it is to be found."""
        return {"auto": None, "none": ""}.get(self.quote, self.quote)

    @property
    def url_is_secret(self) -> bool:
        """The URL itself is a reference to a secret."""
        return bool(_REFERENCE.match(self.url))

    def _known_table(self) -> bool:
        """Whether the store's name says what to read."""
        from wizard.legacy.stores import STORES

        return self.store is not None and bool(STORES[self.store].table or STORES[self.store].query)

    @classmethod
    def presets(cls, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What a named store says about other tables."""
        from wizard.legacy.stores import STORES, preset

        store = given.get("store")
        return preset(store) if isinstance(store, str) and store in STORES else {}

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        import codecs

        if value == "auto":
            return value
        try:
            name = codecs.lookup(value).name
            if name in NO_FILES or _ASCII.encode(name).decode(name) != _ASCII:  # a LookupError where it makes no text
                raise LookupError
        except (LookupError, UnicodeError):
            raise ValueError(
                "Python knows no encoding of text files of this name; use auto, utf-8, utf-16, cp1252, …"
            ) from None
        return name

    @field_validator("delimiter")
    @classmethod
    def _one_delimiter(cls, value: str) -> str:
        if value == "auto" or value in _CHARACTERS or (len(value) == 1 and value not in '\r\n\0"\\'):
            return value
        raise ValueError("must be auto, tab, space or one character")

    @field_validator("quote")
    @classmethod
    def _one_quote(cls, value: str) -> str:
        if value in ("auto", "none") or (len(value) == 1 and value not in "\r\n\0\\" and not value.isspace()):
            return value
        raise ValueError("must be auto, none or one character")

    @field_validator("url")
    @classmethod
    def _no_password(cls, value: str) -> str:
        if _PASSWORD_IN_URL.search(value):
            raise ValueError(
                "the URL carries a password, which an answers file must not hold; take it out and name it apart "
                '(password = "env:NAME" or "keyring:NAME"), or make the whole URL a reference, env:NAME or keyring:NAME'
            )
        if value and "://" not in value and not _REFERENCE.match(value):
            raise ValueError("must look like dialect://user@host/database, or be env:NAME or keyring:NAME")
        return value

    @model_validator(mode="after")
    def _one_store(self) -> Self:
        if bool(self.path) == bool(self.url):
            raise ValueError("give either a file (path) or a database (url)")
        if self.kind in ("csv", "json", "ndjson", "ldif") and self.url:
            raise ValueError(f"{self.kind} is read from a file (path), not from a database (url)")
        if self.hashes and self.store != "auth0":
            raise ValueError('a file of password hashes (hashes) is only for an export of Auth0 (store = "auth0")')
        database = self.kind == "sql" or bool(self.url)
        if database and self.users_table and self.query:
            raise ValueError("a database needs either a table (table) or a query (query), not both")
        if database and not (self.users_table or self.query or self._known_table()):
            raise ValueError("a database needs either a table (table) or a query (query)")
        if self.header and self.columns:
            raise ValueError(
                "names of columns (columns) are only for a file whose first line does not name them (header = false)"
            )
        return self
