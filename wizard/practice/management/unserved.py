"""The areas of the Management API that the practice tenant does not have, and the scopes they ask for.

Tools that read a whole tenant also ask for its roles, prompts and factors. No token of the practice tenant holds the
scopes of those, so the answer is what Auth0 gives a token without them, which such tools step over. The scope is that
of the area; for what is inside one of its things, such as the members of an organization, Auth0 names a finer one.

Source: the `security` of each operation in Auth0's OpenAPI document.
"""

from __future__ import annotations

THINGS = {
    "anomaly": "anomaly_blocks",
    "attack-protection": "attack_protection",
    "branding": "branding",
    "branding/phone/providers": "phone_providers",
    "branding/phone/templates": "phone_templates",
    "connection-profiles": "connection_profiles",
    "connections-directory-provisionings": "directory_provisionings",
    "connections-scim-configurations": "scim_config",
    "custom-domains": "custom_domains",
    "device-credentials": "device_credentials",
    "email-templates": "email_templates",
    "emails": "email_provider",
    "event-streams": "event_streams",
    "events": "events",
    "flows": "flows",
    "flows/vault/connections": "flows_vault_connections",
    "forms": "forms",
    "grants": "grants",
    "groups": "groups",
    "guardian": "guardian_factors",
    "guardian/enrollments": "guardian_enrollments",
    "guardian/policies": "mfa_policies",
    "hooks": "hooks",
    "keys": "signing_keys",
    "keys/custom-signing": "custom_signing_keys",
    "keys/encryption": "encryption_keys",
    "log-streams": "log_streams",
    "network-acls": "network_acls",
    "organizations": "organizations",
    "prompts": "prompts",
    "refresh-tokens": "refresh_tokens",
    "risk-assessments": "attack_protection",
    "roles": "roles",
    "self-service-profiles": "self_service_profiles",
    "sessions": "sessions",
    "supplemental-signals": "attack_protection",
    "token-exchange-profiles": "token_exchange_profiles",
    "user-attribute-profiles": "user_attribute_profiles",
    "verifiable-credentials": "vdcs_templates",
}
OF_CONNECTIONS = {
    "directory-provisioning": "directory_provisionings",
    "keys": "connections_keys",
    "scim-configuration": "scim_config",
}
"""What a connection has below its id."""
VERBS = {"GET": "read", "HEAD": "read", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}


def scope_of(method: str, path: str) -> str | None:
    """Name the scope a request needs; None for a path that Auth0 does not have either, or that needs a scope of the slice.

    Args:
        path: What follows /api/v2/.
    """
    parts = path.split("/")
    if parts[0] == "connections" and len(parts) > 2:
        thing = OF_CONNECTIONS.get(parts[2])
    else:
        areas = ("/".join(parts[:length]) for length in range(min(3, len(parts)), 0, -1))
        thing = next((THINGS[area] for area in areas if area in THINGS), None)
    return f"{VERBS[method]}:{thing}" if thing and method in VERBS else None
