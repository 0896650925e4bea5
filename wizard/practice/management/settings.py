"""The tenant's settings: /tenants/settings.

Source: Auth0 docs, Management API, "Tenants"; values of a new tenant as real ones show them.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError
from wizard.practice.management.access import require
from wizard.practice.management.client_shapes import QUOTA
from wizard.practice.requests.reading import chosen_fields, json_body, narrowed
from wizard.practice.requests.schema import FLAG, Shape, choice, many, nullable, number, obj, text

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

SANDBOXES = ["22", "18", "12"]

_FLAGS = [
    "allow_changing_enable_sso",
    "allow_legacy_delegation_grant_types",
    "allow_legacy_ro_grant_types",
    "allow_legacy_tokeninfo_endpoint",
    "change_pwd_flow_v1",
    "custom_domains_provisioning",
    "dashboard_insights_view",
    "dashboard_log_streams_next",
    "disable_clickjack_protection_headers",
    "disable_fields_map_fix",
    "disable_impersonation",
    "disable_management_api_sms_obfuscation",
    "enable_adfs_waad_email_verification",
    "enable_apis_section",
    "enable_client_connections",
    "enable_dynamic_client_registration",
    "enable_idtoken_api2",
    "enable_legacy_profile",
    "enable_pipeline2",
    "enable_public_signup_user_exists_error",
    "enable_sso",
    "enforce_client_authentication_on_passwordless_start",
    "genai_trial",
    "improved_signup_bot_detection_in_classic",
    "mfa_show_factor_list_on_enrollment",
    "no_disclose_enterprise_connections",
    "remove_alg_from_jwks",
    "revoke_refresh_token_grant",
    "trust_azure_adfs_email_verified_connection_property",
]
LOCALES = [
    "am", "ar", "ar-EG", "ar-SA", "az", "bg", "bn", "bs", "ca-ES", "cnr", "cs", "cy", "da", "de", "el", "en",
    "en-CA", "es", "es-419", "es-AR", "es-MX", "et", "eu-ES", "fa", "fi", "fr", "fr-CA", "fr-FR", "gl-ES", "gu",
    "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "kn", "ko", "lt", "lv", "mk", "ml", "mn",
    "mr", "ms", "my", "nb", "nl", "nn", "no", "pa", "pl", "pt", "pt-BR", "pt-PT", "ro", "ru", "sk", "sl", "so",
    "sq", "sr", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi", "zgh", "zh-CN", "zh-HK", "zh-MO",
    "zh-TW",
]  # fmt: skip
_QUOTA = obj({"client_credentials": QUOTA["properties"]["client_credentials"]}, "client_credentials", more=True)
_PAGE = nullable(obj({"enabled": FLAG, "html": text()}))
_SHAPES: dict[str, Shape] = {
    "acr_values_supported": nullable(many(text())),
    "allow_organization_name_in_authentication_api": nullable(FLAG),
    "allowed_logout_urls": many(text()),
    "authorization_response_iss_parameter_supported": nullable(FLAG),
    "change_password": _PAGE,
    "client_id_metadata_document_supported": FLAG,
    "customize_mfa_in_postlogin_action": nullable(FLAG),
    "default_audience": text(),
    "default_directory": text(),
    "default_redirection_uri": text(form="https-url-or-empty"),
    "default_token_quota": nullable(obj({"clients": _QUOTA, "organizations": _QUOTA}, minProperties=1)),
    "device_flow": nullable(obj({"charset": choice("base20", "digits"), "mask": text(0, 20)})),
    "dynamic_client_registration_security_mode": choice("strict", "permissive"),
    "enable_ai_guide": FLAG,
    "enabled_locales": many(choice(*LOCALES), 1),
    "ephemeral_session_lifetime": number(1),
    "error_page": nullable(obj({"html": text(), "show_log_link": FLAG, "url": text(form="url-or-empty")})),
    "flags": obj(dict.fromkeys(_FLAGS, FLAG)),
    "friendly_name": text(),
    "guardian_mfa_page": _PAGE,
    "idle_ephemeral_session_lifetime": number(1),
    "idle_session_lifetime": number(1),
    "legacy_sandbox_version": text(0, 8),
    "mtls": nullable(obj({"enable_endpoint_aliases": FLAG})),
    "oidc_logout": obj({"rp_logout_end_session_endpoint_discovery": FLAG}),
    "phone_consolidated_experience": FLAG,
    "picture_url": text(form="url-or-empty"),
    "pushed_authorization_requests_supported": nullable(FLAG),
    "resource_parameter_profile": choice("audience", "compatibility"),
    "sandbox_version": text(0, 8),
    "session_cookie": nullable(obj({"mode": choice("persistent", "non-persistent")}, "mode")),
    "session_lifetime": number(1),
    "sessions": nullable(obj({"oidc_logout_prompt_enabled": FLAG})),
    "skip_non_verifiable_callback_uri_confirmation_prompt": nullable(FLAG),
    "support_email": text(form="email-or-empty"),
    "support_url": text(form="url-or-empty"),
}
UPDATE = obj(_SHAPES, minProperties=1)
MINUTES = "_in_minutes"
WITH_MINUTES = obj(
    _SHAPES | {f"{name}{MINUTES}": number(1) for name in _SHAPES if name.endswith("session_lifetime")}, minProperties=1
)
"""With what the reference leaves out but Auth0's own tools send: lifetimes that are no whole hours; shown in hours."""
NEVER_NULL = (
    "allow_organization_name_in_authentication_api",
    "customize_mfa_in_postlogin_action",
    "pushed_authorization_requests_supported",
)
"""What a request may set to null and no answer shows so: null means the default, false."""
FIELDS = frozenset([
    "allow_organization_name_in_authentication_api", "allowed_logout_urls", "change_password",
    "client_id_metadata_document_supported", "customize_mfa_in_postlogin_action", "default_audience",
    "default_directory", "default_redirection_uri", "default_token_quota", "device_flow", "enable_ai_guide",
    "enabled_locales", "ephemeral_session_lifetime", "error_page", "flags", "friendly_name",
    "idle_ephemeral_session_lifetime", "idle_session_lifetime", "mtls", "oidc_logout",
    "phone_consolidated_experience", "picture_url", "resource_parameter_profile", "session_cookie",
    "session_lifetime", "sessions", "skip_non_verifiable_callback_uri_confirmation_prompt", "support_email",
    "support_url", "universal_login", "universal_login.colors", "universal_login.passwordless",
])  # fmt: skip
"""What `fields` may name."""
NEW: dict[str, Any] = {
    "allowed_logout_urls": [],
    "change_password": {"enabled": False, "html": ""},
    "enabled_locales": ["en"],
    "error_page": {"html": "", "show_log_link": False, "url": ""},
    "flags": {
        "allow_changing_enable_sso": False,
        "allow_legacy_delegation_grant_types": False,
        "allow_legacy_ro_grant_types": False,
        "change_pwd_flow_v1": False,
        "disable_clickjack_protection_headers": False,
        "disable_impersonation": True,
        "enable_apis_section": False,
        "enable_client_connections": False,
        "enable_dynamic_client_registration": False,
        "enable_pipeline2": False,
        "enable_public_signup_user_exists_error": True,
        "enable_sso": True,
        "revoke_refresh_token_grant": False,
    },
    "friendly_name": "Practice tenant",
    "guardian_mfa_page": {"enabled": False, "html": ""},
    "idle_session_lifetime": 72,
    "picture_url": "",
    "resource_parameter_profile": "audience",
    "client_id_metadata_document_supported": False,
    "sandbox_version": "22",
    "session_cookie": {"mode": "non-persistent"},
    "session_lifetime": 168,
    "support_email": "",
    "support_url": "",
}


