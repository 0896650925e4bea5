"""What a connection may be sent as.

Source: Auth0 docs, Management API, "Create a connection" and "Update a connection".
"""

from __future__ import annotations

from wizard.practice.requests.schema import FLAG, Shape, choice, many, nullable, number, obj, text

STRATEGIES = [
    "ad",
    "adfs",
    "amazon",
    "apple",
    "dropbox",
    "bitbucket",
    "auth0-oidc",
    "auth0",
    "baidu",
    "bitly",
    "box",
    "custom",
    "daccount",
    "dwolla",
    "email",
    "evernote-sandbox",
    "evernote",
    "exact",
    "facebook",
    "fitbit",
    "github",
    "google-apps",
    "google-oauth2",
    "instagram",
    "ip",
    "line",
    "linkedin",
    "oauth1",
    "oauth2",
    "office365",
    "oidc",
    "okta",
    "paypal",
    "paypal-sandbox",
    "pingfederate",
    "planningcenter",
    "salesforce-community",
    "salesforce-sandbox",
    "salesforce",
    "samlp",
    "sharepoint",
    "shopify",
    "shop",
    "sms",
    "soundcloud",
    "thirtysevensignals",
    "twitter",
    "untappd",
    "vkontakte",
    "waad",
    "weibo",
    "windowslive",
    "wordpress",
    "yahoo",
    "yandex",
]

SCRIPTS = [
    "login",
    "get_user",
    "create",
    "verify",
    "change_password",
    "delete",
    "change_username",
    "change_email",
    "change_phone_number",
]

LEGACY_PASSWORD_FIELDS = (
    "passwordPolicy",
    "password_complexity_options",
    "password_history",
    "password_no_personal_info",
    "password_dictionary",
)
"""What `password_options` replaces; a write with both is refused."""

_UPSTREAM = [
    "acr_values",
    "audience",
    "client_id",
    "display",
    "id_token_hint",
    "login_hint",
    "max_age",
    "prompt",
    "resource",
    "response_mode",
    "response_type",
    "ui_locales",
]
_ENABLED = obj({"enabled": FLAG})
_IDENTIFIER = obj({"active": FLAG, "default_method": choice("password", "email_otp")})
_STATUS = choice("required", "optional", "inactive")
_VERIFIED_SIGNUP = obj({"status": _STATUS, "verification": obj({"active": FLAG})})
_ATTRIBUTES = obj(
    {
        "email": obj(
            {
                "identifier": _IDENTIFIER,
                "profile_required": FLAG,
                "unique": FLAG,
                "verification_method": choice("link", "otp"),
                "signup": _VERIFIED_SIGNUP,
            }
        ),
        "phone_number": obj({"identifier": _IDENTIFIER, "profile_required": FLAG, "signup": _VERIFIED_SIGNUP}),
        "username": obj(
            {
                "identifier": _IDENTIFIER,
                "profile_required": FLAG,
                "signup": obj({"status": _STATUS}),
                "validation": obj(
                    {
                        "min_length": number(1, 128, "number"),
                        "max_length": number(1, 128, "number"),
                        "allowed_types": obj({"email": FLAG, "phone_number": FLAG}),
                    }
                ),
            }
        ),
    }
)
_PASSWORD_OPTIONS = obj(
    {
        "complexity": obj(
            {
                "min_length": number(1, 72),
                "character_types": many(choice("uppercase", "lowercase", "number", "special")),
                "character_type_rule": choice("all", "three_of_four"),
                "identical_characters": choice("allow", "block"),
                "sequential_characters": choice("allow", "block"),
                "max_length_exceeded": choice("truncate", "error"),
            }
        ),
        "dictionary": obj(
            {"active": FLAG, "custom": many(text(0, 50), high=200), "default": choice("en_10k", "en_100k")}
        ),
        "history": obj({"active": FLAG, "size": number(1, 24)}),
        "profile_data": obj({"active": FLAG, "blocked_fields": many(text(0, 100), high=12)}),
    }
)
_METHODS = obj(
    {
        "password": obj(
            {
                "enabled": FLAG,
                "api_behavior": choice("required", "optional"),
                "signup_behavior": choice("allow", "block"),
            }
        ),
        "passkey": _ENABLED,
        "email_otp": _ENABLED,
        "phone_otp": _ENABLED,
    }
)
_ALGORITHMS = ["ES256", "ES384", "PS256", "PS384", "RS256", "RS384", "RS512"]
_ELSEWHERE: dict[str, Shape] = {
    **dict.fromkeys(["api_enable_groups", "api_enable_users", "basic_profile", "ext_admin", "ext_agreed_terms"], FLAG),
    **dict.fromkeys(["ext_assigned_plans", "ext_groups", "ext_is_suspended", "ext_profile"], FLAG),
    "assertion_decryption_settings": obj(
        {"algorithm_profile": choice("v2026-1"), "algorithm_exceptions": many(text(1, 100))}, "algorithm_profile"
    ),
    "federated_connections_access_tokens": nullable(obj({"active": FLAG})),
    "gateway_authentication": nullable(
        obj(
            {
                **dict.fromkeys(["audience", "method", "secret", "subject"], text()),
                "secret_base64_encoded": FLAG,
            },
            "method",
            "audience",
            "secret",
            more=True,
        )
    ),
    "id_token_signed_response_algs": nullable(many(choice(*_ALGORITHMS))),
    "token_endpoint_auth_method": choice("client_secret_post", "private_key_jwt", None),
    "token_endpoint_auth_signing_alg": choice(*_ALGORITHMS, None),
    "token_endpoint_jwtca_aud_format": choice("issuer", "token_endpoint"),
}
"""Options that databases do not have."""

