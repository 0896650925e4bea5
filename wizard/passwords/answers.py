"""The passwords section: where the hashes are, how they were made, and what becomes of users whose hash cannot travel."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from wizard.answers.section import SecretRef, Section

FINAL = (
    "It is final: Auth0 gives a user who is imported without a hash a random one, and refuses a hash that comes later. "
    "Such users reset their password."
)
Decision = Literal["reject", "without_password"]
Column = Annotated[str, StringConstraints(min_length=1)]
Mark = Annotated[str, StringConstraints(pattern="^[0-9a-f]{12}$")]
Written = Literal["utf8", "hex", "base64"]
MOST_ALSO = 8
"""Further descriptions of the hashes in one column."""


class HowMade(Section):
    """How hashes were made that do not say it themselves."""

    format: str | None = Field(
        default=None,
        title="Format",
        description="How the hashes were made, if they do not say it: md5, sha1, sha256, sha512, md4, hmac-sha256, "
        "pbkdf2-sha256, scrypt, bcrypt (with key or salt), or what made them: ntlm, devise, django, werkzeug, spring-pbkdf2, "
        "aspnet-membership, aspnet-membership-hmac, node-scrypt, better-auth.",
        examples=["sha256"],
    )
    salt: Column | None = Field(default=None, title="Column of the salt", examples=["salt"])
    iterations: Annotated[int, Field(ge=1, le=9_999_999_999)] | Column | None = Field(
        default=None,
        title="Iterations",
        description="A number, or the column that tells them, also in words such as $pbkdf2-sha256$i=64000,l=32$.",
        examples=[10_000],
    )
    key: SecretRef | None = Field(
        default=None,
        title="Key or pepper",
        description="The secret beside the salt: the key of HMAC, the pepper of bcrypt, the secret of Spring. It goes into "
        "the files to import, because Auth0 needs it to check the hash.",
        examples=["keyring:pepper"],
    )
    key_encoding: Written = Field(default="utf8", title="Encoding of the key")
    key_position: Literal["prefix", "suffix"] | None = Field(
        default=None, title="Where the pepper of bcrypt stands", description="Left out, suffix."
    )
    encoding: Literal["hex", "base64"] | None = Field(
        default=None, title="Encoding of the hash", description="Left out, it is told by the length."
    )
    salt_encoding: Literal[Written, "utf16le"] | None = Field(
        default=None,
        title="Encoding of the salt",
        description="utf8 if the text itself is the salt, utf16le if it is the text as .NET and Windows write it. Left out, "
        "utf8 or what the format has.",
    )
    salt_position: Literal["prefix", "suffix"] | None = Field(
        default=None, title="Where the salt stands", description="Left out, prefix or where the format has it."
    )
    password_encoding: Literal["utf8", "ascii", "latin1", "utf16le"] | None = Field(
        default=None,
        title="Encoding of the password",
        description="utf16le for .NET and Windows. Left out, utf8 or what the format has.",
    )
    layout: str | None = Field(
        default=None,
        title="Layout of the column",
        description="If one cell holds several parts: {salt}:{hash}, {hash}.{salt}, {iterations}:{salt}:{hash}.",
        examples=["{salt}:{hash}"],
    )
    cost: int | None = Field(
        default=None, ge=2, le=1 << 30, title="Cost of scrypt (N)", description="Left out, 16384.", examples=[16384]
    )
    block_size: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        title="Block size of scrypt (r)",
        description="Left out, 8 or what the format has.",
        examples=[8],
    )
    parallelization: int | None = Field(
        default=None, ge=1, le=1024, title="Parallelization of scrypt (p)", description="Left out, 1.", examples=[1]
    )

    @field_validator("format")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        from wizard.passwords.declared import FORMATS

        if value is not None and value not in FORMATS:
            raise ValueError(f"must be one of {', '.join(FORMATS)}")
        return value

    @field_validator("layout")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        from wizard.passwords.declared import layout_pattern

        if value is not None:
            layout_pattern(value)
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        from wizard.passwords.declared import DIGESTS, HMACS

        inner = self.inner
        if self.key is not None and self.format is None:
            raise ValueError(
                'key needs format, which says what it is used for: "bcrypt", "hmac-sha256", "spring-pbkdf2"'
            )
        if inner in HMACS and not (self.key or self.salt or self.layout or self.excused):
            raise ValueError("hmac needs its key: key for all users, or the column salt if each has its own")
        if inner in (*DIGESTS, "bcrypt") and self.key and (self.salt or self.layout):
            raise ValueError(f"Auth0 takes {inner} with one salt, not with a salt and a key beside it")
        if inner in (*DIGESTS, *HMACS) and isinstance(self.iterations, int) and self.iterations > 1:
            raise ValueError(f"Auth0 applies {inner} once; with {self.iterations:,} iterations it cannot travel")
        if inner.startswith("pbkdf2-") and self.iterations is None and "{iterations}" not in (self.layout or ""):
            raise ValueError("pbkdf2 needs iterations: the number, or the column that holds them")
        return self

    @property
    def inner(self) -> str:
        """The format that a preset stands for; "" if none is given."""
        from wizard.passwords.declared import PRESETS

        return str(PRESETS.get(self.format or "", {}).get("format", self.format or ""))

    @property
    def excused(self) -> bool:
        """Whether a key that is needed may be missing."""
        return False

    def mark(self, column: str | None) -> str:
        """What tells this description of a column from all others, in whatever words it is: short hex.

        A proof is noted with it, so that it no longer counts where something else is described. Of a secret it holds the name.
        """
        from wizard.passwords.declared import meaning

        told = json.dumps({**meaning(self), "column": column}, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    @property
    def beside(self) -> dict[str, str]:
        """The columns beside the hash, by key."""
        named = {"salt": self.salt, "iterations": self.iterations}
        return {key: column for key, column in named.items() if isinstance(column, str)}


class AlsoMade(HowMade):
    """How other hashes of the same column were made."""

    proven: bool | Mark = Field(
        default=False,
        title="This description was proven",
        description="As auth0-migrate passwords prove reports it: the mark of the description that was proven, which no "
        "longer counts once that is changed. true is your own word for whatever is described.",
    )

    def counts(self, column: str | None) -> bool | str:
        """What is noted of a proof of this description; False where it was of another one."""
        return self.proven if self.proven in (True, self.mark(column)) else False


class _Decided(Section):
    """Where the hashes are, and what becomes of those that cannot travel."""

    column: str | None = Field(
        default=None,
        min_length=1,
        title="Column of the hash",
        description="Left out, no password is migrated; decide then about users without a hash (missing).",
        examples=["password_hash"],
    )
    unsupported: Decision = Field(
        default="reject",
        title="Hashes that Auth0 cannot take",
        description=f"reject leaves these users out, to migrate at their login; without_password imports them. {FINAL}",
    )
    missing: Decision = Field(
        default="reject", title="Users without a hash", description=f"reject, or import without_password. {FINAL}"
    )
    decisions: dict[str, Decision] = Field(
        default_factory=dict,
        title="Decisions by format",
        description='For single formats by the name that the census gives them, instead of unsupported: phpass = "without_password".',
    )
    unconfirmed: Literal["reject", "import"] | None = Field(
        default=None,
        title="Hashes whose import Auth0 does not document",
        description="Left out, what Auth0 is known to take is imported (bcrypt of other costs) and what it is not known to "
        "take is left out (argon2i).",
    )
    proven: list[str] = Field(
        default_factory=list,
        title="Formats that were proven",
        description="As auth0-migrate passwords prove reports them: a format, and behind # the mark of the description that "
        "was proven, which no longer counts once that is changed. A format alone is your own word for whatever is described. "
        "A description in also says so itself.",
    )
    unproven: Literal["ask", "import"] = Field(
        default="ask",
        title="Formats that rest on a declaration and were not proven",
        description="ask stops the run before anything is imported; import is the deliberate yes to the risk that these "
        "users cannot log in.",
    )


class PasswordsAnswers(HowMade, _Decided):
    """Passwords: which column holds the hash, how it was made, and what to do with those that Auth0 cannot take.

    Most hashes say themselves how they were made; the keys from format to parallelization are for those that do not.
    `auth0-migrate passwords prove` finds them out with accounts whose passwords are known.

    Source: Auth0 docs, "Bulk User Import Database Schema and Examples"; Auth0 support, on hashes that come later.
    """

    table: ClassVar[str] = "passwords"
    title: ClassVar[str] = "Passwords"

    key_lost: bool = Field(
        default=False, title="The key is lost", description="Then none of these hashes can be checked by anybody."
    )
    also: list[AlsoMade] = Field(
        default_factory=list,
        max_length=MOST_ALSO,
        title="Other hashes in the same column",
        description="Where one column holds hashes of several kinds that do not say how they were made: each further "
        "description is tried, in this order, on hashes that are not of the kinds before it.",
    )

    @property
    def excused(self) -> bool:
        return self.key_lost

    @property
    def proven_formats(self) -> frozenset[str]:
        """The formats in `proven` that count: by the operator's word, or by a proof of just this description."""
        mark = self.mark(self.column)
        return frozenset(name for name, _, of in (each.partition("#") for each in self.proven) if of in ("", mark))

    @property
    def references(self) -> list[str]:
        """The secrets that are named."""
        return [each.key for each in (self, *self.also) if each.key is not None]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """All columns that are named, each with its key."""
        hashes = [("column", self.column)] if self.column is not None else []
        others = (("also", name) for other in self.also for name in other.beside.values())
        return [*hashes, *self.beside.items(), *others]

    @model_validator(mode="after")
    def _all_can_be_told_apart(self) -> Self:
        from wizard.passwords.declared import require_distinct

        if self.key is not None and self.key_lost:
            raise ValueError("key and key_lost exclude each other")
        if self.also and self.key_lost:
            raise ValueError("key_lost holds for all hashes of the column, so that also has no use")
        require_distinct(self, *self.also)
        return self