def create_tables(db: sqlite3.Connection) -> None:
    """Settings live among the tenant's small facts."""


def current(tenant: PracticeTenant) -> dict[str, Any]:
    """Return the settings as stored: those of a new tenant with the changes made since."""
    changed: dict[str, Any] = json.loads(tenant.meta.get("settings") or "{}")
    settings = NEW | changed
    settings["flags"] = NEW["flags"] | changed.get("flags", {})
    return settings


def _in_hours(changes: dict[str, Any]) -> dict[str, Any]:
    hours = {
        name.removesuffix(MINUTES): minutes // 60 if minutes % 60 == 0 else minutes / 60
        for name, minutes in changes.items()
        if name.endswith(MINUTES)
    }
    return {name: value for name, value in changes.items() if not name.endswith(MINUTES)} | hours


def routes(tenant: PracticeTenant) -> list[Route]:
    async def read(request: Request) -> Response:
        require(request, "read:tenant_settings")
        choice = chosen_fields(request, FIELDS)
        return JSONResponse(narrowed(_shown(tenant), choice))

    async def update(request: Request) -> Response:
        require(request, "update:tenant_settings")
        changes = _in_hours(await json_body(request, WITH_MINUTES))
        changes |= {name: False for name in NEVER_NULL if name in changes and changes[name] is None}
        if changes.get("sandbox_version", "22") not in SANDBOXES:
            raise ApiError(400, "The provided sandbox_version is not available.", "invalid_body")
        with tenant.transaction():
            stored = json.loads(tenant.meta.get("settings") or "{}")
            flags = stored.get("flags", {}) | changes.get("flags", {})
            tenant.meta.set("settings", json.dumps(stored | changes | ({"flags": flags} if flags else {})))
        return JSONResponse(_shown(tenant))

    path = "/api/v2/tenants/settings"
    return [Route(path, read, methods=["GET"]), Route(path, update, methods=["PATCH"])]


def _shown(tenant: PracticeTenant) -> dict[str, Any]:
    return current(tenant) | {"sandbox_versions_available": SANDBOXES}