OPTIONS = obj(
    _ELSEWHERE
    | {
        "attributes": _ATTRIBUTES,
        "authentication_methods": nullable(_METHODS),
        "brute_force_protection": FLAG,
        "configuration": nullable(obj({}, more=nullable(text()))),
        "customScripts": obj({script: text(1) for script in SCRIPTS}, more=True),
        "custom_password_hash": nullable(obj({"action_id": text()}, more=False)),
        "disable_self_service_change_password": FLAG,
        "disable_signup": FLAG,
        "enable_script_context": FLAG,
        "enabledDatabaseCustomization": FLAG,
        "import_mode": FLAG,
        "mfa": obj({"active": FLAG, "return_enroll_settings": FLAG}),
        "non_persistent_attrs": nullable(many(text())),
        "passkey_options": nullable(
            obj(
                {
                    "challenge_ui": choice("both", "autofill", "button"),
                    "local_enrollment_enabled": FLAG,
                    "progressive_enrollment_enabled": FLAG,
                }
            )
        ),
        "passwordPolicy": choice("none", "low", "fair", "good", "excellent", None),
        "password_complexity_options": nullable(obj({"min_length": number(1, 128)})),
        "password_dictionary": nullable(obj({"enable": FLAG, "dictionary": many(text(0, 50))}, "enable")),
        "password_history": nullable(obj({"enable": FLAG, "size": number(0, 24)}, "enable")),
        "password_no_personal_info": nullable(obj({"enable": FLAG}, "enable")),
        "password_options": _PASSWORD_OPTIONS,
        "precedence": many(choice("email", "phone_number", "username"), 3),
        "realm_fallback": FLAG,
        "requires_username": FLAG,
        "set_user_root_attributes": choice("on_each_login", "on_first_login", "never_on_login"),
        "strategy_version": number(),
        "upstream_params": nullable(obj({}, more=obj({"alias": choice(*_UPSTREAM), "value": text()}))),
        "validation": nullable(
            obj({"username": nullable(obj({"min": number(1), "max": number(None, 128)}, "min", "max"))}, more=False)
        ),
    },
    more=True,
)
"""Options of any strategy that the reference describes; each has keys of its own beside them."""

_CHANGEABLE: dict[str, Shape] = {
    "display_name": text(0, 128),
    "options": nullable(OPTIONS),
    "is_domain_connection": FLAG,
    "show_as_button": FLAG,
    "realms": many(text(form="connection-realm"), high=10),
    "metadata": obj({}, more=nullable(text(0, 255)), names=text(0, 255), maxProperties=10),
    "authentication": obj({"active": FLAG}, "active"),
    "connected_accounts": obj({"active": FLAG, "cross_app_access": FLAG}, "active"),
}
CREATE = obj(
    _CHANGEABLE
    | {
        "name": text(1, 128, pattern="^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$"),
        "strategy": choice(*STRATEGIES),
        "options": OPTIONS,
        "enabled_clients": many(text(form="client-id")),
    },
    "name",
    "strategy",
)
UPDATE = obj(_CHANGEABLE | {"enabled_clients": nullable(many(text(form="client-id")))}, minProperties=1)
ENABLED_CLIENTS = many(obj({"client_id": text(form="client-id"), "status": FLAG}, "client_id", "status"), 1, 50)

FIELDS = frozenset(
    [
        "name",
        "display_name",
        "strategy",
        "options",
        "id",
        "provisioning_ticket_url",
        "metadata",
        "show_as_button",
        "clients",
        "authentication",
        "connected_accounts",
        "cross_app_access_requesting_app",
        "cross_app_access_resource_app",
        "enabled_clients",
    ]
)
