"""Auth0's answers as typed values: the few fields that are used, read loosely, since real tenants send more than the contract.

Nothing here shows personal data, scripts or secrets in its `repr`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from wizard.auth0.errors import AnswerNotUnderstood
from wizard.events import Json

M = TypeVar("M")

WORD = r"^[\w.:|-]{1,100}$"

Word = Annotated[str, StringConstraints(pattern=WORD)]
"""An id or a code: these are told and kept, so no text that might quote a user passes for one."""


class Auth0Model(BaseModel):
    """Base of all answers; `shown` are the fields that `repr` tells."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True)
    shown: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _absent(cls, value: Any) -> Any:
        """Take null for absent: tenants send either."""
        return {key: one for key, one in value.items() if one is not None} if isinstance(value, dict) else value

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [(name, getattr(self, name)) for name in self.shown]


class ConnectionOptions(Auth0Model):
    """The options of a database connection that the wizard knows; the others are in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True, hide_input_in_errors=True)
    shown = ("import_mode", "custom_database")

    import_mode: bool = False
    custom_database: bool = Field(False, alias="enabledDatabaseCustomization")
    requires_username: bool = False
    disable_signup: bool = False
    brute_force_protection: bool = False
    password_policy: str | None = Field(None, alias="passwordPolicy")
    scripts: dict[str, str] = Field(default_factory=dict, alias="customScripts")
    configuration: dict[str, str] = Field(default_factory=dict)
    attributes: dict[str, JsonValue] | None = None
    validation: dict[str, JsonValue] | None = None

    @property
    def has_usernames(self) -> bool:
        """Whether users of this connection may have a username, in the classic or the flexible model."""
        return self.requires_username or "username" in (self.attributes or {})


class Connection(Auth0Model):
    """A connection. `options` is None when the token may not read options, which does not mean there are none."""

    shown = ("id", "name", "strategy", "options")

    id: Word
    name: str
    strategy: Word
    display_name: str | None = None
    realms: list[str] = Field(default_factory=list)
    metadata: dict[str, str] = Field(default_factory=dict)
    options: ConnectionOptions | None = None


class Client(Auth0Model):
    """An application, without its secret."""

    shown = ("client_id", "name", "app_type")

    client_id: str
    name: str = ""
    app_type: str | None = None
    is_global: bool = Field(False, alias="global")
    is_first_party: bool = True
    grant_types: list[str] = Field(default_factory=list)
    client_metadata: dict[str, str] = Field(default_factory=dict)


class ClientWithSecret(Client):
    """An application as it was created or given a new secret; the secret is in no `repr`."""

    secret: str = Field("", alias="client_secret", repr=False)


class Api(Auth0Model):
    """An API (resource server). `user_policy` says which end users may get a token for it; allow_all where Auth0 is silent."""

    shown = ("id", "identifier", "name")

    id: Word
    identifier: str
    name: str = ""
    signing_alg: str = ""
    is_system: bool = False
    scopes: list[dict[str, str]] = Field(default_factory=list)
    policies: dict[str, dict[str, JsonValue]] = Field(default_factory=dict, alias="subject_type_authorization")

    @property
    def user_policy(self) -> str:
        return str(self.policies.get("user", {}).get("policy", "allow_all"))

    @property
    def client_policy(self) -> str:
        return str(self.policies.get("client", {}).get("policy", "require_client_grant"))


class ClientGrant(Auth0Model):
    """What an application may ask of an API."""

    shown = ("id", "client_id", "audience", "scope")

    id: Word
    client_id: str = ""
    audience: str = ""
    scope: list[str] = Field(default_factory=list)
    subject_type: str = "client"


class ActionSecret(Auth0Model):
    """A secret of an Action; its value is never shown again."""

    shown = ("name", "updated_at")

    name: str
    updated_at: str = ""


class ActionVersion(Auth0Model):
    shown = ("number", "deployed")

    number: int = 0
    deployed: bool = False
    code: str | None = None


class Action(Auth0Model):
    """An Action. What was changed last is live only when `all_changes_deployed`."""

    shown = ("id", "name", "status", "all_changes_deployed")

    id: Word
    name: str
    status: str = ""
    code: str = ""
    runtime: str = ""
    all_changes_deployed: bool = False
    deployed_version: ActionVersion | None = None
    secrets: list[ActionSecret] = Field(default_factory=list)

    @property
    def is_live(self) -> bool:
        version = self.deployed_version
        return self.all_changes_deployed and version is not None and version.deployed

    @property
    def live_code(self) -> str | None:
        """What logins run; None where nothing of it is deployed, or the tenant does not say what."""
        if self.deployed_version is not None and self.deployed_version.code is not None:
            return self.deployed_version.code
        return self.code if self.is_live else None


class Binding(Auth0Model):
    """An Action's place in a trigger."""

    shown = ("id", "display_name", "action")

    id: Word
    display_name: str = ""
    action: Action


class Rule(Auth0Model):
    """A Rule, for tenants that still run them."""

    shown = ("id", "name", "order", "enabled")

    id: Word
    name: str
    script: str = ""
    order: int = 0
    enabled: bool = True


