"""The profile section: what feeds each field of an Auth0 user, chosen once for import files and login scripts alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator
from typing_extensions import TypeAliasType

from wizard.answers.section import Section
from wizard.mapping.transforms import parse_transform
from wizard.mapping.words import FORBIDDEN_APP_METADATA

Scalar = bool | int | float | str


class FieldRule(BaseModel):
    """What feeds one field: a column, a template of columns, or a constant; then transforms, in order."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    column: str | None = Field(
        default=None,
        title="Column",
        description="Bytes that are no text are read as lower-case hex, a BIT(1) of MySQL as true or false.",
        examples=["mail"],
    )
    template: str | None = Field(
        default=None,
        title="Template",
        description="Columns in braces; empty if they all are.",
        examples=["{first} {last}"],
    )
    constant: Scalar | list[Scalar] | None = Field(default=None, title="The same for every user", examples=["legacy"])
    transforms: tuple[str, ...] | None = Field(
        default=None,
        title="Transforms",
        description="Applied in order; left out: strip. Text: strip (no white space at the ends), lower, upper, spaces (one "
        "where there are several), printable (no control characters), truncate(150), "
        'replace("a", "b"), remove_prefix("x"), remove_suffix("x"), before("x") (all of it where there is no x), after("x") '
        "(nothing where there is no x). Last may come one that gives a value: "
        'bool(true=["ja"], false=["nein"]), present (true of a moment, as in a column email_verified_at, and of words for yes; '
        'false of nothing, 0 and words for no), int, float, json, split(";") (a list), date("%d.%m.%Y"), '
        'datetime("%d.%m.%Y %H:%M", zone="Europe/Berlin"), epoch, epoch("ms") (seconds, milliseconds since 1970).',
        examples=[["strip", "lower"]],
    )
    when_empty: Literal["omit", "reject"] | None = Field(
        default=None, title="When empty", description="Leave the field out (the default), or reject the user."
    )
    when_invalid: Literal["reject", "omit"] | None = Field(
        default=None, title="When invalid", description="Reject the user (the default), or import it without the field."
    )

    @field_validator("transforms")
    @classmethod
    def _known_transforms(cls, transforms: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for text in transforms or ():
            parse_transform(text)
        return transforms

    @model_validator(mode="after")
    def _one_origin(self) -> FieldRule:
        if sum(origin is not None for origin in (self.column, self.template, self.constant)) != 1:
            raise ValueError("needs exactly one of column, template and constant")
        return self


def _shape(value: Any) -> str:
    """Tell a column's name, a rule and a nested table apart; a rule is a table that names an origin."""
    if isinstance(value, str):
        return "column"
    if isinstance(value, FieldRule):
        return "rule"
    if isinstance(value, dict):
        rule = value.keys() <= FieldRule.model_fields.keys() and value.keys() & {"column", "template", "constant"}
        return "rule" if rule else "table"
    return "rule"


Mapped = Annotated[
    Annotated[str, Field(min_length=1), Tag("column")] | Annotated[FieldRule, Tag("rule")], Discriminator(_shape)
]
"""A column by its name alone, or a rule."""

if TYPE_CHECKING:
    MetadataTable = dict[str, Any]
else:
    MetadataTable = TypeAliasType(
        "MetadataTable",
        dict[
            str,
            Annotated[
                Annotated[str, Field(min_length=1), Tag("column")]
                | Annotated[FieldRule, Tag("rule")]
                | Annotated["MetadataTable", Tag("table")],
                Discriminator(_shape),
            ],
        ],
    )
"""Metadata by key, nested as deep as wished."""

Metadata = Annotated[Annotated[FieldRule, Tag("rule")] | Annotated[MetadataTable, Tag("table")], Discriminator(_shape)]
"""Metadata by key; or one rule with the transform json for a column that holds it all."""


class MfaRules(BaseModel):
    """Factors that users enrolled in the legacy store."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    totp: Mapped | None = Field(default=None, title="TOTP secret", description="Base32, as authenticator apps take it.")
    phone: Mapped | None = Field(default=None, title="Telephone number for codes")
    email: Mapped | None = Field(default=None, title="E-mail address for codes")


class ProfileAnswers(Section):
    """Profile: which column of the legacy store feeds which field of the Auth0 user.

    Source: Auth0 docs, "Bulk User Import Database Schema and Examples".
    """

    table: ClassVar[str] = "profile"
    title: ClassVar[str] = "Profile"

    user_id: Mapped = Field(
        title="User id",
        description="A column that never changes and is unique; Auth0 puts auth0| in front. It is permanent.",
        examples=["id"],
    )
    user_id_prefix: str | None = Field(
        default=None,
        title="Prefix of user ids",
        description="Put before each id, so that ids of several stores cannot meet.",
        pattern=r"^\S{1,64}$",
        examples=["legacy|"],
    )
    email: Mapped = Field(
        title="E-mail address", description="Required by Auth0; stored lower case.", examples=["email"]
    )
    without_email: str | None = Field(
        default=None,
        title="Address for users who have none",
        description="Auth0 imports nobody without an e-mail address. A template that makes one, different for each user, of a "
        "domain of your own. Such users count as not verified (email_verified is left out for them), and nobody can reset a "
        "password by mail sent there. Left out, such users are rejected.",
        pattern=r"^[^@\s]*\{[^@{}]+\}[^@\s]*@[^@{}\s]+\.[^@{}\s]+$",
        examples=["{id}@no-email.example.com"],
    )
    email_verified: Mapped | None = Field(
        default=None, title="E-mail address is verified", description="A boolean; Auth0 takes no answer as false."
    )
    phone_number: Mapped | None = Field(
        default=None, title="Telephone number", description="Becomes E.164: +4930123456."
    )
    phone_verified: Mapped | None = Field(default=None, title="Telephone number is verified")
    default_country: str | None = Field(
        default=None,
        title="Country of national telephone numbers",
        description="Two letters; without it a number must begin with + and its country.",
        pattern=r"^[A-Z]{2}$",
        examples=["DE"],
    )
    username: Mapped | None = Field(
        default=None, title="Username", description="Only if the connection takes usernames; stored lower case."
    )
    given_name: Mapped | None = Field(default=None, title="Given name", description="150 characters at most.")
    family_name: Mapped | None = Field(default=None, title="Family name", description="150 characters at most.")
    name: Mapped | None = Field(
        default=None,
        title="Full name",
        description="150 characters at most.",
        examples=[{"template": "{first} {last}"}],
    )
    nickname: Mapped | None = Field(default=None, title="Nickname", description="300 characters at most.")
    picture: Mapped | None = Field(default=None, title="Picture", description="An http or https URL.")
    blocked: Mapped | None = Field(
        default=None,
        title="Blocked",
        description="A boolean; a blocked user cannot log in, and does not move at a login.",
    )
    mfa: MfaRules | None = Field(default=None, title="Second factors")
    app_metadata: Metadata = Field(
        default_factory=dict,
        title="app_metadata",
        description="What applications may read and users may not change. Keys without dot and dollar sign; nested by dots.",
        examples=[{"legacy": {"id": "id"}}],
    )
    user_metadata: Metadata = Field(
        default_factory=dict, title="user_metadata", description="What users may change themselves: preferences."
    )
    same_email: Literal["reject", "keep_newest", "keep_verified", "keep_most_recently_active"] = Field(
        default="reject",
        title="Several users with one e-mail address",
        description="Auth0 takes one. reject leaves all of them out; keep_newest, keep_verified and "
        "keep_most_recently_active import the one that is, and count the others as skipped. Where that is nobody, or "
        "several, all are rejected. Records that are rejected for another reason count too, and nobody takes their place.",
        examples=["keep_most_recently_active"],
    )
    created: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        title="Column of the moment of creation",
        description="For keep_newest: ISO 8601, 24.12.2023 17:30, seconds or milliseconds since 1970, the form of mails or LDAP. "
        "What cannot be read ranks last, and prepare says how much of it there is.",
        examples=["created_at"],
    )
    last_login: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        title="Column of the last login",
        description="For keep_most_recently_active, and for the forecast of an automatic migration.",
        examples=["last_login"],
    )
    date_order: Literal["day", "month"] | None = Field(
        default=None,
        title="First in 05/06/2023",
        description="In these two columns, day or month. Left out, dates written so are not read.",
        examples=["day"],
    )
    profile_bytes_warning: int = Field(
        default=10_000,
        ge=1,
        title="Warn about profiles over",
        description="Bytes of JSON. Auth0 enforces 10 KB a profile from 2027-03-04.",
    )
    profile_bytes_limit: int | None = Field(
        default=None,
        ge=1,
        title="Reject profiles over",
        description="Bytes of JSON; left out, only a file's size limits.",
    )

    @field_validator("default_country")
    @classmethod
    def _is_a_country(cls, country: str | None) -> str | None:
        if country is not None:
            from phonenumbers import SUPPORTED_REGIONS

            if country not in SUPPORTED_REGIONS:
                raise ValueError("must be a country that has telephone numbers")
        return country

    @field_validator("user_id", "email")
    @classmethod
    def _never_left_out(cls, mapped: str | FieldRule) -> str | FieldRule:
        if isinstance(mapped, FieldRule) and "omit" in (mapped.when_empty, mapped.when_invalid):
            raise ValueError("no user is imported without it, so it cannot be omitted")
        return mapped

    @model_validator(mode="after")
    def _decision_has_its_column(self) -> ProfileAnswers:
        needs = {"keep_newest": "created", "keep_most_recently_active": "last_login", "keep_verified": "email_verified"}
        needed = needs.get(self.same_email)
        if needed and getattr(self, needed) is None:
            raise ValueError(f'same_email = "{self.same_email}" needs {needed}')
        return self

    @field_validator("app_metadata", "user_metadata", mode="after")
    @classmethod
    def _keys_auth0_takes(cls, metadata: Any, info: Any) -> Any:
        if isinstance(metadata, dict):
            _check_keys(metadata, FORBIDDEN_APP_METADATA if info.field_name == "app_metadata" else frozenset())
        elif not any(parse_transform(text).name == "json" for text in metadata.transforms or ()):
            raise ValueError('as one rule it needs the transform json: {column = "data", transforms = ["json"]}')
        return metadata


def _check_keys(metadata: dict[str, Any], forbidden: frozenset[str]) -> None:
    for key, value in metadata.items():
        if key in forbidden:
            raise ValueError(f"Auth0 does not allow the key {key} at the top of app_metadata")
        if not key or "." in key or "$" in key:
            raise ValueError(f"the key {key!r} is empty or has a dot or dollar sign; nest with a table instead")
        if isinstance(value, dict):
            _check_keys(value, frozenset())
