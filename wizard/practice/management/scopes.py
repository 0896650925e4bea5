"""The scopes of the Management API that this slice of Auth0 knows."""

from __future__ import annotations

_VERBS = {
    "read create update delete": "users clients client_credentials client_grants connections resource_servers rules actions authentication_methods",
    "read update delete": "rules_configs",
    "read update": "client_keys connections_options tenant_settings",
    "read": "client_summary logs logs_users stats user_idp_tokens",
    "update": "users_app_metadata client_token_vault_privileged_access",
    "create": "user_tickets users_app_metadata",
    "delete": "users_app_metadata",
}

SCOPES: tuple[str, ...] = tuple(
    f"{verb}:{thing}" for verbs, things in _VERBS.items() for thing in things.split() for verb in verbs.split()
)


def description(scope: str) -> str:
    """What the Dashboard prints beside a scope: `Read Client Grants`."""
    verb, _, thing = scope.partition(":")
    return f"{verb} {thing}".replace("_", " ").title()
