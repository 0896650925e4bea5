"""What a tenant has from its first day: the Management API, the global client and an application for the wizard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.practice.management.apis import add_api
from wizard.practice.management.clients import add_client
from wizard.practice.management.grants import add_grant
from wizard.practice.management.scopes import SCOPES, description

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

APPLICATION = "Auth0 Migration Wizard"


def bootstrap(tenant: PracticeTenant) -> None:
    """Make them, in a tenant that has none; one that has them stays as it is."""
    if tenant.meta.get("client_id") is not None:
        _take_domain(tenant)
        return
    with tenant.transaction():
        add_api(
            tenant,
            {
                "name": "Auth0 Management API",
                "identifier": tenant.audience,
                "scopes": [{"value": scope, "description": description(scope)} for scope in SCOPES],
                "is_system": True,
            },
        )
        add_client(tenant, {"name": "All Applications", "global": True})
        application = add_client(
            tenant,
            {
                "name": APPLICATION,
                "app_type": "non_interactive",
                "grant_types": ["client_credentials"],
                "token_endpoint_auth_method": "client_secret_post",
                "oidc_conformant": True,
            },
        )
        add_grant(tenant, {"client_id": application["client_id"], "audience": tenant.audience, "scope": list(SCOPES)})
        tenant.meta.set("client_id", application["client_id"])
        tenant.meta.set("audience", tenant.audience)


def _take_domain(tenant: PracticeTenant) -> None:
    """Let the Management API be known by the domain the tenant has now."""
    old, new = tenant.meta.get("audience"), tenant.audience
    if old == new:
        return
    with tenant.transaction() as db:
        for table, column in (("resource_servers", "identifier"), ("client_grants", "audience")):
            db.execute(
                f"update {table} set {column} = ?, body = json_set(body, '$.{column}', ?) where {column} = ?",  # noqa: S608 - constants
                (new, new, old),
            )
        tenant.meta.set("audience", new)
