"""What is known only by hearsay of Auth0: each such behaviour is a named setting with the likeliest default."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

DETECTED = (
    "We have detected suspicious login behavior and further attempts will be blocked. Please contact the administrator."
)


def _figure(value: Any) -> Any:
    """The command line gives figures as texts, which a Literal of figures does not take."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


FIGURE = BeforeValidator(_figure)


class Switches(BaseModel):
    """Settings of the practice tenant where Auth0's documents are silent or contradict each other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Rate limits.
    rate_limit_headers: bool = Field(default=True, description="x-ratelimit-* on every Management answer")
    retry_after_on_429: bool = Field(default=False, description="Retry-After on a Management 429")
    refill: Literal["gradual", "windowed"] = Field(default="gradual", description="how a bucket fills again")
    connection_reads_group: Literal["read_connections", "all_other_endpoints_combined"] = Field(
        default="read_connections",
        description="bucket of GET /connections/{id} and /connections/{id}/clients on group plans",
    )

    # Connections.
    enabled_clients_in_patch: Literal["ignored", "refused", "applied"] = "ignored"
    enabled_clients_in_post: Literal["applied", "ignored", "refused"] = "applied"
    enabled_clients_in_answers: bool = False
    options_without_scope: Literal["refused", "ignored"] = "refused"
    partial_scripts: Literal["replaced", "merged"] = "replaced"
    encrypted_configuration_echo: Literal["kept", "encrypted again"] = "kept"
    connection_conflict_code: str | None = Field(default=None, description="errorCode of a connection's 409")
    unknown_client_in_batch: Literal["refused", "others change"] = "refused"
    import_mode_needs_scripts: bool = False
    new_password_options: bool = Field(default=True, description="new connections get password_options of 2026")
    connection_deleting_seconds: float = Field(default=3.0, ge=0)

    # Rules, client grants.
    rules: Literal["refused", "empty", "missing", "run"] = Field(
        default="refused", description="403 deprecated, 200 empty, or 404; run: as before they were removed"
    )
    client_grant_conflict_text: str = "A resource server with the same identifier already exists."
    user_deny_all_status: int = 403

    # Logins.
    brute_force_text: str = DETECTED
    wrong_password_error: Literal["invalid_grant", "invalid_user_password"] = "invalid_grant"  # noqa: S105 - a code
    foreign_token_revocation: Literal["refused", "ignored"] = Field(
        default="refused", description="/oauth/revoke with another application's refresh token"
    )

    # Where scripts and Actions run at a login.
    mfa_required_status: Annotated[Literal[401, 403], FIGURE] = Field(
        default=403, description="of a login whose Actions or Rules ask for a second factor"
    )
    action_denial_status: Annotated[Literal[401, 403], FIGURE] = 403
    reset_needs_change_password_script: bool = False
    lazy_password_policy: bool = Field(
        default=False, description="passwords of lazily migrated users must pass the policy"
    )
    get_user_on_login: bool = Field(default=False, description="get user runs around the login script on a plain login")
    script_error_status: Annotated[Literal[400, 401, 500, 503], FIGURE] = Field(
        default=500, description="of a login whose script fails otherwise than by a wrong password"
    )
    profile_without_user_id: Literal["refused", "generated"] = Field(
        default="refused", description="a script's profile without user_id"
    )
    fetch_in_scripts: bool = Field(default=True, description="the script sandbox has a global fetch")

    # Actions.
    action_build_seconds: float = Field(default=2.0, ge=0, description="until a draft is built")
    action_deploy_seconds: float = Field(default=1.0, ge=0, description="until a deployed version is live")
    action_name_taken_status: Annotated[Literal[400, 409], FIGURE] = 409
    undeployed_action_binding: Literal["refused", "accepted"] = "refused"
    valueless_secrets: Literal["kept", "refused"] = Field(
        default="kept", description="a secret in a PATCH that has no value"
    )

    # Import jobs.
    import_limit_code: str | None = Field(default=None, description="errorCode of the 429 for a third import job")
    processing_state: bool = Field(default=True, description="jobs pass through processing")
    expired_state: bool = Field(default=False, description="old jobs answer expired instead of 404")
    job_progress: bool = Field(default=False, description="percentage_done and time_left_seconds while a job runs")
    job_base_seconds: float = Field(default=0.1, ge=0, description="time of an import job before its first user")
    job_user_seconds: float = Field(default=0.25, ge=0, description="time of an import job for each user")
    free_plan_exports: Literal["refused", "accepted"] = Field(
        default="accepted",
        description="POST /jobs/users-exports on the plan free: one page of the docs says that it has no exports, and the "
        "reference of the endpoint names no such answer",
    )
    export_base_seconds: float = Field(default=1.0, ge=0)
    export_user_seconds: float = Field(default=0.001, ge=0)
    linked_users_in_exports: Literal["left out", "with their primary"] = Field(
        default="left out",
        description="an export of one connection, of identities of it that are linked to a user of another one",
    )
    format_code: Literal["FORMAT", "INVALID_FORMAT"] = "FORMAT"
    in_file_duplicate_code: str = "DUPLICATED_USER"
    username_without_requires_username: Literal["fails", "ignored"] = "fails"
    upsert_missing_metadata: Literal["kept", "cleared"] = "kept"
    argon2_i_and_d: Literal["refused", "accepted"] = "refused"
    bcrypt_other_costs: Literal["accepted", "refused"] = "accepted"
    hmac_salt: Literal["accepted", "refused"] = "accepted"
    mfa_factors: Literal["imported", "fail"] = Field(
        default="imported", description="fail: the user goes in, the factors do not"
    )
    oversize_profile: Literal["accepted", "fails"] = Field(
        default="accepted", description="profiles above oversize_bytes"
    )
    oversize_bytes: int = 10_000

    # Users.
    management_password_policy: bool = Field(
        default=True, description="passwords that the Management API sets must pass the policy of the connection"
    )
    search_lag_seconds: float = Field(default=2.0, ge=0, description="until a written user is found by search")
