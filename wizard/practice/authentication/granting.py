"""What all grants of tokens share: parameters, the API asked for, and the claims that tell profiles apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from wizard.javascript_json import well_formed
from wizard.practice.errors import ApiError, AuthError
from wizard.practice.management import apis, grants, settings
from wizard.practice.management.access import is_management_audience
from wizard.practice.requests.reading import body_bytes

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

PASSWORD = "password"  # noqa: S105 - a grant type
PASSWORD_REALM = "http://auth0.com/oauth/grant-type/password-realm"  # noqa: S105 - a grant type


async def parameters(request: Request) -> dict[str, str]:
    """Read the parameters of an Authentication API request, sent as JSON or as a form.

    Raises:
        AuthError: 400 for anything else, or for a parameter that is not a string.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        raw = await body_bytes(request)
    except ApiError as large:
        raise AuthError(large.status, "invalid_request", large.message) from None
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))
    try:
        value = well_formed(raw)
    except (ValueError, RecursionError):
        raise AuthError(400, "invalid_request", "The body is neither a form nor JSON") from None
    if not isinstance(value, dict):
        raise AuthError(400, "invalid_request", "The body must be a JSON object")
    for name, part in value.items():
        if part is not None and not isinstance(part, str | bool | int):
            raise AuthError(400, "invalid_request", f"Parameter {name} must be a string")
    return {name: str(part) for name, part in value.items() if part is not None}


def audience_of(tenant: PracticeTenant, request: Request, given: Mapping[str, str]) -> str | None:
    """Return the API a token is asked for, by the identifier the tenant knows it by."""
    asked = given.get("audience") or settings.current(tenant).get("default_audience") or None
    if asked and is_management_audience(tenant, asked, request.headers.get("host", "")):
        return tenant.audience
    return asked


def api_for(tenant: PracticeTenant, audience: str) -> dict[str, Any]:
    """Return the API with this identifier.

    Raises:
        AuthError: 403 in Auth0's words.
    """
    api = apis.api_named(tenant, audience)
    if api is None:
        raise AuthError(403, "access_denied", f"Service not enabled within domain: {audience}")
    return api


def refuse_ungranted(client_id: str, audience: str) -> AuthError:
    return AuthError(
        403,
        "access_denied",
        f'Client "{client_id}" is not authorized to access resource server "{audience}". You need to create a '
        '"client-grant" associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants',
    )


def refuse_end_users(tenant: PracticeTenant, client: dict[str, Any], api: dict[str, Any]) -> None:
    """Refuse tokens of an end user that the policy of the API does not give to this application.

    Raises:
        AuthError: access_denied.
    """
    policy = api["subject_type_authorization"]["user"]["policy"]
    grant = grants.grant_of(tenant, client["client_id"], api["identifier"], "user")
    if policy == "deny_all" or (policy == "require_client_grant" and grant is None):
        refusal = refuse_ungranted(client["client_id"], api["identifier"])
        raise AuthError(tenant.switches.user_deny_all_status, refusal.error, refusal.error_description)


def dialect(tenant: PracticeTenant, api: Mapping[str, Any], client_id: str, grant: str) -> dict[str, Any]:
    """Return the claims in which the profiles of access tokens differ."""
    if str(api.get("token_dialect", "")).startswith("rfc9068"):
        return {"client_id": client_id, "jti": tenant.new_id("", 22)}
    return {"azp": client_id, "gty": grant}
