"""What an application may be sent as.

Source: Auth0 docs, Management API, "Create a Client" and "Update a Client".
"""

from __future__ import annotations

from wizard.practice.requests.schema import FLAG, OPEN, Shape, choice, many, nullable, number, obj, text

APP_TYPES = [
    "native",
    "spa",
    "regular_web",
    "non_interactive",
    "resource_server",
    "express_configuration",
    "rms",
    "box",
    "cloudbees",
    "concur",
    "dropbox",
    "mscrm",
    "echosign",
    "egnyte",
    "newrelic",
    "office365",
    "salesforce",
    "sentry",
    "sharepoint",
    "slack",
    "springcm",
    "zendesk",
    "zoom",
    "sso_integration",
    "oag",
]

_ADDONS = [
    "aws",
    "azure_blob",
    "azure_sb",
    "box",
    "cloudbees",
    "concur",
    "dropbox",
    "echosign",
    "egnyte",
    "firebase",
    "layer",
    "mscrm",
    "newrelic",
    "oag",
    "office365",
    "rms",
    "salesforce",
    "salesforce_api",
    "salesforce_sandbox_api",
    "samlp",
    "sap_api",
    "sentry",
    "sharepoint",
    "slack",
    "springcm",
    "sso_integration",
    "wams",
    "wsfed",
    "zendesk",
    "zoom",
]

_URLS = many(text())
_ENABLED = obj({"enabled": FLAG})
_TOKENS = number(1, 2**31 - 1)
QUOTA = obj(
    {"client_credentials": obj({"enforce": FLAG, "per_day": _TOKENS, "per_hour": _TOKENS}, minProperties=1)},
    "client_credentials",
)
_INITIATORS = [
    "rp-logout",
    "idp-logout",
    "password-changed",
    "session-expired",
    "session-revoked",
    "account-deleted",
    "email-identifier-changed",
    "mfa-phone-unenrolled",
    "account-deactivated",
]
_LOGOUT = obj(
    {
        "backchannel_logout_urls": many(text(form="https-url-or-empty")),
        "backchannel_logout_initiators": obj(
            {"mode": choice("custom", "all"), "selected_initiators": many(choice(*_INITIATORS))}, more=True
        ),
        "backchannel_logout_session_metadata": nullable(obj({"include": FLAG}, more=True)),
    },
    more=True,
)
_REFRESH = obj(
    {
        "rotation_type": choice("rotating", "non-rotating"),
        "expiration_type": choice("expiring", "non-expiring"),
        "leeway": number(0),
        "token_lifetime": number(1, 157_788_000),
        "infinite_token_lifetime": FLAG,
        "idle_token_lifetime": number(1),
        "infinite_idle_token_lifetime": FLAG,
        "policies": nullable(
            many(obj({"audience": text(1, 600), "scope": many(text(1, 280))}, "audience", "scope"), 1)
        ),
    },
    "rotation_type",
    "expiration_type",
)
_SESSION_TRANSFER = obj(
    {
        "can_create_session_transfer_token": FLAG,
        "enforce_cascade_revocation": FLAG,
        "allowed_authentication_methods": nullable(many(choice("cookie", "query"))),
        "enforce_device_binding": choice("ip", "asn", "none"),
        "allow_refresh_token": FLAG,
        "enforce_online_refresh_tokens": FLAG,
        "delegation": nullable(obj({"allow_delegated_access": FLAG, "enforce_device_binding": choice("ip", "asn")})),
    }
)

