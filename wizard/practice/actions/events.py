"""The `event` that Actions see.

Source: Auth0 docs, "Actions Triggers: post-login" and "credentials-exchange", event object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from wizard.practice.users import factors

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

HIDDEN = frozenset(
    "password client_secret client_assertion refresh_token auth_session authn_response".split()  # noqa: SIM905 - names
)
"""Parameters of a request that no Action sees."""


def post_login_event(
    tenant: PracticeTenant,
    request: Request,
    given: Mapping[str, str],
    *,
    client: dict[str, Any],
    connection: Connection,
    user: dict[str, Any],
    audience: str | None,
    ip: str,
    protocol: str = "oauth2-password",
    logged_in: float | None = None,
) -> dict[str, Any]:
    """The event of a password login or of a refresh, without the secrets that each Action has of its own.

    Args:
        logged_in: When the user typed the password; now, unless it is given.
    """
    about_user = {name: part for name, part in user.items() if name not in {"logins_count", "last_login", "last_ip"}}
    enrolled = factors.enrolled(tenant, user["user_id"])
    event = _machine_part(tenant, request, given, client=client, audience=audience, ip=ip)
    return event | {
        "user": {"app_metadata": {}, "user_metadata": {}, "enrolledFactors": enrolled} | about_user,
        "connection": {
            "id": connection.id,
            "name": connection.name,
            "strategy": connection.strategy,
            "metadata": connection.body.get("metadata", {}),
        },
        "stats": {"logins_count": user.get("logins_count", 0)},
        "authentication": {"methods": [{"name": "pwd", "timestamp": tenant.now_iso(logged_in)}]},
        "authorization": {"roles": []},
        "transaction": {
            "protocol": protocol,
            "requested_scopes": given.get("scope", "").split(),
            "acr_values": [],
            "ui_locales": [],
            "locale": "en",
            "metadata": {},
        },
    }


def credentials_exchange_event(
    tenant: PracticeTenant,
    request: Request,
    given: Mapping[str, str],
    *,
    client: dict[str, Any],
    audience: str,
    scope: str,
) -> dict[str, Any]:
    """The event of a client-credentials exchange."""
    ip = request.client.host if request.client else ""
    event = _machine_part(tenant, request, given, client=client, audience=audience, ip=ip)
    return event | {
        "accessToken": {"customClaims": {}, "scope": scope.split()},
        "transaction": {"requested_scopes": given.get("scope", "").split()},
    }


def _machine_part(
    tenant: PracticeTenant,
    request: Request,
    given: Mapping[str, str],
    *,
    client: dict[str, Any],
    audience: str | None,
    ip: str,
) -> dict[str, Any]:
    metadata = client.get("client_metadata") or {}
    return {
        "client": {"client_id": client["client_id"], "name": client["name"], "metadata": metadata},
        "request": {
            "ip": ip,
            "method": request.method,
            "hostname": tenant.domain,
            "user_agent": request.headers.get("user-agent", ""),
            "language": request.headers.get("accept-language", ""),
            "query": dict(request.query_params),
            "body": {name: part for name, part in given.items() if name not in HIDDEN},
            "geoip": {},
        },
        "tenant": {"id": tenant.domain.partition(".")[0]},
        **({"resource_server": {"identifier": audience}} if audience else {}),
    }