class TenantSettings(Auth0Model):
    """Settings of the tenant."""

    shown = ("friendly_name", "sandbox_version")

    friendly_name: str | None = None
    sandbox_version: str | None = None
    sandbox_versions_available: list[str] = Field(default_factory=list)
    default_directory: str | None = None
    flags: dict[str, JsonValue] = Field(default_factory=dict)


class JobSummary(Auth0Model):
    """How many users of a file went which way; there is none for a job that failed as a whole."""

    shown = ("failed", "updated", "inserted", "total")

    failed: int = 0
    updated: int = 0
    inserted: int = 0
    total: int = 0


class Job(Auth0Model):
    """An import or export job. Times left and percentages come from older tenants only."""

    shown = ("id", "type", "status", "summary")

    id: Word
    status: str
    type: str = ""
    created_at: str = ""
    connection_id: str | None = None
    external_id: str | None = None
    summary: JobSummary | None = None
    location: str | None = None
    status_details: str | None = None
    percentage_done: float | None = None
    time_left_seconds: float | None = None

    @field_validator("status")
    @classmethod
    def _a_word(cls, status: str) -> str:
        return status if re.match(WORD, status) else "unknown"

    @property
    def ended(self) -> bool:
        """A status we do not know means the job still runs; Auth0 fails it after two hours at the latest."""
        return self.status in ("completed", "failed", "expired")


class UserError(Auth0Model):
    """Why one user was refused; `message` may quote the user's data."""

    shown = ("code", "path")

    code: str = ""
    message: str = ""
    path: str | None = None

    @field_validator("code")
    @classmethod
    def _a_word(cls, code: str) -> str:
        """A code that is none is not worth losing the job's other errors for."""
        return code if re.match(WORD, code) else ""


class UserAsSent(Auth0Model):
    """A refused user as it was in the file, secrets struck out by Auth0."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    email: str | None = None
    user_id: str | None = None
    username: str | None = None
    phone_number: str | None = None


class RefusedUser(Auth0Model):
    shown = ("errors",)

    user: UserAsSent = Field(default_factory=UserAsSent)
    errors: list[UserError] = Field(default_factory=list)


class JobErrors(Auth0Model):
    """What went wrong in a job: users that were refused, or one reason for the whole file, or nothing."""

    shown = ("users", "whole_job")

    users: list[RefusedUser] = Field(default_factory=list)
    whole_job: str | None = None


class Identity(Auth0Model):
    """One way to log in as a user; `profile` is what Auth0 keeps of the user that a linked one was before."""

    shown = ("provider", "connection", "user_id")

    connection: str = ""
    provider: str = ""
    user_id: str = ""
    profile: dict[str, JsonValue] = Field(default_factory=dict, alias="profileData", repr=False)


class User(Auth0Model):
    """A user; fields we do not name are in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)
    shown = ("user_id", "identities")

    user_id: str
    email: str | None = None
    email_verified: bool | None = None
    username: str | None = None
    phone_number: str | None = None
    phone_verified: bool | None = None
    name: str | None = None
    nickname: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    picture: str | None = None
    blocked: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None
    last_login: str | None = None
    logins_count: int = 0
    identities: list[Identity] = Field(default_factory=list)
    app_metadata: dict[str, JsonValue] = Field(default_factory=dict)
    user_metadata: dict[str, JsonValue] = Field(default_factory=dict)

    def is_in(self, connection: str) -> bool:
        """Whether the connection of this name has the user; an id may be somebody's of another one too."""
        return any(identity.connection == connection for identity in self.identities)

    def has(self, connection: str, user_id: str) -> bool:
        """Whether this id, without `auth0|`, in this connection is the user's, as a linked identity may be."""
        return any((one.connection, one.user_id) == (connection, user_id) for one in self.identities)

    @property
    def is_linked(self) -> bool:
        """Whether several accounts were made one: the first identity is the primary's own, the others have no user."""
        return len(self.identities) > 1


class UserPage(Auth0Model):
    """One page of a search; `total` only when asked for. No search reaches beyond its first 1000 users."""

    shown = ("start", "limit", "total")

    users: list[User] = Field(default_factory=list)
    start: int = 0
    limit: int = 0
    total: int | None = None


class LoginResult(Auth0Model):
    """How a trial login ended.

    `outcome` is accepted, wrong_password, blocked (too many attempts), mfa_required, denied (by an Action or a setting)
    or not_allowed (the application may not do this). `why` is Auth0's text without personal data. Tokens are not kept.
    """

    shown = ("outcome", "why")

    outcome: str
    why: str = ""

    @property
    def accepted(self) -> bool:
        return self.outcome == "accepted"


def read(kind: type[M], body: Json, what: str) -> M:
    """Make a typed value of an answer.

    Raises:
        AnswerNotUnderstood: the answer lacks what is needed; names the fields, never their values.
    """
    try:
        return TypeAdapter(kind).validate_python(body)
    except ValidationError as error:
        places = sorted({".".join(map(str, one["loc"])) or "the whole answer" for one in error.errors()})
        raise AnswerNotUnderstood(
            f"Auth0's answer about {what} is not understood",
            why=f"unexpected: {', '.join(places[:5])}",
            remedy="Check that the domain is a tenant's; if it is, report this to the authors of the wizard.",
        ) from None