PUBLIC_KEY = {
    "credential_type": choice("public_key"),
    "name": text(0, 128),
    "pem": text(1),
    "alg": choice("RS256", "RS384", "PS256"),
    "kid": text(10, 64, pattern="^([0-9a-zA-Z-_]{10,64})$"),
    "parse_expiry_from_cert": FLAG,
    "expires_at": text(form="date-time"),
}
_NEW_KEY = obj(PUBLIC_KEY, "credential_type", "pem")
_NEW_KEYS = obj({"credentials": many(_NEW_KEY)}, "credentials")
_KEPT_KEY = obj({"id": text(form="credential-id")}, "id")
_KEPT_KEYS = obj({"credentials": many(_KEPT_KEY)}, "credentials")
_CERTIFICATE = {"name": text(0, 128), "pem": text(1, 4096)}
_X509 = obj(_CERTIFICATE | {"credential_type": choice("x509_cert")}, "credential_type", "pem")
_SUBJECT = obj(
    _CERTIFICATE | {"credential_type": choice("cert_subject_dn"), "subject_dn": text(1, 256)}, "credential_type"
)
_EXPRESS = obj(
    {
        "initiate_login_uri_template": text(),
        "user_attribute_profile_id": text(),
        "connection_profile_id": text(),
        "enable_client": FLAG,
        "enable_organization": FLAG,
        "linked_clients": many(obj({"client_id": text(form="client-id")}, "client_id")),
        "okta_oin_client_id": text(form="client-id"),
        "admin_login_domain": text(1),
        "oin_submission_id": text(1, 200),
    },
    "initiate_login_uri_template",
    "user_attribute_profile_id",
    "connection_profile_id",
    "enable_client",
    "enable_organization",
    "okta_oin_client_id",
    "admin_login_domain",
)
_MY_ORGANIZATION = obj(
    {
        "connection_profile_id": text(),
        "user_attribute_profile_id": text(),
        "allowed_strategies": many(choice("pingfederate", "adfs", "waad", "google-apps", "okta", "oidc", "samlp")),
        "connection_deletion_behavior": choice("allow", "allow_if_empty"),
    },
    "allowed_strategies",
    "connection_deletion_behavior",
)
_MOBILE = obj(
    {
        "android": obj({"app_package_name": text(), "sha256_cert_fingerprints": many(text(1), 1)}, more=True),
        "ios": obj({"app_bundle_identifier": text(), "team_id": text()}, more=True),
    },
    more=True,
)

_SHARED: dict[str, Shape] = {
    "name": text(1, pattern="^[^<>]+$"),
    "description": text(0, 140),
    "logo_uri": text(form="url-or-empty"),
    "callbacks": _URLS,
    "oidc_logout": _LOGOUT,
    "oidc_backchannel_logout": _LOGOUT,
    "session_transfer": nullable(_SESSION_TRANSFER),
    "allowed_origins": _URLS,
    "web_origins": _URLS,
    "client_aliases": many(text(1)),
    "allowed_clients": many(text(1)),
    "allowed_logout_urls": _URLS,
    "grant_types": many(text(1)),
    "token_endpoint_auth_method": choice("none", "client_secret_post", "client_secret_basic"),
    "is_token_endpoint_ip_header_trusted": FLAG,
    "app_type": choice(*APP_TYPES),
    "is_first_party": FLAG,
    "oidc_conformant": FLAG,
    "jwt_configuration": obj(
        {
            "lifetime_in_seconds": number(0),
            "secret_encoded": FLAG,
            "scopes": OPEN,
            "alg": choice("HS256", "RS256", "RS512", "PS256"),
        },
        more=True,
    ),
    "encryption_key": nullable(obj({"pub": text(), "cert": text(), "subject": text()}, more=True)),
    "sso": FLAG,
    "cross_origin_authentication": FLAG,
    "cross_origin_loc": text(form="url-or-empty"),
    "sso_disabled": FLAG,
    "custom_login_page_on": FLAG,
    "custom_login_page": text(),
    "custom_login_page_preview": text(),
    "form_template": text(),
    "addons": obj(dict.fromkeys(_ADDONS, OPEN) | {"oag": nullable(obj())}),
    "client_metadata": obj({}, more=nullable(text(0, 255)), names=text(0, 255), maxProperties=10),
    "mobile": _MOBILE,
    "initiate_login_uri": text(form="https-url-or-empty"),
    "native_social_login": obj({"apple": _ENABLED, "facebook": _ENABLED, "google": _ENABLED}),
    "refresh_token": nullable(_REFRESH),
    "default_organization": nullable(
        obj({"organization_id": text(1), "flows": many(choice("client_credentials"))}, "organization_id", "flows")
    ),
    "organization_usage": choice("deny", "allow", "require"),
    "organization_require_behavior": choice("no_prompt", "pre_login_prompt", "post_login_prompt"),
    "organization_discovery_methods": many(choice("email", "organization_name"), 1),
    "require_pushed_authorization_requests": FLAG,
    "require_proof_of_possession": FLAG,
    "compliance_level": nullable(
        choice("none", "fapi1_adv_pkj_par", "fapi1_adv_mtls_par", "fapi2_sp_pkj_mtls", "fapi2_sp_mtls_mtls")
    ),
    "skip_non_verifiable_callback_uri_confirmation_prompt": FLAG,
    "token_exchange": obj(
        {"allow_any_profile_of_type": many(choice("custom_authentication", "on_behalf_of_token_exchange"))}
    ),
    "par_request_expiry": nullable(number(10, 600)),
    "token_quota": QUOTA,
    "third_party_security_mode": choice("strict", "permissive"),
    "redirection_policy": choice("allow_always", "open_redirect_protection"),
    "express_configuration": _EXPRESS,
    "my_organization_configuration": _MY_ORGANIZATION,
    "async_approval_notification_channels": many(choice("guardian-push", "email"), 1),
}
_REMOVABLE = [
    "addons",
    "async_approval_notification_channels",
    "cross_origin_loc",
    "express_configuration",
    "my_organization_configuration",
    "oidc_backchannel_logout",
    "organization_discovery_methods",
    "organization_require_behavior",
    "organization_usage",
    "skip_non_verifiable_callback_uri_confirmation_prompt",
    "token_exchange",
    "token_quota",
]
"""What only a PATCH may set to null. Of addons and oidc_backchannel_logout, as of signed_request_object, the reference does
not say so; recordings of the Terraform provider do."""

CREATE = obj(
    _SHARED
    | {
        "resource_server_identifier": text(1, 600),
        "signed_request_object": obj({"required": FLAG, "credentials": many(_NEW_KEY)}),
        "client_authentication_methods": obj(
            {
                "private_key_jwt": _NEW_KEYS,
                "tls_client_auth": obj({"credentials": many(_SUBJECT)}, "credentials"),
                "self_signed_tls_client_auth": obj({"credentials": many(_X509)}, "credentials"),
            },
            minProperties=1,
            maxProperties=1,
        ),
    },
    "name",
)
UPDATE = obj(
    _SHARED
    | {name: nullable(_SHARED[name]) for name in _REMOVABLE}
    | {
        "client_secret": text(1),
        "signed_request_object": nullable(obj({"required": FLAG, "credentials": many(_KEPT_KEY)})),
        "token_endpoint_auth_method": choice("none", "client_secret_post", "client_secret_basic", None),
        "client_authentication_methods": nullable(
            obj(
                {
                    "private_key_jwt": _KEPT_KEYS,
                    "tls_client_auth": _KEPT_KEYS,
                    "self_signed_tls_client_auth": _KEPT_KEYS,
                },
                minProperties=1,
                maxProperties=1,
            )
        ),
    },
    minProperties=1,
)
CREDENTIAL = obj(
    PUBLIC_KEY
    | {
        "credential_type": choice("public_key", "cert_subject_dn", "x509_cert"),
        "subject_dn": text(1, 256),
        "pem": text(),
    },
    "credential_type",
)
CREDENTIAL_CHANGE = obj({"expires_at": nullable(text(form="date-time"))}, minProperties=1)

FIELDS = frozenset([
    "addons", "allowed_clients", "allowed_logout_urls", "allowed_origins", "api_type", "app_type",
    "async_approval_notification_channels", "callback_url_template", "callbacks",
    "client_authentication_methods", "client_authentication_methods.private_key_jwt", "client_id",
    "client_metadata", "client_secret", "compliance_level", "config_route", "custom_login_page",
    "custom_login_page_on", "custom_login_page_preview", "default_organization", "description",
    "encryption_key", "encryption_key.cert", "encryption_key.pub", "express_configuration",
    "external_client_id", "external_metadata_created_by", "external_metadata_type", "form_template", "global",
    "grant_types", "id_token", "identity_assertion_authorization_grant", "initiate_login_uri", "is_first_party",
    "is_token_endpoint_ip_header_trusted", "jwt_configuration", "jwt_configuration.alg",
    "jwt_configuration.lifetime_in_seconds", "jwt_configuration.scopes", "jwt_configuration.secret_encoded",
    "logo_uri", "mobile", "mobile.android", "mobile.ios", "my_organization_configuration", "name",
    "oidc_backchannel_logout", "oidc_conformant", "oidc_logout", "organization_discovery_methods",
    "organization_require_behavior", "organization_usage", "owners", "redirection_policy", "refresh_token",
    "refresh_token.expiration_type", "refresh_token.leeway", "refresh_token.policies",
    "refresh_token.rotation_type", "refresh_token.token_lifetime", "registration_type",
    "require_proof_of_possession", "require_pushed_authorization_requests", "resource_server_identifier",
    "session_transfer", "signed_request_object", "signed_request_object.credentials",
    "signed_request_object.required", "signing_keys", "skip_non_verifiable_callback_uri_confirmation_prompt",
    "sso", "subject_type_authorization", "tenant", "third_party_security_mode", "token_endpoint_auth_method",
    "token_exchange", "token_exchange.allow_any_profile_of_type", "token_quota",
    "token_vault_privileged_access", "token_vault_privileged_access.credentials", "web_origins",
])  # fmt: skip
"""What `fields` may name."""
SECRET_FIELDS = frozenset({"client_secret", "signing_keys", "encryption_key"})
"""Visible only with read:client_keys."""
SUMMARY_FIELDS = frozenset(
    {"client_id", "name", "app_type", "logo_uri", "is_first_party", "global", "tenant", "description"}
)
"""All that read:client_summary shows."""
